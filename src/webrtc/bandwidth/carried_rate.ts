import type { RoundTripSample } from "./queue_gauge.ts";
import type { SendHistory } from "./send_history.ts";

/** Between two samples of a queue that tell how fast it grows. */
const MIN_DISTANCE_MS = 100;
export const MAX_DISTANCE_MS = 2000;

/** Of what is sent while a queue empties fast, so much at least has passed. */
const MIN_GROWTH_FACTOR = 0.1;

/** A queue that shrinks by more than this part of the time. */
const FALLING = -0.4;

/**
 * What a link has carried between two looks at its queue, by how much that grew at what was sent;
 * Infinity if they are too close or too far apart to tell.
 *
 * @param lossFraction of what was sent: what is lost is not queued
 */
export function carriedBps(
  sample: RoundTripSample,
  before: RoundTripSample,
  sent: SendHistory,
  lossFraction: number,
): number {
  const overMs = sample.sentMs - before.sentMs;
  if (overMs < MIN_DISTANCE_MS || overMs > MAX_DISTANCE_MS) return Infinity;
  const growth = (sample.queueMs - before.queueMs) / overMs;
  // A queue that gets shorter fast is not full: what was reported lost, was lost before.
  const lostPart = growth < FALLING ? 0 : lossFraction;
  const queuedBps = sent.rateBps(before.sentMs, sample.sentMs) * (1 - lostPart);
  return queuedBps / Math.max(1 + growth, MIN_GROWTH_FACTOR);
}
