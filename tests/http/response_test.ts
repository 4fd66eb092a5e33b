import { assertEquals } from "@std/assert";
import { ByteQueue } from "../../src/bytes/byte_queue.ts";
import { ChunkedBody } from "../../src/http/chunked_body.ts";
import {
  CONTINUE,
  encodeChunk,
  encodeResponseHead,
  type HttpResponse,
  LAST_CHUNK,
  type ResponseFraming,
} from "../../src/http/response.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const date = new Date(Date.UTC(1994, 10, 6, 8, 49, 37));
const DATE_LINE = "date: Sun, 06 Nov 1994 08:49:37 GMT";
/** Every answer has it, one that refuses or upgrades as well. */
const NOSNIFF_LINE = "x-content-type-options: nosniff";
const headers = { "content-type": "text/plain", etag: '"a"' };
const onOver = () => {};

function whole(status: number, length: number): HttpResponse {
  return { kind: "whole", status, headers, body: new Uint8Array(length) };
}

const STREAM: HttpResponse = {
  kind: "stream",
  status: 200,
  headers,
  body: new ReadableStream(),
  onOver,
};

const HEADS: readonly (readonly [
  response: HttpResponse,
  framing: ResponseFraming,
  keepsAlive: boolean,
  lines: readonly string[],
])[] = [
  [whole(200, 5), "length", true, [
    "HTTP/1.1 200 OK",
    "content-type: text/plain",
    'etag: "a"',
    "content-length: 5",
  ]],
  [whole(404, 0), "length", false, [
    "HTTP/1.1 404 Not Found",
    "content-type: text/plain",
    'etag: "a"',
    "content-length: 0",
    "connection: close",
  ]],
  [whole(304, 0), "length", true, [
    "HTTP/1.1 304 Not Modified",
    "content-type: text/plain",
    'etag: "a"',
  ]],
  [whole(204, 0), "length", true, [
    "HTTP/1.1 204 No Content",
    "content-type: text/plain",
    'etag: "a"',
  ]],
  [whole(299, 0), "length", true, [
    "HTTP/1.1 299 ",
    "content-type: text/plain",
    'etag: "a"',
    "content-length: 0",
  ]],
  [STREAM, "chunked", true, [
    "HTTP/1.1 200 OK",
    "content-type: text/plain",
    'etag: "a"',
    "transfer-encoding: chunked",
  ]],
  [STREAM, "close", false, [
    "HTTP/1.1 200 OK",
    "content-type: text/plain",
    'etag: "a"',
    "connection: close",
  ]],
  [{ kind: "websocket", accept: "abc=", messages: new ReadableStream(), onOver }, "upgrade", true, [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: Upgrade",
    "sec-websocket-accept: abc=",
  ]],
];

Deno.test("encodeResponseHead: status line, fields, and how the body ends", () => {
  for (const [response, framing, keepsAlive, lines] of HEADS) {
    const head = text(encodeResponseHead(response, { framing, keepsAlive, date }));
    assertEquals(head, [...lines, NOSNIFF_LINE, DATE_LINE, "", ""].join("\r\n"));
  }
});

Deno.test("encodeChunk: its length in hexadecimal, and line ends", () => {
  const chunk = encodeChunk(new Uint8Array(0x1abc).fill(0x61));
  assertEquals(text(chunk), `1abc\r\n${"a".repeat(0x1abc)}\r\n`);
  assertEquals(text(encodeChunk(Uint8Array.of(10))), "1\r\n\n\r\n");
});

Deno.test("encodeChunk: what is sent is what a reader of chunks takes", () => {
  const lengths = [1, 9, 15, 16, 17, 255, 256, 4095, 4096, 65535, 65536];
  const queue = new ByteQueue();
  const sent: number[] = [];
  for (const [at, length] of lengths.entries()) {
    const piece = new Uint8Array(length).fill(at);
    sent.push(...piece);
    queue.push(encodeChunk(piece));
  }
  queue.push(LAST_CHUNK);
  const body = new ChunkedBody(1 << 20).take(queue);
  assertEquals([body, queue.length], [Uint8Array.from(sent), 0]);
});

Deno.test("CONTINUE is a whole interim response", () => {
  assertEquals(text(CONTINUE), "HTTP/1.1 100 Continue\r\n\r\n");
});
