import { assert, assertEquals, assertThrows } from "@std/assert";
import { LogArena, type SharedLog } from "../../src/stream/log_arena.ts";
import { INLINE_SLOT_BYTES, Slot, SLOT_CAPACITIES } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogStore } from "../../src/stream/log_store.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { StreamError } from "../../src/stream/stream_error.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { assertHoldsNewest, interFrame, keyFrame } from "./log_samples.ts";

const SEGMENT = 4096;

function openArena({ segments = 32, maxSegmentsPerOwner = 1000, maxLogs = 4 } = {}) {
  const arena = LogArena.allocate({
    bytes: segments * SEGMENT,
    maxLogs,
    maxLogBytes: segments * SEGMENT,
    segmentBytes: SEGMENT,
    maxBytesPerOwner: maxSegmentsPerOwner * SEGMENT,
  });
  return { arena, store: new LogStore(arena) };
}

function opened(store: LogStore, { maxBytes = 20 * SEGMENT, owner = 1 } = {}): SharedLog {
  const log = store.open({ maxBytes, owner });
  if (typeof log === "string") throw new Error(`Refused: ${log}`);
  return log;
}

Deno.test("LogArena: the lowest free segment is given first, each to one log", () => {
  const { arena } = openArena({ segments: 4 });
  assertEquals([1, 2, 3].map(() => arena.take(0, 1)), [1, 2, 3]);
  arena.give(2, 1);
  arena.give(1, 1);
  assertEquals([arena.take(1, 1), arena.take(1, 1), arena.take(1, 1)], [1, 2, 4]);
  assertEquals([arena.take(0, 0), arena.take(1, 2)], ["full", "full"]);
  assertEquals([arena.usedBytes, arena.touchedBytes], [4 * SEGMENT, 4 * SEGMENT]);
  assertEquals([arena.usedBytesOf(1), arena.usedBytesOf(2)], [4 * SEGMENT, 0]);
});

Deno.test("LogArena: an owner has its share, and others what is left", () => {
  const { arena } = openArena({ segments: 8, maxSegmentsPerOwner: 2 });
  assertEquals([1, 2, 3].map(() => arena.take(0, 1)), [1, 2, "share"]);
  assertEquals([1, 2, 3].map(() => arena.take(1, 0)), [3, 4, 5]);
  arena.give(1, 1);
  assertEquals([arena.take(0, 1), arena.take(0, 1)], [1, "share"]);
});

Deno.test("LogArena: a closed log gives back all, also what a thread that died had just taken", () => {
  const { arena, store } = openArena();
  const [first, second] = [opened(store), opened(store)];
  for (const log of [first, second]) {
    const writer = new LogWriter(log, { windowMs: 1e6 });
    writer.writeSlot(Slot.tracks, new Uint8Array(3 * SEGMENT));
    for (let at = 0; at < 10; at++) writer.append(keyFrame(at, 1500));
  }
  const perLog = arena.usedBytes / 2;
  arena.take(first.log, 1);
  store.close(first);
  store.close(first);
  assertEquals([arena.usedBytes, arena.usedBytesOf(1)], [perLog, perLog]);
  store.close(second);
  assertEquals([arena.usedBytes, arena.usedBytesOf(1)], [0, 0]);
});

Deno.test("LogStore: places of logs are used again, the lowest first, up to the limit", () => {
  const { store } = openArena({ maxLogs: 2 });
  const [first, second] = [opened(store), opened(store)];
  assertEquals([first.log, second.log, store.open({ maxBytes: 100 })], [0, 1, "full"]);
  store.close(first);
  assertEquals(opened(store).log, 0);
});

Deno.test("LogStore: keeps room for the logs there are", () => {
  const { arena, store } = openArena({ segments: 32 });
  const log = opened(store);
  for (let taken = 0; taken < 30; taken++) arena.take(log.log, 0);
  assertEquals(typeof store.open({ maxBytes: 100 }), "object");
  arena.take(log.log, 0);
  assertEquals(store.open({ maxBytes: 100 }), "full");
});

Deno.test("LogWriter: without memory, the oldest give way, and the lack is told if the group does", () => {
  const { store, arena } = openArena({ segments: 16, maxSegmentsPerOwner: 6 });
  const log = opened(store);
  const writer = new LogWriter(log, { windowMs: 1e6 });
  const reader = new LogReader(log);
  const records = [];
  for (let at = 0; at < 200; at++) {
    records.push((at % 4 === 0 ? keyFrame : interFrame)(at, 1000));
    writer.append(records.at(-1)!);
    assertHoldsNewest(reader, records);
    assertEquals(writer.lack, undefined);
    assert(arena.usedBytes <= 6 * SEGMENT);
  }
  for (let at = 0; writer.lack === undefined; at++) {
    assert(at < 30);
    writer.append(interFrame(200 + at, 1000));
  }
  assertEquals([writer.lack, reader.newestKeyFrame], ["share", undefined]);
});

Deno.test("LogWriter: what no memory is left for at all is refused with the reason", () => {
  const { store, arena } = openArena({ segments: 16 });
  const log = opened(store);
  while (typeof arena.take(3, 0) === "number");
  const writer = new LogWriter(log, { windowMs: 1e6 });
  const attempts = [
    () => writer.append(keyFrame(0)),
    () => writer.writeSlot(Slot.metadata, new Uint8Array(INLINE_SLOT_BYTES + 1)),
  ];
  for (const attempt of attempts) {
    const error = assertThrows(attempt, StreamError);
    assertEquals(error.message, "Cannot keep the stream: the memory for streams is used up.");
  }
  assertEquals(writer.lack, "full");
  writer.writeSlot(Slot.metadata, new Uint8Array(INLINE_SLOT_BYTES));
  assertEquals(new LogReader(log).preamble()!.tags.length, 1);
});

Deno.test("LogWriter: slots of any length hold what was written last", () => {
  const { store } = openArena({ segments: 128 });
  const log = opened(store);
  const writer = new LogWriter(log, { windowMs: 1e6 });
  const reader = new LogReader(log);
  const random = seededRandom(5);
  const held = new Map<number, Uint8Array>();
  for (let round = 0; round < 300; round++) {
    const slot = [Slot.metadata, Slot.videoConfiguration, Slot.audioConfiguration][round % 3]!;
    const size = 1 + Math.floor(random() ** 3 * SLOT_CAPACITIES[slot]!);
    const body = Uint8Array.from({ length: size }, () => random() * 256);
    writer.writeSlot(slot, body);
    if (size > 10) {
      const start = Math.floor(random() * (size - 10));
      const part = new Uint8Array(10).fill(round);
      writer.writeSlotPart(slot, start, part);
      body.set(part, start);
    }
    held.set(slot, body);
    assert(writer.slotHolds(slot, body));
    const bodies = reader.preamble()!.tags.map(({ body }) => body);
    const slots = [Slot.metadata, Slot.videoConfiguration, Slot.audioConfiguration];
    assertEquals(bodies, slots.filter((one) => held.has(one)).map((one) => held.get(one)!));
  }
});

Deno.test("logs of one arena: none ever reads another's, in whatever order they come and go", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number) => Math.floor(random() * limit);
    const { store, arena } = openArena({ segments: 64, maxLogs: 6 });
    const live: {
      log: SharedLog;
      writer: LogWriter;
      reader: LogReader;
      records: ReturnType<typeof keyFrame>[];
    }[] = [];
    for (let step = 0; step < 400; step++) {
      if (live.length < 5 && random() < 0.1) {
        const log = store.open({ maxBytes: (2 + below(12)) * SEGMENT });
        if (typeof log === "string") continue;
        const writer = new LogWriter(log, { windowMs: 50 + below(500) });
        live.push({ log, writer, reader: new LogReader(log), records: [] });
      }
      const one = live[below(live.length)];
      if (one === undefined) continue;
      const size = random() < 0.1 ? below(one.writer.maxBodySize) : below(900);
      one.records.push((random() < 0.1 ? keyFrame : interFrame)(step * 10, size, below(256)));
      try {
        one.writer.append(one.records.at(-1)!);
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        one.records.length = 0;
      }
      for (const { reader, records } of live) assertHoldsNewest(reader, records);
      if (random() < 0.03) {
        store.close(one.log);
        live.splice(live.indexOf(one), 1);
        assertEquals(one.reader.isStale, true);
      }
    }
    for (const { log } of live) store.close(log);
    assertEquals(arena.usedBytes, 0);
  }
});
