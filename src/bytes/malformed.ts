/**
 * Bytes that break their format: a result, not an error. An Error takes microseconds to make, two
 * bytes from a peer take one; and a peer may send as many as it likes. The text is made for those
 * that are reported.
 */
export interface Malformed {
  readonly kind: "malformed";
  /** What could not be done, such as "parse video body". */
  readonly action: string;
  /** What should have been, such as "frame type must be 1..5". */
  readonly rule: string;
  /** What came in its place. */
  readonly got: number | undefined;
}

/** The record of bytes that break their format. The texts should be constants. */
export function malformed(action: string, rule: string, got: number | undefined): Malformed {
  return { kind: "malformed", action, rule, got };
}

/** In words: the action, the rule and what came. */
export function malformedText({ action, rule, got }: Malformed): string {
  return `Cannot ${action}: ${rule}, got ${got}`;
}
