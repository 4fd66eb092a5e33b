import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { HttpError } from "../../src/http/http_error.ts";
import {
  type HttpRequest,
  MAX_BODY_LENGTH,
  MAX_HEAD_LENGTH,
  RequestReader,
} from "../../src/http/request_reader.ts";
import { everySplit, surviveMutations } from "../../testing/mutation.ts";
import { bytesOf, statusOf } from "./errors.ts";

/** All requests that come of pieces, looked for after each of them. */
function readAll(reader: RequestReader, pieces: readonly Uint8Array[]): HttpRequest[] {
  const requests: HttpRequest[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let next = reader.next(); next !== undefined; next = reader.next()) requests.push(next);
  }
  return requests;
}

const read = (...texts: string[]) => readAll(new RequestReader(), texts.map(bytesOf));

/** Method, target and body of each. */
const outline = (requests: readonly HttpRequest[]) =>
  requests.map(({ method, target, body }) =>
    `${method} ${target} ${String.fromCharCode(...body)}`.trim()
  );

const GET = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab\r\n\r\n";
const CHUNKED = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n";

/** What is sent, and the requests in it; the last may need more. */
const STREAMS: readonly (readonly [sent: string, requests: readonly string[], left: number])[] = [
  [GET, ["GET /a"], 0],
  [POST, ["POST /b ab"], 0],
  [CHUNKED, ["POST /c abc0123456789"], 0],
  [GET + POST + CHUNKED + GET, ["GET /a", "POST /b ab", "POST /c abc0123456789", "GET /a"], 0],
  [`\r\n\r\n${GET}\r\n${POST}\r\n`, ["GET /a", "POST /b ab"], 0],
  [`${GET}GET /b`, ["GET /a"], 6],
  [`${POST}\r`, ["POST /b ab"], 1],
  ["GET /a HTTP/1.0\r\n\r\n", ["GET /a"], 0],
  [`${GET}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab`, ["GET /a"], 2],
];

Deno.test("RequestReader: whole, in every split, byte by byte, one behind the other", () => {
  for (const [sent, requests, left] of STREAMS) {
    for (const pieces of [[bytesOf(sent)], ...everySplit(bytesOf(sent))]) {
      const reader = new RequestReader();
      const what = JSON.stringify(pieces.map((piece) => String.fromCharCode(...piece)));
      assertEquals(outline(readAll(reader, pieces)), requests, what);
      assertEquals(reader.pending, left, what);
    }
  }
});

Deno.test("RequestReader: pieces are copied, bodies belong to the receiver", () => {
  const reader = new RequestReader();
  const piece = bytesOf(POST);
  reader.push(piece);
  piece.fill(0);
  const { body } = reader.next()!;
  reader.push(bytesOf(GET.repeat(100)));
  assertEquals(body, bytesOf("ab\r\n\r\n"));
  assertEquals(body.buffer.byteLength, 6);
});

Deno.test("RequestReader: whether another request may follow", () => {
  const cases: readonly (readonly [version: string, connection: string, keeps: boolean])[] = [
    ["1.1", "X: 1", true],
    ["1.1", "Connection: keep-alive", true],
    ["1.1", "Connection: close", false],
    ["1.1", "Connection: Upgrade,\tCLOSE ", false],
    ["1.1", "Connection: upgrade\r\nConnection: close", false],
    ["1.1", "Connection: closed", true],
    ["1.0", "X: 1", false],
    ["1.0", "Connection: keep-alive", false],
  ];
  for (const [version, connection, keeps] of cases) {
    const [request] = read(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n\r\n`);
    assertStrictEquals(request?.keepsAlive, keeps, `${version} ${connection}`);
  }
});

Deno.test("RequestReader: bytes of any text are taken for a value", () => {
  const bytes = Array.from({ length: 128 }, (_, at) => String.fromCharCode(128 + at)).join("");
  const [request] = read(`GET / HTTP/1.1\r\nHost: a\r\nA: ${bytes}\r\n\r\n`);
  assertEquals(request?.headers.get("a")?.length, 128);
});

Deno.test("RequestReader: a client that waits to be told to go on", () => {
  const head = (fields: string) => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
  const expects = (...sent: string[]) => {
    const reader = new RequestReader();
    readAll(reader, sent.map(bytesOf));
    return reader.expectsContinue;
  };
  assertEquals(expects(head("Content-Length: 3\r\nExpect: 100-Continue")), true);
  assertEquals(expects(head("Transfer-Encoding: chunked\r\nExpect: 100-continue")), true);
  assertEquals(expects(head("Content-Length: 3\r\nExpect: 100-continue"), "a"), false);
  assertEquals(expects(head("Content-Length: 3\r\nExpect: 100-continue"), "abc"), false);
  assertEquals(expects(head("Content-Length: 0\r\nExpect: 100-continue")), false);
  assertEquals(expects(head("Content-Length: 3\r\nExpect: 200-ok")), false);
  assertEquals(expects(head("Content-Length: 3")), false);
  assertEquals(expects("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"), false);
  assertEquals(
    expects("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
    false,
  );
});

Deno.test("RequestReader: whether a request has begun", () => {
  const reader = new RequestReader();
  const states = [reader.isInRequest];
  for (const character of "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na") {
    reader.push(bytesOf(character));
    reader.next();
    states.push(reader.isInRequest);
  }
  // The first two are the empty line.
  assertEquals(states.slice(0, 3), [false, true, false]);
  assertEquals(states.slice(3, -1).every((isIn) => isIn), true);
  assertEquals(states.at(-1), false);
});

Deno.test("RequestReader: what is no HTTP is refused at its first byte", () => {
  const firsts = ["\x16\x03\x01", "\x03", "\x06", "\x00", "\n", " ", "\x7f", "\x80", "\xff", "\rG"];
  for (const first of firsts) {
    assertEquals(statusOf(() => read(first)), 400, JSON.stringify(first));
    assertEquals(statusOf(() => read(`${GET}\r\n${first}`)), 400, JSON.stringify(first));
  }
  assertEquals(read("\r", "\n", "G"), []);
});

Deno.test("RequestReader: requests that hide others are refused, whole and byte by byte", () => {
  const bad: readonly (readonly [sent: string, status: number])[] = [
    [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
    [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\n`, 400],
    [`POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 6\r\n\r\n`, 400],
    [`POST / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Content-Length: 6\r\n\r\n`, 400],
    [`GET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\nHost: a\x00\r\n\r\n`, 400],
    [`GET / HTTP/1.1\r\n\r\n`, 400],
    [`GET / HTTP/3.0\r\nHost: a\r\n\r\n`, 505],
    [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 505],
  ];
  for (const [sent, status] of bad) {
    for (const pieces of [[sent], [...sent]]) {
      assertEquals(statusOf(() => read(...pieces)), status, sent);
    }
  }
});

/** A request whose head has `length` bytes in all. */
function headOf(length: number): string {
  const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  return `${start.padEnd(length - 4, "x")}\r\n\r\n`;
}

Deno.test("RequestReader: limits of the head, at and above, whole and in pieces", () => {
  const inPieces = (text: string) => text.match(/.{1,1000}/gs)!;
  for (const cut of [(text: string) => [text], inPieces]) {
    assertEquals(read(...cut(headOf(MAX_HEAD_LENGTH - 1))).length, 1);
    assertEquals(read(...cut(headOf(MAX_HEAD_LENGTH))).length, 1);
    assertEquals(statusOf(() => read(...cut(headOf(MAX_HEAD_LENGTH + 1)))), 431);
    assertEquals(statusOf(() => read(...cut(`GET /${"a".repeat(MAX_HEAD_LENGTH)}`))), 414);
  }
  // Only the head counts, not what comes behind it.
  assertEquals(read(headOf(MAX_HEAD_LENGTH) + headOf(MAX_HEAD_LENGTH)).length, 2);
  assertEquals(read("\r\n".repeat(MAX_HEAD_LENGTH) + GET).length, 1);
});

Deno.test("RequestReader: limits of the body, at and above", () => {
  const start = "POST / HTTP/1.1\r\nHost: a\r\n";
  const sized = (length: number) => `${start}Content-Length: ${length}\r\n\r\n`;
  const [request] = read(sized(MAX_BODY_LENGTH) + "a".repeat(MAX_BODY_LENGTH));
  assertEquals(request?.body.length, MAX_BODY_LENGTH);
  assertEquals(statusOf(() => read(sized(MAX_BODY_LENGTH + 1))), 413);
  const chunk = (length: number) => `${length.toString(16)}\r\n${"a".repeat(length)}\r\n`;
  const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n${chunk(MAX_BODY_LENGTH - 1)}`;
  assertEquals(read(`${chunked}1\r\na\r\n0\r\n\r\n`)[0]?.body.length, MAX_BODY_LENGTH);
  assertEquals(statusOf(() => read(`${chunked}2\r\n`)), 413);
});

Deno.test("RequestReader: nothing but HttpError escapes from mutations", () => {
  surviveMutations(
    STREAMS.map(([sent]) => bytesOf(sent)),
    (bytes) => {
      const half = Math.floor(bytes.length / 2);
      readAll(new RequestReader(), [bytes.subarray(0, half), bytes.subarray(half)]);
    },
    HttpError,
    { count: 500 },
  );
});

Deno.test("RequestReader: what a body took is let go of behind it", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const head = bytesOf(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_BODY_LENGTH}\r\n\r\n`);
  const piece = new Uint8Array(1024);
  collect();
  const before = Deno.memoryUsage().external;
  const readers = Array.from({ length: 100 }, () => new RequestReader());
  for (const reader of readers) {
    readAll(reader, [head, ...Array(MAX_BODY_LENGTH / piece.length).fill(piece)]);
    // Of the next request nothing is lost.
    assertEquals(outline(readAll(reader, [bytesOf(`${GET}GET`)])), ["GET /a"]);
  }
  for (let time = 0; time < 3; time++) collect();
  const each = (Deno.memoryUsage().external - before) / readers.length;
  assertLess(each, MAX_BODY_LENGTH / 2);
});
