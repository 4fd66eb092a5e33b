/// <reference lib="dom" />
/**
 * Gateway, a publisher of three sizes and Chromium, over a link whose width changes. Prints what was
 * shown in each phase, as JSON. To be run by `runInLossyNetwork` with phases such as "1000:10",
 * kilobits a second and seconds; the first is the width that the viewer joins at.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { delay, until } from "../../testing/waiting.ts";
import { encodeSizes, publishSizes, THREE_SIZES } from "../interop/rendition_publisher.ts";
import { launchChromium } from "./chromium.ts";
import type { ShownPhase } from "./shown_phase.ts";
import { watchByWhep } from "./whep_viewer.ts";

const phases = Deno.args.map((text) => {
  const [kbps, lengthS] = text.split(":").map(Number) as [number, number];
  return { kbps, lengthS };
});

/** What the page keeps of each picture as it is shown; in the page only. */
interface Shown {
  readonly pictures: { readonly atMs: number; readonly width: number }[];
}

await using gateway = await startGateway({
  args: ["--shards", "1", "--opus-bitrate", "96k"],
});
await using _publisher = await publishSizes(
  gateway.rtmpPort,
  ["live", "sizes"],
  await encodeSizes(THREE_SIZES, { durationS: 6 }),
);
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, phases[0]!.kbps);
await using browser = await launchChromium();
const { page } = browser;
await until("all sizes are known", async () => {
  return (await gateway.stream("live/sizes"))?.tracks.length === 4;
});
const viewer = await watchByWhep(page, gateway, "live/sizes");
await page.evaluate(() => {
  const { whep } = globalThis as unknown as { whep: { video: HTMLVideoElement } };
  const shown: Shown = { pictures: [] };
  Object.assign(globalThis, { shown });
  const note = () => {
    shown.pictures.push({ atMs: performance.now(), width: whep.video.videoWidth });
    whep.video.requestVideoFrameCallback(note);
  };
  whep.video.requestVideoFrameCallback(note);
});
await viewer.moreFrames(30);
const results: ShownPhase[] = [];
for (const { kbps, lengthS } of phases) {
  const before = await viewer.statistics();
  const beganMs = await page.evaluate(() => performance.now());
  setNarrowLink(kbps);
  await delay(lengthS * 1000);
  const after = await viewer.statistics();
  const pictures = await page.evaluate((beganMs) => {
    const { shown } = globalThis as unknown as { shown: Shown };
    const all = shown.pictures.map(({ atMs, width }) => ({ atMs: atMs - beganMs, width }));
    // The last of the phase before: what follows it may have been long in coming.
    const first = all.findIndex(({ atMs }) => atMs >= 0);
    return all.slice(Math.max(0, first - 1));
  }, beganMs);
  const heard = after.audioSamples - before.audioSamples;
  results.push({
    kbps,
    lengthMs: lengthS * 1000,
    pictures,
    concealedFraction: (after.concealedSamples - before.concealedSamples) / Math.max(1, heard),
    freezes: after.freezeCount - before.freezeCount,
    freezesS: after.freezesS - before.freezesS,
    link: await describe(),
  });
}
console.log(JSON.stringify(results));

/** What the gateway knows of the viewer. */
async function describe(): Promise<unknown> {
  const { link, quality, videoTrack, reception } = await (await fetch(
    gateway.httpUrl(viewer.location),
  )).json();
  return { link, quality, videoTrack, roundTripMs: reception?.roundTripMs };
}
