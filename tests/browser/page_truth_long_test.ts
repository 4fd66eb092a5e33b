/// <reference lib="dom" />
/** The page says what is: whether anything plays, by what, and to whom advice is given. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { MAIN_PROFILE_ARGS, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { IS_LONG, longForm } from "../../testing/long_form.ts";

const ARTEFACTS = new URL("../artefacts/", import.meta.url);
const PATIENCE_MS = 60_000;

const ignore = chromiumMissing();

for (const sources of longForm([["video", "audio"], ["audio"]] as const, 1)) {
  const name = `WebRTC that stands still is told, of ${sources.join(" and ")}`;
  Deno.test({ name, ignore }, async () => {
    await using gateway = await startGateway({ config: { timeouts: { idleMs: 4000 } } });
    const publish = () => publishWithFfmpeg({ url: gateway.rtmpUrl("live/still"), sources });
    await using publisher = publish();
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/#live/still?via=webrtc"));
    await state(page, "playing");
    publisher.kill("SIGSTOP");
    await state(page, "stalled");
    await page.getByText("Buffering").waitFor();
    // The gateway has ended the publisher.
    await state(page, "waiting");
    await page.getByText("The publisher is away").waitFor();
    publisher.kill("SIGKILL");
    await using _next = publish();
    await state(page, "playing");
  });
}

Deno.test(
  { name: "WebRTC without pictures is tried anew", ignore: ignore || !IS_LONG },
  async () => {
    await using gateway = await startGateway();
    await using _publisher = publishWithFfmpeg({ url: gateway.rtmpUrl("live/test") });
    await using browser = await launchChromium();
    const { page } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(freezeFirstConnection);
    await page.goto(gateway.httpUrl("/#live/test?via=webrtc"));
    await state(page, "playing");
    await page.evaluate(() => (globalThis as unknown as { isFrozen: boolean }).isFrozen = true);
    await page.getByText("Nothing new arrived for").waitFor();
    await state(page, "playing");
  },
);

Deno.test(
  { name: "B-frames: all pictures to viewers, advice to publishers", ignore },
  async (t) => {
    await using gateway = await startGateway();
    await using _publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/b"),
      codecArgs: [...MAIN_PROFILE_ARGS, "-bf", "2", "-b_strategy", "0"],
    });
    await until("B-frames are seen", async () => (await gateway.stream("live/b"))?.video?.bFrames);
    await using browser = await launchChromium();
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await t.step("a click plays them over HTTP-FLV, and says why", async () => {
      await page.goto(gateway.httpUrl("/"));
      await page.locator('tr[data-stream="live/b"]').getByText("AAC-LC").click();
      await page.locator('#player[data-state="playing"][data-transport="http-flv"]').waitFor();
      await page.locator("#transport-note").getByText("B-frames").waitFor();
      assertEquals(await page.locator("#player").getByText("OBS").count(), 0);
      await page.locator("#encoder-advice").getByText("In OBS set Max B-frames to 0").waitFor();
      await page.locator("#encoder-advice").getByText("live/b", { exact: true }).waitFor();
      await screenshot(page, "console-b-frames.png");
    });
    await t.step("and over WebRTC where that is chosen", async () => {
      await page.getByRole("radio", { name: "WebRTC" }).check({ force: true });
      await page.locator('#player[data-state="playing"][data-transport="webrtc"]').waitFor();
      assertEquals(await page.locator("#transport-note").isVisible(), false);
      assertEquals(await page.locator("#player").getByText("OBS").count(), 0);
    });
    await t.step("the page has no faults", () => assertEquals(faults, []));
  },
);

Deno.test({ name: "a stream that is over is not said to be playing", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--grace-period-ms", "300"] });
  const publisher = publishWithFfmpeg({
    url: gateway.rtmpUrl("live/b"),
    codecArgs: [...MAIN_PROFILE_ARGS, "-bf", "2", "-b_strategy", "0"],
  });
  await using browser = await launchChromium();
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  {
    await using _publisher = publisher;
    await until("B-frames are seen", async () => (await gateway.stream("live/b"))?.video?.bFrames);
    await page.goto(gateway.httpUrl("/#live/b"));
    await page.locator("#transport-note").getByText("B-frames").waitFor();
  }
  await page.locator('#player[data-state="offline"]').waitFor();
  assertEquals(await page.locator("#transport-note").isVisible(), false);
});

Deno.test(
  { name: "keys, the stream's profile, and rows that can be clicked", ignore },
  async (t) => {
    await using gateway = await startGateway();
    await using _publisher = publishWithFfmpeg({
      url: gateway.rtmpUrl("live/test"),
      codecArgs: ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-bf", "0"]
        .concat(["-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac"]),
    });
    await using browser = await launchChromium();
    const { page, faults } = browser;
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(gateway.httpUrl("/"));
    const row = page.locator('tr[data-stream="live/test"]');
    await t.step("a row shows that it can be clicked", async () => {
      await row.getByText("H.264 High").waitFor();
      await screenshot(page, "console-rows.png");
      const look = await row.evaluate((element) => {
        const link = element.querySelector("a")!;
        return [getComputedStyle(element).cursor, getComputedStyle(link, "::before").content];
      });
      assertEquals(look[0], "pointer");
      assert(look[1]!.includes("▶"), look[1]);
      await row.locator("td").last().click();
      await state(page, "playing");
    });
    await t.step("keys work wherever the focus is", async () => {
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press("i");
      await page.locator("#stats").getByText("H.264 High").waitFor();
      await page.locator("#ffmpeg-test").click();
      await page.keyboard.press("i");
      await page.locator("#stats").waitFor({ state: "hidden" });
      await page.locator("#volume").focus();
      await page.keyboard.press("m");
      assertEquals(
        await page.getByRole("button", { name: "Mute" }).getAttribute("aria-pressed"),
        "true",
      );
    });
    await t.step("but in a field, where they are typed", async () => {
      await page.getByLabel("Stream name").fill("");
      await page.keyboard.type("mis");
      assertEquals(await page.getByLabel("Stream name").inputValue(), "mis");
      assertEquals(await page.locator("#stats").isVisible(), false);
      await state(page, "playing");
    });
    await t.step("and on a narrow page", async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByText("Live streams").scrollIntoViewIfNeeded();
      await screenshot(page, "console-rows-phone.png");
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press("s");
      await page.locator("#player").waitFor({ state: "hidden" });
    });
    await t.step("the page has no faults", () => assertEquals(faults, []));
  },
);

async function state(page: Page, name: string): Promise<void> {
  await page.locator(`#player[data-state="${name}"]`).waitFor();
}

/** Runs in the page before its scripts: the first connection's figures can be made to stand still. */
function freezeFirstConnection(): void {
  const page = globalThis as unknown as { isFrozen: boolean };
  const getStats = RTCPeerConnection.prototype.getStats;
  let first: RTCPeerConnection | undefined;
  let kept: Promise<RTCStatsReport> | undefined;
  RTCPeerConnection.prototype.getStats = function (this: RTCPeerConnection) {
    first ??= this;
    if (this !== first || !page.isFrozen) return getStats.call(this);
    return kept ??= getStats.call(this);
  };
}

async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
