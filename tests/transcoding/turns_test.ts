import { assert, assertEquals, assertRejects } from "@std/assert";
import { Turns, type TurnShare } from "../../src/transcoding/turns.ts";
import { until } from "../../testing/waiting.ts";

/** Turns by a clock that only work moves on: how busy the machine is changes nothing. */
function clockedTurns() {
  const clock = { nowMs: 0 };
  const turns = new Turns(undefined, () => clock.nowMs);
  /** Takes so long. */
  const work = (ms: number) => {
    clock.nowMs += ms;
    return ms;
  };
  return { clock, turns, work };
}

type Clocked = ReturnType<typeof clockedTurns>;

/** Always has more to do, 10 ms each time, until it is told to stop. */
function greedy({ turns, work }: Clocked, share: TurnShare, signal: AbortSignal) {
  const state = { usedMs: 0 };
  const run = async () => {
    while (!signal.aborted) state.usedMs += await turns.take(share, () => work(10));
  };
  return Object.assign(state, { running: run() });
}

function usedMsOf(all: readonly { readonly usedMs: number }[]): number {
  return all.reduce((sum, { usedMs }) => sum + usedMs, 0);
}

Deno.test("Turns: what work gives and throws is the caller's", async () => {
  const { turns } = clockedTurns();
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
  const clocked = clockedTurns();
  const { clock, turns } = clocked;
  const ending = new AbortController();
  const all = Array.from({ length: 20 }, () => greedy(clocked, turns.join(1), ending.signal));
  const share = turns.join(2);
  const waitsMs: number[] = [];
  for (let round = 0; round < 10; round++) {
    const before = usedMsOf(all);
    await until("the others have had turns", () => usedMsOf(all) > before + 20);
    const askedMs = clock.nowMs;
    waitsMs.push(await turns.take(share, () => clock.nowMs - askedMs));
  }
  ending.abort();
  await Promise.all(all.map(({ running }) => running));
  // The first time it is a newcomer.
  assert(waitsMs.slice(1).every((ms) => ms <= 10), `20 others of 10 ms each: ${waitsMs}`);
});

Deno.test("Turns: those who have just come do not go before one who uses little", async () => {
  const clocked = clockedTurns();
  const { clock, turns, work } = clocked;
  const ending = new AbortController();
  const share = turns.join(1);
  const other = greedy(clocked, turns.join(1), ending.signal);
  for (let round = 0; round < 20; round++) {
    const before = other.usedMs;
    await until("the other has had a turn", () => other.usedMs > before);
    await turns.take(share, () => work(5));
  }
  const newcomers = Array.from({ length: 20 }, () => greedy(clocked, turns.join(1), ending.signal));
  const askedMs = clock.nowMs;
  const waitedMs = await turns.take(share, () => clock.nowMs - askedMs);
  ending.abort();
  await Promise.all([other, ...newcomers].map(({ running }) => running));
  assert(waitedMs <= 20, `20 others of 10 ms each: ${waitedMs}`);
});

Deno.test("Turns: who had nothing to do for long has saved nothing up", async () => {
  const clocked = clockedTurns();
  const { clock, turns, work } = clocked;
  const ending = new AbortController();
  const late = turns.join(1);
  const other = greedy(clocked, turns.join(2), ending.signal);
  await until("the other has had its time", () => other.usedMs > 300);
  const sinceMs = clock.nowMs;
  let lateMs = 0;
  for (let round = 0; round < 20; round++) lateMs += await turns.take(late, () => work(5));
  const tookMs = clock.nowMs - sinceMs;
  ending.abort();
  await other.running;
  assert(lateMs < 0.7 * tookMs, `${lateMs} of ${tookMs} ms`);
});

Deno.test("Turns: many streams of one owner have no more than one of another", async () => {
  const clocked = clockedTurns();
  const { turns } = clocked;
  const ending = new AbortController();
  const many = Array.from({ length: 9 }, () => greedy(clocked, turns.join(1), ending.signal));
  const one = greedy(clocked, turns.join(2), ending.signal);
  const nobodys = greedy(clocked, turns.join(0), ending.signal);
  const all = [...many, one, nobodys];
  await until("there were many turns", () => usedMsOf(all) >= 900);
  const [manyMs, oneMs, nobodysMs] = [usedMsOf(many), one.usedMs, nobodys.usedMs];
  ending.abort();
  await Promise.all(all.map(({ running }) => running));
  assert(oneMs > 0.8 * manyMs, `${oneMs} of one, ${manyMs} of many`);
  assert(nobodysMs > 0.8 * manyMs, `${nobodysMs} of nobody's, ${manyMs} of many`);
});
