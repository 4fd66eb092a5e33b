// @ts-check
/// <reference lib="dom" />
/** Which layer of a WebRTC session the reader wants, told to the gateway until it agrees. */

const REQUEST_TIMEOUT_MS = 5000;
/** A layer that there is not may be there in a moment, or never. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 16_000;

/** What says that it was not the right moment: no such layer yet, too often, a gateway in trouble. */
const PASSING = [404, 429, 503];

/** Times are the caller's, in milliseconds of one clock. */
export class LayerChoice {
  #url;
  #onImpossible;
  /** @type {string | undefined} `undefined` for whichever fits, with which sessions begin */
  #wanted;
  /** @type {string | undefined} */
  #told;
  #isAsking = false;
  #askAtMs = -Infinity;
  #retryMs = FIRST_RETRY_MS;

  /**
   * @param {string} url at which layers are chosen
   * @param {() => void} onImpossible this session cannot be sent another layer
   */
  constructor(url, onImpossible) {
    this.#url = url;
    this.#onImpossible = onImpossible;
  }

  /**
   * @param {string | undefined} layer by its `rid`
   * @param {number} nowMs
   */
  choose(layer, nowMs) {
    this.#wanted = layer;
    this.#retryMs = FIRST_RETRY_MS;
    this.#askAtMs = nowMs;
    this.handleTimeout(nowMs);
  }

  /** To be called often. @param {number} nowMs */
  handleTimeout(nowMs) {
    if (this.#wanted !== this.#told && !this.#isAsking && nowMs >= this.#askAtMs) this.#ask(nowMs);
  }

  /** @param {number} nowMs */
  async #ask(nowMs) {
    const layer = this.#wanted;
    this.#isAsking = true;
    this.#askAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
    const status = await this.#post(layer);
    this.#isAsking = false;
    if (status === 200) this.#told = layer;
    else if (status !== undefined && !PASSING.includes(status)) this.#onImpossible();
    if (layer !== this.#wanted) this.#askAtMs = nowMs;
  }

  /**
   * @param {string | undefined} layer
   * @returns {Promise<number | undefined>} the status of the answer, if there was one
   */
  async #post(layer) {
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(layer === undefined ? {} : { rid: layer }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return undefined;
    }
  }
}
