/// <reference lib="dom" />
/** The page plays what is published by WHIP, by what plays it, without showing that it had to choose. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { publishByWhip } from "./whip_publisher.ts";

const PATH = "live/camera";
const PATIENCE_MS = 30_000;
const MORE_FRAMES = 45;

/** Whether FLV of it is played here: mpegts.js knows H.264 and AV1 of what browsers send. */
const CODECS = { H264: true, AV1: true, VP8: false, VP9: false } as const;

for (const [codec, isInFlv] of Object.entries(CODECS)) {
  const name =
    `${codec} and Opus by WHIP: the page plays it, and tells why not where FLV is chosen`;
  Deno.test({ name, ignore: chromiumMissing() }, async (t) => {
    await using gateway = await startGateway();
    await using browser = await launchChromium({ hasCamera: true });
    const publisher = await publishByWhip(browser.page, gateway, PATH, { codec });
    await until("it has both tracks", async () => {
      const stream = await gateway.stream(PATH);
      return stream?.video?.width === 640 && stream.audio;
    });
    const page = await browser.page.context().newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(noteStates);

    await t.step("by WebRTC, and nothing else is seen on the way", async () => {
      await page.goto(gateway.httpUrl(`/#${PATH}`));
      await page.locator('#player[data-state="playing"][data-transport="webrtc"]').waitFor();
      await moreFrames(page);
      assertEquals(await states(page), ["connecting", "playing"]);
      for (const id of ["transport-note", "address-note"]) {
        assertEquals(await page.locator(`#${id}`).isVisible(), false, id);
      }
    });

    for (const via of ["http-flv", "ws-flv"]) {
      await t.step(`${via} is not left where it is chosen`, async () => {
        await page.goto("about:blank");
        await page.goto(gateway.httpUrl(`/#${PATH}?via=${via}`));
        if (isInFlv) {
          await page.locator(`#player[data-state="playing"][data-transport="${via}"]`).waitFor();
          await moreFrames(page);
          assert(await page.evaluate(heardBytes) > 0, "No sound is decoded");
        } else {
          await page.locator(`#player[data-state="unsupported"][data-transport="${via}"]`)
            .waitFor();
          await page.getByText(`does not know ${codec}: WebRTC plays it`).waitFor();
        }
        const note = await page.locator("#address-note").innerText();
        assertMatch(note, /sound is Opus: .* only AAC show the pictures without sound\.$/);
        assertEquals(note.includes(`pictures are ${codec}`), codec !== "H264", note);
      });
    }
    assertEquals(await publisher.leave(), 200);
    assertMatch(gateway.output(), /live\/camera: Its sound is Opus/);
    assertEquals(gateway.output().match(/Its sound is Opus/g)?.length, 1);
  });
}

/** Runs in the page before its scripts. */
function noteStates(): void {
  const states: string[] = [];
  Object.assign(globalThis, { states });
  addEventListener("DOMContentLoaded", () => {
    const player = document.querySelector<HTMLElement>("#player")!;
    const note = () => {
      const { state = "" } = player.dataset;
      if (states.at(-1) !== state) states.push(state);
    };
    note();
    new MutationObserver(note).observe(player, { attributeFilter: ["data-state"] });
  });
}

async function states(page: Page): Promise<string[]> {
  return await page.evaluate(() => (globalThis as unknown as { states: string[] }).states);
}

/** Runs in the page. */
function heardBytes(): number {
  const video = document.querySelector("video") as HTMLVideoElement & {
    webkitAudioDecodedByteCount: number;
  };
  return video.webkitAudioDecodedByteCount;
}

async function moreFrames(page: Page): Promise<void> {
  const frames = () => document.querySelector("video")!.getVideoPlaybackQuality().totalVideoFrames;
  const before = await page.evaluate(frames);
  await page.waitForFunction(
    (wanted) => {
      return document.querySelector("video")!.getVideoPlaybackQuality().totalVideoFrames >= wanted;
    },
    before + MORE_FRAMES,
  );
}
