import { Application, createEncoder, EncoderCtl, type OpusEncoderHandle } from "libopus-wasm";
import { AudioError } from "./audio_error.ts";

/** Samples per channel of one packet: 20 ms at 48 kHz. */
export const SAMPLES_PER_PACKET = 960;

/** Bits a second of stereo. */
const MIN_OPUS_BITRATE_BPS = 32_000;
const MAX_OPUS_BITRATE_BPS = 510_000;
const DEFAULT_OPUS_BITRATE_BPS = 128_000;

/** OPUS_AUTO of libopus. */
const AUTO_CHANNELS = -1000;

/** Measured: half a dB better than 5 for a fifth more time; above, nothing changes. */
const COMPLEXITY = 8;

/** What an Opus encoder is made with. */
export interface OpusEncoderOptions {
  /** Of stereo, from 32,000 to 510,000; mono is coded with half of it. */
  readonly bitrateBps?: number;
}

/**
 * Encodes 48 kHz sound to Opus packets of 20 ms (RFC 6716), by libopus in WebAssembly.
 *
 * It is made for two channels. Mono comes as two equal ones and is coded as one, by
 * {@linkcode setChannels}, so that the encoder goes on when a stream changes between them.
 */
export class OpusEncoder {
  readonly #handle: OpusEncoderHandle;
  readonly #bitrateBps: number;
  #channels: 1 | 2 = 2;

  private constructor(handle: OpusEncoderHandle, bitrateBps: number) {
    this.#handle = handle;
    this.#bitrateBps = bitrateBps;
  }

  /** @throws {AudioError} if the bitrate is out of range. */
  static async create(
    { bitrateBps = DEFAULT_OPUS_BITRATE_BPS }: OpusEncoderOptions = {},
  ): Promise<OpusEncoder> {
    if (
      !Number.isInteger(bitrateBps) || bitrateBps < MIN_OPUS_BITRATE_BPS ||
      bitrateBps > MAX_OPUS_BITRATE_BPS
    ) {
      throw new AudioError(
        `Cannot encode Opus: bitrate must be ${MIN_OPUS_BITRATE_BPS}..${MAX_OPUS_BITRATE_BPS} ` +
          `bit/s, got ${bitrateBps}`,
      );
    }
    const handle = await createEncoder({
      application: Application.Audio,
      channels: 2,
      bitrate: bitrateBps,
      complexity: COMPLEXITY,
      // Else libopus takes 180 kbit/s where 128 were asked for.
      vbrConstraint: true,
      // In-band error correction makes libopus code speech, and ruins music.
      fec: false,
    });
    return new OpusEncoder(handle, bitrateBps);
  }

  /** Samples by which what a decoder puts out is later than what went in: 312. */
  get lookahead(): number {
    return this.#handle.getLookahead();
  }

  /** How many channels are coded: one if both are the same. */
  setChannels(channels: 1 | 2): void {
    if (channels === this.#channels) return;
    this.#channels = channels;
    this.#handle.encoderCtl(EncoderCtl.SetForceChannels, channels === 1 ? 1 : AUTO_CHANNELS);
    this.#handle.setBitrate(channels === 1 ? Math.round(this.#bitrateBps / 2) : this.#bitrateBps);
  }

  /** One packet, owned by the caller, of {@linkcode SAMPLES_PER_PACKET} × 2 interleaved samples. */
  encode(interleaved: Float32Array): Uint8Array {
    return this.#handle.encodeFloat(interleaved);
  }

  /** Gives the encoder's memory back; it must not be used any more. */
  close(): void {
    this.#handle.free();
  }
}
