import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "./http_error.ts";

/** Bytes of a request line's target; what proxies and browsers commonly allow. */
export const MAX_TARGET_LENGTH = 8192;

/** Header fields of one request. Browsers send some twenty. */
export const MAX_HEADER_FIELDS = 100;

/** How long a body is, and how its end is told (RFC 9112 6.3). */
export type BodyFraming =
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

/** A request line and its header fields (RFC 9112 3, 5). */
export interface RequestHead {
  readonly method: string;
  /** As sent: a path with its query, an absolute URL, an authority or "*". */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  /** By name in lower case; the values of a repeated field are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly framing: BodyFraming;
}

// RFC 9110 5.6.2: token.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/;
// RFC 9110 5.5: visible characters, space, tab, and bytes above ASCII: of these TextDecoder's
// "latin1", which is windows-1252, makes characters far above U+00FF.
const FIELD_VALUE = /^[\t\x20-\x7e\u0080-\uffff]*$/;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
// RFC 9110 7.2, RFC 3986 3.2.2: a name or an address, which may be empty, and perhaps a port.
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(?::\d*)?$/;
const LENGTH = /^\d{1,15}$/;

/**
 * Parses a request's head.
 *
 * @param text request line and header fields without the empty line behind them, a character for
 * each byte
 * @throws {HttpError} with status 400, 414, 431, 501 or 505
 */
export function parseRequestHead(text: string): RequestHead {
  const [requestLine, ...fields] = text.split("\r\n") as [string, ...string[]];
  const { method, target, version } = parseRequestLine(requestLine);
  const headers = parseFields(fields);
  // RFC 9112 3.2: by a Host with a path in it, a request would look like another one.
  if (!HOST.test(headers.get("host") ?? (version === "1.0" ? "" : "/"))) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      "Cannot serve request: Host must be there, a name or address with or without a port",
    );
  }
  return { method, target, version, headers, framing: bodyFraming(headers) };
}

function parseRequestLine(line: string): Pick<RequestHead, "method" | "target" | "version"> {
  const match = REQUEST_LINE.exec(line);
  if (match === null) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      "Cannot read request line: must be a method, a target and an HTTP version",
    );
  }
  const [, method, target, major, minor] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  if (!TOKEN.test(method) || !VISIBLE_ASCII.test(target)) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      "Cannot read request line: method must be a token, target visible ASCII",
    );
  }
  if (target.length > MAX_TARGET_LENGTH) {
    throw new HttpError(
      STATUS_CODE.URITooLong,
      `Cannot read request line: target must have up to ${MAX_TARGET_LENGTH} bytes, ` +
        `got ${target.length}`,
    );
  }
  if (major !== "1") {
    throw new HttpError(
      STATUS_CODE.HTTPVersionNotSupported,
      `Cannot serve request: version must be HTTP/1.0 or 1.1, got ${major}.${minor}`,
    );
  }
  // RFC 9110 2.5: a higher minor version is served as the highest known.
  return { method, target, version: minor === "0" ? "1.0" : "1.1" };
}

function parseFields(lines: readonly string[]): ReadonlyMap<string, string> {
  if (lines.length > MAX_HEADER_FIELDS) {
    throw new HttpError(
      STATUS_CODE.RequestHeaderFieldsTooLarge,
      `Cannot read headers: must be up to ${MAX_HEADER_FIELDS} fields, got ${lines.length}`,
    );
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, "");
    // Also folded lines, and blanks before the colon, by which requests were smuggled (RFC 9112 5).
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      throw new HttpError(
        STATUS_CODE.BadRequest,
        `Cannot read headers: a field must be a token, a colon and text, got ${
          describeField(line, name)
        }`,
      );
    }
    const before = headers.get(name);
    if (before !== undefined && name === "host") {
      throw new HttpError(STATUS_CODE.BadRequest, "Cannot serve request: Host must be there once");
    }
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** What is wrong with a field, whose text may be a secret: this comes into the log. */
function describeField(line: string, name: string): string {
  if (TOKEN.test(name)) return `"${name.slice(0, 40)}" with what is no text`;
  return line.includes(":")
    ? `${name.length} bytes that are no token before the colon`
    : `${line.length} bytes without a colon`;
}

/** RFC 9112 6.3; what is ambiguous is refused, or others might see other requests in it. */
function bodyFraming(headers: ReadonlyMap<string, string>): BodyFraming {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (length !== undefined) {
      throw new HttpError(
        STATUS_CODE.BadRequest,
        "Cannot read body: must have Content-Length or Transfer-Encoding, got both",
      );
    }
    if (coding.toLowerCase() !== "chunked") {
      throw new HttpError(
        STATUS_CODE.NotImplemented,
        `Cannot read body: Transfer-Encoding must be chunked, got ${coding.slice(0, 40)}`,
      );
    }
    return { kind: "chunked" };
  }
  if (length !== undefined && !LENGTH.test(length)) {
    throw new HttpError(
      STATUS_CODE.BadRequest,
      `Cannot read body: Content-Length must be one number, got ${length.slice(0, 40)}`,
    );
  }
  return { kind: "length", length: Number(length ?? 0) };
}
