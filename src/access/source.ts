import type { AccessDecision, AccessRequest, Refused } from "./access.ts";

/** One of those that decide, in their order. */
export interface AccessSource {
  /** `undefined` if it has nothing to say about this request: the next one is asked. */
  decide(
    request: AccessRequest,
  ): AccessDecision | undefined | Promise<AccessDecision | undefined>;
  /** Whether it would ask elsewhere, or have to compute for long; absent where it never does. */
  asksElsewhere?(request: AccessRequest): boolean;
  /**
   * Why it has nothing to say, where it was given what looks like its own: if nobody has, that is
   * the cause of the refusal. Absent where it says something about all that is its own.
   */
  unknownCause?(request: AccessRequest): string | undefined;
}

/** Characters of a name that another server or a token gives: it comes into lists and logs. */
export const MAX_SUBJECT_LENGTH = 64;

const REASONS: Readonly<Record<Refused["status"], string>> = {
  unauthorized: "This needs credentials.",
  forbidden: "The credentials do not allow this.",
  unavailable: "Nobody can say now whether this is allowed: try again later.",
};

/** A refusal with the words of its kind: they are the same whatever is asked for. */
export function refuse(status: Refused["status"], cause: string, decidedBy: string): Refused {
  return { kind: "refuse", status, reason: REASONS[status], cause, decidedBy };
}
