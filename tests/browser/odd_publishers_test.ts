/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { ODD_OUTPUT_ARGS } from "../interop/odd_outputs.ts";
import { H264_CASES } from "../interop/odd_cases.ts";
import { OddPublisher, oddRecording } from "../interop/odd_publisher.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { watchByWhep } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PATIENCE_MS = 60_000;

/** Decoded pictures that prove that it goes on: two seconds of them. */
const PICTURES = 50;

const ignore = chromiumMissing();

// What comes out of the gateway is looked at in the short form, too.
const NAME = "Chromium shows what odd publishers send";

Deno.test({ name: NAME, ignore: ignore || !IS_LONG }, async (t) => {
  await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
  await using browser = await launchChromium();
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  const cases = H264_CASES.filter(({ joinAfterMs }) => joinAfterMs === undefined);
  for (const [index, { name, recording }] of cases.entries()) {
    const path = `live/odd${index}`;
    await t.step(name, async () => {
      await using _publisher = await OddPublisher.publish(gateway, await recording(), { path });
      await showsByWhep(page, gateway, path);
      await showsByFlv(page, gateway, path);
    });
  }
  // That a stream is over is told by errors of loading.
  assertEquals(faults.filter((fault) => !fault.includes("404")), []);
});

Deno.test(
  { name: "a stream without key frames: publisher and viewers are told", ignore },
  async () => {
    await using gateway = await startGateway({ args: ODD_OUTPUT_ARGS });
    const path = "live/refresh";
    const recording = await oddRecording("intra_refresh");
    await using _publisher = await OddPublisher.publish(gateway, recording, { path });
    const advice = await until("the publisher is told", async () => {
      return (await gateway.stream(path))?.webrtc.advice;
    });
    assert(advice.includes("intra refresh"), advice);
    assertEquals((await gateway.stream(path))?.advice, [advice]);
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/"));
    await page.getByText("Turn intra refresh off").waitFor();
    // And so are those who come too late to see it.
    await page.goto(gateway.httpUrl(`/#${path}`));
    await page.locator("#notice-detail").getByText("This stream has no key frames").waitFor();
  },
);

async function showsByWhep(page: Page, gateway: GatewayProcess, path: string): Promise<void> {
  const viewer = await watchByWhep(page, gateway, path);
  await viewer.moreFrames(PICTURES);
  const { pictureSize, framesDropped } = await viewer.statistics();
  assertEquals([pictureSize, framesDropped], ["320x180", 0]);
  // What is heard first in a process waits for its decoder.
  await until("there is sound", async () => (await viewer.statistics()).audioEnergy > 0);
  await viewer.leave();
}

async function showsByFlv(page: Page, gateway: GatewayProcess, path: string): Promise<void> {
  await page.goto(gateway.httpUrl(`/#${path}?via=http-flv`));
  await page.reload();
  await page.locator('#player[data-state="playing"]').waitFor();
  await page.waitForFunction((pictures) => {
    const video = document.querySelector("video")!;
    return video.videoWidth === 320 &&
      video.getVideoPlaybackQuality().totalVideoFrames >= pictures;
  }, PICTURES);
}
