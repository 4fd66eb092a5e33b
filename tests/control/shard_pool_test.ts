import { assert, assertEquals, assertRejects } from "@std/assert";
import { ShardPool, type ShardPoolEvents } from "../../src/control/shard_pool.ts";
import type { ToControl, ToShard } from "../../src/shard/messages.ts";
import { until } from "../../testing/waiting.ts";

/** What the pool must not do unless the test expects it. */
function unexpected(what: string) {
  return (shard: number) => {
    throw new Error(`Shard ${shard} ${what}`);
  };
}

/** A pool whose shards run `source`, which may use `post` and `start`, the number of this start. */
function poolOf(source: string, events: Partial<ShardPoolEvents> = {}) {
  let starts = 0;
  const messages: [number, ToControl][] = [];
  const pool = new ShardPool(
    `const post = (message) => self.postMessage(message);
    self.onmessage = ({ data }) => {
      if (data.kind === "stop") return post({ kind: "stopped" });
      if (data.kind === "start") run(data.start, new Int32Array(data.heartbeat));
    };
    async function run(start, heartbeat) { ${source} }`,
    {
      startMessage: (_, heartbeat) => {
        return { kind: "start", start: ++starts, heartbeat } as unknown as ToShard;
      },
      message: (shard, message) => messages.push([shard, message]),
      lost: unexpected("was lost"),
      hung: unexpected("hangs"),
      ...events,
    },
  );
  return { pool, messages, starts: () => starts };
}

Deno.test("ShardPool: starts when all shards listen, and stops", async () => {
  const { pool, messages } = poolOf(`post({ kind: "listening" })`);
  await pool.start(2);
  assertEquals(messages.length, 2);
  assertEquals(pool.broadcast({ kind: "stream-closed", streamId: 1 }), [0, 1]);
  await pool.stop();
  assertEquals(pool.restarts, 0);
});

Deno.test("ShardPool: a shard that cannot listen fails the start", async () => {
  const { pool } = poolOf(`post({ kind: "listen-failed", reason: "the port is gone" })`);
  await assertRejects(() => pool.start(1), Error, "the port is gone");
  await pool.stop();
});

Deno.test("ShardPool: a shard that throws before all of them listen fails the start", async () => {
  for (const shard of [1, 2]) {
    const { pool, starts } = poolOf(
      `if (start === ${shard}) throw new Error("broken"); post({ kind: "listening" })`,
    );
    await assertRejects(() => pool.start(2), Error, "broken");
    assertEquals([starts(), pool.restarts], [2, 0]);
    await pool.stop();
  }
});

Deno.test("ShardPool: stops without waiting for a shard that never listened", async () => {
  const failures = [
    `post({ kind: "listen-failed", reason: "broken" })`,
    `throw new Error("broken")`,
    `if (start === 1) { post({ kind: "listening" }); throw new Error("broken"); }`,
  ];
  for (const failure of failures) {
    const { pool } = poolOf(`self.onmessage = () => {}; ${failure}`);
    await assertRejects(() => pool.start(2), Error, "broken");
    const startedAtMs = performance.now();
    await pool.stop();
    // Who waits for an answer gives up after 3000 ms.
    assert(performance.now() - startedAtMs < 2900, failure);
  }
});

Deno.test("ShardPool: a shard that throws is started again", async () => {
  const lost: number[] = [];
  const source = `post({ kind: "listening" }); if (start === 1) setTimeout(() => { throw 1 }, 50)`;
  const { pool, messages } = poolOf(source, { lost: (shard) => lost.push(shard) });
  await pool.start(1);
  await until("the second start", () => messages.length === 2);
  assertEquals(lost, [0]);
  assertEquals(pool.restarts, 1);
  await pool.stop();
});

Deno.test("ShardPool: a restarted shard that cannot listen yet is tried again", async () => {
  const source = `if (start === 2) return post({ kind: "listen-failed", reason: "not yet" });
    post({ kind: "listening" }); if (start === 1) setTimeout(() => { throw 1 }, 50)`;
  const { pool, starts } = poolOf(source, { lost: () => {} });
  await pool.start(1);
  await until("the third start", () => starts() === 3);
  assertEquals(pool.restarts, 2);
  await pool.stop();
});

Deno.test("ShardPool: tells once of a shard that hangs, and not of those that speak or are busy", async () => {
  const hung: number[] = [];
  const source = `post({ kind: "listening" });
    if (start === 1) setInterval(() => post({ kind: "report", streams: [] }), 500);
    if (start === 2) {
      // No timer runs, and no message is sent or taken.
      for (const endMs = Date.now() + 12_000; Date.now() < endMs;) {
        Atomics.add(heartbeat, 0, 1);
        Atomics.wait(heartbeat, 0, Atomics.load(heartbeat, 0), 100);
      }
    }`;
  const { pool } = poolOf(source, { hung: (shard) => hung.push(shard) });
  await pool.start(3);
  await until("a shard that hangs", () => hung.length > 0);
  assertEquals(hung, [2]);
  await pool.stop();
});

Deno.test("ShardPool: stops in bounded time, even if a shard does not answer", async () => {
  const { pool } = poolOf(`post({ kind: "listening" }); self.onmessage = () => {}`);
  await pool.start(1);
  const startedAtMs = performance.now();
  await pool.stop();
  assert(performance.now() - startedAtMs < 30_000);
});
