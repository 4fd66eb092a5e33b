import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config/schema.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import { configureLogging } from "../../src/logging/logging.ts";
import type { StreamsReply } from "../../src/shard/http/api/stream_summary.ts";
import { delay, until } from "../../testing/waiting.ts";
import { ask, HARMFUL_SHARD_SOURCE } from "./harmful_shard.ts";
import { RawViewer } from "../../testing/http/raw_viewer.ts";
import { SyntheticPublisher } from "../../testing/rtmp/synthetic_publisher.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const SHARDS = 2;

/** Viewers on the shard that lives may wait for a moment, as both share the processor. */
const MAX_SILENCE_MS = 5000;

const TRANSCODING_SOURCE = await Deno.readTextFile(
  new URL("../../dist/transcoding.js", import.meta.url),
);

const FREE_PORTS = { rtmpPort: 0, httpPort: 0, webrtcPort: 0, webtransportPort: 0 };

interface TestGateway extends Gateway, AsyncDisposable {
  status(): Promise<StreamsReply>;
}

async function start(): Promise<TestGateway> {
  const given = { host: "127.0.0.1", ...FREE_PORTS, logLevel: "error" };
  const config = parseConfig({ ...given, gracePeriodMs: 60_000 }, SHARDS);
  const gateway = await startGateway(config, {
    version: "0",
    shardSource: HARMFUL_SHARD_SOURCE,
    transcodingSource: TRANSCODING_SOURCE,
    assets: [],
    assetHeaders: {},
    shardHung: (shard) => {
      throw new Error(`Shard ${shard} hangs`);
    },
  });
  return {
    ...gateway,
    status: async () => JSON.parse(await ask(gateway, "/api/v1/streams")),
    [Symbol.asyncDispose]: () => gateway.stop(),
  };
}

configureLogging({ logLevel: "error", logFormat: "text" });

/** A publisher, and the shard that it is on. */
async function publish(gateway: Gateway, path: string, firstSequence = 0) {
  const publisher = await SyntheticPublisher.connect(gateway.rtmpPort, { path, firstSequence });
  publisher.run();
  return { publisher, shard: Number(await ask(gateway, `/has/${publisher.port}`)) };
}

/** Publishes on a wanted shard, under a name that begins with `path`. */
async function publishOn(gateway: Gateway, path: string, wanted: number) {
  for (let attempt = 0;; attempt++) {
    const { publisher, shard } = await publish(gateway, `${path}${attempt}`);
    if (shard === wanted) return { publisher, path: `${path}${attempt}` };
    await publisher[Symbol.asyncDispose]();
  }
}

/** Watches from a wanted shard. */
async function watchOn({ httpPort }: Gateway, path: string, wanted: number): Promise<RawViewer> {
  return await until(`a viewer of ${path} on shard ${wanted}`, async () => {
    const viewer = await RawViewer.open({ httpPort, path, transport: "http" });
    while (viewer.head === "" && await viewer.read());
    if (viewer.head.includes(`x-shard: ${wanted}`) && viewer.status === 200) return viewer.run();
    await viewer[Symbol.asyncDispose]();
    return undefined;
  });
}

async function seeFurtherFrames(viewer: RawViewer): Promise<void> {
  const before = viewer.checker.videoFrames;
  await until("the viewer gets further frames", () => {
    viewer.check();
    return viewer.checker.videoFrames > before + 5;
  });
}

// A shard that loops for ever is another matter: Deno 2.9 does not end its thread, nor its sockets.
Deno.test("a shard that throws is started again, and the other one goes on", async () => {
  await using gateway = await start();
  const lost = await publish(gateway, "live/lost");
  const dying = lost.shard;
  const living = 1 - dying;
  const kept = await publishOn(gateway, "live/kept", living);
  const leaving = await watchOn(gateway, "live/lost", dying);
  const waiting = await watchOn(gateway, "live/lost", living);
  const staying = await watchOn(gateway, kept.path, living);
  for (const viewer of [leaving, waiting, staying]) await seeFurtherFrames(viewer);

  await ask(gateway, `/throw/${dying}`);
  await until("the publisher is disconnected", () => lost.publisher.end);
  assertEquals(lost.publisher.end, "by the server");
  await until("its viewers are", () => leaving.end === "cut off");
  const { gateway: { shardRestarts }, counters } = await until("the shard is back", async () => {
    await ask(gateway, `/alive/${dying}`);
    return await gateway.status();
  });
  assertEquals(shardRestarts, 1);
  assertEquals([counters.rtmpConnections, counters.viewers], [1, 2]);

  // What was published has arrived when nothing more comes.
  await until("the viewer has all", async () => {
    const before = waiting.checker.sequence;
    await delay(200);
    return waiting.checker.sequence === before;
  });
  const again = await publish(gateway, "live/lost", waiting.checker.sequence + 1);
  for (const viewer of [waiting, staying, await watchOn(gateway, "live/lost", dying)]) {
    await seeFurtherFrames(viewer);
    assertEquals(viewer.checker.jumps, []);
    assertEquals(viewer.end, undefined);
    if (viewer === staying) assert(viewer.longestSilenceMs < MAX_SILENCE_MS);
    await viewer[Symbol.asyncDispose]();
  }
  for (const { publisher } of [lost, kept, again]) await publisher[Symbol.asyncDispose]();
  await leaving[Symbol.asyncDispose]();
});

Deno.test("who follows what happens is told that a shard has died, and is back", async () => {
  await using gateway = await start();
  // Which shard answers is for the kernel to say: of two, one can be asked to die that is not it.
  const following = await fetch(`http://127.0.0.1:${gateway.httpPort}/api/v1/events?of=server`);
  assertEquals(following.status, 200);
  const dying = 1 - Number(following.headers.get("x-shard"));
  let told = "";
  const reading = following.body!.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (piece) => void (told += piece) }));
  await until("it begins", () => told.includes("event: begin\n"));
  await ask(gateway, `/throw/${dying}`);
  await ask(gateway, `/alive/${dying}`);
  const find = (name: string) => {
    const event = told.split("\n\n").find((text) => text.includes(`event: ${name}\n`));
    const data = /^data: (.*)$/m.exec(event ?? "")?.[1];
    return data === undefined ? undefined : JSON.parse(data);
  };
  const started = await until("it is told", () => find("shard-started"));
  const lost = find("shard-lost");
  assertEquals([lost.shard, started.shard], [dying, dying]);
  assert(lost.at <= started.at);
  await gateway.stop();
  await reading.catch(() => {});
});

/** Joins over WebRTC until it is on a wanted shard, whose number the resource begins with. */
async function joinOn({ httpPort }: Gateway, path: string, wanted: number): Promise<WhepViewer> {
  return await until(`a WebRTC viewer of ${path} on shard ${wanted}`, async () => {
    const gateway = { httpUrl: (at: string) => `http://127.0.0.1:${httpPort}${at}` };
    const viewer = await WhepViewer.join(gateway, { path }).catch((error: Error) => {
      // Other shards know of a stream a moment later than its publisher's.
      if (!error.message.includes("is not live")) throw error;
    });
    if (viewer === undefined) return undefined;
    if (viewer.resource.includes(`/whep/${wanted}.`)) return viewer;
    await viewer.delete();
    await viewer[Symbol.asyncDispose]();
    return undefined;
  });
}

Deno.test({
  name: "WebRTC viewers of a shard that dies may come again, those of the other one go on",
  // werift's timers outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using gateway = await start();
    const kept = await publishOn(gateway, "live/kept", 0);
    const leaving = await joinOn(gateway, kept.path, 1);
    const staying = await joinOn(gateway, kept.path, 0);
    await ask(gateway, "/throw/1");
    await until("the shard is lost", async () => {
      return (await gateway.status()).gateway.shardRestarts === 1;
    });
    await until("its viewer is not known any more", async () => await leaving.delete() === 404);
    await ask(gateway, "/alive/1");
    await until("only the other viewer is counted", async () => {
      const { counters } = await gateway.status();
      return counters.webrtcViewers === 1 && counters.viewers === 1;
    });
    const again = await joinOn(gateway, kept.path, 1);
    for (const viewer of [staying, again]) {
      const before = viewer.frames().length;
      await until("it gets further pictures", () => viewer.frames().length > before + 10);
      await viewer[Symbol.asyncDispose]();
    }
    assertEquals(staying.isToldOfEnd, false);
    await leaving[Symbol.asyncDispose]();
    await kept.publisher[Symbol.asyncDispose]();
  },
});
