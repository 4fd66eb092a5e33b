import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay, until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { inOneWindow } from "./smooth_window.ts";
import { streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";
import { IS_LONG, longForm } from "../../testing/long_form.ts";

const WATCH_MS = IS_LONG ? 20_000 : 4000;
const PATH = "live/whep";
const SOURCE_FPS = 30;

const ignore = chromiumMissing();

for (const shards of longForm([2, 1], 1)) {
  Deno.test({ name: `Chromium watches over UDP, with ${shards} shards`, ignore }, async () => {
    await using gateway = await startGateway({ args: ["--shards", `${shards}`] });
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
    await using browser = await launchChromium();
    await streamReady(gateway, PATH);
    const { page } = browser;
    const otherTab = await page.context().newPage();
    const viewers = [
      await watchByWhep(page, gateway, PATH),
      await watchByWhep(otherTab, gateway, PATH),
    ];
    await Promise.all(viewers.map((viewer) => viewer.moreFrames(SOURCE_FPS)));
    await until("two viewers are counted", async () => await viewerCount(gateway) === 2);
    await Promise.all(viewers.map((viewer) => inOneWindow(() => assertPlaysSmoothly(viewer))));

    const [first, second] = viewers as [WhepViewer, WhepViewer];
    assertEquals(await first.leave(), 200);
    await until("one viewer is left", async () => await viewerCount(gateway) === 1);
    await second.moreFrames(SOURCE_FPS);
    assertEquals(await second.leave(), 200);
    await until("no viewer is left", async () => await viewerCount(gateway) === 0);
  });
}

/** Pictures come at the rate of the source without a freeze, and so does sound. */
async function assertPlaysSmoothly(viewer: WhepViewer): Promise<void> {
  const beginMs = performance.now();
  const before = await viewer.statistics();
  await delay(WATCH_MS);
  const after = await viewer.statistics();
  const seconds = (performance.now() - beginMs) / 1000;
  const fps = (after.framesDecoded - before.framesDecoded) / seconds;
  const told = JSON.stringify({ before, after, seconds, fps });
  assert(Math.abs(fps - SOURCE_FPS) < 2, told);
  assertEquals([after.connection, after.transport], ["connected", "udp"]);
  assertEquals(after.freezeCount, before.freezeCount, told);
  assertEquals(
    [after.pliCount, after.videoPacketsLost],
    [before.pliCount, before.videoPacketsLost],
    told,
  );
  const samples = after.audioSamples - before.audioSamples;
  assert(Math.abs(samples / seconds - 48_000) < 2400, told);
  assert(after.audioEnergy - before.audioEnergy > 0.001 * seconds, told);
  assertEquals(after.audioPacketsLost, before.audioPacketsLost, told);
  // A thousandth: the receiver's own clock is none of the sender's.
  assert(after.concealedSamples - before.concealedSamples < samples / 1000, told);
}

async function viewerCount(gateway: GatewayProcess): Promise<number | undefined> {
  return (await gateway.stream(PATH))?.webrtc.viewers;
}
