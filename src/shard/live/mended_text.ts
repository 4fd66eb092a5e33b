import type { Publication } from "../../stream/publication.ts";

/** What was mended of a publisher's timestamps, for the log. */
export function mendedText(
  { timestampFaults }: Pick<Publication, "timestampFaults">,
): string {
  const faults = Object.entries(timestampFaults).map(([fault, count]) => `${fault} ${count}`);
  return faults.length === 0 ? "" : `; timestamps mended: ${faults.join(", ")}`;
}
