/** Functions of the program that the gateway is embedded in: what they throw ends nobody. */
import { getLogger } from "@logtape/logtape";
import type { AccessDecision, AccessRequest } from "../access/access.ts";
import type { AccessFunction } from "../access/asked_functions.ts";

const logger = getLogger(["sluice", "control"]);

/** Has the function decide that the gateway was embedded with. Never rejects: it is logged. */
export async function decideByFunction(
  decide: AccessFunction | undefined,
  request: AccessRequest,
): Promise<{ readonly decision: AccessDecision | undefined; readonly hasFailed: boolean }> {
  try {
    return { decision: decisionOf(await decide?.(request)), hasFailed: false };
  } catch (error) {
    logger.error("The function that decides has failed: {error}", { error });
    return { decision: undefined, hasFailed: true };
  }
}

/** Tells the program that a session has begun, or is over. Never throws: it is logged. */
export function tell<Session>(
  listen: ((session: Session) => void) | undefined,
  session: Session,
): void {
  try {
    listen?.(session);
  } catch (error) {
    logger.error("The function that is told of sessions has failed: {error}", { error });
  }
}

/**
 * What a function has answered, which may have any shape, whatever its type says: nobody is let in by
 * what is no decision.
 */
function decisionOf(answer: unknown): AccessDecision | undefined {
  if (answer === undefined) return undefined;
  const { kind } = Object(answer) as { readonly kind?: unknown };
  if (kind === "allow" || kind === "refuse") return structuredClone(answer as AccessDecision);
  throw new TypeError(
    `Cannot take the decision: kind must be "allow" or "refuse", got ${JSON.stringify(kind)}`,
  );
}
