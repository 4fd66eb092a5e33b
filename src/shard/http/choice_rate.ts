import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../http/http_error.ts";

/** For a reader who tries all there is; each choice may send a group of pictures anew. */
const CHOICES_AT_ONCE = 10;
const CHOICES_PER_SECOND = 1;

/** How often one viewer may choose between layers. */
export class ChoiceRate {
  #left = CHOICES_AT_ONCE;
  #countedMs: number;

  constructor(nowMs: number) {
    this.#countedMs = nowMs;
  }

  /**
   * Notes a choice.
   *
   * @throws {HttpError} with status 429 if it is one too many
   */
  take(nowMs: number): void {
    const regained = (nowMs - this.#countedMs) / 1000 * CHOICES_PER_SECOND;
    this.#left = Math.min(CHOICES_AT_ONCE, this.#left + regained);
    this.#countedMs = nowMs;
    if (this.#left < 1) {
      throw new HttpError(
        STATUS_CODE.TooManyRequests,
        `Cannot choose a layer: a viewer may do so ${CHOICES_AT_ONCE} times at once, and then ` +
          `${CHOICES_PER_SECOND} time a second`,
        { "retry-after": `${Math.ceil(1 / CHOICES_PER_SECOND)}` },
      );
    }
    this.#left--;
  }
}
