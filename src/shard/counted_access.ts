import { getLogger } from "@logtape/logtape";
import type {
  Access,
  AccessDecision,
  AccessRequest,
  BegunSession,
  EndedSession,
  Refused,
} from "../access/access.ts";
import { withoutKeys, withoutMistypedKeys } from "../access/stream_keys.ts";
import type { Counters } from "../metrics/counters.ts";

/** Is told of who comes and goes, without their secrets. */
export interface SessionListener {
  readonly began?: ((session: BegunSession) => void) | undefined;
  readonly ended?: ((session: EndedSession) => void) | undefined;
}

/**
 * Asks another, counts what it is asked, what it answers and how long that takes, and logs whom it
 * keeps out and why: they themselves are told no more than that.
 */
export class CountedAccess implements Access {
  readonly #inner: Access;
  readonly #counters: Counters;
  readonly #listener: SessionListener;

  constructor(inner: Access, counters: Counters, listener: SessionListener = {}) {
    this.#inner = inner;
    this.#counters = counters;
    this.#listener = listener;
  }

  decide(request: AccessRequest): AccessDecision | Promise<AccessDecision> {
    // A list asks about each of its streams: nobody has come to one of them.
    if (request.isListing) return this.#inner.decide(request);
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
    this.#listener.ended?.(withoutSecrets(session));
  }

  #count(request: AccessRequest, decision: AccessDecision, sinceMs: number): AccessDecision {
    const { action, protocol } = request;
    const { kind } = decision;
    this.#counters.tally("accessDecisions", { action, protocol, decision: kind });
    this.#counters.observeSince("accessTime", { action }, sinceMs);
    if (kind === "refuse") {
      this.#counters.tally("accessRefusals", { protocol, cause: decision.cause });
      if (action !== "api" && !request.isAgain) logRefusal(request, decision);
    } else if (action !== "api" && !request.isAgain) {
      this.#listener.began?.(withoutSecrets({ request, decision }));
    }
    return decision;
  }
}

function withoutSecrets<Session extends BegunSession>(session: Session): Session {
  const { request, decision } = session;
  // A key may have been sent in place of the name.
  const path = decision.path === undefined ? request.path : withoutKeys(request.path);
  return { ...session, request: { ...request, path, credentials: {}, query: "" } };
}

function logRefusal(
  { action, path, protocol, address, userAgent, id }: AccessRequest,
  { cause, decidedBy }: Refused,
): void {
  const hostname = address ?? "somebody of no known address";
  const log = getLogger(["sluice", "access"]);
  // An encoder that is kept out is to be put right by somebody here.
  const tell = action === "publish" ? log.warn.bind(log) : log.info.bind(log);
  tell(
    "{hostname} may not {action} {path} over {protocol}: {cause} ({decidedBy}; {userAgent})",
    {
      id,
      hostname,
      action,
      path: withoutMistypedKeys(path),
      protocol,
      cause,
      decidedBy,
      userAgent: userAgent ?? "no user agent",
    },
  );
}
