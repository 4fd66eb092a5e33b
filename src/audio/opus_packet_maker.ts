import { type OpusEncoder, SAMPLES_PER_PACKET } from "./opus_encoder.ts";

/** A packet of Opus, 20 ms long. */
export interface OpusPacket {
  /** When its first decoded sample is due; signed 32 bits, as the access units' clock may wrap. */
  readonly timestampMs: number;
  /** Owned by whoever takes it. */
  readonly data: Uint8Array;
}

const PACKET_MS = 20;
const SAMPLES_PER_MS = 48;

/** Cuts 48 kHz sound into packets and encodes them, on a grid of 20 ms from where it starts. */
export class OpusPacketMaker {
  readonly #encoder: OpusEncoder;
  /** Samples by which the decoder's output is late. */
  readonly #lookahead: number;
  readonly #frame = new Float32Array(SAMPLES_PER_PACKET * 2);
  #frameLength = 0;
  readonly #packets: OpusPacket[] = [];
  #startMs = 0;
  /** Packets since the start. */
  #count = 0;
  /** Samples still to be left out. */
  #skip = 0;

  constructor(encoder: OpusEncoder) {
    this.#encoder = encoder;
    this.#lookahead = encoder.lookahead;
  }

  /** When the next sample is due: milliseconds with a fraction, beyond 32 bits. */
  get timeMs(): number {
    const samples = this.#count * SAMPLES_PER_PACKET + this.#frameLength + this.#lookahead -
      this.#skip;
    return this.#startMs + samples / SAMPLES_PER_MS;
  }

  /**
   * Starts a grid: the next sample that is added is due at `timestampMs`. What was begun is filled
   * up with silence.
   *
   * Opus puts samples out 312 later than they went in. Those 312 at the start are left out, so that
   * the first sample of each packet is due at the packet's time.
   */
  startAt(timestampMs: number): void {
    if (this.#frameLength > 0) {
      this.#frame.fill(0, this.#frameLength * 2);
      this.#encode();
    }
    this.#startMs = timestampMs;
    this.#count = 0;
    this.#skip = this.#lookahead;
  }

  /** Adds samples of one or two channels. */
  add(channels: readonly Float32Array[]): void {
    const left = channels[0]!;
    const right = channels[1] ?? left;
    let at = Math.min(this.#skip, left.length);
    this.#skip -= at;
    while (at < left.length) {
      const count = Math.min(left.length - at, SAMPLES_PER_PACKET - this.#frameLength);
      let to = this.#frameLength * 2;
      for (const end = at + count; at < end; at++) {
        this.#frame[to++] = left[at]!;
        this.#frame[to++] = right[at]!;
      }
      this.#frameLength += count;
      if (this.#frameLength === SAMPLES_PER_PACKET) this.#encode();
    }
  }

  /** The oldest packet that was not taken yet. */
  next(): OpusPacket | undefined {
    return this.#packets.shift();
  }

  #encode(): void {
    const timestampMs = (this.#startMs + this.#count * PACKET_MS) | 0;
    this.#packets.push({ timestampMs, data: this.#encoder.encode(this.#frame) });
    this.#frameLength = 0;
    this.#count++;
  }
}
