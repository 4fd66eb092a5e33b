/** From here on it is far to a viewer: what is lost twice comes later than receivers wait for it. */
const FAR_MS = 80;

/** Of the packets of the last seconds: from here on something is done, until it is less than half. */
const LEAST_LOSS = 0.01;
/** From here on two in a row are lost often, and who is near waits for the second try as well. */
const MUCH_LOSS = 0.03;
/**
 * From here on what asks for a packet is often lost as well, and pictures of who is near are held
 * longer than until it has been asked for again, which browsers do after 100 ms, and then again.
 */
const HELD_LOSS = 0.04;
const NEAR_HELD_MS = 150;
/** Of a new second, among those before: loss is answered at once, and not forgotten so soon. */
const WEIGHT = 0.4;
const RISING_WEIGHT = 0.6;

/**
 * Pictures wait for what was asked for in vain once: browsers ask again after 100 ms. What takes two
 * round trips comes a little late then, which is no freeze yet.
 */
const ROUND_TRIPS = 1.5;
const NOTICED_MS = 50;
/** Whoever is further away sees pictures stand still rather than so late. */
const MAX_HELD_MS = 500;
/** Round trips differ a little from report to report, and what is held should not. */
const STEP_MS = 50;
/** At once, and beyond it by a step with each report: browsers let sound follow slowly. */
const FIRST_HELD_MS = 200;
/** So long after it was needed last it gets less, and then from time to time. */
const FALL_AFTER_MS = 10_000;
const FALL_INTERVAL_MS = 3000;

/**
 * What is done for a viewer that is far away and loses packets: what it asks for is sent twice, and
 * its pictures are held until what is asked for a second time is there. Who is near and loses many is
 * sent it twice, too, and its pictures are held for a short while. All is decided when it reports, and
 * nothing is done for others.
 *
 * @example
 * ```ts
 * import { FarLoss } from "./far_loss.ts";
 *
 * const far = new FarLoss();
 * far.takeLoss(0.05, 150, 1000);
 * [far.isOn, far.heldMs]; // true, 200
 * ```
 */
export class FarLoss {
  #lossFraction = 0;
  #isLossy = false;
  #isOn = false;
  #heldMs = 0;
  /** When it may get less. */
  #fallMs = -Infinity;
  #roundTripBeforeMs = Infinity;

  /** Whether it is far away now, and loses packets. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Whether what it asks for is to be sent twice. */
  get isTwice(): boolean {
    return this.#isOn || this.#lossFraction >= MUCH_LOSS;
  }

  /** How long pictures are to be held, at least; 0 for as long as the receiver does by itself. */
  get heldMs(): number {
    return this.#heldMs;
  }

  /**
   * @param lossFraction of the packets of a second
   * @param roundTripMs by the newest measurement; `undefined` as long as there is none
   */
  takeLoss(lossFraction: number, roundTripMs: number | undefined, nowMs: number): void {
    const weight = lossFraction > this.#lossFraction ? RISING_WEIGHT : WEIGHT;
    this.#lossFraction += weight * (lossFraction - this.#lossFraction);
    this.#isLossy = this.#lossFraction >= (this.#isLossy ? LEAST_LOSS / 2 : LEAST_LOSS);
    // One that took longer than the one before waited somewhere.
    const wayMs = Math.min(roundTripMs ?? 0, this.#roundTripBeforeMs);
    this.#roundTripBeforeMs = roundTripMs ?? Infinity;
    this.#isOn = this.#isLossy && wayMs > FAR_MS;
    this.#hold(this.#neededMs(wayMs), nowMs);
  }

  #neededMs(wayMs: number): number {
    if (this.#isOn) return ROUND_TRIPS * wayMs + NOTICED_MS;
    return this.#lossFraction >= HELD_LOSS ? NEAR_HELD_MS : 0;
  }

  #hold(neededMs: number, nowMs: number): void {
    const wantedMs = Math.min(Math.ceil(neededMs / STEP_MS) * STEP_MS, MAX_HELD_MS);
    const highestMs = Math.max(FIRST_HELD_MS, this.#heldMs + STEP_MS);
    this.#heldMs = Math.max(this.#heldMs, Math.min(wantedMs, highestMs));
    if (wantedMs >= this.#heldMs - STEP_MS && wantedMs > 0) this.#fallMs = nowMs + FALL_AFTER_MS;
    if (this.#heldMs === 0 || nowMs < this.#fallMs) return;
    this.#heldMs -= STEP_MS;
    this.#fallMs = nowMs + FALL_INTERVAL_MS;
  }
}
