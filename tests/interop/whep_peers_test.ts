/** Other makers' WebRTC watches, whatever of sound and pictures there is. */
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { hasPeers, isPeerMissing, peerTest } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import {
  type PeerReport,
  playWith,
  type SeenKind,
  WHEP_PEERS,
  type WhepPeer,
  WHEPSRC,
} from "./whep_peers.ts";

const STREAMS = { both: ["video", "audio"], pictures: ["video"], sound: ["audio"] } as const;

interface Scene {
  readonly name: string;
  /** Of the stream, with a query. */
  readonly path: string;
  readonly offer: readonly (SeenKind | "data")[];
  readonly seen: readonly SeenKind[];
}

const SCENES: readonly Scene[] = [
  {
    name: "sound and pictures",
    path: "both/whep",
    offer: ["audio", "video"],
    seen: ["audio", "video"],
  },
  {
    name: "pictures of a stream without sound, which might come yet",
    path: "pictures/whep",
    offer: ["audio", "video"],
    seen: ["video"],
  },
  {
    name: "sound of a stream without pictures",
    path: "sound/whep",
    offer: ["video", "audio"],
    seen: ["audio"],
  },
  {
    name: "pictures without the stream's sound",
    path: "both/whep?audio=0",
    offer: ["audio", "video"],
    seen: ["video"],
  },
  {
    name: "no second sound",
    path: "both/whep",
    offer: ["video", "audio", "audio"],
    seen: ["audio", "video"],
  },
  {
    name: "a data channel in front, in which nothing is said",
    path: "both/whep",
    offer: ["data", "audio", "video"],
    seen: ["audio", "video"],
  },
];

for (const peer of WHEP_PEERS) {
  peerTest(`${peer.name} watches by WHEP`, ["ffmpeg", ...peer.needs], async (t) => {
    await letWatch(peer, t);
  });
}

const BUILT = "whepsrc watches by WHEP, with the offer that it has by itself";

Deno.test({
  name: BUILT,
  ignore: isPeerMissing(BUILT, ["ffmpeg"]) || !hasPeers(BUILT, WHEPSRC.needs),
  fn: async (t) => {
    const logged = await letWatch(WHEPSRC, t);
    for (const lapse of ["OPUS without its two channels", "H264 without packetization-mode=1"]) {
      assert(logged.includes(`offers ${lapse}, and gets it so`), logged);
    }
  },
});

const LATE = "sound that the publisher brings later reaches who watches already";

peerTest(LATE, WHEP_PEERS.flatMap(({ needs }) => needs), async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const to = { url: gateway.rtmpUrl("live/later"), size: "320x180" };
  await using first = publishWithFfmpeg({ ...to, sources: ["video"] });
  await until("its pictures are there", async () => (await gateway.stream("live/later"))?.video);
  const playing = WHEP_PEERS.map((peer) =>
    playWith(peer, {
      url: gateway.httpUrl("/live/later/whep"),
      offer: ["audio", "video"],
      until: { audio: 20, video: 20 },
    })
  );
  await until("all watch", async () => {
    return (await gateway.status()).counters.webrtcViewers === WHEP_PEERS.length;
  });
  first.kill("SIGTERM");
  await first.ended;
  await using _second = publishWithFfmpeg(to);
  for (const [index, { failure, seen }] of (await Promise.all(playing)).entries()) {
    assertEquals(failure, undefined, `${WHEP_PEERS[index]!.name}: ${JSON.stringify(seen)}`);
  }
});

peerTest("pion trickles its candidates as mediamtx does", ["ffmpeg", "pion"], async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publishers = await publishStreams(gateway);
  const pion = WHEP_PEERS.find(({ name }) => name === "pion")!;
  const report = await playWith(pion, {
    url: gateway.httpUrl("/live/both/whep"),
    offer: ["audio", "video"],
    until: { audio: 20, video: 20 },
    args: ["--trickle"],
  });
  assertEquals([report.failure, report.state, report.left], [undefined, "connected", true]);
  const { trickled = [] } = report;
  assert(trickled.length > 0 && trickled.every((status) => status === 204), `${trickled}`);
});

/** Lets a viewer see all scenes; what the gateway logged. */
async function letWatch(peer: WhepPeer, t: Deno.TestContext): Promise<string> {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publishers = await publishStreams(gateway);
  const scenes = peer.can.offers ? SCENES : SCENES.slice(0, 4);
  const reports: PeerReport[] = [];
  for (const some of peer.can.playTogether ? [scenes] : scenes.map((scene) => [scene])) {
    reports.push(...await Promise.all(some.map((scene) => watch(peer, scene, gateway))));
  }
  for (const [index, scene] of scenes.entries()) {
    await t.step(scene.name, () => checkReport(peer, scene, reports[index]!));
  }
  const { counters } = await gateway.status();
  assertEquals(
    [counters.webrtcViewersAccepted, counters.webrtcViewersFailed, counters.webrtcViewers],
    [scenes.length, 0, 0],
  );
  return gateway.output();
}

async function publishStreams(gateway: GatewayProcess): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const [name, sources] of Object.entries(STREAMS)) {
    stack.use(
      publishWithFfmpeg({ url: gateway.rtmpUrl(`live/${name}`), sources, size: "320x180" }),
    );
  }
  for (const name of Object.keys(STREAMS)) {
    await until(`${name} is live`, async () => {
      return (await gateway.stream(`live/${name}`))?.state === "live";
    });
  }
  return stack.move();
}

function watch(peer: WhepPeer, { path, offer, seen }: Scene, gateway: GatewayProcess) {
  return playWith(peer, {
    url: gateway.httpUrl(`/live/${path}`),
    offer,
    until: Object.fromEntries(seen.map((kind) => [kind, 20])),
  });
}

function checkReport(peer: WhepPeer, { offer, seen }: Scene, report: PeerReport): void {
  const told = JSON.stringify(report);
  assertEquals([report.failure, report.accepted, report.left], [undefined, true, true], told);
  if (peer.can.connectsWithoutData || !offer.includes("data")) {
    assertEquals(report.state, "connected");
  }
  for (const kind of ["audio", "video"] as const) {
    const { frames, packets = 0 } = report.seen[kind] ?? {};
    assertEquals((frames ?? packets) > 0, seen.includes(kind), told);
  }
}
