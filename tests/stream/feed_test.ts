import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { Feed } from "../../src/stream/feed.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { type LogRecord, LogWriter } from "../../src/stream/log_writer.ts";
import { seededRandom } from "../../testing/mutation.ts";
import {
  audioFrame,
  configuration,
  interFrame,
  keyFrame,
  openLog,
  reopen,
  startAt,
  tagOf,
} from "./log_samples.ts";

const BOTH = { audio: true, video: true };
const ALL_TRACKS = Track.audio | Track.video;

/** Everything from a position on. */
function readFrom(feed: Feed, from: number): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let at = from;
  for (let piece = feed.read(at); piece !== undefined; piece = feed.read(at)) {
    pieces.push(piece.bytes);
    at = piece.next;
  }
  assertEquals(at, feed.head);
  return concat(pieces);
}

function tagsOf(records: readonly LogRecord[]): Uint8Array<ArrayBuffer> {
  return concat(records.map(tagOf));
}

Deno.test("Feed: begins with the newest key frame that the log holds", () => {
  const { shared, writer } = openLog();
  const records = [keyFrame(0), interFrame(40), keyFrame(80), interFrame(120)];
  for (const record of records) writer.append(record);
  const feed = new Feed(new LogReader(shared), BOTH);
  assertEquals(feed.beginning()?.position, undefined);
  feed.update();
  assertEquals([feed.tail, feed.head, feed.beginning()?.position], [0, 2, 0]);
  assertEquals(readFrom(feed, 0), tagsOf(records.slice(2)));
  records.push(interFrame(160), keyFrame(200), interFrame(240));
  for (const record of records.slice(4)) writer.append(record);
  assertEquals(feed.head, 2);
  feed.update();
  assertEquals([feed.head, feed.beginning()?.position], [5, 3]);
  assertEquals(readFrom(feed, 0), tagsOf(records.slice(2)));
  assertEquals(readFrom(feed, 3), tagsOf(records.slice(5)));
  assertEquals(feed.read(feed.head), undefined);
});

Deno.test("Feed: all readers of a position share one view", () => {
  const { shared, writer } = openLog();
  for (const record of [keyFrame(0), interFrame(40)]) writer.append(record);
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  assertStrictEquals(feed.read(0), feed.read(0));
  assertStrictEquals(feed.read(0)!.bytes.buffer, feed.read(1)!.bytes.buffer);
  assertNotEquals(feed.read(0)!.bytes.buffer as ArrayBufferLike, shared);
});

Deno.test("Feed: a form has its tracks, script data and nothing of the others", () => {
  const { shared, writer } = openLog({ tracks: ALL_TRACKS });
  writer.writeSlot(Slot.metadata, Uint8Array.of(1));
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(3));
  const script = { type: TAG_SCRIPT, timestampMs: 5, body: Uint8Array.of(9) } as const;
  const frames = [keyFrame(0), audioFrame(3), interFrame(4), audioFrame(6)];
  const scriptRecord = { ...script, flags: RecordFlag.script };
  const [key, firstAudio, inter, lastAudio] = frames as [
    LogRecord,
    LogRecord,
    LogRecord,
    LogRecord,
  ];
  for (const record of [key, firstAudio, inter, scriptRecord, lastAudio]) writer.append(record);
  const forms = [
    { selection: BOTH, slots: [1, 2, 3], media: [key, firstAudio, inter, scriptRecord, lastAudio] },
    {
      selection: { audio: false, video: true },
      slots: [1, 2],
      media: [key, inter, scriptRecord],
    },
    {
      selection: { audio: true, video: false },
      slots: [1, 3],
      media: [firstAudio, scriptRecord, lastAudio],
    },
  ];
  const types = [0, TAG_SCRIPT, TAG_VIDEO, TAG_AUDIO] as const;
  for (const { selection, slots, media } of forms) {
    const feed = new Feed(new LogReader(shared), selection);
    feed.update();
    const tags = slots.map((slot) => encodeTag(types[slot as 1 | 2 | 3], 0, Uint8Array.of(slot)));
    const header = writeFlvHeader({ hasAudio: selection.audio, hasVideo: selection.video });
    assertEquals(feed.preamble(), concat([header, ...tags]));
    assertStrictEquals(feed.preamble(), feed.preamble());
    assertEquals(readFrom(feed, 0), tagsOf(media));
    assertEquals(feed.beginning()?.position, selection.video ? 0 : feed.head);
  }
});

Deno.test("Feed: the header has the tracks that the stream has", () => {
  for (const tracks of [Track.audio, Track.video, ALL_TRACKS]) {
    const { shared } = openLog({ tracks });
    const feed = new Feed(new LogReader(shared), BOTH);
    feed.update();
    const header = writeFlvHeader({
      hasAudio: (tracks & Track.audio) !== 0,
      hasVideo: (tracks & Track.video) !== 0,
    });
    assertEquals(feed.preamble(), header);
  }
});

Deno.test("Feed: nobody begins before the tracks are known, or without a key frame", () => {
  const { shared, writer } = openLog();
  writer.setTracks(Track.video, false);
  writer.append(keyFrame(0));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  assertEquals(feed.beginning()?.position, undefined);
  writer.setTracks(Track.video, true);
  assertEquals(feed.beginning()?.position, 0);

  const without = openLog();
  without.writer.append(interFrame(0));
  const waiting = new Feed(new LogReader(without.shared), BOTH);
  waiting.update();
  assertEquals(waiting.beginning(), undefined);
});

Deno.test("Feed: a stream without video begins at its newest tag", () => {
  const { shared, writer } = openLog({ tracks: Track.audio });
  writer.append(audioFrame(0));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  assertEquals(feed.beginning()?.position, feed.head);
  writer.append(audioFrame(20));
  const start = feed.beginning()!.position;
  feed.update();
  assertEquals(readFrom(feed, start), tagOf(audioFrame(20)));
});

Deno.test("Feed: nobody begins before a configuration that replaces another", () => {
  const { shared, writer } = openLog();
  const feed = new Feed(new LogReader(shared), BOTH);
  const steps: readonly (readonly [record: LogRecord, start: number | undefined])[] = [
    [configuration(0), undefined],
    [keyFrame(0), 1],
    [interFrame(40), 1],
    // The same configuration again would not come in line; a first one of another track does.
    [configuration(60), 1],
    [configuration(80, RecordFlag.reconfiguration), undefined],
    [interFrame(80), undefined],
    [keyFrame(120), 6],
    [interFrame(160), 6],
  ];
  for (const [record, start] of steps) {
    writer.append(record);
    feed.update();
    assertEquals(feed.beginning()?.position, start, `at ${record.timestampMs} ms`);
  }
});

Deno.test("Feed: configurations are those in force, with the timestamp of where they go", () => {
  const { shared, writer } = openLog({ tracks: ALL_TRACKS });
  writer.writeSlot(Slot.metadata, Uint8Array.of(1));
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(3));
  writer.append(keyFrame(700));
  writer.append(interFrame(740));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  const video = Uint8Array.of(2), audio = Uint8Array.of(3);
  for (const [position, timestampMs] of [[0, 700], [1, 740], [2, 740]] as const) {
    assertEquals(
      feed.configurations(position),
      concat([encodeTag(TAG_VIDEO, timestampMs, video), encodeTag(TAG_AUDIO, timestampMs, audio)]),
    );
  }
  const onlyAudio = new Feed(new LogReader(shared), { audio: true, video: false });
  onlyAudio.update();
  assertEquals(onlyAudio.configurations(0), encodeTag(TAG_AUDIO, 740, audio));
});

Deno.test("Feed: configurations let no track go back, however far apart the tracks are", () => {
  const { shared, writer } = openLog({ tracks: ALL_TRACKS });
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(3));
  const feed = new Feed(new LogReader(shared), BOTH);
  const configurations = (videoMs: number, audioMs: number) =>
    concat([
      encodeTag(TAG_VIDEO, videoMs, Uint8Array.of(2)),
      encodeTag(TAG_AUDIO, audioMs, Uint8Array.of(3)),
    ]);
  for (const record of [audioFrame(840), keyFrame(960)]) writer.append(record);
  feed.update();
  assertEquals(feed.configurations(1), configurations(960, 840), "no audio behind the key frame");
  writer.append(audioFrame(860));
  feed.update();
  assertEquals(feed.configurations(1), configurations(960, 860));
});

Deno.test("Feed: a configuration that comes after the update is not given before its record", () => {
  const { shared, writer } = openLog({ tracks: ALL_TRACKS });
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  writer.append(keyFrame(0));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  const flags = RecordFlag.video | RecordFlag.configuration;
  const body = Uint8Array.of(4);
  writer.appendConfiguration(Slot.videoConfiguration, {
    type: TAG_VIDEO,
    timestampMs: 40,
    body,
    flags,
  });
  assertEquals(feed.preamble(), undefined);
  assertEquals(feed.configurations(0), undefined);
  feed.update();
  assertEquals(
    feed.beginning()?.position,
    undefined,
    "the key frame is older than the configuration",
  );
  writer.append(keyFrame(80));
  feed.update();
  assertEquals(feed.beginning()?.position, 2);
  assertEquals(feed.configurations(2), encodeTag(TAG_VIDEO, 80, body));
});

Deno.test("Feed: pieces never change, whatever the log does", () => {
  const { shared, writer } = openLog({ maxBytes: 4000, windowMs: 200 });
  const feed = new Feed(new LogReader(shared), BOTH);
  const held: { bytes: Uint8Array; copy: Uint8Array }[] = [];
  for (let at = 0; at < 400; at++) {
    writer.append(at % 5 === 0 ? keyFrame(at * 40, 90) : interFrame(at * 40, 90));
    if (at % 3 !== 0) continue;
    feed.update();
    const position = feed.beginning()?.position;
    if (position === undefined) continue;
    const { bytes } = feed.read(position)!;
    held.push({ bytes, copy: bytes.slice() });
  }
  assert(held.length > 100);
  for (const { bytes, copy } of held) assertEquals(bytes, copy);
});

Deno.test("Feed: lets go of what the log let go of, and of segments with it", () => {
  const { shared, writer } = openLog({ windowMs: 400 });
  const feed = new Feed(new LogReader(shared), BOTH);
  for (let at = 0; at < 2000; at++) {
    writer.append(at % 10 === 0 ? keyFrame(at * 40, 100) : interFrame(at * 40, 100));
    feed.update();
    assert(feed.head - feed.tail < 90, `holds ${feed.head - feed.tail}`);
    assert(feed.beginning()!.position >= feed.tail);
  }
  assertEquals(feed.head, 2000);
});

Deno.test("Feed: a tag larger than a segment is one piece, small ones make pieces of bounded size", () => {
  const { shared, writer } = openLog({ maxBytes: 4 << 20 });
  const small = Array.from({ length: 60 }, (_, at) => interFrame(2 + at, 1500));
  const records = [keyFrame(0, 10), interFrame(1, 700_000), ...small];
  for (const record of records) writer.append(record);
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  assertEquals(feed.read(1)!.bytes.length, 700_015);
  const sizes: number[] = [];
  for (let piece = feed.read(2); piece !== undefined; piece = feed.read(piece.next)) {
    sizes.push(piece.bytes.length / 1515);
  }
  assertEquals(sizes, [21, 21, 18]);
  const [read, expected] = [readFrom(feed, 0), tagsOf(records)];
  assertEquals(read.length, expected.length);
  assert(read.every((byte, at) => byte === expected[at]));
});

Deno.test("Feed: overtaken by the log, goes on at the newest key frame", () => {
  const { shared, writer } = openLog({ maxBytes: 1000 });
  writer.append(keyFrame(0, 100));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  const late: LogRecord[] = [];
  for (let at = 1; at <= 20; at++) {
    const record = at === 18 ? keyFrame(at, 100) : interFrame(at, 100);
    if (at >= 18) late.push(record);
    writer.append(record);
  }
  feed.update();
  // Position 1 is the gap.
  assertEquals([feed.tail, feed.head, feed.beginning()?.position], [2, 5, 2]);
  assertEquals(readFrom(feed, 2), tagsOf(late));
});

Deno.test("Feed: overtaken within a group that does not fit, waits for the next key frame", () => {
  const { shared, writer } = openLog({ maxBytes: 1000 });
  writer.append(keyFrame(0, 100));
  const feed = new Feed(new LogReader(shared), BOTH);
  feed.update();
  for (let at = 1; at <= 20; at++) writer.append(interFrame(at, 100));
  feed.update();
  assertEquals([feed.tail, feed.head, feed.beginning()?.position], [2, 2, undefined]);
  writer.append(interFrame(21, 100));
  feed.update();
  assertEquals([feed.head, feed.beginning()?.position], [3, undefined]);
  writer.append(keyFrame(22, 100));
  feed.update();
  assertEquals(feed.beginning()?.position, 3);
});

Deno.test("Feed: random streams come out whole and in order", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const { shared, writer } = openLog({
      maxBytes: 2000 + below(4000),
      windowMs: 100 + below(2000),
    });
    if (seed % 2 === 0) startAt(shared, 0x7fffffff - below(100));
    const feed = new Feed(new LogReader(shared), BOTH);
    /** By the timestamps, which number them. */
    const tags: Uint8Array[] = [];
    let position: number | undefined;
    for (let round = 0; round < 150; round++) {
      for (let count = below(12); count > 0; count--) {
        const make = random() < 0.2 ? keyFrame : interFrame;
        const record = make(tags.length, below(150), below(256));
        tags.push(tagOf(record));
        writer.append(record);
      }
      feed.update();
      if (position === undefined || position < feed.tail) position = feed.beginning()?.position;
      if (position === undefined) continue;
      const bytes = readFrom(feed, position);
      position = feed.head;
      for (let at = 0; at < bytes.length;) {
        const number = (bytes[at + 4]! << 16) | (bytes[at + 5]! << 8) | bytes[at + 6]!;
        const tag = tags[number]!;
        const end = at + tag.length;
        assert(bytes.subarray(at, end).every((byte, i) => byte === tag[i]), `seed ${seed}`);
        at = end;
      }
    }
    assert(position !== undefined, `seed ${seed}`);
  }
});

Deno.test("Feed: of a log that serves another stream, nothing comes any more", () => {
  const { shared, writer } = openLog();
  for (let at = 0; at < 10; at++) writer.append(keyFrame(at));
  const reader = new LogReader(shared);
  const feed = new Feed(reader, BOTH);
  feed.update();
  const head = feed.head;
  writer.append(keyFrame(10));
  reopen(shared);
  const next = new LogWriter(shared, { windowMs: 1000 });
  for (let at = 0; at < 20; at++) next.append(keyFrame(at));
  feed.update();
  new Feed(reader, BOTH).update();
  assertEquals(feed.read(head), undefined);
});
