/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { ManyPublishers } from "../interop/many_publishers.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const ARTEFACTS = new URL("../artefacts/", import.meta.url);
/** A stream must be listed, or play, within this time. */
const PATIENCE_MS = 60_000;
/** Frames that must be decoded after the first look: two seconds at 30 a second. */
const MORE_FRAMES = 60;

const ignore = chromiumMissing();

Deno.test({ name: "the console lists and plays a published stream", ignore }, async (t) => {
  await using gateway = await startGateway();
  await using _publisher = publishWithFfmpeg({
    url: `rtmp://127.0.0.1:${gateway.rtmpPort}/live/test`,
  });
  await using browser = await launchChromium();
  const { page, faults } = browser;
  page.setDefaultTimeout(PATIENCE_MS);

  await t.step("the list shows its codecs, picture and sound", async () => {
    await page.goto(`http://127.0.0.1:${gateway.httpPort}/`);
    const row = page.locator('tr[data-stream="live/test"][data-state="live"]');
    await row.getByText("H.264 Main").waitFor();
    await row.getByText("640×360 · 30 fps").waitFor();
    await row.getByText("AAC-LC").waitFor();
    await row.getByText("48 kHz").waitFor();
  });

  await t.step("it plays over HTTP-FLV after a click and a choice", async () => {
    await page.getByRole("link", { name: "Play live/test" }).click();
    await page.waitForURL("**/#live/test");
    await page.getByRole("radio", { name: "HTTP-FLV" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=http-flv");
    await assertPlays(page, "http-flv");
    await screenshot(page, "console-http-flv.png");
  });

  await t.step("it plays over WS-FLV after a choice, which the address remembers", async () => {
    await page.getByRole("radio", { name: "WS-FLV" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=ws-flv");
    await assertPlays(page, "ws-flv");
    await screenshot(page, "console-ws-flv.png");
  });

  await t.step("it plays over WebTransport after a choice", async () => {
    await page.getByRole("radio", { name: "WebTransport" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=webtransport");
    await assertPlays(page, "webtransport");
    await screenshot(page, "console-webtransport.png");
    await page.getByRole("radio", { name: "WS-FLV" }).check({ force: true });
    await page.waitForURL("**/#live/test?via=ws-flv");
  });

  await t.step("it plays from a shared address", async () => {
    await page.reload();
    await assertPlays(page, "ws-flv");
    assert(await page.getByRole("radio", { name: "WS-FLV" }).isChecked());
  });

  await t.step("the page has no faults and keeps its policy", () => assertEquals(faults, []));
});

for (const via of ["http-flv", "webtransport"] as const) {
  Deno.test(
    { name: `the console waits for a stream and plays it when it comes, over ${via}`, ignore },
    async () => {
      await using gateway = await startGateway();
      await using browser = await launchChromium();
      const { page } = browser;
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`http://127.0.0.1:${gateway.httpPort}/#live/later?via=${via}`);
      await page.locator('#player[data-state="offline"]').waitFor();
      await page.getByText("This stream is not live").waitFor();
      await using _publisher = publishWithFfmpeg({
        url: `rtmp://127.0.0.1:${gateway.rtmpPort}/live/later`,
      });
      await assertPlays(page, via);
    },
  );
}

for (
  const { how, listListeners } of [
    { how: "follows", listListeners: 10 },
    { how: "asks for, as too many follow it,", listListeners: 0 },
  ]
) {
  Deno.test(
    { name: `the console ${how} a list of several pages`, ignore: ignore || !IS_LONG },
    async () => {
      const limits = { streamsPerAddress: 1000, listListeners };
      await using gateway = await startGateway({
        config: { listAgeMs: 500, gracePeriodMs: 4000, limits },
      });
      using publishers = await ManyPublishers.start(gateway.rtmpPort, 130);
      await using browser = await launchChromium();
      const { page } = browser;
      page.setDefaultTimeout(PATIENCE_MS);
      const requests: string[] = [];
      page.on("request", (request) => void requests.push(new URL(request.url()).pathname));
      await page.goto(`http://127.0.0.1:${gateway.httpPort}/`);
      await page.getByText("Page 1 of 2").waitFor();
      await page.getByText("130", { exact: true }).waitFor();
      assertEquals(await page.locator("#stream-rows tr").count(), 100);
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("Page 2 of 2").waitFor();
      await page.locator('tr[data-stream="live/many99"]').waitFor();

      // What comes and goes is shown without being asked for.
      requests.length = 0;
      {
        using _late = await ManyPublishers.start(gateway.rtmpPort, 1, "zlate");
        await page.locator('tr[data-stream="live/zlate0"][data-state="live"]').waitFor();
        await page.getByText("131", { exact: true }).waitFor();
      }
      await page.locator('tr[data-stream="live/zlate0"][data-state="waiting"]').waitFor();
      const asked = requests.filter((path) => path === "/api/v1/live").length;
      assertEquals(asked > 0, listListeners === 0);
      // Times go on between two events.
      const uptime = page.locator('tr[data-stream="live/many99"] td[data-label="Uptime"]');
      const before = await uptime.textContent();
      await until("it is older", async () => await uptime.textContent() !== before);

      // A page that there is no more gives way to one that there is.
      publishers[Symbol.dispose]();
      await page.getByText("Page 2 of 2").waitFor({ state: "hidden" });
      await page.getByText("Nothing is live").waitFor();
    },
  );
}

interface Playback {
  readonly positionSeconds: number;
  readonly decodedFrames: number;
  readonly decodedAudioBytes: number;
}

/** Pictures are decoded and are not black, sound is decoded, and the time goes on. */
async function assertPlays(
  page: Page,
  transport: "http-flv" | "ws-flv" | "webtransport",
): Promise<void> {
  await page.locator(`#player[data-state="playing"][data-transport="${transport}"]`).waitFor();
  const before = await page.evaluate(readPlayback);
  await page.waitForFunction(
    ({ decodedFrames, decodedAudioBytes, positionSeconds, more }) => {
      const video = document.querySelector("video") as HTMLVideoElement & {
        webkitAudioDecodedByteCount: number;
      };
      return video.getVideoPlaybackQuality().totalVideoFrames >= decodedFrames + more &&
        video.webkitAudioDecodedByteCount > decodedAudioBytes &&
        video.currentTime > positionSeconds + 1;
    },
    { ...before, more: MORE_FRAMES },
  );
  const { brightest, colours } = await page.evaluate(readPicture);
  assert(brightest > 128, `Picture is dark: brightest channel is ${brightest}`);
  assert(colours > 4, `Picture is flat: ${colours} colours`);
}

/** Runs in the page. */
function readPlayback(): Playback {
  const video = document.querySelector("video") as HTMLVideoElement & {
    webkitAudioDecodedByteCount: number;
  };
  return {
    positionSeconds: video.currentTime,
    decodedFrames: video.getVideoPlaybackQuality().totalVideoFrames,
    decodedAudioBytes: video.webkitAudioDecodedByteCount,
  };
}

/** Runs in the page: draws the current picture small and looks at its pixels. */
function readPicture(): { brightest: number; colours: number } {
  const canvas = new OffscreenCanvas(64, 36);
  const context = canvas.getContext("2d")!;
  context.drawImage(document.querySelector("video")!, 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  const colours = new Set<string>();
  let brightest = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    brightest = Math.max(brightest, red, green, blue);
    colours.add(`${red >> 6},${green >> 6},${blue >> 6}`);
  }
  return { brightest, colours: colours.size };
}

async function screenshot(page: Page, name: string): Promise<void> {
  await Deno.mkdir(ARTEFACTS, { recursive: true });
  await Deno.writeFile(new URL(name, ARTEFACTS), await page.screenshot({ animations: "disabled" }));
}
