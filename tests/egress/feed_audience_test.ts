import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { FeedAudience } from "../../src/egress/feed_audience.ts";
import { FlvViewer } from "../../src/egress/flv_viewer.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { Feed } from "../../src/stream/feed.ts";
import { FLV_FORM } from "../../src/stream/feed_form.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { MemoryHolding } from "../../src/stream/memory_holding.ts";
import { openMemory } from "../shard/open_memory.ts";
import { interFrame, keyFrame, openLog, tagOf } from "../stream/log_samples.ts";
import { until } from "../../testing/waiting.ts";

const FORM = { audio: true, video: true };

/** FLV header and PreviousTagSize0: all of a preamble without metadata and configurations. */
const PREAMBLE_LENGTH = 13;

/** A reader that asks for the next piece when the test says so. */
class TestViewer {
  readonly pieces: Uint8Array[] = [];
  isOver = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #asking: Promise<void> | undefined;

  constructor(audience: FeedAudience) {
    this.#reader = new FlvViewer(audience).stream.getReader();
  }

  get bytes(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  /** Asks for one piece, if it is not waiting for one, and lets it come if it is there. */
  async ask(): Promise<void> {
    this.#asking ??= this.#ask();
    // A piece that is there comes within a few turns of the microtask queue.
    for (let turn = 0; turn < 10; turn++) await undefined;
  }

  /** Asks until nothing more comes. */
  async drain(): Promise<void> {
    for (let before = -1; before !== this.pieces.length && !this.isOver;) {
      before = this.pieces.length;
      await this.ask();
    }
  }

  async leave(): Promise<void> {
    await this.#reader.cancel();
  }

  async #ask(): Promise<void> {
    const { done, value } = await this.#reader.read();
    this.#asking = undefined;
    if (done) this.isOver = true;
    else this.pieces.push(value);
  }
}

function open({ flushMs = 0, maxBytes = 1 << 20, windowMs = 10_000 } = {}) {
  const { shared, writer } = openLog({ maxBytes, windowMs });
  const counts = { jumps: 0 };
  const events = { jumped: () => void counts.jumps++, starved: () => {} };
  const audience = new FeedAudience(new Feed(new LogReader(shared), FORM), { flushMs }, events);
  return { writer, audience, counts };
}

Deno.test("FeedAudience: a viewer gets the preamble, and then whole tags from a key frame on", async () => {
  const { writer, audience } = open();
  for (const record of [keyFrame(0), interFrame(40), keyFrame(80), interFrame(120)]) {
    writer.append(record);
  }
  const viewer = new TestViewer(audience);
  await viewer.drain();
  assertEquals(viewer.pieces[0]!.length, PREAMBLE_LENGTH);
  assertEquals(concat(viewer.pieces.slice(1)), concat([keyFrame(80), interFrame(120)].map(tagOf)));
});

Deno.test("FeedAudience: nothing is taken from the log for a viewer that does not ask", async () => {
  const { writer, audience, counts } = open({ maxBytes: 1 << 18, windowMs: 500 });
  writer.append(keyFrame(0, 1000));
  const [quick, slow] = [new TestViewer(audience), new TestViewer(audience)];
  await slow.ask();
  await slow.ask();
  for (let at = 1; at < 2000; at++) {
    writer.append(at % 10 === 0 ? keyFrame(at * 40, 1000) : interFrame(at * 40, 1000));
    audience.notify(at);
    await quick.drain();
  }
  assertEquals([slow.pieces.length, counts.jumps], [2, 0]);
  await slow.drain();
  assertEquals(counts.jumps, 1);
  const flv = new FlvReader({ strict: true });
  flv.push(concat(slow.pieces));
  const timestamps = [];
  for (let record = flv.next(); record !== undefined; record = flv.next()) {
    if (record.kind === "tag") timestamps.push(record.timestampMs);
  }
  assertEquals(timestamps.slice(0, 2), [0, 1990 * 40]);
  assertEquals(timestamps.at(-1), 1999 * 40);
});

Deno.test("FeedAudience: with a flush interval, frames come when it is over", async () => {
  const { writer, audience } = open({ flushMs: 30 });
  writer.append(keyFrame(0));
  const viewer = new TestViewer(audience);
  const startMs = performance.now();
  audience.notify(startMs);
  await viewer.drain();
  const before = viewer.bytes;
  writer.append(keyFrame(40));
  audience.notify(startMs + 1);
  audience.notify(startMs + 2);
  await viewer.drain();
  assertEquals(viewer.bytes, before);
  await until("the flush interval is over", () => viewer.bytes > before);
  assertEquals(viewer.bytes, before + 20);
});

Deno.test("FeedAudience: a viewer that comes as the last one goes is served as well", async () => {
  const { writer, audience } = open({ flushMs: 30 });
  writer.append(keyFrame(0));
  const startMs = performance.now();
  const first = new TestViewer(audience);
  audience.notify(startMs);
  audience.notify(startMs + 1);
  await first.leave();
  assertEquals(audience.size, 0);
  const viewer = new TestViewer(audience);
  await viewer.drain();
  const before = viewer.bytes;
  writer.append(keyFrame(40));
  audience.notify(startMs + 3);
  await until("the flush interval is over", () => viewer.bytes > before);
});

Deno.test("FeedAudience: a viewer that was busy gets the rest without a further flush", async () => {
  const { writer, audience } = open({ flushMs: 5000 });
  writer.append(keyFrame(0));
  const viewer = new TestViewer(audience);
  await viewer.ask();
  writer.append(keyFrame(40));
  audience.notify(0);
  await viewer.drain();
  assertEquals(viewer.bytes, PREAMBLE_LENGTH + 2 * 20);
  audience.end();
});

Deno.test("FeedAudience: the end comes after what there is left, for who waits and who is busy", async () => {
  const { writer, audience } = open({ flushMs: 1000 });
  writer.append(keyFrame(0));
  const [waiting, busy, silent] = [0, 1, 2].map(() => new TestViewer(audience)) as [
    TestViewer,
    TestViewer,
    TestViewer,
  ];
  audience.notify(0);
  await waiting.drain();
  await busy.ask();
  await busy.ask();
  writer.append(interFrame(40));
  audience.notify(1);
  audience.end();
  for (const viewer of [waiting, busy, silent]) await viewer.drain();
  const whole = PREAMBLE_LENGTH + 2 * 20;
  assertEquals([waiting, busy, silent].map(({ bytes }) => bytes), [whole, whole, 0]);
  assert([waiting, busy, silent].every(({ isOver }) => isOver));
  assertEquals(audience.size, 0);
});

Deno.test("FeedAudience: at the end nobody jumps, and no tag is half", async () => {
  const { writer, audience, counts } = open({ maxBytes: 1 << 20 });
  writer.append(keyFrame(0, 200_000));
  const viewer = new TestViewer(audience);
  await viewer.ask();
  await viewer.ask();
  for (let at = 1; at < 100; at++) writer.append(interFrame(at * 40, 50_000));
  audience.end();
  await viewer.drain();
  assertEquals([viewer.isOver, counts.jumps], [true, 0]);
  const flv = new FlvReader({ strict: true });
  flv.push(concat(viewer.pieces));
  assertEquals([flv.next()?.kind, flv.next()?.kind, flv.next()], ["header", "tag", undefined]);
  assertEquals(flv.pending, 0);
});

Deno.test("FeedAudience: for want of memory, those end that have nothing else to go on with", () => {
  const { shared, writer } = openLog({ maxBytes: 8 << 20 });
  const starved: number[] = [];
  const audience = new FeedAudience(
    new Feed(new LogReader(shared), FORM, FLV_FORM, {
      memory: new MemoryHolding(openMemory(1 << 20), "copies"),
    }),
    { flushMs: 0 },
    { jumped: () => {}, starved: (count) => starved.push(count) },
  );
  const ends: string[] = [];
  for (const goesOn of [true, false]) {
    audience.add({
      offer() {},
      moveOn: () => goesOn,
      end: (reason) => ends.push(`${goesOn}: ${reason}`),
    });
  }
  writer.append(keyFrame(0, 2 << 20));
  audience.notify(0);
  assertEquals(starved, [1]);
  assertEquals(ends, ["false: no memory is left for what it is sent"]);
  assertEquals(audience.isOver, true);
});
