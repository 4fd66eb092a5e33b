/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const PATIENCE_MS = 60_000;

/** Frames that must be decoded after the first look: a second at 30 a second. */
const MORE_FRAMES = 30;

const NAME = "Chromium plays AV1 in FLV, over HTTP and WebSocket";

const ignore = chromiumMissing() || isPeerMissing(NAME, ["ffmpeg 7"]);

Deno.test({ name: NAME, ignore }, async (t) => {
  await using gateway = await startGateway();
  await using _publisher = publishWithFfmpeg({
    peer: "ffmpeg 7",
    url: gateway.rtmpUrl("live/av1"),
    codecArgs: [
      // Of SVT-AV1's streams, mpegts.js 1.8.2 breaks off: its parser throws, or MSE cannot decode.
      ...["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "30"],
      ...["-b:v", "500k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"],
    ],
    size: "320x180",
  });
  await using browser = await launchChromium();
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  for (const transport of ["http-flv", "ws-flv"] as const) {
    await t.step(transport, async () => {
      await page.goto(`http://127.0.0.1:${gateway.httpPort}/#live/av1?via=${transport}`);
      await page.reload();
      await assertPlays(page, transport);
    });
  }
  await t.step("the list shows what it is", async () => {
    const row = page.locator('tr[data-stream="live/av1"]');
    await row.getByText("AV1", { exact: true }).waitFor();
    await row.getByText("320×180 · 30 fps").waitFor();
  });
  assertEquals(faults, []);
});

/** Pictures of the right size are decoded, and the time goes on. */
async function assertPlays(page: Page, transport: string): Promise<void> {
  await page.locator(`#player[data-state="playing"][data-transport="${transport}"]`).waitFor();
  const before = await page.evaluate(() => {
    const video = document.querySelector("video")!;
    return {
      positionSeconds: video.currentTime,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      size: [video.videoWidth, video.videoHeight],
    };
  });
  assertEquals(before.size, [320, 180]);
  const plays = await page.waitForFunction(
    ({ positionSeconds, frames }) => {
      const video = document.querySelector("video")!;
      return video.currentTime > positionSeconds + 0.8 &&
        video.getVideoPlaybackQuality().totalVideoFrames >= frames;
    },
    { ...before, frames: before.frames + MORE_FRAMES },
  );
  assert(await plays.jsonValue());
}
