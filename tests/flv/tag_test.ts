import { assertEquals, assertThrows } from "@std/assert";
import { FlvError } from "../../src/flv/flv_error.ts";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { parseFlvHeader } from "../../testing/flv/tag_reader.ts";
import {
  encodeTag,
  MAX_TAG_BODY_SIZE,
  TAG_AUDIO,
  TAG_OVERHEAD,
  TAG_SCRIPT,
  TAG_VIDEO,
  writeTag,
} from "../../src/flv/tag.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";

Deno.test("FLV header: its flags, both ways", () => {
  const table = [
    [{ hasAudio: true, hasVideo: true }, "464c5601050000000900000000"],
    [{ hasAudio: true, hasVideo: false }, "464c5601040000000900000000"],
    [{ hasAudio: false, hasVideo: true }, "464c5601010000000900000000"],
    [{ hasAudio: false, hasVideo: false }, "464c5601000000000900000000"],
  ] as const;
  for (const [header, hex] of table) {
    assertEquals(toHex(writeFlvHeader(header)), hex);
    assertEquals(parseFlvHeader(fromHex(hex)), { ...header, size: 9 });
  }
});

Deno.test("FLV header: refused if short, foreign, of another version or too small", () => {
  const header = writeFlvHeader({ hasAudio: true, hasVideo: true });
  for (let length = 0; length < 9; length++) {
    assertThrows(() => parseFlvHeader(header.subarray(0, length)), FlvError);
  }
  assertThrows(() => parseFlvHeader(fromHex("464c570105 00000009")), FlvError, "464c57");
  assertThrows(() => parseFlvHeader(fromHex("464c560205 00000009")), FlvError, "version");
  assertThrows(() => parseFlvHeader(fromHex("464c560105 00000008")), FlvError, "got 8");
  assertEquals(parseFlvHeader(fromHex("464c560105 0000000a")).size, 10);
});

Deno.test("FLV header survives mutations", () => {
  const header = writeFlvHeader({ hasAudio: true, hasVideo: true });
  surviveMutations([header], parseFlvHeader, FlvError);
});

Deno.test("tag: every field in its place", () => {
  const body = fromHex("af0101182007");
  const table = [
    [TAG_AUDIO, 0, "08 000006 000000 00 000000 af0101182007 00000011"],
    [TAG_VIDEO, 0x123456, "09 000006 123456 00 000000 af0101182007 00000011"],
    [TAG_SCRIPT, 0xfe123456, "12 000006 123456 fe 000000 af0101182007 00000011"],
    [TAG_VIDEO, 2 ** 32 + 1, "09 000006 000001 00 000000 af0101182007 00000011"],
  ] as const;
  for (const [type, timestampMs, hex] of table) {
    assertEquals(toHex(encodeTag(type, timestampMs, body)), hex.replaceAll(" ", ""));
  }
  assertEquals(toHex(encodeTag(TAG_VIDEO, 0, new Uint8Array(0))).slice(-8), "0000000b");
});

Deno.test("tag: written into shared memory at an offset, and nowhere else", () => {
  const body = fromHex("1702000000");
  const shared = new Uint8Array(new SharedArrayBuffer(40)).fill(0xee);
  assertEquals(writeTag(shared, 7, TAG_VIDEO, 40, body), body.length + TAG_OVERHEAD);
  const tag = toHex(encodeTag(TAG_VIDEO, 40, body));
  assertEquals(toHex(shared), "ee".repeat(7) + tag + "ee".repeat(13));
});

Deno.test("tag: the target may be just long enough, and is left alone if it is not", () => {
  const body = fromHex("1702000000");
  const size = body.length + TAG_OVERHEAD;
  assertEquals(writeTag(new Uint8Array(size + 3), 3, TAG_VIDEO, 40, body), size);
  const short = new Uint8Array(size + 2);
  assertThrows(() => writeTag(short, 3, TAG_VIDEO, 40, body), FlvError, "needs 20 bytes");
  assertEquals(short, new Uint8Array(size + 2));
});

Deno.test("tag: bodies up to the limit", () => {
  const body = new Uint8Array(MAX_TAG_BODY_SIZE);
  const tag = encodeTag(TAG_VIDEO, 0, body);
  assertEquals(toHex(tag.subarray(0, 4)), "09ffffff");
  assertEquals(toHex(tag.subarray(-4)), "0100000a");
  const longer = new Uint8Array(MAX_TAG_BODY_SIZE + 1);
  assertThrows(() => encodeTag(TAG_VIDEO, 0, longer), FlvError, "got 16777216");
  assertThrows(() => writeTag(longer, 0, TAG_VIDEO, 0, longer), FlvError, "got 16777216");
});
