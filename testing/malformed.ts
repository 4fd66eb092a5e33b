import { AssertionError, assertStringIncludes } from "@std/assert";
import { type Malformed, malformedText } from "../src/bytes/malformed.ts";

/** What was parsed; fails if it is malformed. */
export function wellFormed<T>(parsed: T | Malformed): T {
  if (isMalformed(parsed)) throw new AssertionError(malformedText(parsed));
  return parsed as T;
}

/** Fails unless something is malformed, for a reason with this text. */
export function assertMalformed(parsed: unknown, text = "", what?: string): void {
  if (!isMalformed(parsed)) throw new AssertionError(`Not malformed: ${Deno.inspect(parsed)}`);
  assertStringIncludes(malformedText(parsed), text, what);
}

function isMalformed(parsed: unknown): parsed is Malformed {
  return typeof parsed === "object" && parsed !== null && "kind" in parsed &&
    parsed.kind === "malformed";
}

/** For those that may throw nothing: an error that nothing throws. */
export class NoError extends Error {
  override readonly name = "NoError";
}
