import { getLogger } from "@logtape/logtape";
import type { AccessDecision, AccessRequest } from "../access/access.ts";
import type { AccessFunction } from "../access/asked_functions.ts";

/** Has the function decide that the gateway was embedded with. Never rejects: it is logged. */
export async function decideByFunction(
  decide: AccessFunction | undefined,
  request: AccessRequest,
): Promise<{ readonly decision: AccessDecision | undefined; readonly hasFailed: boolean }> {
  try {
    return { decision: await decide?.(request), hasFailed: false };
  } catch (error) {
    getLogger(["sluice", "control"]).error("The function that decides has failed: {error}", {
      error,
    });
    return { decision: undefined, hasFailed: true };
  }
}
