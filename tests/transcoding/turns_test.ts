import { assert, assertEquals, assertRejects } from "@std/assert";
import { Turns, type TurnShare } from "../../src/transcoding/turns.ts";
import { until } from "../waiting.ts";

/** Keeps the thread for so long. */
function work(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}

/** Always has more to do, until it is told to stop; the turns that it had. */
function greedy(turns: Turns, share: TurnShare, signal: AbortSignal) {
  const state = { turns: 0 };
  const run = async () => {
    while (!signal.aborted) {
      await turns.take(share, () => work(10));
      state.turns++;
    }
  };
  return Object.assign(state, { running: run() });
}

function turnsOf(all: readonly { readonly turns: number }[]): number {
  return all.reduce((sum, { turns }) => sum + turns, 0);
}

Deno.test("Turns: what work gives and throws is the caller's", async () => {
  const turns = new Turns();
  const share = turns.share(1);
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
  const all = Array.from({ length: 20 }, () => greedy(turns, turns.share(1), ending.signal));
  const share = turns.share(2);
  const waitedFor: number[] = [];
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = turnsOf(all);
    waitedFor.push(await turns.take(share, () => turnsOf(all) - before));
  }
  ending.abort();
  await Promise.all(all.map(({ running }) => running));
  const median = waitedFor.toSorted((one, other) => one - other)[5]!;
  // The one whose turn it is, and one that has begun to wait before.
  assert(median <= 2, `others had ${waitedFor} turns meanwhile`);
});

Deno.test("Turns: many streams of one owner have no more than one of another", async () => {
  const turns = new Turns();
  const ending = new AbortController();
  const many = Array.from({ length: 9 }, () => greedy(turns, turns.share(1), ending.signal));
  const one = greedy(turns, turns.share(2), ending.signal);
  const nobodys = greedy(turns, turns.share(0), ending.signal);
  const all = [...many, one, nobodys];
  await until("there were many turns", () => turnsOf(all) >= 90);
  ending.abort();
  const [ofMany, ofOne, ofNobody] = [turnsOf(many), one.turns, nobodys.turns];
  await Promise.all(all.map(({ running }) => running));
  assert(ofOne > 0.5 * ofMany, `${ofOne} of one, ${ofMany} of many`);
  assert(ofNobody > 0.5 * ofMany, `${ofNobody} of nobody's, ${ofMany} of many`);
});
