import type { PacketSink } from "../../src/rtp/packet_sink.ts";

/** A sink that keeps all it gets, with the flags and times. */
export class CollectedPackets implements PacketSink {
  readonly packets: Uint8Array<ArrayBuffer>[] = [];
  readonly flags: number[] = [];
  readonly timesMs: number[] = [];
  readonly #firstIndex: number;

  constructor(firstIndex = 0) {
    this.#firstIndex = firstIndex;
  }

  get head(): number {
    return this.#firstIndex + this.packets.length;
  }

  append(packet: Uint8Array<ArrayBuffer>, timeMs: number, flags: number): void {
    this.packets.push(packet);
    this.timesMs.push(timeMs);
    this.flags.push(flags);
  }
}
