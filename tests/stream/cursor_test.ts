import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeTag, TAG_VIDEO } from "../../src/flv/tag.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { audioFrame, interFrame, keyFrame, openLog, tagOf } from "./log_samples.ts";

function open(options: Parameters<typeof openLog>[0] = {}) {
  const { shared, writer } = openLog(options);
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(1));
  const feed = new Feed(new LogReader(shared), { audio: true, video: true });
  return { writer, feed };
}

function readAll(cursor: Cursor): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) pieces.push(piece);
  return concat(pieces);
}

Deno.test("Cursor: waits for a key frame, then gets the preamble before it", () => {
  const { writer, feed } = open();
  const cursor = new Cursor(feed);
  feed.update();
  assertEquals(cursor.next(), undefined);
  writer.append(interFrame(0));
  feed.update();
  assertEquals(cursor.next(), undefined);
  for (const record of [keyFrame(40), interFrame(80)]) writer.append(record);
  feed.update();
  assertStrictEquals(cursor.next(), feed.preamble());
  assertEquals(readAll(cursor), concat([tagOf(keyFrame(40)), tagOf(interFrame(80))]));
  assertEquals(cursor.next(), undefined);
  writer.append(interFrame(120));
  feed.update();
  assertEquals(readAll(cursor), tagOf(interFrame(120)));
  assertEquals(cursor.jumps, 0);
});

Deno.test("Cursor: all viewers of a feed get the same bytes, as views of the same memory", () => {
  const { writer, feed } = open();
  for (const record of [keyFrame(0), interFrame(40)]) writer.append(record);
  feed.update();
  const cursors = Array.from({ length: 3 }, () => new Cursor(feed));
  for (let step = 0; step < 2; step++) {
    const [first, ...others] = cursors.map((cursor) => cursor.next());
    assert(first !== undefined);
    for (const other of others) assertStrictEquals(other, first);
  }
});

Deno.test("Cursor: begins at the newest tag of a stream without video", () => {
  const { writer, feed } = open({ tracks: Track.audio });
  writer.append(audioFrame(0));
  feed.update();
  const cursor = new Cursor(feed);
  assertStrictEquals(cursor.next(), feed.preamble());
  assertEquals(cursor.next(), undefined);
  writer.append(audioFrame(20));
  feed.update();
  assertEquals(readAll(cursor), tagOf(audioFrame(20)));
});

Deno.test("Cursor: overtaken, jumps to the newest key frame behind its configurations", () => {
  const { writer, feed } = open({ windowMs: 400 });
  writer.append(keyFrame(0));
  feed.update();
  const slow = new Cursor(feed);
  const quick = new Cursor(feed);
  readAll(slow);
  let at = 1;
  for (; feed.tail < 100; at++) {
    writer.append(at % 10 === 0 ? keyFrame(at * 40) : interFrame(at * 40));
    feed.update();
    readAll(quick);
  }
  const start = feed.beginning()!.position;
  assertEquals(start % 10, 0);
  const records = Array.from(
    { length: at - start },
    (_, step) => tagOf((step === 0 ? keyFrame : interFrame)((start + step) * 40)),
  );
  const configurations = encodeTag(TAG_VIDEO, start * 40, Uint8Array.of(1));
  assertEquals(readAll(slow), concat([configurations, ...records]));
  assertEquals([slow.jumps, quick.jumps], [1, 0]);
});

Deno.test("Cursor: overtaken with no key frame to jump to, waits for one", () => {
  const { writer, feed } = open({ maxBytes: 1000 });
  writer.append(keyFrame(0, 100));
  feed.update();
  const cursor = new Cursor(feed);
  readAll(cursor);
  for (let at = 1; at <= 20; at++) writer.append(interFrame(at, 100));
  feed.update();
  // The feed was overtaken at the cursor's own position: the cursor must not go on behind the gap.
  writer.append(interFrame(21, 100));
  feed.update();
  assertEquals([readAll(cursor).length, cursor.jumps], [0, 0]);
  writer.append(keyFrame(22, 100));
  feed.update();
  assertEquals(
    readAll(cursor),
    concat([encodeTag(TAG_VIDEO, 22, Uint8Array.of(1)), tagOf(keyFrame(22, 100))]),
  );
  assertEquals(cursor.jumps, 1);
});

Deno.test("Cursor: jumps without configurations where the stream has none", () => {
  const { shared, writer } = openLog({ maxBytes: 1000 });
  const feed = new Feed(new LogReader(shared), { audio: true, video: true });
  writer.append(keyFrame(0, 100));
  feed.update();
  const cursor = new Cursor(feed);
  cursor.next();
  for (let at = 1; at <= 20; at++) writer.append(keyFrame(at, 100));
  feed.update();
  assertEquals(cursor.next(), tagOf(keyFrame(20, 100)));
  assertEquals(cursor.jumps, 1);
});
