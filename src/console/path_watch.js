// @ts-check
/** Whether anything comes back over a path: browsers take five seconds and more to say that nothing does. */

/** With what is sent, reports come back some ten times a second. */
const SILENCE_MS = 1000;
/** What sends less, as of a screen on which nothing moves, is told less. */
const LEAST_PACKETS = 20;

/** Times are the caller's, in milliseconds of one clock. */
export class PathWatch {
  #received = -1;
  /** When something had come last, and what had been sent by then. */
  #heardAtMs = 0;
  #sentThen = 0;

  /**
   * Takes the newest counts.
   *
   * @param {{ received: number, packetsSent: number }} counts bytes of anything, 0 where the browser does
   *   not tell, and packets of media
   * @param {number} nowMs
   * @returns {boolean} whether nothing has come back for too long
   */
  isSilent({ received, packetsSent }, nowMs) {
    if (received !== this.#received || received === 0) {
      this.#received = received;
      this.#heardAtMs = nowMs;
      this.#sentThen = packetsSent;
      return false;
    }
    return nowMs - this.#heardAtMs >= SILENCE_MS && packetsSent - this.#sentThen >= LEAST_PACKETS;
  }
}
