import { STATUS_CODE } from "@std/http/status";
import { Allowance } from "../../../address/allowance.ts";
import { HttpError } from "../../../http/http_error.ts";

/** For a reader who tries all there is; each choice may send a group of pictures anew. */
const CHOICES_AT_ONCE = 10;

/** How often one viewer may choose between layers. */
export class ChoiceRate {
  readonly #allowance: Allowance;

  constructor(nowMs: number) {
    this.#allowance = new Allowance(CHOICES_AT_ONCE, nowMs);
  }

  /**
   * Notes a choice.
   *
   * @throws {HttpError} with status 429 if it is one too many
   */
  take(nowMs: number): void {
    if (this.#allowance.take(nowMs)) return;
    throw new HttpError(
      STATUS_CODE.TooManyRequests,
      `Cannot choose a layer: a viewer may do so ${CHOICES_AT_ONCE} times at once, and then ` +
        "1 time a second",
      { "retry-after": "1" },
    );
  }
}
