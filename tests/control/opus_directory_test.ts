import { sharedLog } from "../stream/log_samples.ts";
import type { SharedLog } from "../../src/stream/log_arena.ts";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { OpusDirectory, type OpusMaker } from "../../src/control/opus_directory.ts";
import { ControlLink } from "../../src/shard/control_link.ts";
import type { ToControl, ToShard } from "../../src/shard/messages.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { delay, until } from "../../testing/waiting.ts";

/** What sounds are told apart by here: the stream of a default track, others with theirs in front. */
function soundOf(streamId: number, audioTrack = 0): number {
  return streamId + 100 * audioTrack;
}

/** The arguments that {@linkcode soundOf} was made from. */
function placeOf(sound: number): [streamId: number, audioTrack: number | undefined] {
  return [sound % 100, sound < 100 ? undefined : Math.floor(sound / 100)];
}

/** Stands for a `TranscoderPool`: says what is done with it, and stops when it is told to. */
class FakeMaker implements OpusMaker {
  readonly starts: number[] = [];
  readonly free: SharedLog[] = [];
  /** Logs that are written at the moment, by {@linkcode soundOf}. */
  readonly written = new Map<number, SharedLog>();
  readonly stopping: { log: SharedLog; finish: () => void }[] = [];

  /** Whether there is no memory for another log. */
  isStarved = false;

  start(streamId: number, source: SharedLog, audioTrack?: number): SharedLog | undefined {
    if (this.isStarved) return undefined;
    const sound = soundOf(streamId, audioTrack);
    assert(!this.written.has(sound), "started twice");
    assertEquals(source.arena.byteLength, streamId);
    this.starts.push(sound);
    const log = sharedLog(8);
    this.written.set(sound, log);
    return log;
  }

  stop(streamId: number, audioTrack?: number): Promise<void> {
    const sound = soundOf(streamId, audioTrack);
    const log = this.written.get(sound);
    if (log === undefined) return Promise.resolve();
    this.written.delete(sound);
    return new Promise((resolve) => this.stopping.push({ log, finish: resolve }));
  }

  giveBack(log: SharedLog): void {
    assert(!this.free.includes(log), "given back twice");
    this.free.push(log);
  }

  /** The oldest stop is done. */
  async finishStop(): Promise<void> {
    this.stopping.shift()!.finish();
    await delay(0);
  }
}

function setUp({ retryMs = 3_600_000 } = {}) {
  const maker = new FakeMaker();
  const closed = new Set<number>();
  const sent: [number, ToShard][] = [];
  const starved: number[] = [];
  const directory = new OpusDirectory(maker, {
    send: (shard, message) => sent.push([shard, message]),
    // The length names the stream.
    sourceOf: (streamId) => closed.has(streamId) ? undefined : sharedLog(streamId),
    starved: (streamId) => starved.push(streamId),
    retryMs,
  });
  return {
    maker,
    directory,
    /** Streams that there was no memory for. */
    starved,
    close: (streamId: number) => {
      closed.add(streamId);
      return directory.streamClosed(streamId);
    },
    /** What was sent since the last call, as shard, kind and number of the request. */
    told: () =>
      sent.splice(0).map(([shard, message]) => {
        if (message.kind !== "opus-opened" && message.kind !== "opus-closed") throw message;
        return `${shard} ${message.kind} ${message.requestId}`;
      }),
    logOf: (streamId: number) => maker.written.get(streamId),
    [Symbol.dispose]: () => directory.close(),
  };
}

Deno.test("OpusDirectory: the first wish starts a stream, the last one's end ends it", async () => {
  using control = setUp();
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  directory.wanted(1, 1, 21);
  directory.wanted(2, 1, 22);
  assertEquals(told(), ["0 opus-opened 11", "1 opus-opened 21", "1 opus-opened 22"]);
  assertEquals([maker.starts, directory.size], [[1, 2], 2]);
  const log = control.logOf(1);
  directory.unwanted(1, 0);
  directory.unwanted(1, 0);
  assertStrictEquals(control.logOf(1), log);
  directory.unwanted(1, 1);
  assertEquals([maker.stopping.length, maker.free, directory.size], [1, [], 1]);
  await maker.finishStop();
  assertEquals(maker.free, [log]);
  assertEquals(told(), []);
});

Deno.test("OpusDirectory: where there is no memory, that is told, and it is tried again", async () => {
  using control = setUp({ retryMs: 20 });
  const { directory, maker, starved, told } = control;
  maker.isStarved = true;
  directory.wanted(1, 0, 11);
  assertEquals([starved, told()], [[1], []]);
  maker.isStarved = false;
  await until("it is started", () => maker.starts.length === 1);
  assertEquals([starved, told()], [[1], ["0 opus-opened 11"]]);
});

Deno.test("OpusDirectory: all that want a stream are told of the same log", () => {
  const sent: SharedLog[] = [];
  const maker = new FakeMaker();
  const directory = new OpusDirectory(maker, {
    send: (_, message) => message.kind === "opus-opened" && sent.push(message.log),
    sourceOf: (streamId) => sharedLog(streamId),
    starved() {},
  });
  for (let shard = 0; shard < 3; shard++) directory.wanted(1, shard, shard);
  assertEquals(sent.length, 3);
  for (const log of sent) assertStrictEquals(log, maker.written.get(1));
});

Deno.test("OpusDirectory: wanted again while it stops, a stream has another log", async () => {
  using control = setUp();
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  const first = control.logOf(1);
  directory.unwanted(1, 0);
  directory.wanted(1, 0, 12);
  const second = control.logOf(1);
  assertNotStrictEquals(second, first);
  assertEquals(told(), ["0 opus-opened 11", "0 opus-opened 12"]);
  directory.unwanted(1, 0);
  await maker.finishStop();
  assertEquals(maker.free, [first]);
  await maker.finishStop();
  assertEquals(maker.free, [first, second]);
});

Deno.test("OpusDirectory: a stream that is closed ends for all, and is held till it is read no more", async () => {
  using control = setUp();
  const { directory, maker, told } = control;
  assertEquals(control.close(9), undefined);
  directory.wanted(1, 0, 11);
  const first = control.logOf(1);
  directory.unwanted(1, 0);
  directory.wanted(1, 1, 21);
  const second = control.logOf(1);
  told();
  let isReleased = false;
  const released = control.close(1)!.then(() => isReleased = true);
  assertEquals(told(), ["1 opus-closed 21"]);
  await maker.finishStop();
  assertEquals([isReleased, maker.free], [false, [first]]);
  await maker.finishStop();
  await released;
  assertEquals(maker.free, [first], "a shard reads it yet");
  directory.unwanted(1, 1);
  assertEquals(maker.free, [first, second]);
});

Deno.test("OpusDirectory: the last reader may be gone before the worker is", async () => {
  using control = setUp();
  const { directory, maker } = control;
  directory.wanted(1, 0, 11);
  const log = control.logOf(1);
  const released = control.close(1)!;
  directory.unwanted(1, 0);
  assertEquals(maker.free, []);
  await maker.finishStop();
  await released;
  assertEquals(maker.free, [log]);
});

Deno.test("OpusDirectory: a wish that comes after the stream's end is refused at once", () => {
  using control = setUp();
  control.close(1);
  control.directory.wanted(1, 0, 11);
  control.directory.unwanted(1, 0);
  assertEquals(control.told(), ["0 opus-closed 11"]);
  assertEquals(control.maker.starts, []);
});

Deno.test("OpusDirectory: a shard that dies reads nothing and wants nothing", async () => {
  using control = setUp();
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  directory.wanted(2, 0, 12);
  directory.wanted(2, 1, 21);
  const log = control.logOf(1);
  directory.shardLost(0);
  assertEquals([maker.stopping.length, control.logOf(2) !== undefined], [1, true]);
  // Started again, it counts from one again.
  told();
  directory.wanted(1, 0, 1);
  assertEquals(told(), ["0 opus-opened 1"]);
  await maker.finishStop();
  assertEquals(maker.free, [log]);
});

Deno.test("OpusDirectory: the only reader of a log that ended may die", async () => {
  using control = setUp();
  const { directory, maker } = control;
  directory.wanted(1, 0, 11);
  const log = control.logOf(1);
  const released = control.close(1);
  await maker.finishStop();
  await released;
  assertEquals(maker.free, []);
  directory.shardLost(0);
  assertEquals(maker.free, [log]);
});

/** The stream's worker gives it up. */
function fail({ maker, directory }: ReturnType<typeof setUp>, streamId: number): void {
  maker.written.delete(streamId);
  directory.failed(streamId, "no AAC");
}

Deno.test("OpusDirectory: a failure is told to those who had it; the next attempt waits", async () => {
  using control = setUp({ retryMs: 40 });
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  directory.wanted(1, 1, 21);
  const log = control.logOf(1);
  told();
  const failedAtMs = performance.now();
  fail(control, 1);
  assertEquals(told(), ["0 opus-closed 11", "1 opus-closed 21"]);
  directory.unwanted(1, 0);
  directory.wanted(1, 0, 12);
  assertEquals([told(), maker.starts, maker.free], [[], [1], []]);
  await until("the second start", () => maker.starts.length === 2);
  // Timers may be a fraction of a millisecond early.
  assert(performance.now() - failedAtMs > 39);
  assertEquals(told(), ["0 opus-opened 12"]);
  assertEquals(maker.free, [], "shard 1 reads it yet");
  directory.unwanted(1, 1);
  assertEquals(maker.free, [log]);
  directory.wanted(1, 1, 22);
  assertEquals(told(), ["1 opus-opened 22"]);
});

Deno.test("OpusDirectory: what nobody wants any more is not attempted again", async () => {
  using control = setUp({ retryMs: 1 });
  const { directory, maker } = control;
  directory.wanted(1, 0, 11);
  const log = control.logOf(1);
  fail(control, 1);
  directory.unwanted(1, 0);
  directory.wanted(1, 0, 12);
  directory.unwanted(1, 0);
  await delay(20);
  assertEquals([maker.starts, maker.free], [[1], [log]]);
});

Deno.test("OpusDirectory: a shard that has not let go of what failed is not told of the next", async () => {
  using control = setUp({ retryMs: 1 });
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  fail(control, 1);
  await delay(20);
  assertEquals([told(), maker.starts], [["0 opus-opened 11", "0 opus-closed 11"], [1]]);
  directory.wanted(1, 1, 21);
  assertEquals(told(), ["1 opus-opened 21"]);
});

Deno.test("OpusDirectory: a stream that is closed while it waits for the next attempt", async () => {
  using control = setUp({ retryMs: 1 });
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  fail(control, 1);
  directory.unwanted(1, 0);
  directory.wanted(1, 0, 12);
  told();
  assertEquals(control.close(1), undefined);
  await delay(20);
  assertEquals([told(), maker.starts, maker.free.length], [["0 opus-closed 12"], [1], 1]);
});

Deno.test("OpusDirectory: tracks of a stream are made each for itself, and let go of together", async () => {
  using control = setUp();
  const { directory, maker, told } = control;
  directory.wanted(1, 0, 11);
  directory.wanted(1, 0, 12, 4);
  directory.wanted(1, 1, 21, 4);
  assertEquals([maker.starts, directory.size], [[1, 401], 2]);
  assertEquals(told(), ["0 opus-opened 11", "0 opus-opened 12", "1 opus-opened 21"]);
  maker.written.delete(401);
  directory.failed(1, "no AAC", 4);
  assertEquals(told(), ["0 opus-closed 12", "1 opus-closed 21"]);
  directory.unwanted(1, 0, 4);
  assertEquals([maker.free.length, maker.stopping.length], [0, 0], "shard 1 reads it yet");
  directory.released(1, 1);
  assertEquals([maker.free.length, maker.stopping.length, directory.size], [1, 0, 1]);
  directory.wanted(1, 1, 22);
  directory.released(1, 0);
  assertEquals(maker.stopping.length, 0, "shard 1 reads it");
  const released = control.close(1)!;
  assertEquals(told(), ["1 opus-opened 22", "1 opus-closed 22"]);
  directory.released(1, 1);
  await maker.finishStop();
  await released;
  assertEquals([maker.free.length, directory.size], [2, 0]);
});

Deno.test("OpusDirectory: a stream is held until the Opus of all of its tracks is over", async () => {
  using control = setUp();
  const { directory, maker } = control;
  directory.wanted(1, 0, 11);
  directory.wanted(1, 0, 12, 4);
  let isReleased = false;
  const released = control.close(1)!.then(() => isReleased = true);
  await maker.finishStop();
  assertEquals([isReleased, maker.stopping.length], [false, 1]);
  await maker.finishStop();
  await released;
});

/** One shard over messages that are under way for a while in both directions. */
class DistantShard {
  readonly toControl: ToControl[] = [];
  readonly toShard: ToShard[] = [];
  /** What it reads, by {@linkcode soundOf}. */
  readonly reads = new Map<number, SharedLog>();
  readonly wants = new Set<number>();
  #link = new ControlLink((message) => this.toControl.push(message));

  want(sound: number): void {
    this.wants.add(sound);
    const [streamId, audioTrack] = placeOf(sound);
    this.#link.wantOpus(streamId, {
      opened: (log) => this.reads.set(sound, log),
      closed: () => this.unwant(sound),
    }, audioTrack);
  }

  unwant(sound: number): void {
    this.wants.delete(sound);
    this.reads.delete(sound);
    this.#link.unwantOpus(...placeOf(sound));
  }

  takeMessage(): void {
    const message = this.toShard.shift();
    if (message?.kind === "opus-opened" || message?.kind === "opus-closed") {
      this.#link.settle(message);
    }
  }

  die(): void {
    for (const list of [this.toControl, this.toShard]) list.length = 0;
    for (const list of [this.reads, this.wants]) list.clear();
    this.#link = new ControlLink((message) => this.toControl.push(message));
  }
}

Deno.test("OpusDirectory: in any order of events no log is used again while it is in use", async () => {
  for (let seed = 1; seed <= 60; seed++) await runOrder(seed);
});

async function runOrder(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const shards = [0, 1, 2].map(() => new DistantShard());
  const maker = new FakeMaker();
  const closed = new Set<number>();
  const handed = new Set<SharedLog>();
  const directory = new OpusDirectory(maker, {
    send: (shard, message) => {
      if (message.kind === "opus-opened") handed.add(message.log);
      shards[shard]!.toShard.push(message);
    },
    sourceOf: (streamId) => closed.has(streamId) ? undefined : sharedLog(streamId),
    starved() {},
    retryMs: 1,
  });
  const takeFrom = (shard: number) => {
    const message = shards[shard]!.toControl.shift();
    if (message?.kind === "opus-wanted") {
      directory.wanted(message.streamId, shard, message.requestId, message.audioTrack);
    } else if (message?.kind === "opus-unwanted") {
      directory.unwanted(message.streamId, shard, message.audioTrack);
    }
  };
  const check = () => {
    for (const log of maker.free) {
      assert(![...maker.written.values()].includes(log), `seed ${seed}: written`);
      assert(!maker.stopping.some((stop) => stop.log === log), `seed ${seed}: stopping`);
      assert(!shards.some(({ reads }) => [...reads.values()].includes(log)), `seed ${seed}: read`);
    }
  };
  const steps: readonly ((sound: number, shard: number) => unknown)[] = [
    (sound, shard) => shards[shard]!.wants.has(sound) || shards[shard]!.want(sound),
    (sound, shard) => shards[shard]!.unwant(sound),
    (_, shard) => takeFrom(shard),
    (_, shard) => takeFrom(shard),
    (_, shard) => shards[shard]!.takeMessage(),
    (_, shard) => shards[shard]!.takeMessage(),
    () => maker.stopping.length > 0 && maker.finishStop(),
    (sound) => {
      if (below(4) > 0 || !maker.written.has(sound)) return;
      maker.written.delete(sound);
      const [streamId, audioTrack] = placeOf(sound);
      directory.failed(streamId, "no AAC", audioTrack);
    },
    (_, shard) => {
      if (below(8) > 0) return;
      shards[shard]!.die();
      directory.shardLost(shard);
    },
    (sound) => {
      if (below(20) > 0) return;
      const [streamId] = placeOf(sound);
      closed.add(streamId);
      directory.streamClosed(streamId);
    },
    () => below(10) === 0 && delay(2),
  ];
  for (let step = 0; step < 400; step++) {
    const sound = soundOf(1 + below(3), below(2));
    await steps[below(steps.length)]!(sound, below(shards.length));
    check();
  }
  // All settles: who still wants a stream has it, and what nobody has is free.
  await delay(3);
  for (let round = 0; round < 400; round++) {
    shards.forEach((shard, at) => {
      takeFrom(at);
      shard.takeMessage();
    });
    if (maker.stopping.length > 0) await maker.finishStop();
    check();
  }
  for (const { wants, reads } of shards) {
    assertEquals([...reads.keys()].sort(), [...wants].sort(), `seed ${seed}`);
    for (const [sound, log] of reads) assertStrictEquals(log, maker.written.get(sound));
  }
  assertEquals(maker.free.length, handed.size - maker.written.size, `seed ${seed}`);
  directory.close();
}
