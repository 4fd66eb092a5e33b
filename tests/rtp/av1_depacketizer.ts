/** A strict receiver of AV1 by RTP, written from the payload format apart from the packetizer. */
import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { parseAccessUnit } from "../../testing/webrtc/depacketizer.ts";

/** A temporal unit as its packets tell it. */
export interface ReceivedTemporalUnit {
  /** OBUs without sizes. */
  readonly obus: readonly Uint8Array[];
  readonly startsSequence: boolean;
}

/** Rebuilds the OBUs of one temporal unit; throws if anything is not as the format wants it. */
export function depacketizeAv1(packets: readonly Uint8Array[]): ReceivedTemporalUnit {
  const obus: Uint8Array[] = [];
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let startsSequence = false;
  for (const [index, { payload }] of parseAccessUnit(packets).entries()) {
    const header = payload[0]!;
    assertEquals(header & 7, 0, "reserved bits");
    if (index === 0) startsSequence = (header & 8) !== 0;
    else assertEquals(header & 8, 0, "N in the first packet only");
    assertEquals((header & 0x80) !== 0, pieces.length > 0, "Z as the packet before had Y");
    const elements = elementsOf(payload, (header >> 4) & 3);
    assert(elements.length > 0, "a packet without elements");
    for (const [at, element] of elements.entries()) {
      assert(element.length > 0, "an empty element");
      pieces.push(element.slice());
      if (at === elements.length - 1 && (header & 0x40) !== 0) break;
      obus.push(concat(pieces));
      pieces = [];
    }
  }
  assertEquals(pieces.length, 0, "the temporal unit ends within an OBU");
  for (const obu of obus) {
    assertEquals(obu[0]! & 2, 0, "an OBU with a size");
    assert(![2, 8].includes((obu[0]! >> 3) & 15), "a delimiter or a tile list");
  }
  return { obus, startsSequence };
}

function elementsOf(payload: Uint8Array, count: number): Uint8Array[] {
  const elements: Uint8Array[] = [];
  let at = 1;
  while (at < payload.length) {
    let size = payload.length - at;
    if (count === 0 || elements.length < count - 1) {
      size = 0;
      for (let factor = 1;; factor *= 128) {
        const byte = payload[at++]!;
        size += (byte & 0x7f) * factor;
        if (byte < 0x80) break;
      }
    }
    elements.push(payload.subarray(at, at + size));
    at += size;
  }
  assertEquals(at, payload.length, "an element exceeds its packet");
  if (count > 0) assertEquals(elements.length, count, "W");
  return elements;
}
