import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Directory } from "../../src/control/directory.ts";
import type { DirectoryOptions } from "../../src/control/directory_events.ts";
import type { StreamReport } from "../../src/shard/live/stream_report.ts";
import type { StreamEntry, StreamTerms } from "../../src/shard/live/stream_entry.ts";
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
  const changed: [streamId: number, StreamTerms][] = [];
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
    changed: (streamId, terms) => changed.push([streamId, terms]),
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
    changed,
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

Deno.test("Directory: a stream goes on as its newest publisher is limited and listed", () => {
  using control = open();
  const { directory, opened, changed, closed } = control;
  const publish = (publisher: { maxViewers?: number; isUnlisted?: boolean }) =>
    acceptedId(directory.publish("live/a", 0, 100, publisher));
  const streamId = publish({});
  for (const publisher of [{ isUnlisted: false }, { isUnlisted: true }, { maxViewers: 2 }]) {
    directory.unpublish(streamId, 0, "media");
    assertEquals(publish(publisher), streamId);
  }
  assertEquals(changed, [
    [streamId, { maxViewers: undefined, isUnlisted: true }],
    [streamId, { maxViewers: 2, isUnlisted: false }],
  ]);
  assertEquals([opened.length, closed], [1, []]);
  // Shards that start later know it so.
  assertEquals(directory.entries.map(({ maxViewers }) => maxViewers), [2]);
});

Deno.test("Directory: what lets a publisher in changes while it publishes", () => {
  using control = open({ secondPublisher: "takeOverSame" });
  const { directory, changed, contested } = control;
  const terms = {
    subject: "key a",
    isShared: false,
    maxPublishers: undefined,
    maxViewers: 3,
    maxBitrateBps: undefined,
    isUnlisted: false,
  };
  const streamId = acceptedId(
    directory.publish("live/a", 0, 0, { subject: "rule 1", isShared: true }),
  );
  // Another shard has none of it.
  directory.change(streamId, 1, { ...terms, maxViewers: 4 });
  directory.change(streamId, 0, terms);
  directory.change(streamId, 0, terms);
  assertEquals(changed, [[streamId, { maxViewers: 3, isUnlisted: false }]]);
  directory.publish("live/a", 1, 0, { subject: "key a" });
  assertEquals(contested, [[0, streamId, "end"]]);
});

Deno.test("Directory: what becomes of a second publisher is what the newest settings say", () => {
  using control = open();
  const { directory, contested } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.configure({ maxStreams: 10, maxStreamsPerAddress: 10, secondPublisher: "takeOver" });
  directory.publish("live/a", 1, 0, {}, 7);
  assertEquals(contested, [[0, streamId, "end"]]);
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

const BUSY = {
  kind: "refused",
  reason: "live/a is being published already.",
  isTaken: true,
} as const;

Deno.test("Directory: one publisher for each stream; the second is refused if the first is there", () => {
  using control = open();
  const { directory, contested, decided } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  assertEquals(directory.publish("live/a", 1, 0, {}, 7), undefined);
  assertEquals(contested, [[0, streamId, "unless alive"]]);
  // Others wait as well, but not all that come.
  for (const requestId of [8, 9, 10]) {
    assertEquals(directory.publish("live/a", 0, 0, {}, requestId), undefined);
  }
  assertEquals(directory.publish("live/a", 0, 0, {}, 11), BUSY);
  directory.kept(streamId, 1, 100);
  assertEquals(decided, []);
  directory.kept(streamId, 0, 100);
  assertEquals(decided, [[1, 7, BUSY], [0, 8, BUSY], [0, 9, BUSY], [0, 10, BUSY]]);
  assertEquals(contested.length, 1);
});

Deno.test("Directory: a publisher that was found to be there is asked again after a while", async () => {
  using control = open();
  const { directory, contested, decided } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.publish("live/a", 1, 0, {}, 7);
  directory.kept(streamId, 0, 100);
  // It may have gone a moment after it was asked: who comes then waits, and is let in.
  assertEquals(directory.publish("live/a", 1, 1050, {}, 8), undefined);
  assertEquals(contested.length, 1);
  await until("it is asked", () => contested.length === 2);
  directory.unpublish(streamId, 0, "media");
  assertEquals(decided, [[1, 7, BUSY], [1, 8, { kind: "accepted", streamId }]]);
});

Deno.test("Directory: of those that wait, the publisher itself has the stream before others", () => {
  using control = open();
  const { directory, contested, decided } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0, { subject: "key a" }));
  directory.publish("live/a", 1, 0, { subject: "key b" }, 7);
  directory.publish("live/a", 1, 0, { subject: "key a" }, 8);
  directory.unpublish(streamId, 0, "media");
  assertEquals(decided, [[1, 8, { kind: "accepted", streamId }]]);
  // The other one waits for this one now.
  assertEquals(contested, [[0, streamId, "unless alive"], [1, streamId, "unless alive"]]);
  directory.kept(streamId, 1);
  assertEquals(decided.slice(1), [[1, 7, BUSY]]);
});

Deno.test("Directory: who has left takes no stream, and keeps no other from it", () => {
  using control = open();
  const { directory, decided } = control;
  const streamId = acceptedId(directory.publish("live/a", 0, 0));
  directory.publish("live/a", 1, 0, {}, 7);
  directory.publish("live/a", 1, 0, {}, 8);
  directory.forget("live/a", 0, 7);
  assertEquals(decided, []);
  directory.forget("live/a", 1, 7);
  assertEquals(decided, [[1, 7, BUSY]]);
  directory.unpublish(streamId, 0, "media");
  assertEquals(decided.slice(1), [[1, 8, { kind: "accepted", streamId }]]);
});

Deno.test("Directory: who has sent too much comes back when it is within its limit again", () => {
  using control = open();
  const { directory } = control;
  const publisher = { subject: "key a", maxBitrateBps: 8000 };
  const publish = (path: string, nowMs: number, by = publisher) =>
    directory.publish(path, 0, nowMs, by);
  const streamId = acceptedId(publish("live/a", 0));
  // 20 s of what it may send, with its margin, in 1 s.
  directory.unpublish(streamId, 0, "media", 1000, { spentMs: 1000, bytes: 22_000 });
  const refused = (seconds: number) => ({
    kind: "refused",
    reason: `The bitrate may be up to 8000 bit/s, and was more: try again in ${seconds} s.`,
  });
  assertEquals(publish("live/a", 1000), refused(19));
  // Not by another name either.
  assertEquals(publish("live/b", 10_500), refused(10));
  acceptedId(publish("live/c", 10_500, { ...publisher, subject: "key b" }));
  // Who may send more now, or all it likes, may come.
  assertEquals(
    publish("live/a", 10_500, { ...publisher, maxBitrateBps: 16_000 })?.kind,
    "accepted",
  );
  directory.unpublish(streamId, 0, "media", 11_000);
  assertEquals(publish("live/a", 20_001)?.kind, "accepted");
});

Deno.test("Directory: what one publisher has sent counts for the next one's first seconds", () => {
  using control = open();
  const { directory } = control;
  const publisher = { maxBitrateBps: 8000 };
  const streamId = acceptedId(directory.publish("live/a", 0, 0, publisher));
  directory.unpublish(streamId, 0, "media", 1000, { spentMs: 1000, bytes: 2000 });
  assertEquals(directory.publish("live/a", 0, 1500, publisher), {
    kind: "accepted",
    streamId,
    sent: { spentMs: 1500, bytes: 2000 },
  });
  directory.unpublish(streamId, 0, "media", 2000, { spentMs: 2000, bytes: 2000 });
  assertEquals(directory.publish("live/a", 0, 5000, publisher), { kind: "accepted", streamId });
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
  const refused = { kind: "refused", reason: "There may be up to 3 streams." } as const;
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
    reason: "Your address may have up to 3 streams.",
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
  directory.configure({ maxStreams: 1, maxStreamsPerAddress: 1, secondPublisher: "refuse" });
  assertEquals(publish("3", "a", 20_000), {
    kind: "refused",
    reason: "There may be up to 1 stream.",
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
    notes: [],
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
    changed: () => {},
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

Deno.test("Directory: when all is closed, who waits for a publisher is refused, and waits no more", () => {
  using control = open();
  const { directory, decided } = control;
  directory.publish("live/a", 0, 0);
  directory.publish("live/a", 1, 0, {}, 7);
  directory.closeAll();
  assertEquals(decided, [[1, 7, BUSY]]);
});
