import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogArena, type SharedLog } from "../../src/stream/log_arena.ts";
import { LogStore } from "../../src/stream/log_store.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { FlvChecker } from "../../testing/http/flv_checker.ts";
import type { WriterTask } from "./log_writer_worker.ts";

const LOG_BYTES = 256 * 1024;

/** Room for one and a half of them, and their indexes. */
const ARENA_BYTES = 640 * 1024;
const DURATION_MS = 1500;
const READERS = 8;

/** A cursor that reads a random part of what there is. */
class RandomReader {
  readonly cursor: Cursor;
  readonly checker = new FlvChecker();
  readonly #random: () => number;
  /** Pieces it got, and what they were then. */
  readonly kept: { readonly piece: Uint8Array; readonly copy: Uint8Array }[] = [];

  constructor(feed: Feed, seed: number) {
    this.cursor = new Cursor(feed);
    this.#random = seededRandom(seed);
  }

  read(): void {
    const pieces = Math.floor(this.#random() ** 2 * 6);
    for (let read = 0; read < pieces; read++) {
      const piece = this.cursor.next();
      if (piece === undefined) return;
      this.checker.push(piece);
      assertEquals(this.checker.pending, 0, "a piece holds a part of a tag");
      if (this.#random() < 0.02) this.kept.push({ piece, copy: piece.slice() });
    }
  }
}

/** Runs readers against a writer in a thread of its own, and checks what they got. */
async function race(task: Omit<WriterTask, "log" | "durationMs">) {
  // A log whose segments another writer, in another thread, has as soon as this one gives them back.
  const store = new LogStore(LogArena.allocate({
    bytes: ARENA_BYTES,
    maxLogs: 2,
    maxLogBytes: LOG_BYTES,
    segmentBytes: 4096,
  }));
  const [log, other] = [0, 1].map(() => store.open({ maxBytes: LOG_BYTES }) as SharedLog);
  const feed = new Feed(new LogReader(log!), { audio: true, video: true });
  const readers = Array.from({ length: READERS }, (_, at) => new RandomReader(feed, at));
  const module = new URL("./log_writer_worker.ts", import.meta.url);
  const [worker, neighbour] = [0, 1].map(() => new Worker(module, { type: "module" }));
  const { promise: written, resolve, reject } = Promise.withResolvers<number>();
  worker!.addEventListener("message", ({ data }) => resolve(data));
  for (const one of [worker!, neighbour!]) {
    one.addEventListener("error", ({ message }) => reject(new Error(message)));
  }
  const orders = { ...task, durationMs: DURATION_MS };
  neighbour!.postMessage({ ...orders, log: other!, seed: 99 } satisfies WriterTask);
  worker!.postMessage({ ...orders, log: log! } satisfies WriterTask);
  let isOver = false;
  written.finally(() => isOver = true).catch(() => {});
  try {
    while (!isOver) {
      feed.update();
      for (const reader of readers) reader.read();
      // The message that it is over has to come in.
      await new Promise((next) => setImmediate(next));
    }
    await written;
  } finally {
    worker!.terminate();
    neighbour!.terminate();
  }
  return { frames: await written, readers };
}

for (
  const { name, ...task } of [
    { name: "small frames", groupFrames: 20, maxFrameSize: 4000, seed: 1 },
    { name: "frames of up to half the log", groupFrames: 3, maxFrameSize: 100_000, seed: 2 },
    { name: "groups longer than the log", groupFrames: 200, maxFrameSize: 12_000, seed: 3 },
  ]
) {
  Deno.test(`feed: what a writer overwrites at full speed is never read, ${name}`, async () => {
    const { frames, readers } = await race(task);
    assert(frames > 500, `the writer wrote ${frames} frames only`);
    const jumps = readers.reduce((sum, { cursor }) => sum + cursor.jumps, 0);
    assert(jumps > READERS, `the log was never overtaken: ${jumps} jumps`);
    for (const { cursor, checker, kept } of readers) {
      assert(checker.videoFrames > 0);
      assert(cursor.jumps >= checker.jumps.length, "jumps were not counted");
      for (const { piece, copy } of kept) {
        assert(Buffer.from(copy.buffer).equals(piece), "a piece that was handed out has changed");
      }
    }
  });
}
