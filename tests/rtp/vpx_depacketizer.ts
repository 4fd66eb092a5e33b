/** Strict receivers of VP8 and VP9 by RTP, written from RFC 7741 and RFC 9628. */
import { assert, assertEquals } from "@std/assert";
import { parseAccessUnit } from "../../testing/webrtc/depacketizer.ts";

/** A frame as its packets tell it. */
export interface ReceivedFrame {
  readonly data: Uint8Array;
}

export interface ReceivedVp9Frame extends ReceivedFrame {
  readonly isPredicted: boolean;
  /** What the scalability structure says, where there is one. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

/** Rebuilds one frame; throws if anything is not as RFC 7741 wants it, without extensions. */
export function depacketizeVp8(packets: readonly Uint8Array[]): ReceivedFrame {
  const pieces: Uint8Array[] = [];
  for (const [index, { payload }] of parseAccessUnit(packets).entries()) {
    const first = payload[0]!;
    assertEquals(first & 0x4f, 0, "reserved bits, and the partition's number");
    assertEquals((first & 0x10) !== 0, index === 0, "the start of a partition");
    assertEquals(first & 0x80, 0, "no extensions");
    assert(payload.length > 1, "an empty piece");
    pieces.push(payload.subarray(1));
  }
  return { data: joined(pieces) };
}

/** Rebuilds one frame; throws if anything is not as RFC 9628 wants it, without ids and layers. */
export function depacketizeVp9(packets: readonly Uint8Array[]): ReceivedVp9Frame {
  const pieces: Uint8Array[] = [];
  const predicted = new Set<boolean>();
  let size: ReceivedVp9Frame["size"];
  const parsed = parseAccessUnit(packets);
  for (const [index, { payload }] of parsed.entries()) {
    const flags = payload[0]!;
    assertEquals(flags & 0b1011_0001, 0, "neither I, L, F nor Z");
    assertEquals((flags & 8) !== 0, index === 0, "B");
    assertEquals((flags & 4) !== 0, index === parsed.length - 1, "E");
    predicted.add((flags & 0x40) !== 0);
    let at = 1;
    if ((flags & 2) !== 0) {
      assertEquals(index, 0, "a structure comes in front");
      [size, at] = readStructure(payload, at);
    }
    assert(payload.length > at, "an empty piece");
    pieces.push(payload.subarray(at));
  }
  assertEquals(predicted.size, 1, "all packets of a picture say the same");
  return { data: joined(pieces), isPredicted: [...predicted][0]!, size };
}

function readStructure(
  payload: Uint8Array,
  from: number,
): [{ width: number; height: number }, number] {
  const view = new DataView(payload.buffer, payload.byteOffset + from);
  assertEquals(view.getUint8(0), 0b0001_0000, "one spatial layer, and Y");
  return [{ width: view.getUint16(1), height: view.getUint16(3) }, from + 5];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
