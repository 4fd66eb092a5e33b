import { ConfigError } from "./config_error.ts";
import { jsonFault } from "./json_fault.ts";

/**
 * The members of a configuration that is written as JSON; `parseConfig` judges them.
 *
 * @throws {ConfigError} if it is no JSON, or no object
 */
export function parseConfigJson(
  json: string,
  source: "standard input" | "request" = "standard input",
): Record<string, unknown> {
  // Some editors begin a file so.
  const text = json.replace(/^\ufeff/, "");
  if (text.trim() === "") {
    throw new ConfigError(
      source === "request"
        ? "Cannot read the configuration: the request has no body; give it JSON such as " +
          '{ "access": { … } }, by curl --data-binary @sluice.json'
        : "Cannot read the configuration: standard input is empty; give it JSON such as " +
          '{ "httpPort": 9090 }, by --config - < sluice.json',
    );
  }
  const fault = jsonFault(text);
  if (fault !== undefined) {
    const { line, column, reason } = fault;
    throw new ConfigError(
      `Cannot read the configuration: line ${line}, column ${column} is not valid JSON: ${reason}`,
    );
  }
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw new ConfigError(`Cannot read the configuration: expected a JSON object, got ${kind}`);
  }
  // Editors find by it what completes the file.
  const { $schema: _, ...members } = value as Record<string, unknown>;
  return members;
}
