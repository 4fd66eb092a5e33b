/**
 * Gateway, publisher of one rendition and Chromium, over a link whose width changes. Prints what the
 * viewer got in each phase, as JSON. To be run by `runInLossyNetwork` with phases such as "1000:10",
 * kilobits a second and seconds.
 */
import { startGateway } from "../../testing/gateway_process.ts";
import { openNarrowLink, queuedBytes, setNarrowLink } from "../../testing/network/narrow_link.ts";
import { delay } from "../../testing/waiting.ts";
import { publishWithFfmpeg } from "../interop/ffmpeg.ts";
import { launchChromium } from "./chromium.ts";
import { type LinkPhase, PHASE_START_MS, SAMPLE_MS } from "./narrow_link_phase.ts";
import { streamReady, watchByWhep, type WhepStatistics } from "./whep_viewer.ts";

const PATH = "live/narrow";
const WIDE_KBPS = 100_000;
const VIDEO_KBPS = 2000;
const FRAME_RATE = 30;
const KEY_FRAME_S = 2;

const phases = Deno.args.map((text) => {
  const [kbps, lengthS] = text.split(":").map(Number) as [number, number];
  return { kbps, lengthS };
});

await using gateway = await startGateway({ args: ["--shards", "1"] });
await using _publisher = publishWithFfmpeg({
  url: gateway.rtmpUrl(PATH),
  pictures: `testsrc2=size=960x540:rate=${FRAME_RATE},noise=alls=10:allf=t`,
  codecArgs: [
    ...["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main"],
    ...["-pix_fmt", "yuv420p", "-g", `${KEY_FRAME_S * FRAME_RATE}`, "-sc_threshold", "0"],
    ...["-b:v", `${VIDEO_KBPS}k`, "-maxrate", `${VIDEO_KBPS}k`, "-bufsize", `${VIDEO_KBPS / 2}k`],
    ...["-c:a", "aac", "-b:a", "96k"],
  ],
});
openNarrowLink({ protocol: "udp", port: gateway.webrtcPorts[0]! }, WIDE_KBPS);
await using browser = await launchChromium();
await streamReady(gateway, PATH);
const viewer = await watchByWhep(browser.page, gateway, PATH);
await viewer.moreFrames(90);
const results: LinkPhase[] = [];
for (const { kbps, lengthS } of phases) results.push(await watchPhase(kbps, lengthS));
console.log(JSON.stringify(results));

async function watchPhase(kbps: number, lengthS: number): Promise<LinkPhase> {
  setNarrowLink(kbps);
  const beganMs = performance.now();
  const samples: { readonly atMs: number; readonly statistics: WhepStatistics }[] = [];
  const queuesMs: number[] = [];
  while (performance.now() - beganMs < lengthS * 1000) {
    const atMs = performance.now() - beganMs;
    samples.push({ atMs, statistics: await viewer.statistics() });
    if (atMs > PHASE_START_MS) queuesMs.push(queuedBytes() * 8 / kbps);
    await delay(SAMPLE_MS);
  }
  const [first, last] = [samples[0]!, samples.at(-1)!];
  queuesMs.sort((one, other) => one - other);
  const heard = last.statistics.audioSamples - first.statistics.audioSamples;
  return {
    kbps,
    lengthMs: last.atMs,
    frames: last.statistics.framesDecoded - first.statistics.framesDecoded,
    longestGapMs: longestGapMs(samples),
    fullAfterMs: fullAfterMs(samples),
    freezes: last.statistics.freezeCount - first.statistics.freezeCount,
    concealed: concealedPart(samples),
    concealedSettled: concealedPart(samples.filter(({ atMs }) => atMs > PHASE_START_MS)),
    heardPart: heard / 48 / last.atMs,
    queueP95Ms: queuesMs[Math.floor(0.95 * queuesMs.length)] ?? 0,
    frameTimes: samples.map(({ atMs, statistics }) =>
      [Math.round(atMs), statistics.framesDecoded, statistics.concealedSamples] as const
    ),
  };
}

type Samples = readonly { readonly atMs: number; readonly statistics: WhepStatistics }[];

/** Part of the sound that was made up between the first and the last sample. */
function concealedPart(samples: Samples): number {
  const [{ statistics: first }, { statistics: last }] = [samples[0]!, samples.at(-1)!];
  const heard = last.audioSamples - first.audioSamples;
  return (last.concealedSamples - first.concealedSamples) / Math.max(heard, 1);
}

/** The longest time without a new picture; one that is not over counts as well. */
function longestGapMs(samples: Samples): number {
  let gapMs = 0;
  let sinceMs = 0;
  let frames = samples[0]!.statistics.framesDecoded;
  for (const { atMs, statistics } of samples) {
    gapMs = Math.max(gapMs, atMs - sinceMs);
    if (statistics.framesDecoded === frames) continue;
    frames = statistics.framesDecoded;
    sinceMs = atMs;
  }
  return gapMs;
}

/** When all pictures have come for a second for the first time; `null` if never. */
function fullAfterMs(samples: Samples): number | null {
  for (const { atMs, statistics } of samples) {
    const later = samples.find((sample) => sample.atMs >= atMs + 1000);
    if (later === undefined) return null;
    const frames = later.statistics.framesDecoded - statistics.framesDecoded;
    const rate = frames * 1000 / (later.atMs - atMs);
    if (rate >= 0.9 * FRAME_RATE && rate <= 1.2 * FRAME_RATE) return atMs;
  }
  return null;
}
