import { assert, assertEquals } from "@std/assert";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_VIDEO } from "../../src/flv/tag.ts";
import { startGateway } from "../../testing/gateway_process.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { delay, until } from "../../testing/waiting.ts";
import { FlvChecker } from "../../testing/http/flv_checker.ts";
import { HealthyStream } from "../../testing/healthy_stream.ts";
import { residentKiB } from "../../testing/process_memory.ts";

const PATH = "live/heavy";
const PLAYERS = 10;

/** 2 MB a second: fills what the kernel holds for a player, up to 4 MB, well before the end. */
const STREAM = { path: PATH, bitrateBps: 16_000_000, frameRate: 50, groupFrames: 25 };
const STALL_MS = 10_000;

/** Queues would take 20 MB for each player. */
const MAX_GROWTH_KIB = 100 * 1024;

/** A player, and what it makes of what it gets. */
interface CheckedPlayer extends Disposable {
  readonly client: RtmpPlayerClient;
  readonly checker: FlvChecker;
}

async function play(port: number): Promise<CheckedPlayer> {
  const client = await RtmpPlayerClient.connect(port);
  const checker = new FlvChecker();
  checker.push(writeFlvHeader({ hasAudio: true, hasVideo: true }));
  client.onMedia = ({ kind, timestampMs, payload }) =>
    checker.push(encodeTag(kind === "audio" ? TAG_AUDIO : TAG_VIDEO, timestampMs, payload));
  await client.command(1, "play", "heavy");
  return { client, checker, [Symbol.dispose]: () => client.close() };
}

function haveFrames(players: readonly CheckedPlayer[], more: number): () => boolean {
  const before = players.map(({ checker }) => checker.videoFrames);
  return () => {
    for (const { client } of players) if (client.problem !== undefined) throw client.problem;
    return players.every(({ checker }, at) => checker.videoFrames >= before[at]! + more);
  };
}

Deno.test("players that stop reading for a while go on at a key frame, and harm nobody", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { log: { windowMs: 2000 }, timeouts: { stallMs: 120_000 } },
  });
  await using healthy = await HealthyStream.start(gateway, STREAM);
  using steady = await play(gateway.rtmpPort);
  const slow = await Promise.all(Array.from({ length: PLAYERS }, () => play(gateway.rtmpPort)));
  await until("all have frames", haveFrames([steady, ...slow], 50));
  const beforeKiB = await residentKiB(gateway.pid);
  for (const { client } of slow) client.stopReading();
  await delay(STALL_MS);
  const growthKiB = await residentKiB(gateway.pid) - beforeKiB;
  assert(growthKiB < MAX_GROWTH_KIB, `memory grew by ${growthKiB} KiB`);
  for (const { client } of slow) client.startReading();
  await until("all go on", () => slow.every(({ checker }) => checker.jumps.length > 0));
  await until("all have further frames", haveFrames([steady, ...slow], 50));
  for (const { checker } of slow) assertEquals(checker.jumps.length, 1);
  assertEquals(steady.checker.jumps, []);
  await until("jumps are counted", async () => {
    return (await gateway.status()).counters.viewersJumped! >= PLAYERS;
  });
  await healthy.check();
  for (const player of slow) player[Symbol.dispose]();
});

Deno.test("players that never read again are ended", async () => {
  await using gateway = await startGateway({
    args: ["--shards", "2"],
    config: { log: { windowMs: 1000 }, timeouts: { stallMs: 2000 } },
  });
  await using healthy = await HealthyStream.start(gateway, STREAM);
  using steady = await play(gateway.rtmpPort);
  const stalled = await Promise.all(Array.from({ length: PLAYERS }, () => play(gateway.rtmpPort)));
  for (const { client } of stalled) client.stopReading();
  await until("they are ended", async () => {
    const { counters } = await gateway.status();
    return counters.viewersStalled === PLAYERS && counters.rtmpViewers === 1;
  });
  await until("the steady one has further frames", haveFrames([steady], 50));
  assertEquals(steady.checker.jumps, []);
  await healthy.check();
  for (const player of stalled) player[Symbol.dispose]();
});
