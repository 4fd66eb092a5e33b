/** Requests (RFC 9114 4.3.1): whether one asks for a WebTransport session (RFC 9220 3). */
import { Http3Code, Http3Error } from "./http3_error.ts";
import type { HeaderField } from "./qpack/static_table.ts";

/** What is asked of a server. */
export type Http3Request = ConnectRequest | OtherRequest;

/** A CONNECT that asks for a WebTransport session. */
export interface ConnectRequest {
  readonly kind: "web-transport";
  /** A name or an address, perhaps with a port. */
  readonly authority: string;
  /** With its query, as sent. */
  readonly path: string;
  readonly protocol: "webtransport" | "webtransport-h3";
  /** Of the page, if it is a browser that asks. */
  readonly origin: string | undefined;
  readonly userAgent: string | undefined;
  readonly authorization: string | undefined;
  /** Whether an answer is to say that it is of draft 02. */
  readonly speaksDraft02: boolean;
}

/** A well-formed request for something that is not here. */
export interface OtherRequest {
  readonly kind: "other";
  /** What to answer: 501 to a CONNECT for something else (RFC 9220 3), 405 to other methods. */
  readonly status: 405 | 501;
  readonly method: string;
}

const PSEUDO_FIELDS: readonly string[] = [":method", ":scheme", ":authority", ":path", ":protocol"];

/** RFC 9114 4.2: these were of one connection, by which requests were smuggled. */
const CONNECTION_FIELDS: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
];

/** RFC 9297 3.2: a data stream of capsules is no content. */
const CONTENT_FIELDS: readonly string[] = ["content-length", "content-type"];

/** Those that decide something, and would say two things. */
const SINGLE_FIELDS: readonly string[] = ["host", "origin", "user-agent", "authorization"];

// RFC 9110 5.6.2: token; RFC 9114 4.2: without upper case.
const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 5.5: visible characters and bytes above ASCII, with blanks between them alone.
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const PATH = /^\/[\x21-\x7e]*$/;
// RFC 9110 7.2, RFC 3986 3.2.2: a name or an address, and perhaps a port; no user.
const AUTHORITY = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(?::\d*)?$/;

/**
 * Parses the fields of a request.
 *
 * @throws {Http3Error} messageError, for the stream alone, if it is malformed (RFC 9114 4.1.2)
 *
 * @example
 * ```ts
 * import { parseRequest } from "./connect_request.ts";
 *
 * parseRequest([
 *   [":method", "CONNECT"],
 *   [":protocol", "webtransport"],
 *   [":scheme", "https"],
 *   [":authority", "localhost:4433"],
 *   [":path", "/live/a.flv"],
 * ]).kind; // "web-transport"
 * ```
 */
export function parseRequest(fields: readonly HeaderField[]): Http3Request {
  const values = readFields(fields);
  const method = values.get(":method");
  if (method === undefined || !METHOD.test(method)) {
    throw malformed(":method must be there, a token", describeValue(method));
  }
  const protocol = values.get(":protocol");
  if (method !== "CONNECT" || protocol === undefined) return otherRequest(method, values);
  const { authority, path } = readTarget(values);
  if (protocol !== "webtransport" && protocol !== "webtransport-h3") {
    return { kind: "other", status: 501, method };
  }
  requireWebTransport(values);
  return {
    kind: "web-transport",
    authority,
    path,
    protocol,
    origin: values.get("origin"),
    userAgent: values.get("user-agent"),
    authorization: values.get("authorization"),
    speaksDraft02: values.get("sec-webtransport-http3-draft02") === "1",
  };
}

/** By name, the values of a repeated field joined by ", ". */
function readFields(fields: readonly HeaderField[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let isBehindPseudo = false;
  for (const [name, value] of fields) {
    const isPseudo = name.startsWith(":");
    const before = values.get(name);
    if (!NAME.test(name) || (isPseudo && !PSEUDO_FIELDS.includes(name))) {
      throw malformed("names must be tokens in lower case, or known", describeName(name));
    }
    if (isPseudo && isBehindPseudo) throw malformed("pseudo-fields must come first", name);
    if (before !== undefined && (isPseudo || SINGLE_FIELDS.includes(name))) {
      throw malformed(`${name} must be there once`, "two");
    }
    // Without its text, which may be a secret: this comes into the log.
    if (!VALUE.test(value)) throw malformed("values must be text", `none in ${describeName(name)}`);
    requireAllowed(name, value);
    isBehindPseudo ||= !isPseudo;
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return values;
}

function requireAllowed(name: string, value: string): void {
  const isForbidden = CONNECTION_FIELDS.includes(name) || (name === "te" && value !== "trailers");
  if (isForbidden) throw malformed("fields must not be of a connection", name);
}

function otherRequest(method: string, values: ReadonlyMap<string, string>): OtherRequest {
  if (method !== "CONNECT") {
    if (values.has(":protocol")) throw malformed(":protocol must be of CONNECT", "another method");
    requireTarget(values);
    return { kind: "other", status: 405, method };
  }
  // RFC 9114 4.4: without :protocol it asks for a connection to somewhere else.
  if (values.has(":scheme") || values.has(":path")) {
    throw malformed("CONNECT without :protocol must have no :scheme and no :path", "one of them");
  }
  requireAuthority(values.get(":authority"));
  return { kind: "other", status: 501, method };
}

/** RFC 9114 4.3.1: of a request that is none of CONNECT; OPTIONS may ask for "*". */
function requireTarget(values: ReadonlyMap<string, string>): void {
  const path = values.get(":path");
  if (!values.get(":scheme") || path === undefined || (!PATH.test(path) && path !== "*")) {
    throw malformed(":scheme and :path must be there, a path", describeValue(path));
  }
  requireAuthority(values.get(":authority") ?? values.get("host"));
  requireSameHost(values);
}

/** Of an extended CONNECT (RFC 8441 4, RFC 9220 3). */
function readTarget(
  values: ReadonlyMap<string, string>,
): Pick<ConnectRequest, "authority" | "path"> {
  const scheme = values.get(":scheme");
  if (scheme !== "https") throw malformed(":scheme must be https", describeValue(scheme));
  const path = values.get(":path");
  if (path === undefined || !PATH.test(path)) {
    throw malformed(":path must be there, a path", describeValue(path));
  }
  const authority = requireAuthority(values.get(":authority"));
  requireSameHost(values);
  return { authority, path };
}

function requireAuthority(authority: string | undefined): string {
  if (authority !== undefined && AUTHORITY.test(authority)) return authority;
  throw malformed(":authority must be a name or an address", describeValue(authority));
}

/** RFC 9114 4.3.1: by two names, a request would be another one to somebody else. */
function requireSameHost(values: ReadonlyMap<string, string>): void {
  const [authority, host] = [values.get(":authority"), values.get("host")];
  if (authority === undefined || host === undefined || authority === host) return;
  throw malformed("host must be the same as :authority", "another");
}

function requireWebTransport(values: ReadonlyMap<string, string>): void {
  const content = CONTENT_FIELDS.find((name) => values.has(name));
  if (content !== undefined) throw malformed("a session must have no content", content);
}

function malformed(rule: string, got: string): Http3Error {
  return new Http3Error(Http3Code.messageError, `Cannot read request: ${rule}, got ${got}`);
}

/** What is wrong with a value, whose text may be a secret. */
function describeValue(value: string | undefined): string {
  return value === undefined ? "none" : `${value.length} characters that are not so`;
}

/** A name, if it can be shown. */
function describeName(name: string): string {
  return /^[\x21-\x7e]{1,40}$/.test(name) ? name : `${name.length} characters`;
}
