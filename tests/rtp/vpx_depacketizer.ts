/** Strict receivers of VP8 and VP9 by RTP, written from RFC 7741 and RFC 9628. */
import { assert, assertEquals } from "@std/assert";
import { parseAccessUnit } from "../../testing/webrtc/depacketizer.ts";

/** A frame as its packets tell it. */
export interface ReceivedFrame {
  readonly data: Uint8Array;
  /** 15 bits. */
  readonly pictureId: number;
}

export interface ReceivedVp9Frame extends ReceivedFrame {
  readonly isPredicted: boolean;
  /** What the scalability structure says, where there is one. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  readonly tl0PicIdx: number;
}

/** Rebuilds one frame; throws if anything is not as RFC 7741 wants it. */
export function depacketizeVp8(packets: readonly Uint8Array[]): ReceivedFrame {
  const pieces: Uint8Array[] = [];
  let pictureId: number | undefined;
  for (const [index, { payload }] of parseAccessUnit(packets).entries()) {
    const first = payload[0]!;
    assertEquals(first & 0x4f, 0, "reserved bits, and the partition's number");
    assertEquals((first & 0x10) !== 0, index === 0, "the start of a partition");
    assertEquals(first & 0x80, 0x80, "extensions");
    assertEquals(payload[1], 0x80, "a picture id alone");
    assertEquals(payload[2]! & 0x80, 0x80, "15 bits of it");
    const id = (payload[2]! & 0x7f) * 256 + payload[3]!;
    pictureId ??= id;
    assertEquals(id, pictureId);
    assert(payload.length > 4, "an empty piece");
    pieces.push(payload.subarray(4));
  }
  return { data: joined(pieces), pictureId: pictureId! };
}

/** Rebuilds one frame; throws if anything is not as RFC 9628 wants it, in non-flexible mode. */
export function depacketizeVp9(packets: readonly Uint8Array[]): ReceivedVp9Frame {
  const pieces: Uint8Array[] = [];
  const heads = new Set<string>();
  let size: ReceivedVp9Frame["size"];
  const parsed = parseAccessUnit(packets);
  for (const [index, { payload }] of parsed.entries()) {
    const flags = payload[0]!;
    assertEquals(flags & 0b1011_0001, 0b1010_0000, "I and L, not F nor Z");
    assertEquals((flags & 8) !== 0, index === 0, "B");
    assertEquals((flags & 4) !== 0, index === parsed.length - 1, "E");
    assertEquals(payload[1]! & 0x80, 0x80, "15 bits of picture id");
    assertEquals(payload[3], 0, "the only layer");
    heads.add([flags & 0x40, payload[1]! & 0x7f, payload[2], payload[4]].join());
    let at = 5;
    if ((flags & 2) !== 0) {
      assertEquals(index, 0, "a structure comes in front");
      [size, at] = readStructure(payload, at);
    }
    assert(payload.length > at, "an empty piece");
    pieces.push(payload.subarray(at));
  }
  assertEquals(heads.size, 1, "all packets of a picture say the same");
  const [predicted, high, low, tl0PicIdx] = [...heads][0]!.split(",").map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const pictureId = high * 256 + low;
  return { data: joined(pieces), pictureId, isPredicted: predicted !== 0, size, tl0PicIdx };
}

function readStructure(
  payload: Uint8Array,
  from: number,
): [{ width: number; height: number }, number] {
  const view = new DataView(payload.buffer, payload.byteOffset + from);
  assertEquals(view.getUint8(0), 0b0001_1000, "one spatial layer, Y and G");
  const size = { width: view.getUint16(1), height: view.getUint16(3) };
  assertEquals(view.getUint8(5), 1, "N_G");
  assertEquals(view.getUint8(6), 0b100, "T = 0, U = 0, R = 1");
  assertEquals(view.getUint8(7), 1, "P_DIFF");
  return [size, from + 8];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
