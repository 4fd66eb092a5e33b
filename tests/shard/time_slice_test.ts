import { assertEquals, assertLess } from "@std/assert";
import { TimeSlice } from "../../src/shard/time_slice.ts";
import { until } from "../../testing/waiting.ts";

/** As work on bytes that are always there: no turn ends by what it awaits. */
function hog(slice: TimeSlice, workMs: number) {
  const state = { rounds: 0, isStopped: false };
  const share = slice.share("one peer");
  const run = async () => {
    while (!state.isStopped) {
      share.begin(performance.now());
      spin(workMs);
      state.rounds++;
      await share.pause();
    }
  };
  return Object.assign(state, { running: run() });
}

function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

async function stop(
  hogs: readonly { isStopped: boolean; readonly running: Promise<void> }[],
): Promise<void> {
  for (const one of hogs) one.isStopped = true;
  await Promise.all(hogs.map(({ running }) => running));
}

Deno.test("TimeSlice: who never waits for anything leaves the thread to timers and sockets", async () => {
  const slice = new TimeSlice();
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const hogs = [hog(slice, 0.2), hog(slice, 0.2)];
  const { port } = listener.addr;
  const [accepted, connected] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port }),
  ]);
  await connected.write(Uint8Array.of(7));
  const buffer = new Uint8Array(1);
  assertEquals(await accepted.read(buffer), 1);
  await until("both get their turns", () => hogs.every(({ rounds }) => rounds > 100));
  await stop(hogs);
  accepted.close();
  connected.close();
});

/** Work that makes who did it heavy for as long as a test may take, on whichever machine. */
const ENDLESS_WORK_MS = 3_600_000;

/** Uses up each slice that it gets, without taking time for it. */
function glutton(slice: TimeSlice, of: "one peer" | "many peers" = "one peer") {
  const share = slice.share(of);
  const state = { turns: 0, isStopped: false, share };
  const run = async () => {
    while (!state.isStopped) {
      share.begin(performance.now() - ENDLESS_WORK_MS);
      await share.pause(ENDLESS_WORK_MS);
      state.turns++;
    }
  };
  return Object.assign(state, { running: run() });
}

Deno.test("TimeSlice: many who use all that they get hardly delay one who uses little", async () => {
  const slice = new TimeSlice();
  const gluttons = Array.from({ length: 20 }, () => glutton(slice));
  const light = slice.share("one peer");
  const turns = () => gluttons.reduce((sum, { turns }) => sum + turns, 0);
  for (let times = 0; times < 10; times++) {
    const seen = turns();
    await until("others have had turns", () => turns() > seen);
    assertEquals(gluttons.filter(({ share }) => share.isHeavy).length, 20);
    const before = turns();
    light.begin(performance.now());
    // However long the machine takes for it, this is no work.
    await light.pause(0);
    // One has what is left of a slice: not one of each of the twenty.
    assertLess(turns() - before, 2);
  }
  await stop(gluttons);
});

Deno.test("TimeSlice: who uses little never waits where nobody else is", () => {
  const share = new TimeSlice().share("one peer");
  for (let times = 0; times < 3; times++) {
    share.begin(performance.now());
    // However long the machine takes for it, it is little.
    assertEquals(share.pause(1), undefined);
  }
});

Deno.test("TimeSlice: who rests lets timers and sockets have their turn, alone as it is", async () => {
  const share = new TimeSlice().share("many peers");
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  for (let times = 0; times < 5; times++) {
    const before = turns;
    share.begin(performance.now());
    await share.rest();
    // Both are timers, of which one may come before the other.
    share.begin(performance.now());
    await share.rest();
    assertLess(before, turns);
  }
  clearInterval(timer);
});

Deno.test("TimeSlice: many peers by one socket count as light, and keep nobody else out", async () => {
  const slice = new TimeSlice();
  const many = glutton(slice, "many peers");
  const one = glutton(slice);
  await until("both get their turns", () => many.turns > 20 && one.turns > 20);
  assertEquals([many.share.isHeavy, one.share.isHeavy], [false, true]);
  await stop([many, one]);
});

Deno.test("TimeSlice: what was long because it waited is not taken for work", async () => {
  const slice = new TimeSlice();
  const share = slice.share("one peer");
  share.begin(performance.now() - 3_600_000);
  await share.pause();
  await until("it counts as light again", () => {
    share.begin(performance.now());
    share.pause()?.catch(() => {});
    return !share.isHeavy;
  });
});

Deno.test("TimeSlice: tells that the thread is busy as long as it is", async () => {
  const slice = new TimeSlice();
  let beats = 0;
  slice.onBeat(() => beats++);
  const hogs = [hog(slice, 1)];
  await until("it has told so", () => beats > 10);
  await stop(hogs);
});

Deno.test("TimeSlice: a share that waits twice is called twice", async () => {
  const slice = new TimeSlice();
  const share = slice.share("one peer");
  share.begin(performance.now() - 100);
  const first = share.pause();
  const second = share.pause();
  assertEquals([first, second].includes(undefined), false);
  await Promise.all([first, second]);
});
