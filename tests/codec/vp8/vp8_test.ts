import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { isVp8KeyFrame, parseVp8FrameHeader, vp8CodecString } from "../../../src/codec/vp8/vp8.ts";
import { parseVp9Configuration } from "../../../src/codec/vp9/vp9.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { VP_STREAMS } from "../../../testing/media/bitstreams.ts";

// Sizes and key frames as ffprobe shows them.
Deno.test("VP8 frames of libvpx", () => {
  const [first, second, third] = VP_STREAMS.vp8Realtime.map(parseVp8FrameHeader);
  assertEquals(first, {
    isKeyFrame: true,
    version: 0,
    showFrame: true,
    firstPartitionSize: 279,
    width: 66,
    height: 50,
  });
  assertEquals([second!.isKeyFrame, second!.width, second!.height], [false, undefined, undefined]);
  assertEquals([third!.isKeyFrame, third!.width, third!.height], [true, 66, 50]);
  for (const frame of VP_STREAMS.vp8Realtime) {
    assertEquals(parseVp8FrameHeader(frame).firstPartitionSize < frame.length, true);
  }
});

Deno.test("VP8 frames of libvpx: a hidden one, and version 2", () => {
  const headers = VP_STREAMS.vp8AltRef.map(parseVp8FrameHeader);
  assertEquals(headers.flatMap(({ showFrame }, index) => showFrame ? [] : [index]), [1]);
  assertEquals(headers.every(({ version }) => version === 2), true);
  assertEquals(VP_STREAMS.vp8AltRef.map(isVp8KeyFrame), headers.map((header) => header.isKeyFrame));
});

Deno.test("VP8 key frames: the largest size, scaling left out", () => {
  const { width, height } = parseVp8FrameHeader(fromHex("100000 9d012a ffff ff7f"));
  assertEquals([width, height], [16_383, 16_383]);
});

Deno.test("VP8 frames: refused", () => {
  const rows: readonly (readonly [hex: string, message: string])[] = [
    ["", "must have 3 bytes, got 0"],
    ["1100", "must have 3 bytes, got 2"],
    ["100000 9d012a 4001 f0", "must have 10 bytes, got 9"],
    ["180000 9d012a 4001 f000", "version must be up to 3, got 4"],
    ["100000 9d012b 4001 f000", "got 0x9d012b"],
    ["100000 9d012a 0040 f000", "0x240"],
    ["100000 9d012a 4001 0000", "320x0"],
  ];
  for (const [hex, message] of rows) {
    assertThrows(() => parseVp8FrameHeader(fromHex(hex)), CodecError, message);
  }
  assertEquals(isVp8KeyFrame(new Uint8Array(0)), false);
});

Deno.test("VP8 codec strings", () => {
  assertEquals(vp8CodecString(), "vp8");
  const configuration = parseVp9Configuration(fromHex("01000000 000a820202020000"));
  assertEquals(vp8CodecString(configuration), "vp08.00.10.08");
});

Deno.test("VP8 survives mutations", () => {
  surviveMutations(VP_STREAMS.vp8Realtime, parseVp8FrameHeader, CodecError);
});
