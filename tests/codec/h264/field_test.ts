import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { arePair, h264FieldOf } from "../../../src/codec/h264/field.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { NoError } from "../../../testing/malformed.ts";
import { BitWriter } from "../../../testing/media/bit_writer.ts";

const LAYOUT = { frameNumBits: 4, separateColourPlane: false };

/** A slice of NAL type 1, behind its length of one byte: its header up to the field flags. */
function slice(frameNum: number, flags: readonly (0 | 1)[], planes = 0): Uint8Array {
  const bits = new BitWriter().ue(0).ue(7).ue(0).bits(0, planes).bits(frameNum, 4);
  for (const flag of flags) bits.bits(flag, 1);
  const header = concat([Uint8Array.of(0x41), bits.bits(0x55, 8).take()]);
  return concat([Uint8Array.of(header.length), header]);
}

Deno.test("fields of H.264: told by the slice header", () => {
  assertEquals(h264FieldOf(slice(5, [0]), 1, LAYOUT), undefined);
  assertEquals(h264FieldOf(slice(5, [1, 0]), 1, LAYOUT), { frameNum: 5, isBottom: false });
  assertEquals(h264FieldOf(slice(5, [1, 1]), 1, LAYOUT), { frameNum: 5, isBottom: true });
  const planes = { ...LAYOUT, separateColourPlane: true };
  assertEquals(h264FieldOf(slice(3, [1, 1], 2), 1, planes), { frameNum: 3, isBottom: true });
  // Behind SEI, and where there is nothing to read.
  const behind = concat([fromHex("03 060500"), slice(1, [1, 0])]);
  assertEquals(h264FieldOf(behind, 1, LAYOUT), { frameNum: 1, isBottom: false });
  for (const hex of ["", "00", "01 41", "02 4188", "03 060500", "09 41"]) {
    assertEquals(h264FieldOf(fromHex(hex), 1, LAYOUT), undefined, hex);
  }
});

Deno.test("fields of H.264: a pair has one frame number, and both halves", () => {
  const [top, bottom] = [false, true].map((isBottom) => ({ frameNum: 1, isBottom }));
  assertEquals(arePair(top, bottom), true);
  assertEquals(arePair(bottom, top), true);
  assertEquals(arePair(top, top), false);
  assertEquals(arePair(top, { frameNum: 2, isBottom: true }), false);
  assertEquals([arePair(top, undefined), arePair(undefined, top)], [false, false]);
});

Deno.test("fields of H.264 survive mutations", () => {
  const samples = [slice(5, [0]), slice(5, [1, 1])];
  surviveMutations(samples, (bytes) => h264FieldOf(bytes, 1, LAYOUT), NoError);
});
