import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { extendSequence } from "../../src/rtp/sequence.ts";

/** Type and format of transport-wide feedback (RFC 4585 6.2). */
const FIRST_BYTE = 0x8f;
const TRANSPORT_FEEDBACK = 205;

const REFERENCE_STEP_MS = 64;
const TICKS_PER_MS = 4;
const STATUSES_PER_CHUNK = 7;
const MAX_SMALL_DELTA = 0xff;
/** Statuses of one feedback. */
const MAX_STATUSES = 1000;

/** Notes when packets arrive by their transport-wide sequence number, and tells the sender. */
export class TransportFeedbackWriter {
  /** Arrival by sequence number with its wraps. */
  readonly #arrivalsMs = new Map<number, number>();
  #highest = -1;
  /** The first that was not told about. */
  #next: number | undefined;
  #count = 0;

  get isEmpty(): boolean {
    return this.#arrivalsMs.size === 0;
  }

  note(sequence: number, nowMs: number): void {
    const extended = this.#highest < 0 ? sequence : extendSequence(sequence, this.#highest);
    this.#highest = Math.max(this.#highest, extended);
    this.#next ??= extended;
    if (extended >= this.#next) this.#arrivalsMs.set(extended, nowMs);
  }

  /** What came since the last call (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1). */
  write(senderSsrc: number, mediaSsrc: number): Uint8Array<ArrayBuffer> {
    const base = this.#next!;
    const count = Math.min(this.#highest + 1 - base, MAX_STATUSES);
    const firstMs = Math.min(...this.#arrivalsMs.values());
    const reference = Math.floor(firstMs / REFERENCE_STEP_MS);
    let ticks = reference * REFERENCE_STEP_MS * TICKS_PER_MS;
    const symbols: number[] = [];
    const deltas = new ByteWriter(256);
    for (let sequence = base; sequence < base + count; sequence++) {
      const arrivedMs = this.#arrivalsMs.get(sequence);
      this.#arrivalsMs.delete(sequence);
      const delta = Math.round((arrivedMs ?? 0) * TICKS_PER_MS) - ticks;
      const isSmall = delta >= 0 && delta <= MAX_SMALL_DELTA;
      symbols.push(arrivedMs === undefined ? 0 : isSmall ? 1 : 2);
      if (arrivedMs === undefined) continue;
      ticks += delta;
      if (isSmall) deltas.u8(delta);
      else deltas.u16(delta & 0xffff);
    }
    this.#next = base + count;
    return this.#assemble({ senderSsrc, mediaSsrc, base, reference }, symbols, deltas.take());
  }

  #assemble(
    { senderSsrc, mediaSsrc, base, reference }: {
      readonly senderSsrc: number;
      readonly mediaSsrc: number;
      readonly base: number;
      readonly reference: number;
    },
    symbols: readonly number[],
    deltas: Uint8Array,
  ): Uint8Array<ArrayBuffer> {
    const chunks = Math.ceil(symbols.length / STATUSES_PER_CHUNK);
    const bodySize = 16 + 2 * chunks + deltas.length;
    const padding = -bodySize & 3;
    const writer = new ByteWriter(bodySize + 8)
      .u8(padding > 0 ? FIRST_BYTE | 0x20 : FIRST_BYTE).u8(TRANSPORT_FEEDBACK)
      .u16((bodySize + padding) / 4).u32(senderSsrc).u32(mediaSsrc)
      .u16(base & 0xffff).u16(symbols.length).u24(reference & 0xff_ffff).u8(this.#count++ & 0xff);
    for (let chunk = 0; chunk < chunks; chunk++) {
      let bits = 0;
      for (let at = 0; at < STATUSES_PER_CHUNK; at++) {
        bits = bits << 2 | (symbols[chunk * STATUSES_PER_CHUNK + at] ?? 0);
      }
      writer.u16(0xc000 | bits);
    }
    writer.bytes(deltas);
    for (let left = padding; left > 0; left--) writer.u8(left === 1 ? padding : 0);
    return writer.take();
  }
}
