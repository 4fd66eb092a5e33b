import { unprintableIn } from "../../bytes/printable.ts";

/** Application and stream names become keys, paths and labels. */
export const MAX_NAME_LENGTH = 256;

/** Tokens are signed and long, but not as long as this. */
export const MAX_QUERY_LENGTH = 4096;

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
  return { name: path.slice(start, end), query: mark < 0 ? "" : text.slice(mark + 1) };
}

/** What Flash servers choose a file's container by; a live stream has none. */
const CONTAINER_PREFIX = /^(?:mp4|f4v|flv|mp3):/i;

/** The application that a peer is connected to. */
export interface Application {
  readonly app: string;
  readonly query: string;
}

/** What a peer wants to publish or play. */
export interface StreamTarget {
  readonly app: string;
  readonly name: string;
  readonly query: string;
}

/**
 * What `text` stands for, the name that a peer publishes or plays, `mp4:` and the like aside: its own
 * query counts, or else that of the connection. Who names nothing may have put all into the address
 * of the server: then the application ends with the name.
 */
export function streamTarget(connection: Application, text: string): StreamTarget {
  const { name, query } = splitQuery(text.replace(CONTAINER_PREFIX, ""));
  const target = { app: connection.app, name, query: query || connection.query };
  const slash = connection.app.lastIndexOf("/");
  if (name !== "" || slash < 0) return target;
  return { ...target, app: connection.app.slice(0, slash), name: connection.app.slice(slash + 1) };
}

/** What is wrong with a name, for the peer's user to read; `undefined` if nothing is. */
export function targetProblem({ name, query }: StreamTarget): string | undefined {
  if (name === "") return "The stream name is empty.";
  if (name.length > MAX_NAME_LENGTH) {
    return `The stream name must be up to ${MAX_NAME_LENGTH} characters, got ${name.length}.`;
  }
  if (query.length > MAX_QUERY_LENGTH) {
    return `The query must be up to ${MAX_QUERY_LENGTH} characters, got ${query.length}.`;
  }
  const unprintable = unprintableIn(name) ?? unprintableIn(query);
  if (unprintable !== undefined) {
    return `The name and its query must be text that can be seen, got ${unprintable}.`;
  }
  return undefined;
}
