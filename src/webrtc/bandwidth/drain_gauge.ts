import { carriedBps } from "./carried_rate.ts";
import type { RoundTripSample } from "./queue_gauge.ts";
import type { SendHistory } from "./send_history.ts";

/** Over less time, what a queue tells is only believed if it tells of less. */
const MIN_DRAIN_MS = 250;

/** What a queue that is being emptied tells the link to carry. */
export class DrainGauge {
  #from: RoundTripSample | undefined;

  /** Another queue is to be emptied. */
  reset(): void {
    this.#from = undefined;
  }

  /**
   * What the link is to be believed to carry, upon another round trip.
   *
   * @param lossFraction of what was sent
   */
  take(
    sample: RoundTripSample,
    sent: SendHistory,
    lossFraction: number,
    capacityBps: number,
  ): number {
    const from = this.#from ??= sample;
    const passedBps = carriedBps(sample, from, sent, lossFraction);
    if (passedBps === Infinity) return capacityBps;
    return sample.sentMs - from.sentMs < MIN_DRAIN_MS
      ? Math.min(passedBps, capacityBps)
      : passedBps;
  }
}
