/// <reference lib="dom" />
/**
 * Gateway, a publisher of three sizes, and the page in Chromium and ffmpeg, which play whichever fits by
 * FLV over a link that becomes narrow and wide again. Prints what they show, as JSON. To be run by
 * `runInLossyNetwork`.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import {
  keepBuffersSmall,
  openNarrowLink,
  sendTcpInPackets,
  setNarrowLink,
} from "../../testing/network/narrow_link.ts";
import { until } from "../../testing/waiting.ts";
import { spawnPeer } from "../interop/peer_process.ts";
import { encodeSizes, publishSizes, THREE_SIZES } from "../interop/rendition_publisher.ts";
import { launchChromium } from "./chromium.ts";

const WIDE_KBPS = 100_000;
/** Enough for two of the smallest. */
const NARROW_KBPS = 1000;
const PATIENCE_MS = 45_000;
const LARGEST = THREE_SIZES[0]!.width;

/** A change of size, and how long nothing was shown around it. */
interface ShownSize {
  readonly width: number;
  frames: number;
  longestGapMs: number;
}

keepBuffersSmall();
sendTcpInPackets("cubic");

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = await publishSizes(
  gateway.rtmpPort,
  ["live", "sizes"],
  await encodeSizes(THREE_SIZES, { durationS: 6 }),
);
await until("all sizes are known", async () => {
  return (await gateway.stream("live/sizes"))?.tracks?.length === 4;
});
openNarrowLink({ protocol: "tcp", port: gateway.httpPort }, WIDE_KBPS);
await using browser = await launchChromium();
const { page, faults } = browser;
await page.addInitScript(watch);
await page.goto(gateway.httpUrl("/#live/sizes?via=http-flv"));
await page.locator('#player[data-state="playing"]').waitFor();
await using ffmpeg = spawnPeer("ffmpeg", [
  ...["-v", "info", "-nostdin", "-nostats", "-i", gateway.httpUrl("/live/sizes.flv?vtrack=auto")],
  ...["-an", "-vf", "showinfo", "-f", "null", "-"],
]);
const decoded = () => changesIn(ffmpeg.output());
const shown = () => page.evaluate(() => (globalThis as unknown as { sizes: ShownSize[] }).sizes);
const isAt = (isWanted: (width: number) => boolean) => async () =>
  isWanted(decoded().at(-1) ?? 0) && isWanted((await shown()).at(-1)?.width ?? 0);
const patience = { timeoutMs: PATIENCE_MS };
await until("both play the largest", isAt((width) => width === LARGEST), patience);
setNarrowLink(NARROW_KBPS);
await until("both play smaller ones", isAt((width) => width < LARGEST), patience).catch(told);
setNarrowLink(WIDE_KBPS);
await until("both play the largest again", isAt((width) => width === LARGEST), patience)
  .catch(told);
const errors = ffmpeg.output().match(/error while decoding|Invalid data|concealing/g) ?? [];
const states = await page.evaluate(() => (globalThis as unknown as { states: string[] }).states);
console.log(
  JSON.stringify({ shown: await shown(), decoded: decoded(), errors, states, faults }),
);

function told(error: unknown): void {
  console.error(`${error}`);
}

/** The widths of pictures that ffmpeg has decoded, one for each time that they change. */
function changesIn(output: string): number[] {
  const widths = [...output.matchAll(/\] n: *\d+ .* s:(\d+)x/g)].map(([, width]) => Number(width));
  return widths.filter((width, at) => width !== widths[at - 1]);
}

/** Runs in the page, before its own scripts. */
function watch(): void {
  const sizes: ShownSize[] = [];
  const states: string[] = [];
  Object.assign(globalThis, { sizes, states });
  addEventListener("DOMContentLoaded", () => {
    const video = document.querySelector("video")!;
    let shownMs = performance.now();
    const note = (nowMs: number, { width }: VideoFrameCallbackMetadata) => {
      if (sizes.at(-1)?.width !== width) sizes.push({ width, frames: 0, longestGapMs: 0 });
      const size = sizes.at(-1)!;
      size.frames++;
      size.longestGapMs = Math.max(size.longestGapMs, Math.round(nowMs - shownMs));
      shownMs = nowMs;
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    const player = document.querySelector<HTMLElement>("#player")!;
    new MutationObserver(() => states.push(`${player.dataset.state}`))
      .observe(player, { attributeFilter: ["data-state"] });
  });
}
