import { assertEquals, assertMatch } from "@std/assert";
import { makeKey } from "../../testing/stream_key.ts";
import { signUrl } from "../../src/access/signed_url.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { hasPeers, peerTest, runPeer } from "../../testing/peers.ts";
import { until } from "../../testing/waiting.ts";
import { signJwt } from "../program/access_ways.ts";
import { publishWithFfmpeg } from "./ffmpeg.ts";
import { startObs } from "./obs.ts";
import { playWith, WHEP_PEERS } from "./whep_peers.ts";

const ADMIN = "the-token-of-the-operator";
const JWT_SECRET = "a-secret-of-both-sides-that-is-long-enough";
const SIGNER = { id: "a", secret: "what-signs-urls-of-this-server" };
const camera = makeKey("camera");
const CONFIG = {
  gracePeriodMs: 0,
  access: {
    keys: [{
      id: "camera",
      hash: camera.hash,
      paths: ["live/camera"],
      actions: ["publish", "play"],
    }],
    signedUrls: { secrets: [SIGNER] },
    jwt: { secret: JWT_SECRET },
  },
};

/** Waits until the log has a line such as "publishes live/camera over rtmp (key camera; …)". */
async function isPublished(gateway: GatewayProcess, path: string, by: string): Promise<void> {
  const line = `publishes ${path} over rtmp (${by};`;
  await until(line, () => gateway.output().includes(line), { timeoutMs: 40_000 });
}

function signedToken(action: "publish" | "play", path: string): string {
  return signUrl(SIGNER, { action, path, expiresAtMs: Date.now() + 60_000 });
}

peerTest(
  "ffmpeg publishes with a key, a signed URL and a token, and watches",
  ["ffmpeg"],
  async () => {
    await using gateway = await startGateway({ config: CONFIG });
    const jwt = await signJwt(JWT_SECRET, { publish: "live/test", sub: "alice" });
    const cases = [
      [`live/${camera.key}`, "live/camera", "key camera"],
      [`live/test?token=${signedToken("publish", "live/test")}`, "live/test", "signature a"],
      [`live/test?token=${jwt}`, "live/test", "user alice"],
    ] as const;
    for (const [name, path, by] of cases) {
      await using _ = publishWithFfmpeg({ url: gateway.rtmpUrl(name) });
      await isPublished(gateway, path, by);
      await watch(gateway, path);
    }
    const refused = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
    await using _ = refused;
    assertEquals((await refused.ended).success, false);
  },
);

/** Reads some seconds over RTMP and HTTP-FLV, with each place that credentials can have. */
async function watch(gateway: GatewayProcess, path: string): Promise<void> {
  const token = signedToken("play", path);
  const http = gateway.httpUrl(`/${path}.flv`);
  const withUser = http.replace("//", `//camera:${camera.key.split(".")[1]}@`);
  const inputs = [
    ["-i", `${gateway.rtmpUrl(path)}?token=${token}`],
    ["-i", `${http}?token=${token}`],
    ["-headers", `Authorization: Bearer ${token}\r\n`, "-i", http],
    ...(path === "live/camera" ? [["-auth_type", "basic", "-i", withUser]] : []),
  ];
  for (const input of inputs) {
    await until(`ffmpeg watches by ${input.join(" ")}`, async () => {
      const options = ["-v", "error", ...input, "-t", "1", "-f", "null", "-"];
      return await runPeer("ffmpeg", options).then(() => true, () => false);
    });
  }
}

peerTest(
  "aiortc watches with a bearer's token, and not without",
  ["aiortc", "ffmpeg"],
  async () => {
    await using gateway = await startGateway({ config: { ...CONFIG, adminToken: ADMIN } });
    await using _ = publishWithFfmpeg({
      url: gateway.rtmpUrl(`live/${camera.key}`),
      size: "320x180",
    });
    const headers = { authorization: `Bearer ${ADMIN}` };
    await until("its pictures are there", async () => {
      const response = await fetch(gateway.httpUrl("/api/v1/streams/live/camera"), { headers });
      return (await response.json().catch(() => undefined))?.stream?.video;
    });
    const aiortc = WHEP_PEERS.find(({ name }) => name === "aiortc")!;
    const watchWith = (...args: readonly string[]) =>
      playWith(aiortc, {
        url: gateway.httpUrl("/live/camera/whep"),
        offer: ["audio", "video"],
        until: { audio: 20, video: 20 },
        args,
      });
    const [by, without] = await Promise.all([
      watchWith("--token", await signJwt(JWT_SECRET, { play: "live/camera", sub: "alice" })),
      watchWith(),
    ]);
    assertEquals([by.failure, by.state, by.left], [undefined, "connected", true]);
    assertMatch(without.failure ?? "", /^401: /);
    assertMatch(gateway.output(), /live\/camera over whep .*\(user alice/);
  },
);

Deno.test({
  name: "OBS publishes with a key in the place of the name, a signed URL, and a token",
  ignore: !hasPeers("OBS publishes with a key", ["obs", "Xvfb"]),
  fn: async () => {
    await using gateway = await startGateway({ config: CONFIG });
    const jwt = await signJwt(JWT_SECRET, { publish: "live/obs", sub: "alice" });
    const cases = [
      [camera.key, "live/camera", "key camera"],
      [`obs?token=${signedToken("publish", "live/obs")}`, "live/obs", "signature a"],
      [`obs?token=${jwt}`, "live/obs", "user alice"],
    ] as const;
    for (const [key, path, by] of cases) {
      await using _ = await startObs(gateway.rtmpUrl("live"), key);
      await isPublished(gateway, path, by);
    }
  },
});
