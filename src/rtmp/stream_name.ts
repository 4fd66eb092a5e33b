/** An application or stream name, apart from the query that came with it. */
export interface NameAndQuery {
  /** Without slashes at its ends. */
  readonly name: string;
  /** Without the question mark; empty if there is none. */
  readonly query: string;
}

/**
 * Splits `live/?token=x` into `live` and `token=x`. Encoders put the query on the application, on
 * the stream name, or on both, and users put slashes where they like.
 */
export function splitQuery(text: string): NameAndQuery {
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  let start = 0;
  let end = path.length;
  // Not a regular expression: its time would be quadratic in slashes that a peer chooses.
  while (start < end && path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return { name: path.slice(start, end), query: mark < 0 ? "" : path.slice(mark + 1) };
}
