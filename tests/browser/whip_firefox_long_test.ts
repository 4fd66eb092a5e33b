import { assert, assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { longestPauseMs } from "../interop/pauses.ts";
import { seeOutputs } from "../interop/whip_outputs.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { firefoxMissing, outerAddress, TestFirefox } from "./firefox.ts";
import { watchByWhep } from "./whep_viewer.ts";

const PATH = "live/fox";
/** For so long nothing may come where ICE is restarted. */
const MAX_PAUSE_MS = 2000;

interface Published {
  readonly connection: string;
  readonly codec: string | undefined;
  readonly framesEncoded: number;
  readonly audioBytes: number;
}

/** Runs in the page: publishes camera and microphone, or throws what the answer says. */
const PUBLISH = `
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const peer = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    peer.addTransceiver(track, { direction: "sendonly", streams: [media] });
  }
  await peer.setLocalDescription();
  const response = await fetch(arguments[0], {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription.sdp,
  });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(response.status + ": " + sdp);
  await peer.setRemoteDescription({ type: "answer", sdp });
  window.whip = { peer, location: new URL(response.headers.get("location"), response.url) };`;

const READ = `
  const { peer } = window.whip;
  const all = [...(await peer.getStats()).values()];
  const sent = (kind) => all.find((entry) => entry.type === "outbound-rtp" && entry.kind === kind);
  return {
    connection: peer.connectionState,
    codec: all.find(({ id }) => id === sent("video")?.codecId)?.mimeType,
    framesEncoded: sent("video")?.framesEncoded ?? 0,
    audioBytes: sent("audio")?.bytesSent ?? 0,
  };`;

/** Restarts ICE; the status of the answer. */
const RESTART = String.raw`
  const { peer, location } = window.whip;
  const lineOf = (name, text) => new RegExp("^a=" + name + ":.*\r\n", "m").exec(text)[0];
  const names = ["ice-ufrag", "ice-pwd"];
  await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
  const response = await fetch(location, {
    method: "PATCH",
    headers: { "content-type": "application/trickle-ice-sdpfrag", "if-match": "*" },
    body: names.map((name) => lineOf(name, peer.localDescription.sdp)).join(""),
  });
  const fragment = await response.text();
  let { sdp } = peer.remoteDescription;
  for (const name of names) {
    const line = new RegExp("^a=" + name + ":.*\r\n", "gm");
    sdp = sdp.replaceAll(line, lineOf(name, fragment));
  }
  await peer.setRemoteDescription({ type: "answer", sdp });
  return response.status;`;

const LEAVE = `
  const { status } = await fetch(window.whip.location, { method: "DELETE" });
  window.whip.peer.close();
  return status;`;

/** Debian builds Firefox without H.264 for WebRTC; others download a module for it. */
Deno.test({
  name: "Firefox publishes VP8 and Opus, and is watched by WHEP, HTTP-FLV and RTMP",
  ignore: firefoxMissing() || chromiumMissing(),
  // Timers of the viewer's DTLS outlive a handshake by seconds.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using gateway = await startGateway({
      args: ["--shards", "2"],
      listenArgs: [
        "--host",
        "0.0.0.0",
        "--rtmp-port",
        "0",
        "--http-port",
        "0",
        "--webrtc-port",
        "0",
      ],
    });
    await using firefox = await TestFirefox.launch({ hasCamera: true });
    await firefox.open(gateway.httpUrl("/healthz"));
    await firefox.evaluate(PUBLISH, `/${PATH}/whip?eip=${outerAddress()}`);
    // On a busy machine, Firefox makes its pictures smaller at once.
    await until("it is live with both tracks", async () => {
      const stream = await gateway.stream(PATH);
      return stream?.state === "live" && stream.video?.width && stream.audio;
    });
    await using browser = await launchChromium();
    const viewer = await watchByWhep(browser.page, gateway, PATH);
    await seeOutputs(gateway, PATH, "vp8");
    await viewer.moreFrames(60);
    const seen = await viewer.statistics();
    const sent = await firefox.evaluate(READ) as Published;
    const told = JSON.stringify({ seen, sent });
    assertEquals([seen.connection, seen.videoCodec], ["connected", "video/VP8"], told);
    assertEquals([sent.connection, sent.codec], ["connected", "video/VP8"], told);
    // The tone is heard, not only received.
    assert(seen.audioEnergy > 0, told);
    await using fixed = await WhepViewer.join(gateway, {
      path: PATH,
      offer: (sdp) => sdp.replaceAll("H264/", "VP8/"),
    });
    assertEquals(await firefox.evaluate(RESTART), 200);
    const from = performance.now();
    await until("its media go on", () => fixed.audio!.packets.at(-1)!.arrivedMs > from + 2000);
    const pauseMs = longestPauseMs(fixed.audio!);
    assert(pauseMs < MAX_PAUSE_MS, `nothing came for ${pauseMs} ms`);
    assertEquals(await firefox.evaluate(LEAVE), 200);
    await until("it is not live any more", async () => {
      return (await gateway.stream(PATH))?.state !== "live";
    });
    assertEquals((await gateway.status()).counters.webrtcConsentsLost, 0);
  },
});
