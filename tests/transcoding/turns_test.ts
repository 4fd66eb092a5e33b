import { assert, assertEquals, assertRejects } from "@std/assert";
import { Turns, type TurnShare } from "../../src/transcoding/turns.ts";

/** Keeps the thread for so long; for how long it did. */
function work(ms: number): number {
  const sinceMs = performance.now();
  while (performance.now() < sinceMs + ms);
  return performance.now() - sinceMs;
}

/** Always has more to do, until it is told to stop; the time that it had. */
async function greedy(turns: Turns, share: TurnShare, signal: AbortSignal): Promise<number> {
  let turnMs = 0;
  while (!signal.aborted) {
    await turns.take(share, () => work(10));
    turnMs += 10;
  }
  return turnMs;
}

Deno.test("Turns: what work gives and throws is the caller's", async () => {
  const turns = new Turns();
  const share = turns.join(1);
  assertEquals(await turns.take(share, () => 7), 7);
  await assertRejects(
    () =>
      turns.take(share, () => {
        throw new RangeError("no");
      }),
    RangeError,
    "no",
  );
  assertEquals(await turns.take(share, () => 8), 8);
});

Deno.test("Turns: who uses little waits for one other at most, however many use all", async () => {
  const turns = new Turns();
  const ending = new AbortController();
  const running = Array.from({ length: 20 }, () => greedy(turns, turns.join(1), ending.signal));
  const share = turns.join(2);
  const waitsMs: number[] = [];
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const askedMs = performance.now();
    waitsMs.push(await turns.take(share, () => performance.now() - askedMs));
  }
  ending.abort();
  await Promise.all(running);
  const medianMs = waitsMs.toSorted((one, other) => one - other)[5]!;
  assert(medianMs < 40, `20 others of 10 ms each: ${waitsMs}`);
});

Deno.test("Turns: those who have just come do not go before one who uses little", async () => {
  const turns = new Turns();
  const ending = new AbortController();
  const share = turns.join(1);
  const other = greedy(turns, turns.join(1), ending.signal);
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await turns.take(share, () => work(5));
  }
  const running = Array.from({ length: 20 }, () => greedy(turns, turns.join(1), ending.signal));
  const askedMs = performance.now();
  const waitedMs = await turns.take(share, () => performance.now() - askedMs);
  ending.abort();
  await Promise.all([other, ...running]);
  assert(waitedMs < 40, `20 others of 10 ms each: ${waitedMs}`);
});

Deno.test("Turns: who had nothing to do for long has saved nothing up", async () => {
  const turns = new Turns();
  const ending = new AbortController();
  const late = turns.join(1);
  const other = greedy(turns, turns.join(2), ending.signal);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const sinceMs = performance.now();
  let lateMs = 0;
  for (let round = 0; round < 20; round++) lateMs += await turns.take(late, () => work(5));
  const tookMs = performance.now() - sinceMs;
  ending.abort();
  await other;
  assert(lateMs < 0.7 * tookMs, `${lateMs} of ${tookMs} ms`);
});

Deno.test("Turns: many streams of one owner have no more than one of another", async () => {
  const turns = new Turns();
  const ending = new AbortController();
  const many = Array.from({ length: 9 }, () => greedy(turns, turns.join(1), ending.signal));
  const one = greedy(turns, turns.join(2), ending.signal);
  const nobodys = greedy(turns, turns.join(0), ending.signal);
  await new Promise((resolve) => setTimeout(resolve, 900));
  ending.abort();
  const manyMs = (await Promise.all(many)).reduce((sum, ms) => sum + ms, 0);
  const [oneMs, nobodysMs] = [await one, await nobodys];
  assert(oneMs > 0.5 * manyMs, `${oneMs} of one, ${manyMs} of many`);
  assert(nobodysMs > 0.5 * manyMs, `${nobodysMs} of nobody's, ${manyMs} of many`);
});
