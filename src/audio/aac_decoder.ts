import { configurationForms, MAX_CONFIGURATION_SIZE, parseTranscodable } from "./aac_stream.ts";
import { AudioError } from "./audio_error.ts";
import type { Faad } from "./faad.ts";
import type { SoundDecoder } from "./sound_decoder.ts";

/** Bytes of one access unit: the standard's bit reservoir gives 768 for each of 8 channels. */
export const MAX_ACCESS_UNIT_SIZE = 16 * 1024;

/** FAAD2 reads whole words: what lies behind an access unit is kept zero. */
const INPUT_PADDING = 16;

/** Errors in a row after which a new decoder takes over, in case its state is what is wrong. */
const ERRORS_BEFORE_RENEWAL = 3;

/** Access units in a row of one other shape after which that is what the stream has become. */
const UNITS_BEFORE_CHANGE = 3;

/** The most channels that FAAD2 makes, and samples of each: 1024, and with SBR twice as many. */
const MAX_CHANNELS = 8;
const MAX_SAMPLES_PER_UNIT = 2048;

/** Samples over which sound goes and comes around what could not be decoded: 5 ms at 48 kHz. */
const FADE_SAMPLES = 240;

/** What comes out of an access unit. */
interface Shape {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samplesPerUnit: number;
}

/**
 * Decodes one AAC stream's raw access units. What they are, the first that is decoded says, and not
 * the configuration, which may say mono of stereo; {@linkcode channels} and the rest change with it.
 *
 * Each unit gives exactly {@linkcode samplesPerUnit} samples per channel, whatever it holds: the
 * first, whose sound FAAD2 withholds, and those that cannot be decoded give as much silence, faded
 * into and out of. Samples of access unit n are those that other decoders put out for it too.
 *
 * Channels come in AAC's order: one, or left and right, or centre, left, right, and so on
 * (ISO/IEC 14496-3 table 1.19). What HE-AAC v2 makes two channels of stays one here.
 *
 * @example
 * ```ts
 * import { AacDecoder } from "./aac_decoder.ts";
 * import { loadFaad } from "./faad.ts";
 *
 * const decoder = new AacDecoder(await loadFaad(), Uint8Array.of(0x12, 0x10));
 * const [left, right] = decoder.decode(Uint8Array.of(0x21, 0x10, 0x04)); // 1024 samples each
 * decoder.close();
 * ```
 */
export class AacDecoder implements SoundDecoder {
  readonly #faad: Faad;
  readonly #configuration: Uint8Array;
  readonly #input: number;
  #shape: Shape;
  #output: readonly Float32Array[];
  #handle: number;
  /** Whether the next access unit is the first of this decoder, which is withheld. */
  #isFirst = true;
  /** Whether any access unit has told the shape. */
  #isShapeKnown = false;
  /** Another shape that access units have had of late, and how many in a row. */
  #otherShape: { readonly shape: Shape; units: number } | undefined;
  #errorsInRow = 0;
  #errors = 0;
  #renewals = 0;
  /** What the last access unit gave: decides how the next begins. */
  #last: "nothing" | "sound" | "silence" = "nothing";

  /**
   * @param audioSpecificConfig copied
   * @throws {AudioError} if it cannot be decoded
   */
  constructor(faad: Faad, audioSpecificConfig: Uint8Array) {
    const configuration = parseTranscodable(audioSpecificConfig);
    this.#faad = faad;
    this.#input = allocate(faad, MAX_ACCESS_UNIT_SIZE + INPUT_PADDING);
    for (const form of configurationForms(audioSpecificConfig, configuration)) {
      const opened = open(faad, this.#input, form);
      if (opened === undefined) continue;
      this.#handle = opened.handle;
      this.#configuration = form.slice();
      const { sampleRate, channels } = opened;
      const ratio = sampleRate / configuration.sampleRate;
      const samplesPerUnit = configuration.samplesPerFrame * ratio;
      this.#shape = { sampleRate, channels, samplesPerUnit };
      this.#output = allocateOutput(this.#shape);
      return;
    }
    faad._free(this.#input);
    throw new AudioError(
      "Cannot decode AAC: configuration must be one that FAAD2 takes, got another",
    );
  }

  /** Hz of what comes out: with SBR twice the core coder's. */
  get sampleRate(): number {
    return this.#shape.sampleRate;
  }

  get channels(): number {
    return this.#shape.channels;
  }

  /** Samples per channel of one access unit at `sampleRate`. */
  get samplesPerUnit(): number {
    return this.#shape.samplesPerUnit;
  }

  /** Access units that could not be decoded. */
  get errors(): number {
    return this.#errors;
  }

  /** How often repeated errors made a new decoder necessary. */
  get renewals(): number {
    return this.#renewals;
  }

  /** It is one part: of 2048 samples at most. */
  cut(accessUnit: Uint8Array): readonly Uint8Array[] {
    return [accessUnit];
  }

  /**
   * Decodes one access unit: samples from -1 to 1 by channel, which hold until the next call.
   *
   * @throws {WebAssembly.RuntimeError} if FAAD2 itself breaks: then no decoder of this thread can
   * be trusted any more
   */
  decode(accessUnit: Uint8Array): readonly Float32Array[] {
    const size = accessUnit.length;
    if (size === 0 || size > MAX_ACCESS_UNIT_SIZE) return this.#fail();
    const faad = this.#faad;
    faad.HEAPU8.set(accessUnit, this.#input);
    faad.HEAPU8.fill(0, this.#input + size, this.#input + size + INPUT_PADDING);
    const address = faad._aac_decode(this.#handle, this.#input, size);
    if (faad._aac_error() !== 0) return this.#fail();
    if (address === 0 || faad._aac_samples() === 0) {
      if (!this.#isFirst) return this.#fail();
      this.#isFirst = false;
      return this.conceal();
    }
    if (!this.#takeShape()) return this.#fail();
    this.#isFirst = false;
    this.#errorsInRow = 0;
    this.#takeSamples(address >> 2);
    if (this.#last === "silence") this.#fadeIn();
    this.#last = "sound";
    return this.#output;
  }

  /** As much silence as an access unit has sound, for one that was lost. Holds as `decode`'s. */
  conceal(): readonly Float32Array[] {
    const fade = this.#last === "sound" ? FADE_SAMPLES : 0;
    for (const channel of this.#output) {
      const end = channel.length - 1;
      // The last samples again, backwards, go on without a step from where the sound broke off.
      for (let at = 0; at < fade; at++) channel[at] = channel[end - at]! * (1 - (at + 1) / fade);
      channel.fill(0, fade);
    }
    if (this.#last === "sound") this.#last = "silence";
    return this.#output;
  }

  /** Gives the decoder's memory back; it must not be used any more. */
  close(): void {
    this.#faad._aac_close(this.#handle);
    this.#faad._free(this.#input);
  }

  #fail(): readonly Float32Array[] {
    this.#errors++;
    this.#errorsInRow++;
    if (this.#errorsInRow % ERRORS_BEFORE_RENEWAL === 0) this.#renew();
    return this.conceal();
  }

  #renew(): void {
    const opened = open(this.#faad, this.#input, this.#configuration);
    if (opened === undefined) return;
    this.#faad._aac_close(this.#handle);
    this.#handle = opened.handle;
    this.#isFirst = true;
    this.#renewals++;
  }

  /**
   * Takes the shape of the access unit that was decoded, unless it is another than before: damaged
   * ones may claim any. Returns whether it is taken.
   */
  #takeShape(): boolean {
    const shape = this.#decodedShape();
    if (shape === undefined) return false;
    if (isSame(shape, this.#shape)) {
      this.#isShapeKnown = true;
      this.#otherShape = undefined;
      return true;
    }
    const other = this.#otherShape;
    if (other !== undefined && isSame(shape, other.shape)) other.units++;
    else this.#otherShape = { shape, units: 1 };
    if (this.#isShapeKnown && this.#otherShape!.units < UNITS_BEFORE_CHANGE) return false;
    this.#isShapeKnown = true;
    this.#otherShape = undefined;
    this.#shape = shape;
    this.#output = allocateOutput(shape);
    return true;
  }

  #decodedShape(): Shape | undefined {
    const faad = this.#faad;
    const channels = faad._aac_channels();
    const sampleRate = faad._aac_samplerate();
    const samplesPerUnit = faad._aac_samples() / channels;
    const isSound = channels >= 1 && channels <= MAX_CHANNELS && sampleRate > 0 &&
      Number.isInteger(samplesPerUnit) && samplesPerUnit <= MAX_SAMPLES_PER_UNIT;
    return isSound ? { channels, sampleRate, samplesPerUnit } : undefined;
  }

  #takeSamples(start: number): void {
    const samples = this.#faad.HEAPF32;
    const { channels, samplesPerUnit } = this;
    for (let channel = 0; channel < channels; channel++) {
      const target = this.#output[channel]!;
      let from = start + channel;
      for (let at = 0; at < samplesPerUnit; at++, from += channels) {
        const sample = samples[from]!;
        // FAAD2 overshoots, and makes infinities and no numbers of damaged access units.
        target[at] = sample <= 1 ? (sample >= -1 ? sample : -1) : sample > 1 ? 1 : 0;
      }
    }
  }

  #fadeIn(): void {
    for (const channel of this.#output) {
      for (let at = 0; at < FADE_SAMPLES; at++) channel[at]! *= (at + 1) / FADE_SAMPLES;
    }
  }
}

function isSame(one: Shape, other: Shape): boolean {
  return one.channels === other.channels && one.sampleRate === other.sampleRate &&
    one.samplesPerUnit === other.samplesPerUnit;
}

function allocateOutput({ channels, samplesPerUnit }: Shape): readonly Float32Array[] {
  return Array.from({ length: channels }, () => new Float32Array(samplesPerUnit));
}

/** A decoder for a configuration; `undefined` if FAAD2 refuses it. */
function open(faad: Faad, input: number, configuration: Uint8Array) {
  if (configuration.length > MAX_CONFIGURATION_SIZE) return undefined;
  const handle = faad._aac_create();
  if (handle === 0) throw new AudioError("Cannot open an AAC decoder: must have memory, got none");
  faad.HEAPU8.set(configuration, input);
  faad.HEAPU8.fill(0, input + configuration.length, input + configuration.length + INPUT_PADDING);
  const sampleRateAddress = faad._aac_sr_ptr();
  const channelsAddress = faad._aac_ch_ptr();
  const result = faad._aac_init2(
    handle,
    input,
    configuration.length,
    sampleRateAddress,
    channelsAddress,
  );
  const sampleRate = faad.getValue(sampleRateAddress, "i32");
  const channels = faad.getValue(channelsAddress, "i8");
  if (result >= 0 && channels > 0 && channels <= MAX_CHANNELS && sampleRate > 0) {
    return { handle, sampleRate, channels };
  }
  faad._aac_close(handle);
  return undefined;
}

function allocate(faad: Faad, size: number): number {
  const address = faad._malloc(size);
  if (address === 0) throw new AudioError(`Cannot allocate ${size} bytes: must have memory`);
  return address;
}
