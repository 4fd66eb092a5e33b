import type { AccessLimits } from "./access.ts";
import { AccessError } from "./access_error.ts";

const NAMES = [
  "maxViewers",
  "maxPublishers",
  "maxBitrateBps",
  "maxWidth",
  "maxHeight",
  "maxDurationMs",
] as const satisfies readonly (keyof AccessLimits)[];

/**
 * Limits that another server has written.
 *
 * @param value of any shape; `undefined` for none
 * @throws {AccessError} if it is no object of numbers from 0 on; names of no limit are left out, as
 * a later version may know them
 */
export function limitsOf(value: unknown): AccessLimits | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") throw new AccessError(`limits of the type ${typeof value}`);
  const given: Readonly<Record<string, unknown>> = { ...value };
  const limits: { -readonly [Name in keyof AccessLimits]: number } = {};
  for (const name of NAMES) {
    const limit = given[name];
    if (limit === undefined) continue;
    if (typeof limit !== "number" || !Number.isSafeInteger(limit) || limit < 0) {
      throw new AccessError(`a limit ${name} that is no whole number from 0 on`);
    }
    limits[name] = limit;
  }
  return limits;
}
