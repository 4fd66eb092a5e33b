/** Between two wishes: the first are close together, and each further one is twice as far away. */
const FIRST_S = 1;
const MOST_S = 10;
/** Who has wished for nothing for so long begins anew. */
const CALM_S = 30;

/**
 * When a viewer that waits for a key frame wishes for one. All viewers of a stream bear the key frames
 * that one of them has wished for: one that gets nowhere with them wishes more and more rarely.
 *
 * @example
 * ```ts
 * import { WishInterval } from "./wish_interval.ts";
 *
 * const wishes = new WishInterval();
 * wishes.tick(true); // true
 * wishes.tick(true); // true
 * wishes.tick(true); // false: two seconds lie between the second and the third
 * ```
 */
export class WishInterval {
  #intervalS = FIRST_S;
  /** Since the newest. */
  #passedS = CALM_S;

  /** A second has passed. Whether to wish now, for who `waits` for a key frame. */
  tick(waits: boolean): boolean {
    this.#passedS++;
    if (!waits || this.#passedS < this.#intervalS) return false;
    const isCalm = this.#passedS > CALM_S;
    this.#intervalS = isCalm ? FIRST_S : Math.min(2 * this.#intervalS, MOST_S);
    this.#passedS = 0;
    return true;
  }
}
