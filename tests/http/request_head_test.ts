import { assertEquals } from "@std/assert";
import { HttpError } from "../../src/http/http_error.ts";
import {
  MAX_HEADER_FIELDS,
  MAX_TARGET_LENGTH,
  parseRequestHead,
  type RequestHead,
} from "../../src/http/request_head.ts";
import { surviveMutations } from "../../testing/mutation.ts";
import { bytesOf, statusOf } from "./errors.ts";

const get = (...fields: string[]) => ["GET / HTTP/1.1", "Host: a", ...fields].join("\r\n");

Deno.test("parseRequestHead: request line and fields", () => {
  const head = parseRequestHead(
    "POST /live/a.flv?token=1 HTTP/1.1\r\nHOST:localhost:8080\r\nX-A: \t 1 2 \t\r\nX-Empty:\r\n" +
      "x-a: 3\r\nContent-Length: 12",
  );
  assertEquals(head, {
    method: "POST",
    target: "/live/a.flv?token=1",
    version: "1.1",
    headers: new Map([
      ["host", "localhost:8080"],
      ["x-a", "1 2, 3"],
      ["x-empty", ""],
      ["content-length", "12"],
    ]),
    framing: { kind: "length", length: 12 },
  });
});

Deno.test("parseRequestHead: all forms of a target, all tokens as methods", () => {
  const lines: readonly (readonly [line: string, method: string, target: string])[] = [
    ["GET http://a/b?c HTTP/1.1", "GET", "http://a/b?c"],
    ["OPTIONS * HTTP/1.1", "OPTIONS", "*"],
    ["CONNECT a:443 HTTP/1.1", "CONNECT", "a:443"],
    ["GET //a%20b HTTP/1.1", "GET", "//a%20b"],
    ["!#$%&'*+-.^_`|~09az / HTTP/1.1", "!#$%&'*+-.^_`|~09az", "/"],
  ];
  for (const [line, method, target] of lines) {
    const head = parseRequestHead(`${line}\r\nHost: a`);
    assertEquals([head.method, head.target], [method, target], line);
  }
});

Deno.test("parseRequestHead: versions", () => {
  const versions: readonly (readonly [version: string, served: string | number])[] = [
    ["HTTP/1.0", "1.0"],
    ["HTTP/1.1", "1.1"],
    ["HTTP/1.9", "1.1"],
    ["HTTP/2.0", 505],
    ["HTTP/0.9", 505],
    ["HTTP/1", 400],
    ["HTTP/1.10", 400],
    ["http/1.1", 400],
    ["RTSP/1.0", 400],
  ];
  for (const [version, served] of versions) {
    const parse = () => parseRequestHead(`GET / ${version}\r\nHost: a`);
    assertEquals(typeof served === "string" ? parse().version : statusOf(parse), served, version);
  }
  assertEquals(parseRequestHead("GET / HTTP/1.0").headers, new Map());
});

Deno.test("parseRequestHead: Host is there once, and names a host", () => {
  const good = [
    "a",
    "",
    "localhost:8080",
    "192.0.2.1:",
    "[::1]:80",
    "[2001:db8::192.0.2.1]",
    "a_b",
  ];
  for (const host of good) {
    const head = parseRequestHead(`GET / HTTP/1.1\r\nHost: ${host}`);
    assertEquals(head.headers.get("host"), host);
  }
  const bad = ["a/healthz?", "user@a", "a b", "a:b", "[::1", "::1", "a#", "a\\b", "a, a", "é"];
  for (const host of bad) {
    for (const version of ["1.0", "1.1"]) {
      const parse = () => parseRequestHead(`GET / HTTP/${version}\r\nHost: ${host}`);
      assertEquals(statusOf(parse), 400, host);
    }
  }
  assertEquals(statusOf(() => parseRequestHead("GET / HTTP/1.1")), 400);
  assertEquals(statusOf(() => parseRequestHead("GET / HTTP/1.1\r\nHost: a\r\nhost: a")), 400);
});

Deno.test("parseRequestHead: lines that others would read otherwise are refused", () => {
  const heads = [
    "",
    "GET",
    "GET /",
    "GET /a b HTTP/1.1\r\nHost: a",
    "GET  / HTTP/1.1\r\nHost: a",
    " GET / HTTP/1.1\r\nHost: a",
    "GET / HTTP/1.1 \r\nHost: a",
    "GET\t/ HTTP/1.1\r\nHost: a",
    "G(T / HTTP/1.1\r\nHost: a",
    "GET /\x00 HTTP/1.1\r\nHost: a",
    "GET /é HTTP/1.1\r\nHost: a",
    "GET / HTTP/1.1\nHost: a",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    get("A : 1"),
    get("A\t: 1"),
    get("A: 1", " folded"),
    get("A: 1", "\tfolded: 1"),
    get(" A: 1"),
    get("A"),
    get(": 1"),
    get("A(: 1"),
    get("é: 1"),
    get("A: 1\nB: 2"),
    get("A: 1\rB: 2"),
    get("A: \x00"),
    get("A: \x7f"),
    get("A: \x1b[0m"),
  ];
  for (const head of heads) {
    assertEquals(statusOf(() => parseRequestHead(head)), 400, JSON.stringify(head));
  }
});

Deno.test("parseRequestHead: values may have any text", () => {
  for (const value of ["é", "\u00c3\u0178", "\u20ac", "\u0081", 'a "b" \\c', "a\tb", ":"]) {
    assertEquals(parseRequestHead(get(`A: ${value}`)).headers.get("a"), value);
  }
});

Deno.test("parseRequestHead: how long the body is", () => {
  const fields: readonly (readonly [fields: string[], framing: RequestHead["framing"] | number])[] =
    [
      [[], { kind: "length", length: 0 }],
      [["Content-Length: 0"], { kind: "length", length: 0 }],
      [["Content-Length: 007"], { kind: "length", length: 7 }],
      [["Content-Length: 999999999999999"], { kind: "length", length: 999_999_999_999_999 }],
      [["Transfer-Encoding: chunked"], { kind: "chunked" }],
      [["transfer-encoding:  CHUNKED "], { kind: "chunked" }],
      [["Content-Length: 1", "Transfer-Encoding: chunked"], 400],
      [["Transfer-Encoding: chunked", "Content-Length: 0"], 400],
      [["Transfer-Encoding: identity", "Content-Length: 0"], 400],
      [["Content-Length: 1", "Content-Length: 2"], 400],
      [["Content-Length: 1", "content-length: 1"], 400],
      [["Content-Length: 1, 1"], 400],
      [["Content-Length: "], 400],
      [["Content-Length: +1"], 400],
      [["Content-Length: -1"], 400],
      [["Content-Length: 1.0"], 400],
      [["Content-Length: 0x1"], 400],
      [["Content-Length: 1 1"], 400],
      [["Content-Length: 1000000000000000"], 400],
      [["Transfer-Encoding: gzip, chunked"], 501],
      [["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 501],
      [["Transfer-Encoding: chunked, identity"], 501],
      [["Transfer-Encoding: \vchunked"], 400],
      [["Transfer-Encoding: xchunked"], 501],
      [["Transfer-Encoding: "], 501],
      [["Transfer-Encoding : chunked"], 400],
    ];
  for (const [lines, framing] of fields) {
    const parse = () => parseRequestHead(get(...lines));
    const actual = typeof framing === "number" ? statusOf(parse) : parse().framing;
    assertEquals(actual, framing, lines.join(" | "));
  }
});

Deno.test("parseRequestHead: limits of target and fields", () => {
  const target = "/".padEnd(MAX_TARGET_LENGTH, "a");
  assertEquals(parseRequestHead(`GET ${target} HTTP/1.1\r\nHost: a`).target, target);
  assertEquals(statusOf(() => parseRequestHead(`GET ${target}a HTTP/1.1\r\nHost: a`)), 414);
  const fields = Array.from({ length: MAX_HEADER_FIELDS - 1 }, (_, at) => `A${at}: ${at}`);
  assertEquals(parseRequestHead(get(...fields)).headers.size, MAX_HEADER_FIELDS);
  assertEquals(statusOf(() => parseRequestHead(get(...fields, "B: 1"))), 431);
});

Deno.test("parseRequestHead: nothing but HttpError escapes from mutations", () => {
  const samples = [
    get("Content-Length: 12", "Connection: keep-alive, Upgrade", "Upgrade: websocket"),
    get("Transfer-Encoding: chunked", "Expect: 100-continue"),
    "OPTIONS * HTTP/1.0",
  ];
  const decode = (bytes: Uint8Array) => void parseRequestHead(String.fromCharCode(...bytes));
  surviveMutations(
    samples.map(bytesOf),
    decode,
    HttpError,
  );
});
