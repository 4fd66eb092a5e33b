import { assertEquals } from "@std/assert";
import { CHUNK_SIZE, makeRtmpLoop } from "./rtmp_loop.ts";
import { writeFlvHeader } from "../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../src/flv/tag.ts";
import { ChunkReader } from "../src/rtmp/chunk/reader.ts";

const video = (ms: number, start: number, size = 6) => {
  const body = new Uint8Array(size);
  body.set([start, 1]);
  return encodeTag(TAG_VIDEO, ms, body);
};
const audio = (ms: number) => encodeTag(TAG_AUDIO, ms, Uint8Array.of(0xaf, 1, 7));

/** Two groups of two pictures at 40 ms, each picture with its audio. */
const file = Uint8Array.from([
  writeFlvHeader({ hasAudio: true, hasVideo: true }),
  encodeTag(TAG_SCRIPT, 0, Uint8Array.of(2, 0, 0)),
  encodeTag(TAG_VIDEO, 0, Uint8Array.of(0x17, 0, 0, 0, 0, 1)),
  encodeTag(TAG_AUDIO, 0, Uint8Array.of(0xaf, 0, 0x11, 0x90)),
  ...[audio(0), video(0, 0x17, 3 * CHUNK_SIZE), audio(40), video(40, 0x27)],
  ...[audio(80), video(80, 0x17), audio(120), video(120, 0x27)],
  encodeTag(TAG_VIDEO, 120, Uint8Array.of(0x17, 2, 0, 0, 0)),
].flatMap((part) => [...part]));

function readAll(bytes: Uint8Array): string[] {
  const chunks = new ChunkReader();
  chunks.setChunkSize(CHUNK_SIZE);
  chunks.push(bytes);
  const messages: string[] = [];
  let message;
  while ((message = chunks.next()) !== undefined) {
    const { typeId, streamId, timestampMs, payload } = message;
    messages.push(`${typeId}/${streamId} ${timestampMs} ms ${payload.length}`);
  }
  return messages;
}

Deno.test("a loop has the file's media, without metadata and end of sequence", () => {
  const loop = makeRtmpLoop(file);
  assertEquals(loop.durationMs, 160);
  assertEquals(loop.messages.map((message) => message.timestampMs), [
    0,
    0,
    40,
    40,
    80,
    80,
    120,
    120,
  ]);
  assertEquals(loop.keyFrames, [1, 5]);
  assertEquals(loop.messages.at(-1)!.end, loop.bytes.length);
});

Deno.test("timestamps go on from any key frame over any number of turns", () => {
  const loop = makeRtmpLoop(file);
  const from = (at: number) => loop.bytes.subarray(loop.messages[at]!.start);
  const sent = Uint8Array.from([...loop.opening(5), ...from(5), ...loop.bytes, ...from(0)]);
  const group = (ms: number, size: number) => [
    ...[`8/1 ${ms} ms 3`, `9/1 ${ms} ms ${size}`, `8/1 ${ms + 40} ms 3`, `9/1 ${ms + 40} ms 6`],
  ];
  assertEquals(readAll(sent), [
    ...["9/1 40 ms 6", "8/1 80 ms 4"],
    ...group(80, 6).slice(1),
    ...[...group(160, 3 * CHUNK_SIZE), ...group(240, 6)],
    ...[...group(320, 3 * CHUNK_SIZE), ...group(400, 6)],
  ]);
});

Deno.test("from the loop's begin, the configurations have its first timestamp", () => {
  assertEquals(readAll(makeRtmpLoop(file).opening(1)), ["9/1 0 ms 6", "8/1 0 ms 4"]);
});
