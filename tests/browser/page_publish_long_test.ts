/// <reference lib="dom" />
/** What can be chosen on the page to be published, before it is live and meanwhile. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { goLive, publisherState, sentFigures, waitForState } from "./page_publisher.ts";

const ARTEFACTS = new URL("../artefacts/", import.meta.url);
const PATIENCE_MS = 30_000;
const PATH = "live/me";

const ignore = chromiumMissing();

for (const [codec, shown] of [["VP8", "VP8"], ["VP9", "VP9"], ["AV1", "AV1"]] as const) {
  Deno.test(
    { name: `the page publishes ${shown} where that is chosen, in layers`, ignore },
    async () => {
      await using gateway = await startGateway();
      await using browser = await launchChromium({ hasCamera: true });
      const { page, faults } = browser;
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(gateway.httpUrl("/"));
      await page.locator("#picture-codec").selectOption(codec);
      await page.locator("#picture-size").selectOption("480p");
      await page.getByLabel("Several sizes at once").check();
      await goLive(page, "me");
      await until("both sizes have come", async () => {
        const tracks = (await gateway.stream(PATH))?.tracks ?? [];
        const sizes = tracks.flatMap((track) => track.kind === "video" ? [track.width] : []);
        return sizes.length === 2 && sizes.every((width) => width! > 0);
      }).catch(async (error) => {
        throw new Error(`${error}: ${JSON.stringify(await gateway.stream(PATH))}`);
      });
      assertEquals((await gateway.stream(PATH))?.video?.codec, codec);
      await until(
        "both are told",
        async () => /fps/.test((await sentFigures(page))["Size 2"] ?? ""),
      );
      assertMatch((await sentFigures(page))["Codecs"]!, new RegExp(`^${shown} · Opus`));
      assertEquals(faults, []);
    },
  );
}

Deno.test({ name: "what is captured changes while the page is live", ignore }, async (t) => {
  await using gateway = await startGateway();
  await using browser = await launchChromium({ hasCamera: true });
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(gateway.httpUrl("/"));

  await t.step("a preview is seen by nobody else", async () => {
    await page.getByRole("button", { name: "Preview" }).click();
    await waitForState(page, "preview");
    await page.getByText("Nobody but you sees this").waitFor();
    await until("the preview shows something", () => page.evaluate(previewWidth));
    assertEquals((await gateway.status()).streams, []);
    // Now the devices have names.
    assertEquals(await page.locator("#camera option").allInnerTexts(), [
      ...["fake_device_0", "fake_device_1", "fake_device_2", "No camera"],
    ]);
  });

  await goLive(page, "me");
  const watcher = await page.context().newPage();
  watcher.setDefaultTimeout(PATIENCE_MS);
  await watcher.goto(gateway.httpUrl(`/#${PATH}`));
  await watcher.locator('#player[data-state="playing"]').waitFor();
  const session = await publisherId(gateway);

  await t.step("the size", async () => {
    await page.locator("#picture-size").selectOption("360p");
    await until("pictures are smaller", async () => {
      return (await gateway.stream(PATH))?.video?.height === 360;
    });
  });

  await t.step("the camera", async () => {
    const before = await page.evaluate(previewTrack);
    await page.locator("#camera").selectOption({ index: 2 });
    await until("it is another", async () => {
      const now = await page.evaluate(previewTrack);
      return now !== undefined && now !== before;
    });
    await moreFrames(watcher);
  });

  await t.step("its picture is hidden, its sound muted, and both come back", async () => {
    assert(await isBright(watcher) && await isLoud(watcher));
    await page.getByRole("button", { name: "Hide picture" }).click();
    await page.getByRole("button", { name: "Mute sound" }).click();
    await until("nothing is seen", async () => !await isBright(watcher));
    await until("nothing is heard", async () => !await isLoud(watcher));
    assertEquals(await page.locator('[aria-pressed="true"]:visible').allInnerTexts(), [
      ...["Mute sound", "Hide picture"],
    ]);
    assertEquals(await watcher.locator("#player").getAttribute("data-state"), "playing");
    await page.getByRole("button", { name: "Hide picture" }).click();
    await page.getByRole("button", { name: "Mute sound" }).click();
    await until("it is seen again", () => isBright(watcher));
    await until("it is heard again", () => isLoud(watcher));
  });

  await t.step("the screen in place of the camera", async () => {
    await page.getByRole("radio", { name: "Screen" }).check({ force: true });
    await until("it is a screen", async () => {
      return (await page.evaluate(previewLabel))?.startsWith("screen");
    });
    assertEquals(await page.locator("#camera-choice").isVisible(), false);
    await moreFrames(watcher);
    await screenshot(page, "console-publish-screen.png");
  });

  await t.step("no sound", async () => {
    await page.locator("#sound-source").selectOption("none");
    await page.getByRole("button", { name: "Mute sound" }).waitFor({ state: "hidden" });
    await until("nothing is heard", async () => !await isLoud(watcher));
  });

  await t.step("and all that in one session", async () => {
    assertEquals(await publisherState(page), "live");
    assertEquals(await publisherId(gateway), session);
    assertEquals((await gateway.status()).counters["publishesRefused"] ?? 0, 0);
  });

  await t.step("a screen that is not shared any more is told", async () => {
    await page.evaluate(endPreview);
    await page.getByText("The camera or screen has ended").waitFor();
    assertEquals(await publisherState(page), "idle");
  });

  await t.step("it looks the same on a telephone, in the dark, and by keyboard", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.getByRole("radio", { name: "Camera" }).check({ force: true });
    await page.getByRole("button", { name: "Go live" }).focus();
    await page.keyboard.press("Enter");
    await waitForState(page, "live");
    assertEquals(await focused(page), "publish-stop");
    const [wanted, shown] = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth, clientWidth] as const;
    });
    assert(wanted <= shown, `The page is ${wanted} wide on a telephone of ${shown}`);
    await screenshot(page, "console-publish-phone.png");
    await page.keyboard.press("Enter");
    await waitForState(page, "idle");
    assertEquals(await focused(page), "publish-start");
  });

  assertEquals(faults, []);
});

async function publisherId(gateway: GatewayProcess): Promise<string | undefined> {
  return (await gateway.stream(PATH))?.publish.cid;
}

async function focused(page: Page): Promise<string | undefined> {
  return await page.evaluate(() => document.activeElement?.id);
}

/** Runs in the page. */
function previewWidth(): number {
  return document.querySelector<HTMLVideoElement>("#preview")!.videoWidth;
}

/** Runs in the page. */
function previewTrack(): string | undefined {
  const stream = document.querySelector<HTMLVideoElement>("#preview")!.srcObject as MediaStream;
  return stream?.getVideoTracks()[0]?.getSettings().deviceId;
}

/** Runs in the page. */
function previewLabel(): string | undefined {
  const stream = document.querySelector<HTMLVideoElement>("#preview")!.srcObject as MediaStream;
  return stream?.getVideoTracks()[0]?.label;
}

/** Runs in the page: as when the reader ends it in the browser's own bar. */
function endPreview(): void {
  const stream = document.querySelector<HTMLVideoElement>("#preview")!.srcObject as MediaStream;
  const [track] = stream.getVideoTracks();
  track!.stop();
  track!.dispatchEvent(new Event("ended"));
}

async function moreFrames(page: Page): Promise<void> {
  const frames = () => {
    return document.querySelector<HTMLVideoElement>("#video")!.getVideoPlaybackQuality()
      .totalVideoFrames;
  };
  const before = await page.evaluate(frames);
  await until("pictures go on", async () => await page.evaluate(frames) > before + 20);
}

/** Whether what is shown has any bright pixel. */
function isBright(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const context = new OffscreenCanvas(64, 36).getContext("2d")!;
    context.drawImage(document.querySelector<HTMLVideoElement>("#video")!, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    return data.some((value, at) => at % 4 !== 3 && value > 90);
  });
}

/** Whether anything is heard within a second and a half: the microphone sounds once a second. */
function isLoud(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const context = new AudioContext();
    const node = context.createAnalyser();
    const stream = document.querySelector<HTMLVideoElement>("#video")!.srcObject as MediaStream;
    context.createMediaStreamSource(stream).connect(node);
    const samples = new Uint8Array(node.fftSize);
    const untilMs = performance.now() + 1500;
    let isLoud = false;
    while (!isLoud && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      node.getByteTimeDomainData(samples);
      isLoud = samples.some((sample) => Math.abs(sample - 128) > 3);
    }
    await context.close();
    return isLoud;
  });
}

async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await page.locator("#publisher").scrollIntoViewIfNeeded();
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
