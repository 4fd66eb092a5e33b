/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { startGateway } from "../../testing/gateway_process.ts";
import { encodeEnhancedTwins, MAIN_WIDTH, OTHER_WIDTH } from "../interop/enhanced_twin.ts";
import { RtmpPublisher } from "../interop/rtmp_publisher.ts";
import { isPeerMissing } from "../../testing/peers.ts";
import { delay } from "../../testing/waiting.ts";
import { chromiumMissing, launchChromium } from "./chromium.ts";

const NAME = "mpegts.js plays H.264 and AAC of any track, however they were published";

const ignore = chromiumMissing() || isPeerMissing(NAME, ["ffmpeg"]);

/** What is sent over and over, each time behind the last. */
const DURATION_S = 2;

/** Of `mpegts.js`, what is used here. */
interface Mpegts {
  createPlayer(source: unknown, config: unknown): {
    attachMediaElement(element: Element): void;
    load(): void;
  };
}

Deno.test({ name: NAME, ignore }, async (t) => {
  await using gateway = await startGateway({ args: ["--shards", "1"] });
  const twins = await encodeEnhancedTwins(DURATION_S);
  using publisher = await RtmpPublisher.connect(gateway.rtmpPort, "live", "twins");
  assertEquals(await publisher.answer(), "NetStream.Publish.Start");
  let isOver = false;
  const publishing = (async () => {
    const startedMs = performance.now();
    for (let round = 0; !isOver; round++) {
      for (const tag of twins.tags) {
        const timestampMs = round * DURATION_S * 1000 + tag.timestampMs;
        while (!isOver && performance.now() - startedMs < timestampMs) await delay(20);
        if (isOver) return;
        await publisher.send({ ...twins, tags: [{ ...tag, timestampMs }] });
      }
    }
  })();
  try {
    await using browser = await launchChromium();
    const { page, faults } = browser;
    await page.goto(gateway.httpUrl("/"));
    await page.addScriptTag({ url: "/assets/mpegts.js" });
    for (const [query, width] of [["", MAIN_WIDTH], ["?vtrack=1&atrack=1", OTHER_WIDTH]] as const) {
      await t.step(query || "default tracks", async () => {
        await page.evaluate((url) => {
          const video = document.createElement("video");
          video.id = "tried";
          video.muted = true;
          document.querySelector("#tried")?.remove();
          document.body.append(video);
          const { mpegts } = globalThis as unknown as { mpegts: Mpegts };
          const player = mpegts.createPlayer({ type: "flv", isLive: true, url }, {});
          player.attachMediaElement(video);
          player.load();
          void video.play();
        }, gateway.httpUrl(`/live/twins.flv${query}`));
        await page.waitForFunction((width) => {
          const video = document.querySelector<HTMLVideoElement>("#tried")!;
          const { totalVideoFrames } = video.getVideoPlaybackQuality();
          const decoded = video as HTMLVideoElement & { webkitAudioDecodedByteCount: number };
          return video.videoWidth === width && totalVideoFrames > 25 &&
            decoded.webkitAudioDecodedByteCount > 1000;
        }, width);
      });
    }
    assertEquals(faults, []);
  } finally {
    isOver = true;
    await publishing;
  }
});
