/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import {
  PAINTED_FPS,
  type PaintedPage,
  publishPainted,
  startPainting,
} from "./painted_pictures.ts";
import { notedPaintings, notePaintings } from "./painted_watch.ts";
import { streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";

const PATH = "live/pauses";
const PAUSE_MS = 3000;
/** It goes on; where the machine is busy, some of it comes late. */
const MAX_CONCEALED = 0.1;

/** Whether the page sends its pictures. */
function send(page: Page, isSent: boolean): Promise<void> {
  return page.evaluate(async (isSent) => {
    const { painted, whip } = globalThis as unknown as PaintedPage;
    const { sender } = whip.peer.getTransceivers().find(({ receiver }) =>
      receiver.track.kind === "video"
    )!;
    await sender.replaceTrack(isSent ? painted.pictures : null);
  }, isSent);
}

/** Watches for a second: all pictures are whole. */
async function assertWhole({ page, moreFrames }: WhepViewer): Promise<void> {
  await moreFrames(PAINTED_FPS);
  await notePaintings(page, "whep");
  await moreFrames(PAINTED_FPS);
  const { pictures, damaged } = await notedPaintings(page, "whep");
  assertEquals(damaged, []);
  assert(pictures.length > 0);
}

/** The sound goes on meanwhile. */
async function assertHeard(viewer: WhepViewer, during: () => Promise<void>): Promise<void> {
  const before = await viewer.statistics();
  await during();
  const after = await viewer.statistics();
  const heard = after.audioSamples - before.audioSamples;
  const concealed = (after.concealedSamples - before.concealedSamples) / heard;
  assert(concealed < MAX_CONCEALED, `${concealed}`);
  assert(after.audioEnergy > before.audioEnergy);
}

for (const codec of ["H264", "VP8"]) {
  Deno.test({
    name: `a camera that comes late, is taken away, is covered, and changes its size (${codec})`,
    ignore: chromiumMissing(),
  }, async (t) => {
    await using gateway = await startGateway({
      args: ["--shards", "1"],
      config: { timeouts: { trackSettleMs: 500 } },
    });
    await using browser = await launchChromium({ hasCamera: true });
    const { page } = browser;
    await startPainting(page, gateway, { hasSound: true });
    await publishPainted(page, PATH, { codec, isSoundFirst: true });
    await streamReady(gateway, PATH);
    const listener = await page.context().newPage();
    await t.step("sound alone is heard", async () => {
      const viewer = await watchByWhep(listener, gateway, PATH);
      await until("it is heard", async () => (await viewer.statistics()).audioEnergy > 0);
      await assertHeard(viewer, () => delay(PAUSE_MS));
      await viewer.leave();
    });
    await send(page, true);
    await until("pictures are there", async () => {
      return (await gateway.stream(PATH))?.video?.width === 640;
    });
    const viewer = await watchByWhep(await page.context().newPage(), gateway, PATH);
    await t.step("pictures that come late are seen", () => assertWhole(viewer));
    await t.step("nothing comes of the camera, and then it does again", async () => {
      await assertHeard(viewer, async () => {
        await send(page, false);
        await delay(PAUSE_MS);
      });
      const { framesDecoded } = await viewer.statistics();
      await delay(PAUSE_MS / 2);
      assertEquals((await viewer.statistics()).framesDecoded, framesDecoded);
      await send(page, true);
      await assertWhole(viewer);
    });
    await t.step("it is black for a while", async () => {
      await assertHeard(viewer, async () => {
        await setEnabled(page, false);
        await delay(PAUSE_MS);
      });
      await setEnabled(page, true);
      await assertWhole(viewer);
    });
    await t.step("it gets smaller, and larger", async () => {
      for (const [width, height] of [[320, 180], [960, 540]] as const) {
        await setSize(page, width, height);
        await until(`it is ${width} wide`, async () => {
          const { pictureSize } = await viewer.statistics();
          return pictureSize === `${width}x${height}` &&
            (await gateway.stream(PATH))?.video?.width === width;
        });
        await assertWhole(viewer);
      }
    });
  });
}

function setEnabled(page: Page, isEnabled: boolean): Promise<void> {
  return page.evaluate((isEnabled) => {
    (globalThis as unknown as PaintedPage).painted.pictures.enabled = isEnabled;
  }, isEnabled);
}

function setSize(page: Page, width: number, height: number): Promise<void> {
  return page.evaluate((size) => {
    Object.assign((globalThis as unknown as PaintedPage).painted.shown, size);
  }, { width, height });
}
