/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { type Publisher, publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { delay, until } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";
import { streamReady, watchByWhep, type WhepViewer } from "./whep_viewer.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const PATH = "live/again";
const ignore = chromiumMissing();

/** How long the publisher is away: more than a moment, less than the grace period. */
const AWAY_MS = 2000;
/** Of the pictures after each return: another one as when the encoder's settings were changed. */
const SIZES = IS_LONG ? ["640x360", "854x480"] : ["854x480"];
/** Pictures that the browser has and does not show yet: a third of a second. */
const MAX_HELD = 10;
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

  await using publishers = new AsyncDisposableStack();
  let publisher: Publisher = first;
  for (const size of SIZES) {
    publisher = publishers.use(await assertGoesOn(gateway, viewer, publisher, size));
  }
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
    // A sender whose clock stood still meanwhile is taken for slow, and its pictures are held back.
    assert(after.framesReceived - after.framesDecoded <= MAX_HELD, told);
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
