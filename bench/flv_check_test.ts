import { assertEquals } from "@std/assert";
import { FlvCheck } from "./flv_check.ts";
import { writeFlvHeader } from "../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../src/flv/tag.ts";
import { everySplit } from "../testing/mutation.ts";

const header = writeFlvHeader({ hasAudio: true, hasVideo: true });
const script = encodeTag(TAG_SCRIPT, 0, Uint8Array.of(2, 0, 0));
const configuration = encodeTag(TAG_VIDEO, 0, Uint8Array.of(0x17, 0, 0, 0, 0, 1));
const keyFrame = (ms: number) => encodeTag(TAG_VIDEO, ms, Uint8Array.of(0x17, 1, 0, 0, 0, 9));
const frame = (ms: number) => encodeTag(TAG_VIDEO, ms, Uint8Array.of(0x27, 1, 0, 0, 0, 9));
const audio = (ms: number) => encodeTag(TAG_AUDIO, ms, Uint8Array.of(0xaf, 1));

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return concat(bytes.subarray(0, at), Uint8Array.of(value), bytes.subarray(at + 1));
}

function check(...pieces: Uint8Array[]): FlvCheck {
  const flv = new FlvCheck();
  for (const piece of pieces) flv.consume(piece, 0, piece.length);
  return flv;
}

Deno.test("a good stream is counted without errors, however it is split", () => {
  const parts = [header, script, configuration, audio(0), keyFrame(0), audio(21), frame(33)];
  const stream = concat(...parts, keyFrame(0x1000020), audio(0x1000020));
  for (const pieces of everySplit(stream)) {
    const flv = check(...pieces);
    assertEquals(flv.firstError, undefined);
    assertEquals([flv.videoFrames, flv.keyFrames, flv.audioTags], [3, 2, 3]);
    assertEquals([flv.bytes, flv.gaps], [stream.length, 1]);
  }
});

Deno.test("a frame counts only when its PreviousTagSize is there", () => {
  const stream = concat(header, configuration, keyFrame(0));
  assertEquals(check(stream.subarray(0, -1)).keyFrames, 0);
  assertEquals(check(stream).keyFrames, 1);
});

Deno.test("only what consume is told to read is read", () => {
  const flv = new FlvCheck();
  flv.consume(concat(Uint8Array.of(1, 2), header, Uint8Array.of(3)), 2, 2 + header.length);
  assertEquals([flv.errors, flv.bytes], [0, header.length]);
});

const faults: [string, Uint8Array[]][] = [
  ["no FLV", [changed(header, 0, 0)]],
  ["version must be 1, got 2", [changed(header, 3, 2)]],
  ["flags must be audio and video, got 1", [changed(header, 4, 1)]],
  ["data offset must be 9", [changed(header, 8, 10)]],
  ["first PreviousTagSize must be 0", [changed(header, 12, 1)]],
  ["tag type must be 8, 9 or 18, got 10", [header, changed(audio(0), 0, 10)]],
  ["tag of 1 bytes", [header, encodeTag(TAG_AUDIO, 0, Uint8Array.of(0xaf))]],
  ["stream id must be 0", [header, changed(audio(0), 10, 1)]],
  ["PreviousTagSize must be 13, got 14", [header, changed(audio(0), 16, 14)]],
  ["audio timestamp went back from 2 to 1 ms", [header, audio(2), audio(1)]],
  ["video timestamp went back from 2 to 1 ms", [header, configuration, keyFrame(2), frame(1)]],
  ["picture before its configuration", [header, keyFrame(0)]],
  ["first picture is no key frame", [header, configuration, frame(0)]],
  ["first picture is no key frame", [header, configuration, keyFrame(0), configuration, frame(0)]],
];

for (const [message, parts] of faults) {
  Deno.test(`a fault is reported once: ${message}`, () => {
    const flv = check(concat(...parts));
    assertEquals([flv.firstError, flv.errors], [message, 1]);
  });
}

Deno.test("nothing is counted behind broken framing", () => {
  const flv = check(header, changed(audio(0), 16, 14), audio(0));
  assertEquals([flv.audioTags, flv.errors], [0, 1]);
});
