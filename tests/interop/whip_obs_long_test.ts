import { assertEquals, assertMatch } from "@std/assert";
import { saltedHash } from "../../src/access/key_hash.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { hasPeers, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { freePorts } from "./free_ports.ts";
import { startObs } from "./obs.ts";
import { askObs } from "./obs_control.ts";
import type { PeerProcess } from "./peer_process.ts";
import { seeOutputs } from "./whip_outputs.ts";

const SECRET = "correct-horse-battery-staple";
const PATH = "live/obs";

const KEY = `obs.${SECRET}`;

const CONFIG = {
  access: {
    keys: [{ id: "obs", hash: saltedHash(SECRET, new Uint8Array(16).fill(3)), paths: [PATH] }],
    rules: [{ id: "anybody", decision: "allow", actions: ["play", "api"] }],
  },
  gracePeriodMs: 300,
};

/** The viewer's timers, which repeat flights, outlive it by some seconds. */
const WITH_VIEWER = { sanitizeOps: false, sanitizeResources: false };

async function whenLive(gateway: GatewayProcess, obs: PeerProcess) {
  return await until("it is live", async () => {
    const stream = await gateway.stream(PATH);
    return stream?.video?.frameRate && stream.audio ? stream : undefined;
  }).catch((error) => {
    throw new Error(`${error}: ${obs.output()}${gateway.output()}`);
  });
}

const NAME = "OBS publishes by WHIP with its stream key, and is watched by WHEP, HTTP-FLV and RTMP";

Deno.test({
  name: NAME,
  ignore: !hasPeers(NAME, ["obs 30", "obs 30 whip", "Xvfb"]),
  ...WITH_VIEWER,
  fn: async () => {
    const [controlPort] = freePorts(1) as [number];
    await using gateway = await startGateway({ config: CONFIG });
    await using obs = await startObs(gateway.httpUrl(`/${PATH}/whip`), KEY, {
      whip: "h264",
      controlPort,
    });
    const stream = await whenLive(gateway, obs);
    assertMatch(stream.video!.codecString, /^avc1\./);
    assertEquals([stream.video!.width, stream.video!.height], [640, 360]);
    assertEquals(Math.round(stream.video!.frameRate!), 30);
    assertEquals([stream.audio!.codecString, stream.audio!.sampleRate], ["opus", 48_000]);
    assertEquals([stream.subject, stream.timestampFaults], ["key obs", {}]);
    await seeOutputs(gateway, PATH, "h264");
    await askObs(controlPort, "StopStream");
    await until("OBS has stopped", () => obs.output().includes("==== Streaming Stop ="));
    await until("it is over", async () => (await gateway.stream(PATH)) === undefined);
    assertEquals(/\[obs-webrtc\].*(fail|error).*/i.exec(obs.output()), null);
  },
});

const AV1 = "OBS publishes AV1 by WHIP, which HTTP-FLV and RTMP players get whole";

Deno.test({
  name: AV1,
  ignore: !hasPeers(AV1, ["obs 30", "obs 30 whip", "Xvfb", "ffmpeg 7"]),
  fn: async () => {
    await using gateway = await startGateway({ config: CONFIG });
    await using obs = await startObs(gateway.httpUrl(`/${PATH}/whip`), KEY, { whip: "av1" });
    const stream = await whenLive(gateway, obs);
    assertMatch(stream.video!.codecString, /^av01\./);
    await Promise.all([
      seeOutputs(gateway, PATH, "av1"),
      runPeer("ffmpeg 7", [
        // It knows no Opus in FLV, and is not to wait for it.
        ...["-v", "error", "-xerror", "-probesize", "20000", "-analyzeduration", "500000"],
        ...["-i", gateway.httpUrl(`/${PATH}.flv`), "-map", "0:v"],
        ...["-frames:v", "60", "-f", "null", "-"],
      ]),
    ]);
  },
});

const AGAIN = "OBS that publishes by WHIP comes back by itself when the server is started again";

Deno.test({
  name: AGAIN,
  ignore: !hasPeers(AGAIN, ["obs 30", "obs 30 whip", "Xvfb"]),
  ...WITH_VIEWER,
  fn: async () => {
    const [rtmp, http, webrtc, webtransport] = freePorts(4);
    const listenArgs = [
      ...["--host", "127.0.0.1", "--rtmp-port", `${rtmp}`, "--http-port", `${http}`],
      ...["--webrtc-port", `${webrtc}`, "--webtransport-port", `${webtransport}`],
      ...["--shards", "1"],
    ];
    const start = () => startGateway({ config: CONFIG, listenArgs });
    await using first = await start();
    await using obs = await startObs(first.httpUrl(`/${PATH}/whip`), KEY, { whip: "h264" });
    await whenLive(first, obs);
    assertEquals((await first.stop("SIGTERM")).code, 0);
    await using second = await start();
    await whenLive(second, obs);
    await seeOutputs(second, PATH, "h264");
  },
});
