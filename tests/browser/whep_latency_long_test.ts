/// <reference lib="dom" />
import { assert } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { FPS, publishNumbered, watchNumbered } from "./numbered_pictures.ts";
import type { WatchedLatencies } from "./whep_latency_watch.ts";
import { streamReady } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PATH = "live/latency";
const WATCHING = { settlingFrames: 2 * FPS, watchMs: IS_LONG ? 20_000 : 3000 };
const LOSSY_WATCHING = IS_LONG ? WATCHING : { settlingFrames: FPS, watchMs: 2500 };
const JOINS = IS_LONG ? 20 : 10;
const LOSS = 0.02;

// Where there is sound, browsers hold the pictures back until it is due, in some 10 s.
const WATCHED = [
  ["without sound", ["video"]],
  ["with sound", ["audio", "video"]],
] as const;

const ignore = chromiumMissing();

Deno.test({ name: "how late pictures are shown in Chromium", ignore }, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  await using _publisher = publishNumbered(gateway, PATH);
  await using browser = await launchChromium();
  const { page } = browser;
  await streamReady(gateway, PATH);

  for (const [name, kinds] of WATCHED) {
    await t.step(`from the publisher to the screen, ${name}`, async () => {
      const latenciesMs = await watchNumbered(page, gateway, PATH, { kinds, ...WATCHING });
      tell(name, latenciesMs);
      assert(latenciesMs.length >= 0.8 * FPS * WATCHING.watchMs / 1000);
    });
  }

  await t.step("from the request to the first picture", async () => {
    const joinsMs: number[] = [];
    for (let join = 0; join < JOINS; join++) {
      joinsMs.push(await page.evaluate(measureJoin, `/${PATH}/whep`));
    }
    console.log(`Request to first picture: ${describe(joinsMs)}`);
    assert(joinsMs.every((joinMs) => joinMs > 0));
  });
});

Deno.test({
  name: "how late pictures are shown in Chromium where packets are lost",
  ignore: ignore || lossyNetworkMissing(),
  fn: async () => {
    const { settlingFrames, watchMs } = LOSSY_WATCHING;
    const args = [LOSS, settlingFrames, watchMs].map(String);
    const printed = await runInLossyNetwork(
      new URL("whep_latency_watch.ts", import.meta.url),
      args,
    );
    const { withoutSoundMs, withSoundMs, counters } = JSON.parse(printed) as WatchedLatencies;
    tell(`without sound, ${LOSS * 100} % of packets lost`, withoutSoundMs);
    tell(`with sound, ${LOSS * 100} % of packets lost`, withSoundMs);
    for (const { length } of [withoutSoundMs, withSoundMs]) {
      assert(length >= 0.5 * FPS * watchMs / 1000, `${length} pictures`);
    }
    assert(counters.webrtcPacketsResent! > 0, "nothing was lost");
  },
});

function tell(name: string, latenciesMs: readonly number[]): void {
  console.log(`Publisher to shown picture, ${name}: ${describe(latenciesMs)}`);
}

function describe(valuesMs: readonly number[]): string {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(0);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, ${sorted.length} measured`;
}

/** Runs in the page: joins, leaves, and tells how long the first picture took. */
async function measureJoin(url: string): Promise<number> {
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  const stream = new MediaStream();
  video.autoplay = true;
  video.srcObject = stream;
  document.body.append(video);
  const first = new Promise<number>((resolve) => {
    video.requestVideoFrameCallback((_now, { expectedDisplayTime }) =>
      resolve(expectedDisplayTime)
    );
  });
  peer.addEventListener("track", ({ track }) => stream.addTrack(track));
  for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
  await peer.setLocalDescription();
  const beginMs = performance.now();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: peer.localDescription!.sdp,
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
  const joinMs = await first - beginMs;
  const resource = new URL(response.headers.get("location")!, response.url);
  await fetch(resource, { method: "DELETE" });
  peer.close();
  video.remove();
  return joinMs;
}
