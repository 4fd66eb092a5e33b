import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Directory, type DirectoryOptions } from "../../src/control/directory.ts";
import type { StreamReport } from "../../src/shard/live/stream_report.ts";
import type { StreamEntry } from "../../src/shard/live/stream_entry.ts";
import type { PublishDecision } from "../../src/shard/live/publish_decision.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { openStore } from "../stream/log_samples.ts";
import { until } from "../../testing/waiting.ts";

const LOG = { maxBytes: 256 * 1024, windowMs: 1000 };

function open(
  {
    gracePeriodMs = 3_600_000,
    maxStreams = 10,
    maxStreamsPerAddress = 10,
    shards = [0, 1],
    secondPublisher = "refuse" as DirectoryOptions["secondPublisher"],
  } = {},
) {
  const contested: [shard: number, streamId: number, how: string][] = [];
  const ended: [shard: number, streamId: number][] = [];
  const decided: [shard: number, requestId: number, PublishDecision][] = [];
  const opened: StreamEntry[] = [];
  const closed: number[] = [];
  const directory = new Directory({
    gracePeriodMs,
    maxStreams,
    maxStreamsPerAddress,
    secondPublisher,
    log: LOG,
    logs: openStore(LOG.maxBytes),
  }, {
    opened: (stream) => opened.push(stream),
    closed: (streamId) => {
      closed.push(streamId);
      return shards;
    },
    contested: (shard, streamId, how) => void contested.push([shard, streamId, how]),
    ended: (shard, streamId) => void ended.push([shard, streamId]),
    decided: (shard, requestId, decision) => void decided.push([shard, requestId, decision]),
  });
  // Grace periods that nobody waits for are timers that would outlive their test.
  return {
    directory,
    opened,
    closed,
    contested,
    ended,
    decided,
    [Symbol.dispose]: () => directory.closeAll(),
  };
}

function acceptedId(decision: PublishDecision | undefined): number {
  if (decision === undefined) throw new Error("Not decided");
  if (decision.kind !== "accepted") throw new Error(`Refused: ${decision.reason}`);
  return decision.streamId;
}

function report(streamId: number, viewers: number): StreamReport {
  return {
    streamId,
    viewers,
    rtmpViewers: 0,
    groupOverflows: false,
    publication: undefined,
    webrtcViewers: 0,
    traffic: { frames: 25, receivedBytes: 1000, sentBytes: 2000 },
    webrtc: undefined,
  };
}

Deno.test("Directory: a stream that was limited or listed for another publisher is not gone on with", () => {
  using control = open();
  const { directory, opened, closed } = control;
  const publish = (publisher: { maxViewers?: number; isUnlisted?: boolean }) => {
    const streamId = acceptedId(directory.publish("live/a", 0, 100, publisher));
    directory.unpublish(streamId, 0, "media");
    return streamId;
  };
  const first = publish({});
  assertEquals(publish({ isUnlisted: false }), first);
  const hidden = publish({ isUnlisted: true });
  assertEquals(closed, [first]);
  assertEquals(publish({ isUnlisted: true }), hidden);
  const few = publish({ isUnlisted: true, maxViewers: 2 });
  assertEquals(closed, [first, hidden]);
  assertEquals(
    opened.map(({ streamId, isUnlisted, maxViewers }) => [streamId, isUnlisted, maxViewers]),
    [
      [first, false, undefined],
      [hidden, true, undefined],
      [few, true, 2],
    ],
  );
});

Deno.test("Directory: a stream is announced before its publisher is accepted", () => {
  using control = open();
  const { directory, opened } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 100));
  assertEquals(opened.map(({ streamId, path }) => [streamId, path]), [[streamId, "live/a"]]);
  assertEquals(directory.entries, opened);
  assertEquals(new LogReader(opened[0]!.log).state, LogState.live);
  assertEquals(acceptedId(directory.publish("live/b", 1, 100)) === streamId, false);
});

const BUSY = { kind: "refused", reason: "live/a is being published already." } as const;

Deno.test("Directory: one publisher for each stream; the second is refused if the first is there", () => {
  using control = open();
  const { directory, contested, decided } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  assertEquals(directory.publish("live/a", 1, 0, {}, 7), undefined);
  assertEquals(contested, [[0, streamId, "unless alive"]]);
  // A third one does not wait.
  assertEquals(directory.publish("live/a", 0, 0, {}, 8), BUSY);
  directory.kept(streamId, 1, 100);
  assertEquals(decided, []);
  directory.kept(streamId, 0, 100);
  assertEquals(decided, [[1, 7, BUSY]]);
  // It is not asked again for a while.
  assertEquals(directory.publish("live/a", 1, 1099, {}, 9), BUSY);
  assertEquals(directory.publish("live/a", 1, 1100, {}, 10), undefined);
});

Deno.test("Directory: the second publisher follows the first, which gives way", () => {
  using control = open();
  const { directory, decided, closed } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.publish("live/a", 1, 0, {}, 7);
  directory.unpublish(streamId, 0, "media");
  assertEquals(decided, [[1, 7, { kind: "accepted", streamId }]]);
  assertEquals(directory.summaries(0)[0]!.shard, 1);
  // One that has sent nothing leaves no stream to go on with.
  directory.publish("live/b", 0, 0);
  directory.publish("live/b", 1, 0, {}, 8);
  directory.unpublish(streamId + 1, 0, "nothing");
  assertEquals(closed, [streamId + 1]);
  assertEquals(decided[1], [1, 8, { kind: "accepted", streamId: streamId + 2 }]);
});

Deno.test("Directory: who takes a stream over, as is configured", () => {
  for (
    const [secondPublisher, first, second, how] of [
      ["takeOver", undefined, undefined, "end"],
      ["takeOver", "key a", "key b", "end"],
      ["takeOverSame", "key a", "key a", "end"],
      ["takeOverSame", "key a", "key b", "unless alive"],
      ["takeOverSame", "rule 1", "rule 1", "unless alive"],
      ["takeOverSame", undefined, undefined, "unless alive"],
      ["refuse", "key a", "key a", "unless alive"],
    ] as const
  ) {
    using control = open({ secondPublisher });
    const { directory, contested } = control;
    const by = (subject: string | undefined) => {
      return { subject, isShared: subject?.startsWith("rule ") ?? false };
    };
    const streamId = acceptedId(directory.publish("live/a", 0, 0, by(first)));
    directory.publish("live/a", 1, 0, by(second), 7);
    assertEquals(contested, [[0, streamId, how]], `${secondPublisher} ${first} ${second}`);
  }
});

Deno.test("Directory: as many streams of one subject as it may have", () => {
  using control = open();
  const { directory } = control;
  const publisher = { subject: "key a", maxPublishers: 2 };
  const ids = ["a", "b"].map((name) =>
    acceptedId(directory.publish(`live/${name}`, 0, 0, publisher))
  );
  assertEquals(directory.publish("live/c", 0, 0, publisher), {
    kind: "refused",
    reason: "You may publish up to 2 streams at a time.",
  });
  acceptedId(directory.publish("live/c", 0, 0, { ...publisher, subject: "key b" }));
  directory.unpublish(ids[0]!, 0, "media");
  acceptedId(directory.publish("live/d", 0, 0, publisher));
});

Deno.test("Directory: a stream that is ended goes once its publisher is gone, and nobody follows", () => {
  using control = open();
  const { directory, closed, ended, decided } = control;
  assertEquals(directory.end("live/a", "so"), false);
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.publish("live/a", 1, 0, {}, 7);
  assertEquals(directory.end("live/a", "so"), true);
  assertEquals([ended, closed, decided], [[[0, streamId]], [], [[1, 7, BUSY]]]);
  assertEquals(directory.publish("live/a", 1, 5000, {}, 8), BUSY);
  directory.unpublish(streamId, 0, "media");
  assertEquals([closed, directory.size], [[streamId], 0]);
  // One that waits has no publisher to end.
  const waiting = acceptedId(directory.publish("live/b", 0, 0));
  directory.unpublish(waiting, 0, "media");
  assertEquals(directory.end("live/b", "so"), true);
  assertEquals(closed, [streamId, waiting]);
});

Deno.test("Directory: as many streams as the limit, and those that wait give way to others", () => {
  using control = open({ maxStreams: 3 });
  const { directory, opened, closed } = control;
  const ids = ["a", "b", "c"].map((name) => acceptedId(directory.publish(`live/${name}`, 0, 0)));
  const [, b, c] = ids as [number, number, number];
  const refused = { kind: "refused", reason: "There are 3 streams already." } as const;
  assertEquals(directory.publish("live/d", 0, 0), refused);
  directory.unpublish(c, 0, "media");
  directory.unpublish(b, 0, "media");
  // Whoever comes back finds its stream, and nobody has to give way.
  assertEquals([acceptedId(directory.publish("live/b", 0, 0)), closed], [b, []]);
  directory.unpublish(b, 0, "media");
  // The one that has waited longest first, and none that is live.
  acceptedId(directory.publish("live/d", 0, 0));
  assertEquals([closed, new LogReader(opened[2]!.log).state], [[c], LogState.ended]);
  acceptedId(directory.publish("live/e", 0, 0));
  assertEquals(closed, [c, b]);
  assertEquals(directory.publish("live/b", 0, 0), refused);
  assertEquals(directory.entries.map(({ path }) => path), ["live/a", "live/d", "live/e"]);
});

Deno.test("Directory: an address has so many streams, and those of it that wait give way first", () => {
  using control = open({ maxStreams: 5, maxStreamsPerAddress: 3 });
  const { directory, closed } = control;
  // Seconds apart, so that it is not too fast.
  let nowMs = 0;
  const publish = (path: string, network: string) =>
    directory.publish(path, 0, nowMs += 10_000, { network });
  const lose = (streamId: number) => directory.unpublish(streamId, 0, "media", nowMs);
  const lost = acceptedId(publish("live/honest", "b"));
  lose(lost);
  const ids = ["1", "2", "3"].map((name) => acceptedId(publish(name, "a")));
  assertEquals(publish("4", "a"), {
    kind: "refused",
    reason: "There are 3 streams from your address already.",
  });
  // It publishes under ever new names, and leaves them waiting.
  lose(ids[0]!);
  for (let name = 4; name < 50; name++) lose(acceptedId(publish(`${name}`, "a")));
  assertEquals([closed.includes(lost), directory.entries.length], [false, 4]);
  // In all there is room for five: the address that has most makes it.
  acceptedId(publish("live/c", "c"));
  acceptedId(publish("live/d", "d"));
  assertEquals(directory.entries.map(({ path }) => path), [
    "live/honest",
    "2",
    "3",
    "live/c",
    "live/d",
  ]);
  assertEquals(acceptedId(publish("live/honest", "b")), lost);
});

Deno.test("Directory: who finds no room under lower limits makes nobody give way", () => {
  using control = open({ maxStreams: 2, maxStreamsPerAddress: 1 });
  const { directory, closed } = control;
  const publish = (path: string, network: string, nowMs: number) =>
    directory.publish(path, 0, nowMs, { network });
  directory.unpublish(acceptedId(publish("1", "a", 0)), 0, "media", 0);
  acceptedId(publish("2", "b", 0));
  directory.limit({ maxStreams: 1, maxStreamsPerAddress: 1 });
  assertEquals(publish("3", "a", 20_000), {
    kind: "refused",
    reason: "There are 1 streams already.",
  });
  assertEquals([closed, directory.entries.map(({ path }) => path)], [[], ["1", "2"]]);
});

Deno.test("Directory: an address that begins streams all the time is refused, and nothing is opened", () => {
  using control = open({ maxStreams: 100, maxStreamsPerAddress: 10 });
  const { directory, opened } = control;
  const reasons = new Set<string>();
  for (let name = 0; name < 300; name++) {
    const decision = directory.publish(`${name}`, 0, name * 3, { network: "a" });
    if (decision?.kind === "refused") reasons.add(decision.reason);
    else directory.unpublish(acceptedId(decision), 0, "nothing");
  }
  assertEquals(opened.length, 10);
  assertEquals([...reasons], [
    "Your address has begun too many streams: try again in some seconds.",
  ]);
  assertEquals(directory.publish("other", 0, 900, { network: "b" })?.kind, "accepted");
});

Deno.test("Directory: a stream counts for the address of its newest publisher", () => {
  using control = open({ maxStreamsPerAddress: 1 });
  const { directory } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0, { network: "a" }));
  directory.unpublish(streamId, 0, "media");
  assertEquals(acceptedId(directory.publish("live/a", 0, 0, { network: "b" })), streamId);
  assertEquals(directory.publish("live/b", 0, 10_000, { network: "b" })?.kind, "refused");
  assertEquals(directory.publish("live/b", 0, 10_000, { network: "a" })?.kind, "accepted");
});

Deno.test("Directory: within the grace period a publisher may come back, on any shard", async () => {
  using control = open({ gracePeriodMs: 30 });
  const { directory, opened, closed } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  const reader = new LogReader(opened[0]!.log);
  directory.unpublish(streamId, 0, "media");
  assertEquals([reader.state, directory.summaries(0)[0]!.state], [LogState.waiting, "waiting"]);
  assertEquals(acceptedId(directory.publish("live/a", 1, 0)), streamId);
  assertEquals([reader.state, opened.length], [LogState.live, 1]);
  // The old publisher's end comes late, and is not the new one's.
  directory.unpublish(streamId, 0, "media");
  assertEquals(reader.state, LogState.live);
  directory.unpublish(streamId, 1, "media");
  await until("the grace period is over", () => closed.length > 0);
  assertEquals([closed, directory.entries, reader.state], [[streamId], [], LogState.ended]);
  const nextId = acceptedId(directory.publish("live/a", 0, 0));
  assert(nextId !== streamId);
});

Deno.test("Directory: a name under which nothing was sent is free at once", () => {
  using control = open({ maxStreams: 1, gracePeriodMs: 60_000 });
  const { directory } = control;
  for (const path of ["live/a", "live/b"]) {
    directory.unpublish(acceptedId(directory.publish(path, 0, 0)), 0, "nothing");
    assertEquals(directory.entries, []);
  }
  // What a publisher before has sent is worth waiting for.
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.unpublish(streamId, 0, "media");
  assertEquals(acceptedId(directory.publish("live/a", 0, 0)), streamId);
  directory.unpublish(streamId, 0, "nothing");
  assertEquals(directory.summaries(0)[0]!.state, "waiting");
});

Deno.test("Directory: a log is used again once all shards let go of it, and not before", () => {
  using control = open();
  const { directory, opened } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.closeAll();
  directory.released(streamId, 0);
  directory.released(streamId, 0);
  directory.publish("live/b", 0, 0);
  assertNotEquals(opened[1]!.log.log, opened[0]!.log.log);
  assertEquals(new LogReader(opened[0]!.log).state, LogState.ended);
  directory.released(streamId, 1);
  directory.publish("live/c", 0, 0);
  assertEquals(opened[2]!.log.log, opened[0]!.log.log);
  assertEquals(new LogReader(opened[2]!.log).state, LogState.live);
  // Once is enough: the log is not free any more.
  directory.released(streamId, 1);
  directory.publish("live/d", 0, 0);
  assertNotEquals(opened[3]!.log.log, opened[0]!.log.log);
});

Deno.test("Directory: a log that no shard has is free at once", () => {
  using control = open({ shards: [] });
  const { directory, opened } = control;
  directory.publish("live/a", 0, 0);
  directory.closeAll();
  directory.publish("live/b", 0, 0);
  assertEquals(opened[1]!.log.log, opened[0]!.log.log);
});

Deno.test("Directory: a lost shard's publishers are gone, its viewers too, and its logs", () => {
  using control = open();
  const { directory, opened } = control;
  const old = acceptedId(directory.publish("live/old", 0, 0));
  directory.closeAll();
  directory.released(old, 1);
  const onLost = acceptedId(directory.publish("live/a", 0, 0));
  const onOther = acceptedId(directory.publish("live/b", 1, 0));
  directory.report(0, [report(onLost, 2), report(onOther, 3)]);
  directory.report(1, [report(onLost, 4), report(onOther, 5)]);
  directory.shardLost(0);
  const summaries = directory.summaries(0).map(({ name, state, viewers }) => [
    name,
    state,
    viewers,
  ]);
  assertEquals(summaries, [["a", "waiting", 4], ["b", "live", 5]]);
  directory.publish("live/c", 0, 0);
  assertEquals(opened.at(-1)!.log.log, opened[0]!.log.log);
});

Deno.test("Directory: summaries from the newest report of each shard", () => {
  using control = open();
  const { directory } = control;
  const streamId = acceptedId(directory.publish("live/eu/größe 1", 0, 1000));
  const [empty] = directory.summaries(3500);
  assertEquals(empty, {
    id: `${streamId}`,
    vhost: "__defaultVhost__",
    live_ms: Math.round(performance.timeOrigin + 1000),
    clients: 1,
    frames: 0,
    send_bytes: 0,
    recv_bytes: 0,
    kbps: { recv_30s: 0, send_30s: 0 },
    publish: { active: true, cid: "" },
    subject: null,
    app: "live/eu",
    name: "größe 1",
    tcUrl: "rtmp://__defaultVhost__/live/eu",
    url: "/live/eu/größe 1",
    flvUrl: "/live/eu/gr%C3%B6%C3%9Fe%201.flv",
    state: "live",
    shard: 0,
    uptimeMs: 2500,
    viewers: 0,
    bitrateBps: null,
    video: null,
    audio: null,
    tracks: [],
    groupOverflows: false,
    timestampFaults: {},
    advice: [],
    skippedMessages: {},
    rtmp: { viewers: 0 },
    webrtc: {
      ...{ viewers: 0, bFrames: null, exact: null, advice: null },
      sound: { dropped: {}, advice: null },
    },
  });
  const audio = { codec: "mp3", sampleRate: 44_100, channels: 2, bitrateBps: 128_000 };
  const publication = {
    video: null,
    audio,
    tracks: [{ kind: "audio", id: 0, isDefault: true, ...audio } as const],
    bitrateBps: 128_000,
    timestampFaults: { disorder: 3 },
    advice: ["Change it."],
    skipped: { empty: 1 },
  };
  directory.report(0, [{ ...report(streamId, 2), publication }]);
  const webrtc = { bFrames: false, areDropped: true, exact: true, inexactReason: undefined };
  directory.report(1, [
    { ...report(streamId, 5), groupOverflows: true, rtmpViewers: 4, webrtcViewers: 3, webrtc },
    report(999, 5),
  ]);
  const [full] = directory.summaries(1000);
  assertEquals([full!.viewers, full!.groupOverflows, full!.bitrateBps], [14, true, 128_000]);
  assertEquals(full!.rtmp, { viewers: 4 });
  const { sound, ...pictures } = full!.webrtc;
  assertEquals(pictures, { viewers: 3, bFrames: false, exact: true, advice: "Change it." });
  assertEquals(sound.dropped, {});
  assertStringIncludes(sound.advice!, "mp3");
  const told = {
    ...{ ...audio, codec: "MP3", profile: "", codecString: "mp3" },
    ...{ sample_rate: 44_100, channel: 2 },
  };
  assertEquals([full!.audio, full!.timestampFaults], [told, { disorder: 3 }]);
  assertEquals(full!.skippedMessages, { empty: 1 });
  assertEquals(full!.tracks, [{ kind: "audio", id: 0, isDefault: true, ...told }]);
  // What the last publisher sent is still told of while the stream waits for it.
  directory.report(0, []);
  directory.report(1, [report(streamId, 4)]);
  const [after] = directory.summaries(1000);
  assertEquals([after!.viewers, after!.groupOverflows], [4, false]);
  assertEquals(after!.audio, told);
  const { frames, recv_bytes, send_bytes } = after!;
  assertEquals([frames, recv_bytes, send_bytes], [75, 3000, 6000]);
});

Deno.test("Directory: closeAll ends every stream, whatever its state", () => {
  using control = open();
  const { directory, opened, closed } = control;
  const waiting = acceptedId(directory.publish("live/a", 0, 0));
  directory.unpublish(waiting, 0, "media");
  const live = acceptedId(directory.publish("live/b", 0, 0));
  directory.closeAll();
  assertEquals([closed, directory.entries], [[waiting, live], []]);
  for (const { log } of opened) assertEquals(new LogReader(log).state, LogState.ended);
});

Deno.test("Directory: a stream that there is no memory for is refused with the reason", () => {
  const logs = openStore(LOG.maxBytes, 64 * 4096);
  const limits = { maxStreams: 10, maxStreamsPerAddress: 10 };
  const options = {
    gracePeriodMs: 1,
    secondPublisher: "refuse",
    ...limits,
    log: LOG,
    logs,
  } as const;
  const directory = new Directory(options, {
    opened: () => {},
    closed: () => [],
    contested: () => {},
    ended: () => {},
    decided: () => {},
  });
  const publish = (path: string) => directory.publish(path, 0, 0);
  acceptedId(publish("live/a"));
  while (typeof logs.arena.take(0, 7) === "number");
  assertEquals(publish("live/b"), {
    kind: "refused",
    reason: "Cannot keep the stream: the memory for streams is used up.",
  });
  directory.closeAll();
  acceptedId(publish("live/b"));
  directory.closeAll();
});
