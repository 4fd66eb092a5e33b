import { AudioError } from "./audio_error.ts";
import { alawSample, mulawSample } from "./g711.ts";
import type { SoundDecoder } from "./sound_decoder.ts";

/** How samples are written: G.711's two laws, or linear, of 8 bits or 16 with the lower byte first. */
export type PcmEncoding = "g711-alaw" | "g711-mulaw" | "u8" | "s16le";

/** Sound that is written sample by sample, channels in turn. */
export interface PcmFormat {
  readonly encoding: PcmEncoding;
  readonly sampleRate: number;
  readonly channels: number;
}

/** Samples per channel of one message: a second of the highest rate. */
const MAX_UNIT_SAMPLES = 48_000;

/** What is decoded at a time, of messages that may have seconds: 50 of these make a second. */
const PARTS_PER_SECOND = 50;

/** Sample, from -1 to 1, at a byte offset. */
type ReadSample = (bytes: Uint8Array, at: number) => number;

const READERS: Readonly<Record<PcmEncoding, ReadSample>> = {
  "g711-alaw": (bytes, at) => alawSample(bytes[at]!) / 0x8000,
  "g711-mulaw": (bytes, at) => mulawSample(bytes[at]!) / 0x8000,
  "u8": (bytes, at) => (bytes[at]! - 0x80) / 0x80,
  "s16le": (bytes, at) => (((bytes[at + 1]! << 8) | bytes[at]!) << 16 >> 16) / 0x8000,
};

/** Reads sound that is not compressed, or by G.711 only: messages of any length. */
export class PcmDecoder implements SoundDecoder {
  readonly sampleRate: number;
  readonly channels: number;
  readonly samplesPerUnit: number;
  readonly #readSample: ReadSample;
  readonly #sampleSize: number;
  readonly #samplesPerPart: number;
  #output: readonly Float32Array[];
  #errors = 0;

  /**
   * @param unitSize bytes of the first message: others may be longer or shorter
   * @throws {AudioError} if there are not one or two channels, or the message has no sample or too
   * many
   */
  constructor({ encoding, sampleRate, channels }: PcmFormat, unitSize: number) {
    if (channels !== 1 && channels !== 2) {
      throw new AudioError(`Cannot read samples: must have 1 or 2 channels, got ${channels}`);
    }
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.#readSample = READERS[encoding];
    this.#sampleSize = encoding === "s16le" ? 2 : 1;
    this.samplesPerUnit = this.#samplesOf(unitSize);
    if (this.samplesPerUnit < 1 || this.samplesPerUnit > MAX_UNIT_SAMPLES) {
      throw new AudioError(
        `Cannot read samples: a message must have 1..${MAX_UNIT_SAMPLES}, got ${this.samplesPerUnit}`,
      );
    }
    this.#samplesPerPart = Math.ceil(sampleRate / PARTS_PER_SECOND);
    this.#output = this.#allocate(this.#samplesPerPart);
  }

  /** Messages that were longer than any encoder's, and are left out. */
  get errors(): number {
    return this.#errors;
  }

  cut(accessUnit: Uint8Array): readonly Uint8Array[] {
    if (this.#samplesOf(accessUnit.length) > MAX_UNIT_SAMPLES) {
      this.#errors++;
      return [];
    }
    const size = this.#samplesPerPart * this.#sampleSize * this.channels;
    const count = Math.ceil(accessUnit.length / size);
    return Array.from(
      { length: count },
      (_, at) => accessUnit.subarray(at * size, (at + 1) * size),
    );
  }

  decode(part: Uint8Array): readonly Float32Array[] {
    const count = Math.min(this.#samplesOf(part.length), this.#samplesPerPart);
    const step = this.#sampleSize;
    for (let at = 0, offset = 0; at < count; at++) {
      for (const channel of this.#output) {
        channel[at] = this.#readSample(part, offset);
        offset += step;
      }
    }
    return this.#output.map((channel) => channel.subarray(0, count));
  }

  conceal(): readonly Float32Array[] {
    return this.#output.map((channel) => channel.fill(0));
  }

  close(): void {}

  #samplesOf(byteLength: number): number {
    return Math.floor(byteLength / (this.#sampleSize * this.channels));
  }

  #allocate(count: number): readonly Float32Array[] {
    return Array.from({ length: this.channels }, () => new Float32Array(count));
  }
}
