/** A strict receiver of H.265 by RTP, written from RFC 7798 apart from the packetizer. */
import { assert, assertEquals } from "@std/assert";
import { parseAccessUnit } from "../../testing/webrtc/depacketizer.ts";

const AP = 48;
const FU = 49;

/** Rebuilds the NAL units of one access unit; throws if anything is not as RFC 7798 wants it. */
export function depacketizeH265(packets: readonly Uint8Array[]): Uint8Array[] {
  const nalUnits: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for (const { payload } of parseAccessUnit(packets)) {
    const type = (payload[0]! & 0x7e) >> 1;
    if (type === FU) {
      const isFirst = (payload[2]! & 0x80) !== 0;
      const isLast = (payload[2]! & 0x40) !== 0;
      assertEquals(isFirst, pieces.length === 0, "the start bit");
      assert(!(isFirst && isLast), "a unit in one fragment");
      assert(payload.length > 3, "an empty fragment");
      const header = Uint8Array.of(payload[0]! & 0x81 | (payload[2]! & 63) << 1, payload[1]!);
      if (isFirst) pieces = [header];
      assertEquals(header, pieces[0], "NAL header of a fragment");
      pieces.push(payload.subarray(3));
      if (!isLast) continue;
      nalUnits.push(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
      pieces = [];
      continue;
    }
    assertEquals(pieces.length, 0, "a fragmented unit is interrupted");
    if (type === AP) nalUnits.push(...unitsOfAggregate(payload));
    else {
      assert(type < AP, `payload of type ${type}`);
      nalUnits.push(payload);
    }
  }
  assertEquals(pieces.length, 0, "the access unit ends within a fragmented unit");
  return nalUnits;
}

function unitsOfAggregate(payload: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let at = 2; at < payload.length;) {
    const size = payload[at]! * 256 + payload[at + 1]!;
    const unit = payload.subarray(at + 2, at + 2 + size);
    assert(size >= 2 && unit.length === size, "a unit exceeds its aggregate");
    units.push(unit);
    at += 2 + size;
  }
  assert(units.length > 1, "an aggregate of one");
  const layerOf = (unit: Uint8Array) => (unit[0]! % 2) * 32 + (unit[1]! >> 3);
  assertEquals(layerOf(payload), Math.min(...units.map(layerOf)), "layer of an aggregate");
  const temporalOf = (unit: Uint8Array) => unit[1]! & 7;
  assertEquals(temporalOf(payload), Math.min(...units.map(temporalOf)), "TID of an aggregate");
  assertEquals(payload[0]! >> 7, Math.max(...units.map((unit) => unit[0]! >> 7)), "F");
  return units;
}
