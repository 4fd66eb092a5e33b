import { queuedBytes } from "../../testing/network/narrow_link.ts";
import { delay } from "../../testing/waiting.ts";
import { type LinkPhase, PHASE_START_MS, SAMPLE_MS } from "./narrow_link_phase.ts";
import { FRAME_RATE } from "./two_megabits.ts";
import type { WhepStatistics, WhepViewer } from "./whep_viewer.ts";

/** What is watched: kilobits a second of the link, and for how long. */
export interface WatchedPhase {
  readonly kbps: number;
  readonly lengthS: number;
}

/** Phases as arguments tell them: "1000:10" is ten seconds of 1 Mbit/s. */
export function phasesOf(words: readonly string[]): WatchedPhase[] {
  return words.map((word) => {
    const [kbps, lengthS] = word.split(":").map(Number) as [number, number];
    return { kbps, lengthS };
  });
}

/** Watches a viewer whose link is as wide, for so long. */
export async function watchPhase(
  viewer: WhepViewer,
  { kbps, lengthS }: WatchedPhase,
): Promise<LinkPhase> {
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
    bytes: last.statistics.bytesReceived - first.statistics.bytesReceived,
    longestGapMs: longestGapMs(samples),
    longestGapSettledMs: longestGapMs(samples.filter(({ atMs }) => atMs > PHASE_START_MS)),
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
  let sinceMs = samples[0]!.atMs;
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
