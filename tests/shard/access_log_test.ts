/** The access log of viewers: what it says, what it does not, and how much of it there is. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { Access } from "../../src/access/access.ts";
import { jsonLine, type LogLine, textLine } from "../../src/logging/log_format.ts";
import { foldingSink } from "../../src/logging/logging.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { type PlayingShard, PlayingShards } from "./playing_shard.ts";

const SECRET = "s3cret";

/** Lets in whoever has the secret, wherever; nobody else. */
const ACCESS: Access = {
  decide: ({ credentials: { token, password } }) =>
    token === SECRET || password === SECRET
      ? { kind: "allow", decidedBy: "key door", subject: "door" }
      : {
        kind: "refuse",
        status: "forbidden",
        reason: "That is not it.",
        cause: "test",
        decidedBy: "key door",
      },
};

/** Gathers what the log says on all levels. */
async function gather(run: (logged: LogRecord[]) => Promise<void>): Promise<LogRecord[]> {
  const logged: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void logged.push(record) },
    loggers: [
      { category: ["sluice"], lowestLevel: "debug", sinks: ["list"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["list"] },
    ],
  });
  try {
    await run(logged);
  } finally {
    await reset();
  }
  return logged;
}

async function watchAll(shard: PlayingShard, secret: string): Promise<void> {
  const agent = { "user-agent": "agent/1" };
  const withHeader = { ...agent, authorization: `Bearer ${secret}` };
  const withUser = { ...agent, authorization: `Basic ${btoa(`me:${secret}`)}` };
  const url = shard.httpUrl("/live/a.flv");
  await (await fetch(`${url}?token=${secret}`, { headers: agent })).body?.cancel();
  await (await fetch(url, { headers: withHeader })).body?.cancel();
  await (await fetch(url, { headers: withUser })).body?.cancel();
  const opened = await shard.offer(`/live/a/whep?token=${secret}`, agent);
  await opened.body?.cancel();
  const location = opened.headers.get("location");
  if (location !== null) {
    await (await fetch(new URL(location, opened.url), { method: "DELETE" })).body?.cancel();
  }
  const places = [
    ["live", undefined, `a?token=${secret}`],
    [`live?token=${secret}`, undefined, "a"],
    ["live", `rtmp://me:${secret}@localhost/live`, "a"],
  ] as const;
  for (const [app, tcUrl, name] of places) {
    using player = await RtmpPlayerClient.connect(shard.rtmpPort, app, tcUrl);
    await player.command(1, "play", name);
    await until("the player is told", () => player.told.length > 2);
  }
}

const isAccess = ({ category }: LogRecord) => category[1] === "access";

Deno.test("access log: a line at the beginning and one at the end of each view, without secrets", async () => {
  let views = 0;
  const logged = await gather(async (logged) => {
    await using all = await PlayingShards.start(1, ACCESS);
    const shard = all.shards[0]!;
    shard.open("live/a")(10);
    await watchAll(shard, SECRET);
    await until("all are gone", () => shard.counters.total("viewers") === 0);
    views = logged.filter(isAccess).length / 2;
    // Those who may not leave one line, and not what they tried.
    await watchAll(shard, "guess3d");
    const keyAsName = await fetch(shard.httpUrl("/live/a.guess3d.flv"));
    await keyAsName.body?.cancel();
  });
  assertEquals(views, 7);
  const isRefusal = ({ rawMessage }: LogRecord) => `${rawMessage}`.includes("may not");
  const refusals = logged.filter((record) => isAccess(record) && isRefusal(record));
  assertEquals(refusals.length, 8);
  assert(!logged.some((record) => textLine(record).includes("cannot play")));
  for (const refusal of refusals) {
    assertMatch(
      textLine(refusal),
      /\[INF\] access: \[0[-.]\w+\] 127\.0\.0\.1 may not play live\/a(\.…)? over [\w-]+: test \(key door; .+\)$/,
    );
  }
  const lines = logged.filter((record) => isAccess(record) && !isRefusal(record));
  assertEquals(lines.length, 14);
  const lives = Map.groupBy(lines, ({ properties }) => properties["id"]);
  const told = [...lives.values()].map(([begin, end]) => {
    assertMatch(
      textLine(begin!),
      /\[INF\] access: \[0[-.]\w+\] 127\.0\.0\.1:\d+ watches live\/a over [\w-]+ \(key door; .+\)$/,
    );
    assertMatch(
      textLine(end!),
      /\[INF\] access: \[0[-.]\w+\] 127\.0\.0\.1:\d+ has watched live\/a over [\w-]+ for [\d.]+ s, \d+ bytes: .+$/,
    );
    const { protocol, why } = JSON.parse(jsonLine(end!)).properties;
    return `${protocol}: ${why}`;
  });
  assertEquals(told.toSorted(), [
    "http-flv: it has left",
    "http-flv: it has left",
    "http-flv: it has left",
    "rtmp: closed by the peer",
    "rtmp: closed by the peer",
    "rtmp: closed by the peer",
    "whep: it has left",
  ]);
  const { path, decidedBy, userAgent } = JSON.parse(jsonLine(lines[0]!)).properties;
  assertEquals({ path, decidedBy, userAgent }, {
    path: "live/a",
    decidedBy: "key door",
    userAgent: "agent/1",
  });
  const basic = [SECRET, "guess3d"].map((secret) => btoa(`me:${secret}`));
  for (const record of logged) {
    for (const line of [textLine(record), jsonLine(record)]) {
      for (const secret of [SECRET, "guess3d", "token=", ...basic]) {
        assert(!line.includes(secret), line);
      }
    }
  }
});

Deno.test("access log: one address that comes again and again is folded", async () => {
  const written: LogLine[] = [];
  const limits = {
    windowMs: 50,
    linesPerSource: 4,
    linesPerKind: 100,
    sourcesPerKind: 8,
    kinds: 8,
  };
  const sink = foldingSink((line) => void written.push(line), { limits });
  const logged = await gather(async () => {
    await using all = await PlayingShards.start(1, ACCESS);
    const shard = all.shards[0]!;
    shard.open("live/a")(10);
    for (let view = 0; view < 20; view++) {
      const response = await fetch(shard.httpUrl(`/live/a.flv?token=${SECRET}`));
      await response.body?.cancel();
    }
    await until("all are gone", () => shard.counters.total("viewers") === 0);
  });
  const lines = logged.filter(isAccess);
  assertEquals(lines.length, 40);
  for (const line of lines) sink(line);
  assertEquals(written.length, 8);
  await until("what was left out is told", () => written.length === 10);
  const leftOut = written.slice(8).map((line) => textLine(line));
  for (const line of leftOut) {
    assertMatch(line, /16 more lines in 0\.05 s like ".+", by address: 127\.0\.0\.1 16$/);
  }
});
