/** A strict receiver of H.264 by RTP, written from RFC 6184 apart from the packetizer. */
import { assert, assertEquals } from "@std/assert";
import { parseRtpPacket, type RtpPacket } from "./rtp_packet.ts";

const STAP_A = 24;
const FU_A = 28;

/** An access unit as its packets tell it. */
export interface ReceivedAccessUnit {
  readonly nalUnits: readonly Uint8Array[];
  readonly timestamp: number;
  readonly firstSequence: number;
  readonly packetCount: number;
}

/**
 * Rebuilds the NAL units of one access unit from all of its packets, in order; throws if anything
 * about the packets is not as RFC 3550 and RFC 6184 want it.
 */
export function depacketizeH264(packets: readonly Uint8Array[]): ReceivedAccessUnit {
  const parsed = parseAccessUnit(packets);
  const receiver = new FragmentReceiver();
  for (const packet of parsed) receiver.take(packet);
  assert(receiver.isWhole, "the access unit ends within a fragmented unit");
  return {
    nalUnits: receiver.nalUnits,
    timestamp: parsed[0]!.timestamp,
    firstSequence: parsed[0]!.sequence,
    packetCount: packets.length,
  };
}

/** Parses the packets of one access unit of any codec; throws if their headers are not as they must. */
export function parseAccessUnit(packets: readonly Uint8Array[]): readonly RtpPacket[] {
  const parsed = packets.map(parseRtpPacket);
  const first = parsed[0]!;
  for (const [index, packet] of parsed.entries()) {
    assertEquals(packet.sequence, (first.sequence + index) & 0xffff, "sequence numbers");
    assertEquals(packet.timestamp, first.timestamp, "timestamps of one access unit");
    assertEquals(packet.isMarked, index === parsed.length - 1, "marker");
    assertEquals([packet.payloadType, packet.ssrc], [first.payloadType, first.ssrc]);
    assertEquals(packet.extension, undefined);
    assert(packet.payload.length > 0, "an empty payload");
  }
  return parsed;
}

class FragmentReceiver {
  readonly nalUnits: Uint8Array[] = [];
  #fragments: Uint8Array[] = [];

  get isWhole(): boolean {
    return this.#fragments.length === 0;
  }

  take({ payload }: RtpPacket): void {
    const type = payload[0]! & 31;
    assert(type > 0 && type <= FU_A, `payload of type ${type}`);
    if (type === FU_A) return this.#takeFragment(payload);
    assert(this.isWhole, "a fragmented unit is interrupted");
    if (type === STAP_A) this.#takeAggregate(payload);
    else {
      assert(type < STAP_A, `payload of type ${type}`);
      this.nalUnits.push(payload);
    }
  }

  #takeAggregate(payload: Uint8Array): void {
    let importance = 0;
    let count = 0;
    let at = 1;
    for (; at < payload.length; count++) {
      const size = payload[at]! * 256 + payload[at + 1]!;
      const unit = payload.subarray(at + 2, at + 2 + size);
      assert(size > 0 && unit.length === size, "a unit exceeds its aggregate");
      importance = Math.max(importance, unit[0]! & 0x60);
      this.nalUnits.push(unit);
      at += 2 + size;
    }
    assert(count > 1, "an aggregate of one");
    assertEquals(payload[0]! & 0x60, importance, "NRI of an aggregate");
  }

  #takeFragment(payload: Uint8Array): void {
    const isFirst = (payload[1]! & 0x80) !== 0;
    const isLast = (payload[1]! & 0x40) !== 0;
    assertEquals(payload[1]! & 0x20, 0, "the reserved bit");
    assertEquals(isFirst, this.isWhole, "the start bit");
    assert(!(isFirst && isLast), "a unit in one fragment");
    assert(payload.length > 2, "an empty fragment");
    if (isFirst) this.#fragments = [Uint8Array.of((payload[0]! & 0xe0) | (payload[1]! & 31))];
    assertEquals(
      (payload[0]! & 0xe0) | (payload[1]! & 31),
      this.#fragments[0]![0],
      "NAL header of a fragment",
    );
    this.#fragments.push(payload.subarray(2));
    if (!isLast) return;
    this.nalUnits.push(Uint8Array.from(this.#fragments.flatMap((piece) => [...piece])));
    this.#fragments = [];
  }
}
