import type { AccessDecision, AccessRequest } from "./access.ts";
import { FairShare } from "./fair_share.ts";
import { type AccessSource, refuse } from "./source.ts";

/** Requests of a shard that wait for a function at the same time. */
const MAX_IN_FLIGHT = 1024;

/** How long a function may take: those who wait hold connections. */
const TIMEOUT_MS = 10_000;

/**
 * Decides in the program that the gateway is embedded in; `undefined` leaves it to the next source.
 * It runs on the main thread, one question after another as they come.
 */
export type AccessFunction = (
  request: AccessRequest,
) => AccessDecision | undefined | Promise<AccessDecision | undefined>;

/** A question that is on its way. */
export interface Question {
  readonly answer: Promise<AccessDecision | undefined>;
  /** Nobody waits for the answer any more. */
  forget(): void;
}

/** Carries a request to where a function decides, and the answer back. */
export type AskFunction = (request: AccessRequest) => Question;

/** Has a function on another thread decide. */
export class AskedFunctions implements AccessSource {
  readonly #ask: AskFunction;
  readonly #share = new FairShare(MAX_IN_FLIGHT);

  constructor(ask: AskFunction) {
    this.#ask = ask;
  }

  asksElsewhere(): boolean {
    return true;
  }

  async decide(request: AccessRequest): Promise<AccessDecision | undefined> {
    const giveBack = this.#share.take(request.address);
    if (giveBack === undefined) return refuse("unavailable", "functions are busy", "function");
    const { promise: late, resolve } = Promise.withResolvers<AccessDecision>();
    const timer = setTimeout(
      () => resolve(refuse("unavailable", "function takes too long", "function")),
      TIMEOUT_MS,
    );
    const question = this.#ask(request);
    try {
      return await Promise.race([question.answer, late]);
    } finally {
      question.forget();
      clearTimeout(timer);
      giveBack();
    }
  }
}
