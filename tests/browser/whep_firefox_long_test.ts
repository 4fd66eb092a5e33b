import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { encodeIvf } from "../interop/ivf.ts";
import { publishIvf } from "../interop/ivf_publisher.ts";
import { firefoxMissing, outerAddress, TestFirefox } from "./firefox.ts";
import { streamReady } from "./whep_viewer.ts";

const PATH = "live/fox";
const ignore = firefoxMissing();

/** Debian builds Firefox without H.264 for WebRTC; others download a module for it. */
Deno.test({ name: "Debian's Firefox is told why it is not shown H.264", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
  await streamReady(gateway, PATH);
  await using firefox = await TestFirefox.launch();
  await firefox.open(gateway.httpUrl("/healthz"));
  const { status, body } = await firefox.evaluate(
    `const peer = new RTCPeerConnection();
    for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
    await peer.setLocalDescription();
    const response = await fetch(arguments[0], {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: peer.localDescription.sdp,
    });
    peer.close();
    return { status: response.status, body: await response.text() };`,
    `/${PATH}/whep`,
  ) as { status: number; body: string };
  assertEquals(status, 422);
  assert(/video is H\.264.*the offer has VP8/.test(body), body);
});

const VPX_LIVE = ["-deadline", "realtime", "-cpu-used", "8", "-b:v", "800k"];

/** By what Firefox calls them in its statistics. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  "video/VP8": ["-c:v", "libvpx", ...VPX_LIVE],
  "video/VP9": ["-c:v", "libvpx-vp9", "-row-mt", "1", ...VPX_LIVE],
  "video/AV1": ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-b:v", "800k"],
};

Deno.test({ name: "Firefox watches VP8, VP9 and AV1", ignore }, async (t) => {
  await using firefox = await TestFirefox.launch();
  const url = `/${PATH}/whep?eip=${outerAddress()}`;
  for (const [mimeType, codecArgs] of Object.entries(SHOWN)) {
    await t.step(mimeType, async () => {
      const ivf = await encodeIvf(codecArgs);
      await using gateway = await startGateway({
        args: ["--shards", "1"],
        config: { timeouts: { consentMs: CONSENT_MS } },
        listenArgs: LISTEN_ARGS,
      });
      const at = { port: gateway.rtmpPort, app: "live", name: "fox" };
      await using _publisher = await publishIvf(ivf, at);
      await firefox.open(gateway.httpUrl("/healthz"));
      const watched = await firefox.evaluate(WATCH, url, MORE_FRAMES) as Watched;
      const told = JSON.stringify(watched);
      assertEquals([watched.status, watched.codec, watched.size], [201, mimeType, "640x360"], told);
      assertEquals(watched.packetsLost, 0, told);
      assert(watched.framesDecoded >= MORE_FRAMES, told);
      assertEquals((await gateway.status()).counters.webrtcConsentsLost, 0);
    });
  }
});

const LISTEN_ARGS = [
  ...["--host", "0.0.0.0", "--rtmp-port", "0", "--http-port", "0", "--webrtc-port", "0"],
];

/** Firefox answers the gateway's checks: without that, media would stop after this time. */
const CONSENT_MS = 3000;

/** Pictures that must be decoded: five seconds of them. */
const MORE_FRAMES = 150;

interface Watched {
  readonly status: number;
  readonly body: string;
  readonly connection: string;
  readonly codec: string | undefined;
  readonly size: string | undefined;
  readonly framesDecoded: number;
  readonly packetsLost: number;
}

/** Runs in the page: watches a stream until so many pictures are decoded, or for 25 s. */
const WATCH = `
  const [url, frames] = arguments;
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  document.documentElement.append(video);
  const stream = new MediaStream();
  video.srcObject = stream;
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  // Sound might come yet; the channel does not open.
  for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
  peer.createDataChannel("messages");
  await peer.setLocalDescription();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription.sdp,
  });
  const { status } = response;
  const body = await response.text();
  if (status === 201) await peer.setRemoteDescription({ type: "answer", sdp: body });
  const deadlineMs = performance.now() + 25_000;
  let inbound, codec;
  do {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const all = [...(await peer.getStats()).values()];
    inbound = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
    codec = all.find(({ id }) => id === inbound?.codecId);
  } while (!(inbound?.framesDecoded >= frames) && performance.now() < deadlineMs);
  const watched = {
    status,
    body,
    connection: peer.connectionState,
    codec: codec?.mimeType,
    size: video.videoWidth + "x" + video.videoHeight,
    framesDecoded: inbound?.framesDecoded ?? 0,
    packetsLost: inbound?.packetsLost ?? 0,
  };
  if (status === 201) {
    await fetch(new URL(response.headers.get("location"), response.url), { method: "DELETE" });
  }
  peer.close();
  return watched;`;
