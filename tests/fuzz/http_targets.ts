import { assertEquals } from "@std/assert";
import { HttpError } from "../../src/http/http_error.ts";
import { MAX_BODY_LENGTH, RequestReader } from "../../src/http/request_reader.ts";
import { Opcode } from "../../src/http/websocket.ts";
import {
  MAX_MESSAGE_LENGTH,
  WebSocketError,
  WebSocketReader,
} from "../../src/http/websocket_reader.ts";
import { bytesOf } from "../http/errors.ts";
import { clientFrame } from "../http/websocket_frames.ts";
import { ProxyError } from "../../src/proxy/proxy_error.ts";
import { type ProxyHeader, ProxyHeaderReader } from "../../src/proxy/proxy_header.ts";
import { PROXY_SAMPLES } from "../proxy/proxy_samples.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** Pieces of a length that divides nothing. */
const PIECE_LENGTH = 13;

/** Requests as browsers, players and proxies send them, one behind the other. */
export const REQUEST_SAMPLES: readonly Uint8Array[] = [
  "GET /live/a.flv?audio=0 HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\n" +
  'If-None-Match: W/"a", "b"\r\nAccept-Encoding: gzip;q=0.5, *;q=0\r\n\r\nGET / HTTP/1.0\r\n\r\n',
  "GET /live/a.flv HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  "\r\nPOST http://a/live/a/whep HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" +
  "Content-Length: 5\r\n\r\nv=0\r\nOPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "5;x=y\r\nv=0\r\n\r\n0a\r\n0123456789\r\n0\r\nA: b\r\n\r\nHEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",
].map(bytesOf);

/** What clients send over a WebSocket. */
export const FRAME_SAMPLES: readonly Uint8Array[] = [
  Uint8Array.of(
    ...clientFrame({ opcode: Opcode.text, payload: "Hel", continues: true }),
    ...clientFrame({ opcode: Opcode.ping, payload: "ping" }),
    ...clientFrame({ opcode: Opcode.continuation, payload: "lo" }),
    ...clientFrame({ opcode: Opcode.close, payload: Uint8Array.of(3, 0xe8) }),
  ),
  Uint8Array.of(
    ...clientFrame({ opcode: Opcode.binary, payload: new Uint8Array(130) }),
    ...clientFrame({ opcode: Opcode.pong }),
  ),
];

/** Targets for the readers of what HTTP and WebSocket clients send. */
export const HTTP_TARGETS: readonly FuzzTarget[] = [
  { name: "http-requests", corpus: REQUEST_SAMPLES, allowed: HttpError, run: readRequests },
  { name: "websocket", corpus: FRAME_SAMPLES, allowed: WebSocketError, run: readFrames },
  {
    name: "proxy-header",
    corpus: PROXY_SAMPLES.map(([bytes]) => bytes),
    allowed: ProxyError,
    run: readProxyHeader,
  },
];

/** What is read must be within its limits, and the same in pieces as in one. */
function readRequests(bytes: Uint8Array<ArrayBuffer>): void {
  assertEquals(outcome(() => requestsOf([bytes])), outcome(() => requestsOf(piecesOf(bytes))));
  requestsOf([bytes]);
}

function requestsOf(pieces: readonly Uint8Array[]): readonly string[] {
  const reader = new RequestReader();
  const requests: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let request = reader.next(); request !== undefined; request = reader.next()) {
      const { method, target, body } = request;
      if (body.length > MAX_BODY_LENGTH) throw new Error(`Body of ${body.length} bytes`);
      requests.push(`${method} ${target} ${body.join()}`);
    }
  }
  return requests;
}

function readFrames(bytes: Uint8Array<ArrayBuffer>): void {
  assertEquals(outcome(() => eventsOf([bytes])), outcome(() => eventsOf(piecesOf(bytes))));
  eventsOf([bytes]);
}

function eventsOf(pieces: readonly Uint8Array[]): readonly string[] {
  const reader = new WebSocketReader();
  const events: string[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === "message" && event.length > MAX_MESSAGE_LENGTH) {
        throw new Error(`Message of ${event.length} bytes`);
      }
      events.push(event.kind === "ping" ? `ping ${event.payload.join()}` : event.kind);
    }
  }
  return events;
}

/** However it is cut, the same is read, and nothing is lost of what is behind. */
function readProxyHeader(bytes: Uint8Array<ArrayBuffer>): void {
  assertEquals(
    outcome(() => headerOf([bytes])),
    outcome(() => headerOf(piecesOf(bytes))),
  );
  headerOf([bytes]);
}

function headerOf(pieces: readonly Uint8Array[]): readonly string[] {
  const reader = new ProxyHeaderReader();
  let header: ProxyHeader | undefined;
  for (const piece of pieces) {
    reader.push(piece);
    header ??= reader.next();
  }
  return [JSON.stringify(header), reader.rest().join()];
}

function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / PIECE_LENGTH);
  return Array.from(
    { length: count },
    (_, at) => bytes.subarray(at * PIECE_LENGTH, (at + 1) * PIECE_LENGTH),
  );
}

/** What came of it, or that it was refused: for which reason may depend on what was seen of it. */
function outcome(read: () => readonly string[]): readonly string[] | "refused" {
  try {
    return read();
  } catch (error) {
    const isRefusal = error instanceof HttpError || error instanceof WebSocketError ||
      error instanceof ProxyError;
    if (isRefusal) return "refused";
    throw error;
  }
}
