import { assertEquals } from "@std/assert";
import { RtmpForm } from "../../src/egress/rtmp_form.ts";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { OUTGOING_CHUNK_SIZE } from "../../src/rtmp/message/media_chunks.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import type { LogRecord } from "../../src/stream/log_writer.ts";
import { audioFrame, interFrame, keyFrame, openLog } from "../stream/log_samples.ts";
import { messageOf, PlayedMessages } from "./rtmp_messages.ts";

const BOTH = { audio: true, video: true };

function openFeed({ maxBytes = 1 << 20, windowMs = 10_000, streamId = 1 } = {}) {
  const tracks = Track.audio | Track.video;
  const { shared, writer } = openLog({ maxBytes, windowMs, tracks });
  writer.writeSlot(Slot.metadata, Uint8Array.of(1));
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(3));
  return { writer, feed: new Feed(new LogReader(shared), BOTH, new RtmpForm(streamId)) };
}

function played(cursor: Cursor, messages: PlayedMessages) {
  const read = [];
  for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) {
    // Whoever stops behind any piece has whole messages.
    read.push(...messages.read(piece));
  }
  return read;
}

const PREAMBLE = [
  { type: TAG_SCRIPT, timestampMs: 0, body: Uint8Array.of(1) },
  { type: TAG_VIDEO, timestampMs: 0, body: Uint8Array.of(2) },
  { type: TAG_AUDIO, timestampMs: 0, body: Uint8Array.of(3) },
];

Deno.test("RtmpForm: a player gets metadata, configurations, and every record from a key frame on", () => {
  const { writer, feed } = openFeed();
  const script: LogRecord = {
    ...{ type: TAG_SCRIPT, timestampMs: 70, body: Uint8Array.of(9, 9) },
    flags: RecordFlag.script,
  };
  const records = [keyFrame(0), keyFrame(40), audioFrame(50), interFrame(60), script];
  for (const record of records) writer.append(record);
  feed.update();
  const messages = new PlayedMessages();
  const cursor = new Cursor(feed);
  assertEquals(played(cursor, messages), [...PREAMBLE, ...records.slice(1).map(messageOf)]);
  writer.append(interFrame(80));
  feed.update();
  assertEquals(played(cursor, messages), [messageOf(interFrame(80))]);
});

Deno.test("RtmpForm: messages that are cut into chunks, with timestamps of 32 bits", () => {
  for (const startMs of [0, 0xfffff0, 2 ** 31 - 20, -20]) {
    const { writer, feed } = openFeed({ maxBytes: 1 << 22, streamId: 7 });
    const sizes = [
      OUTGOING_CHUNK_SIZE,
      OUTGOING_CHUNK_SIZE + 1,
      3 * OUTGOING_CHUNK_SIZE - 1,
      300_000,
    ];
    const records = sizes.map((size, at) => {
      const timestampMs = (startMs + 10 * at) | 0;
      return at === 0 ? keyFrame(timestampMs, size, at) : interFrame(timestampMs, size, at);
    });
    for (const record of records) writer.append(record);
    feed.update();
    const got = played(new Cursor(feed), new PlayedMessages(7)).slice(PREAMBLE.length);
    assertEquals(
      got.map(({ timestampMs, body }) => [timestampMs, body.length]),
      records.map(({ timestampMs, body }) => [timestampMs >>> 0, body.length]),
    );
    const isFilled = got.map(({ body }, at) => body.every((byte) => byte === at));
    assertEquals(isFilled, sizes.map(() => true));
  }
});

Deno.test("RtmpForm: a player that is overtaken goes on at a key frame, with configurations", () => {
  const { writer, feed } = openFeed({ maxBytes: 1 << 16, windowMs: 100 });
  writer.append(keyFrame(0));
  feed.update();
  const cursor = new Cursor(feed);
  const messages = new PlayedMessages();
  assertEquals(played(cursor, messages).length, PREAMBLE.length + 1);
  const records: LogRecord[] = [];
  for (let at = 1; at < 400; at++) {
    const record = at % 20 === 0 ? keyFrame(at * 20, 300) : interFrame(at * 20, 300);
    writer.append(record);
    records.push(record);
    feed.update();
  }
  const [configuration, sound, ...media] = played(cursor, messages);
  assertEquals(cursor.jumps, 1);
  assertEquals([configuration?.body, sound?.body], [Uint8Array.of(2), Uint8Array.of(3)]);
  assertEquals(media, records.slice(-media.length).map(messageOf));
  assertEquals(records.at(-media.length)!.flags & RecordFlag.keyFrame, RecordFlag.keyFrame);
});
