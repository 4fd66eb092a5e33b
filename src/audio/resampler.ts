import { AudioError } from "./audio_error.ts";

/** Hz of what comes out: all that Opus is made from. */
const OUTPUT_SAMPLE_RATE = 48_000;

/** Input samples that make one output sample, when the rate goes up; going down needs more. */
const TAPS = 48;

/** Of the Kaiser window: 90 dB between what passes and what does not. */
const KAISER_BETA = 9;

/** Where the filter is at half, as a part of the lower rate: images begin above half. */
const CUTOFF = 0.484;

const MIN_INPUT_RATE = 4000;
const MAX_INPUT_RATE = 192_000;

/** Phases of the filter: 7350 Hz needs 320, 11,025 Hz 640. */
const MAX_PHASES = 1024;

/**
 * Changes the sample rate to 48 kHz by a polyphase filter, in pieces of any length, each channel
 * for itself. The filter's delay is compensated: output sample n is the sound at input sample
 * n × inputRate / 48000, exactly and for ever. For that, the last {@linkcode lookahead} input
 * samples wait for those that follow them.
 *
 * @example
 * ```ts
 * import { Resampler } from "./resampler.ts";
 *
 * const resampler = new Resampler(44_100, 1);
 * const [samples] = resampler.push([new Float32Array(441)]); // some 480
 * ```
 */
export class Resampler {
  /** Input samples that are held back. */
  readonly lookahead: number;
  /** Output and input samples of one period of the rates. */
  readonly #up: number;
  readonly #down: number;
  readonly #taps: number;
  /** By phase, then tap. */
  readonly #filter: Float32Array;
  /** By channel: the input samples that are still needed, then those of the call. */
  #held: Float32Array[];
  #heldLength = 0;
  #output: Float32Array[];
  /** Where the next output sample lies, from the first held sample: whole samples, and phase. */
  #phase = 0;

  /** @throws {AudioError} if the rate is out of range, or no small ratio to 48 kHz. */
  constructor(inputRate: number, channels: number) {
    if (!(inputRate >= MIN_INPUT_RATE && inputRate <= MAX_INPUT_RATE)) {
      throw new AudioError(
        `Cannot resample: rate must be ${MIN_INPUT_RATE}..${MAX_INPUT_RATE} Hz, got ${inputRate}`,
      );
    }
    const divisor = greatestCommonDivisor(inputRate, OUTPUT_SAMPLE_RATE);
    this.#up = OUTPUT_SAMPLE_RATE / divisor;
    this.#down = inputRate / divisor;
    if (this.#up > MAX_PHASES) {
      throw new AudioError(
        `Cannot resample: ratio to 48 kHz must have up to ${MAX_PHASES} phases, got ${this.#up}`,
      );
    }
    const isSame = inputRate === OUTPUT_SAMPLE_RATE;
    const stretch = Math.max(1, inputRate / OUTPUT_SAMPLE_RATE);
    this.#taps = isSame ? 1 : 2 * Math.ceil((TAPS / 2) * stretch);
    this.lookahead = this.#taps / 2 | 0;
    this.#filter = isSame ? Float32Array.of(1) : makeFilter(this.#up, this.#taps, stretch);
    this.#held = Array.from({ length: channels }, () => new Float32Array(4096));
    this.#output = Array.from({ length: channels }, () => new Float32Array(4096));
    this.reset();
  }

  /** Forgets all samples: the next one is the first. */
  reset(): void {
    // Silence before the first sample, so that output begins with it.
    this.#heldLength = this.#taps === 1 ? 0 : this.#taps / 2 - 1;
    this.#phase = 0;
    for (const held of this.#held) held.fill(0, 0, this.#heldLength);
  }

  /**
   * Takes samples by channel, all of one length, and returns those that are made from them, which
   * hold until the next call. At 48 kHz they are `input` itself.
   */
  push(input: readonly Float32Array[]): readonly Float32Array[] {
    if (this.#taps === 1) return input;
    const added = input[0]!.length;
    const length = this.#heldLength + added;
    this.#reserve(length);
    for (let channel = 0; channel < input.length; channel++) {
      this.#held[channel]!.set(input[channel]!, this.#heldLength);
    }
    const phases = (length - this.#taps + 1) * this.#up - this.#phase;
    const count = phases > 0 ? Math.ceil(phases / this.#down) : 0;
    for (let channel = 0; channel < input.length; channel++) this.#filterChannel(channel, count);
    const position = this.#phase + count * this.#down;
    const passed = Math.min(length, Math.floor(position / this.#up));
    for (const held of this.#held) held.copyWithin(0, passed, length);
    this.#heldLength = length - passed;
    this.#phase = position - passed * this.#up;
    return this.#output.map((samples) => samples.subarray(0, count));
  }

  /** The samples that are still held back; nothing can follow. Holds as `push`'s. */
  drain(): readonly Float32Array[] {
    return this.push(this.#held.map(() => new Float32Array(this.lookahead)));
  }

  #filterChannel(channel: number, count: number): void {
    const held = this.#held[channel]!;
    const output = this.#output[channel]!;
    const filter = this.#filter;
    const taps = this.#taps;
    const up = this.#up;
    const wholeStep = Math.floor(this.#down / up);
    const phaseStep = this.#down % up;
    let start = Math.floor(this.#phase / up);
    let phase = this.#phase % up;
    for (let at = 0; at < count; at++) {
      const row = phase * taps;
      // Two sums at once let the processor overlap the additions.
      let even = 0;
      let odd = 0;
      for (let tap = 0; tap < taps; tap += 2) {
        even += held[start + tap]! * filter[row + tap]!;
        odd += held[start + tap + 1]! * filter[row + tap + 1]!;
      }
      output[at] = even + odd;
      start += wholeStep;
      phase += phaseStep;
      if (phase >= up) {
        phase -= up;
        start++;
      }
    }
  }

  #reserve(length: number): void {
    if (length > this.#held[0]!.length) {
      this.#held = this.#held.map((held) => {
        const larger = new Float32Array(2 * length);
        larger.set(held.subarray(0, this.#heldLength));
        return larger;
      });
    }
    const most = Math.ceil((length * this.#up) / this.#down) + 1;
    if (most > this.#output[0]!.length) {
      this.#output = this.#output.map(() => new Float32Array(2 * most));
    }
  }
}

/** Windowed sinc by phase: each phase's taps sum up to 1, so that silence and level stay. */
function makeFilter(phases: number, taps: number, stretch: number): Float32Array {
  const filter = new Float32Array(phases * taps);
  const cutoff = (2 * CUTOFF) / stretch;
  const half = taps / 2;
  for (let phase = 0; phase < phases; phase++) {
    const row = new Float64Array(taps);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - (half - 1) - phase / phases;
      const x = Math.PI * cutoff * distance;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      row[tap] = sinc * kaiser(distance / half);
      sum += row[tap]!;
    }
    for (let tap = 0; tap < taps; tap++) filter[phase * taps + tap] = row[tap]! / sum;
  }
  return filter;
}

function kaiser(position: number): number {
  const inside = 1 - position * position;
  return inside <= 0 ? 0 : bessel(KAISER_BETA * Math.sqrt(inside)) / bessel(KAISER_BETA);
}

/** The modified Bessel function of the first kind and order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
