import { STATUS_CODE } from "@std/http/status";
import { ByteQueue } from "../bytes/byte_queue.ts";
import { ChunkedBody, requireBodyLength } from "./chunked_body.ts";
import { HttpError } from "./http_error.ts";
import { parseRequestHead, type RequestHead } from "./request_head.ts";

/** Bytes of request line and header fields together. */
export const MAX_HEAD_LENGTH = 16 * 1024;

/** Bytes of a body where nothing else is said: the largest is a session description. */
export const MAX_BODY_LENGTH = 20 * 1024;

/** A whole request. */
export interface HttpRequest extends RequestHead {
  /** Belongs to the receiver. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Whether the client may send another request on the connection (RFC 9112 9.3). */
  readonly keepsAlive: boolean;
}

const CR = 0x0d;
const LF = 0x0a;
/** What most requests fit into. */
const QUEUE_SIZE = 1024;
const LATIN1 = new TextDecoder("latin1");
const NO_BODY = new Uint8Array(0);

/**
 * Reads HTTP/1.x requests from what a client sends (RFC 9112), with a limit on everything.
 *
 * @example
 * ```ts
 * import { RequestReader } from "./request_reader.ts";
 *
 * const reader = new RequestReader();
 * reader.push(new TextEncoder().encode("GET /live/a.flv HTTP/1.1\r\nHost: localhost\r\n"));
 * reader.next(); // undefined: needs more
 * reader.push(new TextEncoder().encode("\r\n"));
 * reader.next()!.target; // "/live/a.flv"
 * ```
 */
export class RequestReader {
  readonly #bodyLimitOf: (head: RequestHead) => number;
  #queue = new ByteQueue(QUEUE_SIZE);
  /** Bytes of the queue in which no end of a head was found. */
  #scanned = 0;
  #head: RequestHead | undefined;
  #chunks: ChunkedBody | undefined;
  #isPermitted = false;

  /**
   * @param bodyLimitOf bytes that the body of a request with this head may have: where that is more
   * than {@linkcode MAX_BODY_LENGTH}, it waits for {@linkcode permitBody}
   */
  constructor(bodyLimitOf: (head: RequestHead) => number = () => MAX_BODY_LENGTH) {
    this.#bodyLimitOf = bodyLimitOf;
  }

  /** Bytes that were pushed and belong to no request that was returned. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Whether a request has begun and is not whole. */
  get isInRequest(): boolean {
    return this.#head !== undefined || this.#queue.length > 0;
  }

  /**
   * The head of a request whose body may be larger than others', and is not taken before
   * {@linkcode permitBody}.
   */
  get unpermitted(): RequestHead | undefined {
    const head = this.#head;
    if (head === undefined || this.#isPermitted || !hasBody(head)) return undefined;
    return this.#bodyLimitOf(head) > MAX_BODY_LENGTH ? head : undefined;
  }

  /** The body of {@linkcode unpermitted} may come. */
  permitBody(): void {
    this.#isPermitted = true;
  }

  /** Whether the client holds its body back until it is told to go on (RFC 9110 10.1.1). */
  get expectsContinue(): boolean {
    return this.#head?.version === "1.1" && this.#queue.length === 0 &&
      this.#head.headers.get("expect")?.toLowerCase() === "100-continue";
  }

  /** Takes a copy of what has come. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /**
   * The next request; `undefined` if it needs more.
   *
   * @throws {HttpError} after which nothing more can be read
   */
  next(): HttpRequest | undefined {
    this.#head ??= this.#takeHead();
    const head = this.#head;
    if (head === undefined) return undefined;
    if (this.unpermitted !== undefined) return undefined;
    const body = this.#takeBody(head);
    if (body === undefined) return undefined;
    this.#head = this.#chunks = undefined;
    this.#isPermitted = false;
    if (body.length > 0) this.#shrink();
    return { ...head, body, keepsAlive: keepsAlive(head) };
  }

  /** Lets go of the room that a request took: the connection may live long without another one. */
  #shrink(): void {
    const rest = this.#queue.take(this.#queue.length)!;
    this.#queue = new ByteQueue(QUEUE_SIZE);
    this.#queue.push(rest);
  }

  #takeHead(): RequestHead | undefined {
    if (this.#scanned === 0) this.#skipEmptyLines();
    const bytes = this.#queue.peek(Math.min(this.#queue.length, MAX_HEAD_LENGTH))!;
    const end = headEnd(bytes, this.#scanned);
    if (end !== undefined) {
      const text = LATIN1.decode(bytes.subarray(0, end));
      this.#queue.skip(end + 4);
      if (end > 4 * QUEUE_SIZE) this.#shrink();
      this.#scanned = 0;
      return parseRequestHead(text);
    }
    if (bytes.length === MAX_HEAD_LENGTH) {
      const isLine = bytes.indexOf(LF) < 0;
      throw new HttpError(
        isLine ? STATUS_CODE.URITooLong : STATUS_CODE.RequestHeaderFieldsTooLarge,
        `Cannot read request: request line and headers must have up to ${MAX_HEAD_LENGTH} bytes`,
      );
    }
    if (isForeign(bytes)) {
      throw new HttpError(STATUS_CODE.BadRequest, "Cannot read request: must be HTTP/1.1");
    }
    this.#scanned = Math.max(0, bytes.length - 3);
    return undefined;
  }

  /** RFC 9112 2.2: before a request line, empty lines are to be ignored. */
  #skipEmptyLines(): void {
    for (;;) {
      const line = this.#queue.peek(2);
      if (line === undefined || line[0] !== CR || line[1] !== LF) return;
      this.#queue.skip(2);
    }
  }

  #takeBody(head: RequestHead): Uint8Array<ArrayBuffer> | undefined {
    const { framing } = head;
    if (framing.kind === "chunked") {
      this.#chunks ??= new ChunkedBody(this.#bodyLimitOf(head));
      return this.#chunks.take(this.#queue);
    }
    if (framing.length === 0) return NO_BODY;
    requireBodyLength(framing.length, this.#bodyLimitOf(head));
    return this.#queue.take(framing.length)?.slice() as Uint8Array<ArrayBuffer> | undefined;
  }
}

function hasBody({ framing }: RequestHead): boolean {
  return framing.kind === "chunked" || framing.length > 0;
}

/** Whether this is no HTTP at all and not worth waiting: TLS and RTMP begin with control characters. */
function isForeign(bytes: Uint8Array): boolean {
  const first = bytes[0];
  if (first === undefined || (first === CR && bytes.length === 1)) return false;
  return first <= 0x20 || first >= 0x7f;
}

/** Where the empty line behind a head begins. */
function headEnd(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(CR, from); at >= 0; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  }
  return undefined;
}

/** HTTP/1.0 could say so as well, but nobody does who still speaks it. */
function keepsAlive({ version, headers }: RequestHead): boolean {
  const options = headers.get("connection")?.toLowerCase().split(",") ?? [];
  return version === "1.1" && !options.some((option) => option.trim() === "close");
}
