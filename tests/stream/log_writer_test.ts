import { assert, assertEquals, assertThrows } from "@std/assert";
import { TAG_OVERHEAD } from "../../src/flv/tag.ts";
import {
  ControlWord,
  distance,
  INDEX_CAPACITY,
  LogState,
  RecordFlag,
  Slot,
  SLOT_CAPACITIES,
  Track,
} from "../../src/stream/log_layout.ts";
import { LogArena } from "../../src/stream/log_arena.ts";
import { LogMemory } from "../../src/stream/log_memory.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { type LogRecord, LogWriter } from "../../src/stream/log_writer.ts";
import { StreamError } from "../../src/stream/stream_error.ts";
import { seededRandom } from "../../testing/mutation.ts";
import {
  assertHoldsNewest,
  audioFrame,
  interFrame,
  keyFrame,
  openLog,
  readAll,
  reopen,
  startAt,
  tagOf,
} from "./log_samples.ts";

Deno.test("LogWriter: an empty log", () => {
  const { shared, writer } = openLog();
  const reader = new LogReader(shared);
  assertEquals([reader.head, reader.tail, reader.newestKeyFrame], [0, 0, undefined]);
  assertEquals([writer.lastTimestampMs, reader.lastTimestampMs], [undefined, 0]);
  assertEquals([reader.state, reader.groupOverflows], [LogState.live, false]);
});

Deno.test("LogWriter: records are FLV tags with their PreviousTagSize", () => {
  const { shared, writer } = openLog();
  const reader = new LogReader(shared);
  const records = [keyFrame(0), audioFrame(7, 0), interFrame(33, 300), audioFrame(-5, 1)];
  for (const record of records) writer.append(record);
  assertEquals(assertHoldsNewest(reader, records), records.length);
  assertEquals([writer.lastTimestampMs, reader.lastTimestampMs], [33, 33]);
  assertEquals(reader.newestKeyFrame, 0);
});

Deno.test("LogWriter: a body at its limit is taken, one byte more is not", () => {
  const { shared, writer } = openLog({ maxBytes: 1000 });
  assertEquals(writer.maxBodySize, 500 - TAG_OVERHEAD);
  const largest = keyFrame(0, writer.maxBodySize);
  writer.append(largest);
  writer.append(largest);
  assertEquals(assertHoldsNewest(new LogReader(shared), [largest, largest]), 2);
  assertThrows(
    () => writer.append(keyFrame(0, writer.maxBodySize + 1)),
    StreamError,
    "Cannot append to the log: a tag body may have 485 bytes, got 486",
  );
  assertEquals(readAll(new LogReader(shared)).length, 2);
});

Deno.test("LogWriter: a tag goes on in the next page, wherever it is cut", () => {
  // Pages of 64 bytes: bodies of all lengths begin and end at all places in a page.
  for (let size = 0; size <= 200; size++) {
    const { shared, writer } = openLog({ maxBytes: 1000, windowMs: 1e6 });
    const reader = new LogReader(shared);
    const records: LogRecord[] = [];
    for (let at = 0; at < 20; at++) {
      records.push(keyFrame(at, size));
      writer.append(records.at(-1)!);
      assert(assertHoldsNewest(reader, records) >= 1);
    }
  }
});

Deno.test("LogWriter: positions wrap", () => {
  const { shared, writer } = openLog({ maxBytes: 1000, windowMs: 1e6 });
  const { control } = new LogMemory(shared);
  control[ControlWord.writePosition] = -500;
  const reader = new LogReader(shared);
  const records: LogRecord[] = [];
  for (let at = 0; at < 40; at++) {
    records.push(keyFrame(at, 85));
    writer.append(records.at(-1)!);
    assertEquals(assertHoldsNewest(reader, records), Math.min(at + 1, 10));
  }
});

Deno.test("LogWriter: random records are held whole or not at all, across all wraps", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const windowMs = [50, 400, 3000, 1e9][seed % 4]!;
    const keyFrameChance = [0.02, 0.1, 0.5][seed % 3]!;
    const { shared, writer } = openLog({ maxBytes: 500 + below(4000), windowMs });
    startAt(shared, seed % 2 === 0 ? 0x7fffffff - below(150) : 0);
    const reader = new LogReader(shared);
    const records: LogRecord[] = [];
    let timestampMs = below(0x1_0000_0000) | 0;
    for (let round = 0; round < 300; round++) {
      timestampMs = (timestampMs + below(60)) | 0;
      const largest = random() < 0.2 ? writer.maxBodySize : 120;
      const size = Math.min(below(largest + 1), writer.maxBodySize);
      const make = random() < keyFrameChance ? keyFrame : interFrame;
      records.push(make(timestampMs, size, below(256)));
      writer.append(records.at(-1)!);
      const held = assertHoldsNewest(reader, records);
      assert(held >= 1);
      const newestKeyFrame = records.findLastIndex(({ flags }) => flags & RecordFlag.keyFrame);
      const isHeld = newestKeyFrame >= records.length - held;
      assertEquals(reader.groupOverflows, newestKeyFrame !== -1 && !isHeld);
      assertEquals(
        reader.newestKeyFrame,
        newestKeyFrame !== -1 && isHeld
          ? (reader.head - records.length + newestKeyFrame) | 0
          : undefined,
      );
    }
  }
});

Deno.test("LogWriter: without a window, holds as much as fits", () => {
  const largest = 120 + TAG_OVERHEAD;
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const maxBytes = 1000 + Math.floor(random() * 3000);
    const { shared, writer } = openLog({ maxBytes, windowMs: 1e9 });
    const reader = new LogReader(shared);
    for (let round = 0; round < 400; round++) {
      writer.append(interFrame(round, Math.floor(random() * 121)));
      const heldBytes = readAll(reader).reduce((sum, { length }) => sum + length, 0);
      const expected = round < 100 ? 0 : maxBytes - largest;
      assert(heldBytes > expected, `seed ${seed} round ${round}: ${heldBytes} of ${maxBytes}`);
    }
  }
});

Deno.test("LogWriter: holds the window and the newest group of a steady stream", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const windowMs = 40 * (1 + Math.floor(random() * 30));
    const groupSize = 1 + Math.floor(random() * 30);
    const { shared, writer } = openLog({ maxBytes: 10_000, windowMs });
    const reader = new LogReader(shared);
    for (let at = 0; at < 500; at++) {
      const body = 80 + Math.floor(random() * 20);
      writer.append((at % groupSize === 0 ? keyFrame : interFrame)(at * 40, body));
      const inWindow = Math.max(0, at - windowMs / 40);
      const oldestNeeded = Math.min(inWindow, at - at % groupSize);
      assert(reader.tail <= oldestNeeded, `seed ${seed}: ${reader.tail} of ${oldestNeeded}`);
    }
  }
});

Deno.test("LogWriter: after small groups, one of twice the size is held whole", () => {
  for (const groupSize of [2, 5, 20]) {
    const { shared, writer } = openLog({ maxBytes: 100_000, windowMs: 100 });
    const reader = new LogReader(shared);
    let at = 0;
    const appendGroup = (size: number) => {
      for (let frame = 0; frame < size; frame++, at++) {
        writer.append((frame === 0 ? keyFrame : interFrame)(at * 40, 100));
        assertEquals(reader.groupOverflows, false, `frame ${frame} of ${size}`);
      }
    };
    // Wherever in the ring the large group begins.
    for (let small = 1; small < 12; small++) {
      for (let group = 0; group < small; group++) appendGroup(groupSize);
      appendGroup(groupSize * 2);
    }
  }
});

Deno.test("LogWriter: has the memory that its window needs, and gives back the rest", () => {
  const { shared, writer } = openLog({ maxBytes: 1 << 20, windowMs: 500 });
  const arena = new LogArena(shared.arena);
  assertEquals(arena.usedBytes, 0);
  for (let at = 0; at < 4000; at++) {
    writer.append((at % 10 === 0 ? keyFrame : interFrame)(at * 40, 10_000));
    // The window holds about 23 records of 10 KiB, in pages of 32 KiB, and the index two pages.
    assert(arena.usedBytes <= 12 * 32 * 1024, `record ${at}: ${arena.usedBytes} bytes`);
  }
  for (let at = 0; at < 400; at++) {
    writer.append((at % 10 === 0 ? keyFrame : interFrame)(160_000 + at * 40, 10));
  }
  assert(arena.usedBytes <= 4 * 32 * 1024, `afterwards: ${arena.usedBytes} bytes`);
  // The lowest segment is given first: what lies above was never touched.
  assert(arena.touchedBytes <= 12 * 32 * 1024, `touched: ${arena.touchedBytes} bytes`);
  arena.sweep(shared.log);
  assertEquals(arena.usedBytes, 0);
});

Deno.test("LogWriter: the window lets go of old records, but not of the newest group", () => {
  const { shared, writer } = openLog({ windowMs: 100 });
  const reader = new LogReader(shared);
  const group = [keyFrame(0), interFrame(40), interFrame(80), interFrame(120), interFrame(5000)];
  for (const record of group) writer.append(record);
  assertEquals(assertHoldsNewest(reader, group), 5);
  writer.append(keyFrame(5040));
  // What is expired is judged before a record is appended.
  assertEquals([reader.tail, reader.newestKeyFrame], [0, 5]);
  writer.append(interFrame(5080));
  assertEquals([reader.tail, reader.newestKeyFrame], [4, 5]);
});

Deno.test("LogWriter: without key frames, only the window counts", () => {
  const { shared, writer } = openLog({ windowMs: 100, tracks: Track.audio });
  const reader = new LogReader(shared);
  for (let timestampMs = 0; timestampMs <= 1000; timestampMs += 20) {
    writer.append(audioFrame(timestampMs));
  }
  assertEquals(readAll(reader).length, 6);
  assertEquals(reader.timestampMsOf(reader.tail), 900);
  assertEquals([reader.newestKeyFrame, reader.groupOverflows], [undefined, false]);
});

Deno.test("LogWriter: the window holds across the wrap of timestamps", () => {
  const { shared, writer } = openLog({ windowMs: 100 });
  const reader = new LogReader(shared);
  for (let step = -300; step <= 300; step += 20) writer.append(keyFrame((0x80000000 + step) | 0));
  assertEquals(readAll(reader).length, 6);
});

Deno.test("LogWriter: a group that does not fit overflows, until the next key frame", () => {
  const { shared, writer } = openLog({ maxBytes: 2000 });
  const reader = new LogReader(shared);
  writer.append(keyFrame(0, 100));
  for (let at = 1; !reader.groupOverflows; at++) {
    assert(at < 30);
    assertEquals(reader.newestKeyFrame, 0);
    writer.append(interFrame(at, 100));
  }
  assertEquals(reader.newestKeyFrame, undefined);
  writer.append(keyFrame(40, 100));
  assertEquals([reader.groupOverflows, reader.newestKeyFrame], [false, reader.head - 1]);
});

Deno.test("LogWriter: holds as many records as the index has room for", () => {
  const { shared, writer } = openLog({ windowMs: 1e9 });
  const reader = new LogReader(shared);
  const records: LogRecord[] = [];
  for (let at = 0; at < INDEX_CAPACITY + 10; at++) {
    records.push(at === 0 ? keyFrame(at) : interFrame(at));
    writer.append(records.at(-1)!);
  }
  assertEquals(distance(reader.tail, reader.head), INDEX_CAPACITY);
  assertEquals(assertHoldsNewest(reader, records), INDEX_CAPACITY);
  assertEquals(reader.groupOverflows, true);
});

Deno.test("LogWriter: sequence numbers wrap", () => {
  const { shared, writer } = openLog();
  startAt(shared, 0x7fffffff - 1);
  const reader = new LogReader(shared);
  const records = [interFrame(0), interFrame(1), keyFrame(2), interFrame(3), interFrame(4)];
  for (const record of records) writer.append(record);
  assertEquals(reader.head, (0x7fffffff + 4) | 0);
  assertEquals(reader.newestKeyFrame, -0x80000000);
  assertEquals(assertHoldsNewest(reader, records), 5);
});

Deno.test("LogWriter: the tail has moved on before bytes behind it change", () => {
  const { shared, writer } = openLog({ maxBytes: 1000, windowMs: 1e6 });
  const reader = new LogReader(shared);
  for (let at = 0; at < 3; at++) writer.append(keyFrame(at, 285, at));
  const target = new Uint8Array(300);
  assertEquals(reader.copy(0, target, 0, 300), true);
  // A body that looks at the log while it is being written, as a reader in another thread would.
  let tailWhenWritten: number | undefined;
  const { set } = Uint8Array.prototype;
  Object.getPrototypeOf(Uint8Array.prototype).set = function (...args: Parameters<typeof set>) {
    tailWhenWritten ??= reader.tail;
    return set.apply(this, args);
  };
  try {
    writer.append(keyFrame(3, 285));
  } finally {
    Object.getPrototypeOf(Uint8Array.prototype).set = set;
  }
  assertEquals(tailWhenWritten, 1);
  assertEquals(reader.copy(0, target, 0, 300), false);
});

Deno.test("LogWriter: flush wakes a reader that waits, and one that is about to", async () => {
  const { shared, writer } = openLog();
  const reader = new LogReader(shared);
  // Waiting for shared memory does not by itself keep the test running.
  using _ = keepRunning();
  const waiting = reader.waitForFlush(reader.wake);
  const before = reader.wake;
  writer.flush();
  await waiting;
  await reader.waitForFlush(before);
  const ending = reader.waitForFlush(reader.wake);
  writer.setState(LogState.ended);
  await ending;
  assertEquals(reader.state, LogState.ended);
});

function keepRunning(): Disposable {
  const timer = setInterval(() => {}, 1000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

Deno.test("LogWriter: slots hold the newest body", () => {
  const { shared, writer } = openLog({ tracks: Track.audio | Track.video });
  const reader = new LogReader(shared);
  assertEquals(reader.preamble(), { hasAudio: true, hasVideo: true, tags: [] });
  const versions = new Set([reader.preambleVersion]);
  writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(3));
  writer.writeSlot(Slot.metadata, Uint8Array.of(1));
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2, 2));
  versions.add(reader.preambleVersion);
  assertEquals(writer.slotHolds(Slot.videoConfiguration, Uint8Array.of(2, 2)), true);
  for (const other of [[2], [2, 3], [2, 2, 2], []]) {
    assertEquals(writer.slotHolds(Slot.videoConfiguration, Uint8Array.from(other)), false);
  }
  const bodies = () => reader.preamble()!.tags.map(({ type, body }) => [type, ...body]);
  assertEquals(bodies(), [[18, 1], [9, 2, 2], [8, 3]]);
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(9));
  writer.writeSlot(Slot.metadata, new Uint8Array(0));
  versions.add(reader.preambleVersion);
  assertEquals(bodies(), [[9, 9], [8, 3]]);
  writer.writeSlot(Slot.metadata, Uint8Array.of(4));
  versions.add(reader.preambleVersion);
  writer.setTracks(Track.audio, true);
  versions.add(reader.preambleVersion);
  assertEquals(versions.size, 5);
});

Deno.test("LogWriter: full slots do not touch each other; more does not fit", () => {
  const { shared, writer } = openLog();
  const slots = [Slot.metadata, Slot.videoConfiguration, Slot.audioConfiguration];
  const full = slots.map((slot) => new Uint8Array(SLOT_CAPACITIES[slot]!).fill(slot + 1));
  writer.append(keyFrame(5, 100, 0xee));
  for (const slot of slots) writer.writeSlot(slot, full[slot]!);
  const reader = new LogReader(shared);
  assertEquals(reader.preamble()!.tags.map(({ body }) => body), full);
  assertEquals(readAll(reader), [tagOf(keyFrame(5, 100, 0xee))]);
  for (const slot of slots) {
    const tooLarge = new Uint8Array(SLOT_CAPACITIES[slot]! + 1);
    assertThrows(() => writer.writeSlot(slot, tooLarge), StreamError, `got ${tooLarge.length}`);
  }
  assertEquals(reader.preamble()!.tags.map(({ body }) => body), full);
});

Deno.test("LogWriter: a part of a slot is written over, and nothing else", () => {
  const { shared, writer } = openLog();
  writer.writeSlot(Slot.metadata, Uint8Array.of(1, 2, 3, 4));
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(5));
  const reader = new LogReader(shared);
  const version = reader.preambleVersion;
  writer.writeSlotPart(Slot.metadata, 1, Uint8Array.of(8, 9));
  assert(reader.preambleVersion !== version);
  const bodies = [Uint8Array.of(1, 8, 9, 4), Uint8Array.of(5)];
  assertEquals(reader.preamble()!.tags.map(({ body }) => body), bodies);
  for (const [start, length] of [[3, 2], [5, 0], [0, 5]] as const) {
    assertThrows(
      () => writer.writeSlotPart(Slot.metadata, start, new Uint8Array(length)),
      StreamError,
      `must end within 4 bytes, got ${start + length}`,
    );
  }
  assertEquals(reader.preamble()!.tags.map(({ body }) => body), bodies);
});

Deno.test("LogReader: no preamble while a slot is being written; the next writer mends the lock", () => {
  const { shared, writer } = openLog();
  writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(1));
  const reader = new LogReader(shared);
  const { control } = new LogMemory(shared);
  // As a writer leaves it whose thread ends within writeSlot.
  Atomics.add(control, ControlWord.slotVersion, 1);
  assertEquals(reader.preamble(), undefined);
  const next = new LogWriter(shared, { windowMs: 1000 });
  assertEquals(reader.preamble()!.tags.length, 1);
  next.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
  assertEquals(reader.preamble()!.tags, [{ type: 9, body: Uint8Array.of(2) }]);
});

Deno.test("LogReader: a preamble is read again if a slot was written meanwhile", () => {
  const { shared, writer } = openLog();
  const body = Uint8Array.of(1);
  writer.writeSlot(Slot.videoConfiguration, body);
  const reader = new LogReader(shared);
  let copies = 0;
  const { prototype } = LogReader;
  const { get } = Object.getOwnPropertyDescriptor(prototype, "hasVideo")!;
  // `hasVideo` is read between the two looks at the version.
  Object.defineProperty(reader, "hasVideo", {
    get: () => {
      if (copies++ === 0) writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(2));
      return get!.call(reader);
    },
  });
  assertEquals(reader.preamble()!.tags[0]!.body, Uint8Array.of(2));
  assertEquals(copies, 2);
});

Deno.test("LogWriter: a second writer goes on where the first one ended", () => {
  const { shared, writer } = openLog({ maxBytes: 1000, windowMs: 1e6 });
  const reader = new LogReader(shared);
  const records = [keyFrame(0, 200), interFrame(40, 200)];
  for (const record of records) writer.append(record);
  const second = new LogWriter(shared, { windowMs: 1e6 });
  assertEquals(second.lastTimestampMs, 40);
  const more = [keyFrame(80, 200), interFrame(120, 200), interFrame(160, 200)];
  for (const record of more) second.append(record);
  assertEquals(assertHoldsNewest(reader, [...records, ...more]), 4);
  assertEquals(reader.newestKeyFrame, 2);
});

Deno.test("LogWriter: a log whose place another stream has is empty, which makes the readers of the old one stale", () => {
  const { shared, writer } = openLog();
  writer.append(keyFrame(7));
  writer.writeSlot(Slot.metadata, Uint8Array.of(1));
  const stale = new LogReader(shared);
  reopen(shared);
  assertEquals(stale.state, LogState.ended);
  const fresh = new LogReader(shared);
  assertEquals([fresh.state, fresh.head, fresh.tail], [LogState.live, 0, 0]);
  assertEquals([fresh.newestKeyFrame, fresh.tracksSettled], [undefined, false]);
  assertEquals(fresh.preamble(), { hasAudio: false, hasVideo: false, tags: [] });
  const next = new LogWriter(shared, { windowMs: 1000 });
  assertEquals(next.lastTimestampMs, undefined);
  const record = keyFrame(9);
  next.append(record);
  assertEquals(stale.copy(0, new Uint8Array(100), 0, 20), false);
  assertEquals(assertHoldsNewest(fresh, [record]), 1);
});

Deno.test("LogWriter: one that is abandoned changes nothing of the stream that comes after it", () => {
  const { shared, writer } = openLog();
  writer.append(keyFrame(7));
  writer.abandon();
  reopen(shared);
  const next = new LogWriter(shared, { windowMs: 1000 });
  next.writeSlot(Slot.metadata, Uint8Array.of(1, 2));
  writer.append(keyFrame(8));
  writer.appendConfiguration(Slot.videoConfiguration, keyFrame(8));
  writer.writeSlot(Slot.metadata, Uint8Array.of(3));
  writer.writeSlotPart(Slot.metadata, 0, Uint8Array.of(3));
  writer.setTracks(Track.video, true);
  const fresh = new LogReader(shared);
  assertEquals([fresh.head, fresh.tracksSettled], [0, false]);
  assertEquals(next.slotHolds(Slot.metadata, Uint8Array.of(1, 2)), true);
});

Deno.test("LogWriter: its last timestamp is the newest, also when tracks are apart", () => {
  const { writer } = openLog();
  assertEquals(writer.lastTimestampMs, undefined);
  for (const [timestampMs, newest] of [[-5, -5], [500, 500], [80, 500], [501, 501]] as const) {
    writer.append(interFrame(timestampMs));
    assertEquals(writer.lastTimestampMs, newest);
  }
});

Deno.test("LogWriter: behind a key frame that is gone, the window goes on", () => {
  const { shared, writer } = openLog({ maxBytes: 1 << 20, windowMs: 400, tracks: Track.audio });
  writer.append(keyFrame(0, 600_000 >> 1));
  for (let at = 1; at <= 8; at++) writer.append(interFrame(at * 10, 300_000));
  const reader = new LogReader(shared);
  assertEquals(reader.newestKeyFrame, undefined);
  assertEquals(reader.groupOverflows, false, "a stream without video has no groups");
  for (let at = 0; at < 200; at++) writer.append(interFrame(1000 + at * 20));
  assert(reader.head - reader.tail <= 22, `holds ${reader.head - reader.tail} records`);
  writer.setTracks(Track.video, true);
  assertEquals(reader.groupOverflows, true);
});
