/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../gateway_process.ts";
import { type Publisher, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay, until } from "../waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";

const PATH = "live/again";
const ignore = chromiumMissing();

/** How long the publisher is away: more than a moment, less than the grace period. */
const AWAY_MS = 2000;
/** Two seconds of pictures. */
const MORE_FRAMES = 60;

Deno.test({ name: "a WHEP viewer goes on when the publisher comes back", ignore }, async () => {
  await using gateway = await startGateway({ args: ["--shards", "2"] });
  await using browser = await launchChromium();
  const { page } = browser;
  const posts: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") posts.push(request.url());
  });
  await using first = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH) });
  await streamReady(gateway, PATH);
  const viewer = await watchByWhep(page, gateway, PATH);
  await viewer.moreFrames(MORE_FRAMES);

  await using second = await assertGoesOn(gateway, viewer, first, "640x360");
  // As when the settings of the encoder were changed meanwhile.
  await using _third = await assertGoesOn(gateway, viewer, second, "854x480");
  assertEquals(await page.evaluate(pictureWidth), 854);
  assertEquals(posts, [gateway.httpUrl(`/${PATH}/whep`)]);
  assertEquals((await gateway.stream(PATH))?.webrtc.viewers, 1);
});

/** Ends a publisher, starts another after a while, and returns that. */
async function assertGoesOn(
  gateway: GatewayProcess,
  viewer: WhepViewer,
  publisher: Publisher,
  size: string,
): Promise<Publisher> {
  publisher.kill("SIGKILL");
  await until("the stream waits", async () => (await gateway.stream(PATH))?.state === "waiting");
  await delay(AWAY_MS);
  const away = await viewer.statistics();
  const next = publishWithFfmpeg({ url: gateway.rtmpUrl(PATH), size });
  try {
    const after = await until("pictures and sound go on", async () => {
      const now = await viewer.statistics();
      const frames = now.framesDecoded - away.framesDecoded;
      const energy = now.audioEnergy - away.audioEnergy;
      return frames >= MORE_FRAMES && energy > 0.005 ? now : undefined;
    });
    const told = JSON.stringify({ away, after });
    assertEquals(after.connection, "connected", told);
    assertEquals([after.pliCount, after.videoPacketsLost, after.audioPacketsLost], [0, 0, 0], told);
    // The silence meanwhile is one freeze.
    assert(after.freezeCount - away.freezeCount <= 1, told);
    return next;
  } catch (error) {
    await next[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs in the page. */
function pictureWidth(): number {
  return document.querySelector("video")!.videoWidth;
}
