import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { TranscoderPool } from "../../src/control/transcoder_pool.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import type { TranscodingReport } from "../../src/transcoding/transcoding_report.ts";
import { openStore } from "../stream/log_samples.ts";
import { until } from "../../testing/waiting.ts";

const OPTIONS = { maxBytes: 1 << 16, windowMs: 10_000, opusBitrateBps: 128_000 };

const SOURCE = LogWriter.allocate(1 << 16);

/**
 * A pool whose workers run `source` for each start message, as `start`. `starts` counts the starts
 * of all streams over all workers, in shared memory that stands for the stream's source.
 */
function poolOf(source: string, options: { workers?: number } = {}) {
  const failed: [number, string][] = [];
  const ended: number[] = [];
  /** Newest report of each stream. */
  const reports = new Map<number, TranscodingReport>();
  const pool = new TranscoderPool(
    `const post = (message) => self.postMessage(message);
    let busy;
    self.onmessage = ({ data }) => {
      if (data.kind === "open") busy = new Int32Array(data.busy);
      if (data.kind === "stop") post({ kind: "stopped", id: data.id, reason: "asked" });
      if (data.kind !== "start") return;
      const count = Atomics.add(new Int32Array(data.source.arena), 20, 1);
      post({ kind: "started", id: data.id });
      run(data, count);
    };
    function run({ id, target }, count) { ${source} }`,
    { logs: openStore(OPTIONS.maxBytes), ...OPTIONS, ...options },
    {
      failed: (streamId, reason) => failed.push([streamId, reason]),
      reported: (streamId, report) => void reports.set(streamId, report),
      ended: (streamId) => ended.push(streamId),
    },
  );
  return { pool, failed, ended, reports };
}

/** Stands for a stream's log; word 20 counts how often workers were told to start it. */
function sourceLog() {
  const log = LogWriter.allocate(1 << 16);
  return { log, starts: () => Atomics.load(new Int32Array(log.arena), 20) };
}

Deno.test("TranscoderPool: nothing is started before it is needed", async () => {
  const { pool } = poolOf("");
  await pool.stop(1);
  assertEquals(pool.restarts, 0);
  pool.close();
});

Deno.test("TranscoderPool: a stream has one log, until it is stopped", async () => {
  const { pool, ended, reports } = poolOf(`
    post({ kind: "report", streams: [{ id, packets: 7 }] });`);
  const source = sourceLog();
  const target = pool.start(1, source.log)!;
  assertStrictEquals(pool.start(1, source.log), target);
  assertNotStrictEquals(pool.start(2, SOURCE), target);
  await until("its report", () => reports.get(1)?.packets === 7);
  assertEquals(source.starts(), 1);
  const stopping = pool.stop(1);
  assertNotStrictEquals(pool.start(1, source.log), target, "one that is stopping is not used");
  await stopping;
  assertEquals(new LogReader(target).state, LogState.ended);
  pool.giveBack(target);
  assertEquals(pool.start(3, SOURCE)!.log, target.log);
  assertEquals(ended, []);
  pool.close();
});

Deno.test("TranscoderPool: tells of streams that end, and that fail", async () => {
  const { pool, failed, ended } = poolOf(`
    if (id === 1) post({ kind: "failed", id, reason: "no AAC" });
    if (id === 2) post({ kind: "stopped", id, reason: "ended" });`);
  const targets = [1, 2].map((streamId) => pool.start(streamId, SOURCE)!);
  await until("both", () => failed.length + ended.length === 2);
  assertEquals([failed, ended], [[[1, "no AAC"]], [2]]);
  assert(targets.every((target) => new LogReader(target).state === LogState.ended));
  assertEquals(pool.restarts, 0);
  pool.close();
});

for (
  const { name, source } of [
    { name: "breaks", source: `post({ kind: "broken", id, reason: "unreachable" })` },
    { name: "throws", source: `setTimeout(() => { throw new Error("unreachable") })` },
  ]
) {
  Deno.test(`TranscoderPool: a worker that ${name} is started again, with its streams`, async () => {
    const { pool, failed, reports } = poolOf(`
      if (id === 2 && count === 0) ${source};
      else if (id === 1 && count > 0) post({ kind: "report", streams: [{ id, packets: count }] });`);
    const [first, second] = [sourceLog(), sourceLog()];
    const target = pool.start(1, first.log)!;
    pool.start(2, second.log);
    await until("the second start", () => reports.get(1)?.packets === 1);
    assertEquals(pool.restarts, 1);
    assertStrictEquals(pool.start(1, first.log), target);
    assertEquals(first.starts(), 2);
    // Who broke a codec is not tried again; who is not known to have done it is.
    if (name === "breaks") assertEquals([failed, second.starts()], [[[2, "unreachable"]], 1]);
    else assertEquals([failed.length, second.starts()], [0, 2]);
    pool.close();
  });
}

Deno.test("TranscoderPool: a stream whose workers always die is given up", async () => {
  const { pool, failed } = poolOf(`setTimeout(() => { throw new Error("no memory") })`);
  const source = sourceLog();
  pool.start(1, source.log);
  await until("its end", () => failed.length > 0);
  assertEquals([failed[0]![0], source.starts(), pool.restarts], [1, 3, 3]);
  pool.close();
});

Deno.test("TranscoderPool: the stream that a worker hangs on fails, others go on", async () => {
  const { pool, failed, reports } = poolOf(`
    if (id === 2) { busy[1] = id; busy[0] = 1; Atomics.wait(busy, 0, 1); }
    else post({ kind: "report", streams: [{ id, packets: count }] });`);
  const first = sourceLog();
  pool.start(1, first.log);
  pool.start(2, SOURCE);
  await until("the second start", () => reports.get(1)?.packets === 1);
  assertEquals([failed, pool.restarts], [[[2, "the transcoder hangs on it"]], 1]);
  pool.close();
});

Deno.test("TranscoderPool: stops at once a stream whose worker is not there", async () => {
  const { pool } = poolOf(`post({ kind: "broken", id: 2, reason: "unreachable" })`);
  pool.start(1, SOURCE);
  await until("the worker's end", () => pool.restarts === 1);
  await pool.stop(1);
  pool.close();
});

Deno.test("TranscoderPool: streams are spread over as many workers as are allowed", async () => {
  const { pool, reports } = poolOf(
    `self.ids = [...(self.ids ?? []), id];
    post({ kind: "report", streams: [{ id, packets: self.ids.length }] });`,
    { workers: 2 },
  );
  for (let streamId = 1; streamId <= 4; streamId++) pool.start(streamId, SOURCE);
  await until("all of them", () => [1, 2, 3, 4].every((streamId) => reports.get(streamId)));
  assertEquals([1, 2, 3, 4].map((streamId) => reports.get(streamId)!.packets), [1, 1, 2, 2]);
  pool.close();
});
