import { ConfigError } from "./config_error.ts";

/**
 * The members of a configuration that is written as JSON; `parseConfig` judges them.
 *
 * @throws {ConfigError} if it is no JSON, or no object
 */
export function parseConfigJson(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const reason = reasonOf(error, json);
    throw new ConfigError(`Cannot read the configuration: ${reason}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw new ConfigError(`Cannot read the configuration: expected a JSON object, got ${kind}`);
  }
  return { ...value };
}

/** Why it is no JSON, in one line. It may quote the input, which a key must not get out by. */
function reasonOf(error: unknown, json: string): string {
  const reason = (error instanceof Error ? error.message : `${error}`).replaceAll(/\s+/g, " ");
  return json.includes("PRIVATE KEY") ? reason.replace(/,? (?:\.\.\.)?".*$/, "") : reason;
}
