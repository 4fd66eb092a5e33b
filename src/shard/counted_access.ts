import type { Access, AccessDecision, AccessRequest, EndedSession } from "../access/access.ts";
import type { Counters } from "../metrics/counters.ts";

/** Asks another, and counts what it is asked, what it answers and how long that takes. */
export class CountedAccess implements Access {
  readonly #inner: Access;
  readonly #counters: Counters;
  readonly #told: ((session: EndedSession) => void) | undefined;

  /** @param told is told of sessions that are over, without their secrets */
  constructor(inner: Access, counters: Counters, told?: (session: EndedSession) => void) {
    this.#inner = inner;
    this.#counters = counters;
    this.#told = told;
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    const sinceMs = performance.now();
    const decision = this.#inner.decide(request);
    if (!(decision instanceof Promise)) return this.#count(request, decision, sinceMs);
    return decision.then(
      (decision) => this.#count(request, decision, sinceMs),
      (error) => {
        const { action, protocol } = request;
        this.#counters.tally("accessDecisions", { action, protocol, decision: "failed" });
        throw error;
      },
    );
  }

  ended(session: EndedSession): void {
    this.#inner.ended?.(session);
    const request = { ...session.request, credentials: {}, query: "" };
    this.#told?.({ ...session, request });
  }

  #count(request: AccessRequest, decision: AccessDecision, sinceMs: number): AccessDecision {
    const { action, protocol } = request;
    const { kind } = decision;
    this.#counters.tally("accessDecisions", { action, protocol, decision: kind });
    this.#counters.observeSince("accessTime", { action }, sinceMs);
    if (kind === "refuse") {
      this.#counters.tally("accessRefusals", { protocol, cause: decision.cause });
    }
    return decision;
  }
}
