import { STATUS_TEXT } from "@std/http/status";

/** Header fields of a response, by name in lower case. */
export type ResponseHeaders = Readonly<Record<string, string>>;

/** What is answered to a request. */
export type HttpResponse = WholeResponse | StreamResponse | WebSocketResponse;

/** A response whose body is there as a whole. */
export interface WholeResponse {
  readonly kind: "whole";
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A response whose body comes piece by piece, until its stream ends. */
export interface StreamResponse {
  readonly kind: "stream";
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Its pieces never change: they may be shared with other responses. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called once when the response is over, whole or not; with why, if that was for the server to say. */
  readonly onOver: (why: string | undefined) => void;
}

/** A request that becomes a WebSocket (RFC 6455 4.2.2). */
export interface WebSocketResponse {
  readonly kind: "websocket";
  /** Value of Sec-WebSocket-Accept. */
  readonly accept: string;
  /** Each piece is one binary message; they may be shared with other viewers. */
  readonly messages: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called once when the WebSocket is over; with why, if that was for the server to say. */
  readonly onOver: (why: string | undefined) => void;
}

/** How the end of a body is told: by its length, by chunks, or by the end of the connection. */
export type ResponseFraming = "length" | "chunked" | "close" | "upgrade";

/** Statuses whose responses never have a body (RFC 9112 6.3). */
const BODYLESS: ReadonlySet<number> = new Set([204, 304]);

const encoder = new TextEncoder();

/** Interim answer to a client that waits with its body (RFC 9110 15.2.1). */
export const CONTINUE: Uint8Array<ArrayBuffer> = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Behind the last chunk of a body (RFC 9112 7.1). */
export const LAST_CHUNK: Uint8Array<ArrayBuffer> = encoder.encode("0\r\n\r\n");

export interface ResponseHeadOptions {
  readonly framing: ResponseFraming;
  /** Whether another request may follow on the connection. */
  readonly keepsAlive: boolean;
  readonly date: Date;
}

/**
 * Status line, header fields and the empty line behind them (RFC 9112 4, 5), ready to be sent.
 *
 * Names and values must be this program's own: they are not checked for line ends.
 */
export function encodeResponseHead(
  response: HttpResponse,
  { framing, keepsAlive, date }: ResponseHeadOptions,
): Uint8Array<ArrayBuffer> {
  const status = response.kind === "websocket" ? 101 : response.status;
  const text = STATUS_TEXT[status as keyof typeof STATUS_TEXT] ?? "";
  const lines = [`HTTP/1.1 ${status} ${text}`];
  if (response.kind === "websocket") {
    lines.push("upgrade: websocket", "connection: Upgrade");
    lines.push(`sec-websocket-accept: ${response.accept}`);
  } else {
    for (const [name, value] of Object.entries(response.headers)) lines.push(`${name}: ${value}`);
    if (framing === "chunked") lines.push("transfer-encoding: chunked");
    if (framing === "length" && response.kind === "whole" && !BODYLESS.has(status)) {
      lines.push(`content-length: ${response.body.length}`);
    }
    if (!keepsAlive) lines.push("connection: close");
  }
  // Whatever it is, a browser must not take it for something else.
  lines.push("x-content-type-options: nosniff");
  lines.push(`date: ${date.toUTCString()}`);
  return encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/** A piece of a body as one chunk (RFC 9112 7.1); the piece must not be empty. */
export function encodeChunk(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = piece.length.toString(16);
  const chunk = new Uint8Array(head.length + piece.length + 4);
  encoder.encodeInto(`${head}\r\n`, chunk);
  chunk.set(piece, head.length + 2);
  chunk.set([0x0d, 0x0a], chunk.length - 2);
  return chunk;
}
