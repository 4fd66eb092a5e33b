import { getLogger } from "@logtape/logtape";
import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../../../src/http/http_error.ts";
import { RequestReader } from "../../../../src/http/request_reader.ts";
import { Cors } from "../../../../src/shard/http/routing/cors.ts";
import { textAnswer } from "../../../../src/shard/http/routing/answers.ts";
import { type Route, RouteTable } from "../../../../src/shard/http/routing/route_table.ts";
import { bytesOf } from "../../../http/errors.ts";

const ADDRESS = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;

/** A route that tells what it has found. */
function route(method: Route["method"], pattern: string, more: Partial<Route> = {}): Route {
  return {
    method,
    pattern,
    access: "anybody",
    handler: ({ parts }) => textAnswer(200, `${method} ${pattern} ${JSON.stringify(parts)}`),
    ...more,
  };
}

const TABLE = new RouteTable([
  route("POST", "/rtc/?", { accepts: "application/sdp" }),
  route("GET", "/{path...}.flv"),
  route("HEAD", "/{path...}.flv"),
  route("GET", "/{path...}/whep/{viewer}"),
  route("DELETE", "/{path...}/whep/{viewer}"),
  route("PATCH", "/{path...}/whep/{viewer}", { accepts: "a/b" }),
  route("GET", "/a.b"),
  route("PUT", "/refusing", {
    handler: () => {
      throw new HttpError(418, "Cannot make coffee", { "retry-after": "9" });
    },
  }),
], { cors: new Cors({ admin: { corsOrigins: ["*"] } }), guards: {} });

async function ask(line: string) {
  const reader = new RequestReader();
  reader.push(bytesOf(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`));
  const response = await TABLE.answer(reader.next()!, {
    localAddr: ADDRESS,
    remoteAddr: ADDRESS,
    id: "0-a",
    log: getLogger(["sluice", "http"]),
    peer: ADDRESS.hostname,
    hasLeft: () => false,
    left: () => new AbortController().signal,
    abort() {},
  });
  if (response.kind !== "whole") throw new Error(`Got a ${response.kind}`);
  const text = new TextDecoder().decode(response.body).trim();
  return { ...response, says: `${response.status} ${text}`.trim() };
}

Deno.test("RouteTable: which route a path leads to, and what it has found", async () => {
  for (
    const [line, says] of [
      ["POST /rtc", "200 POST /rtc/? {}"],
      ["POST /rtc/", "200 POST /rtc/? {}"],
      ["POST /rtc//", "404 There is nothing at /rtc//"],
      ["GET /live/a/b.flv", '200 GET /{path...}.flv {"path":"live/a/b"}'],
      ["GET /live/a%2Fb%20c.flv", '200 GET /{path...}.flv {"path":"live/a/b c"}'],
      ["GET /live/a/whep/0.flv", '200 GET /{path...}.flv {"path":"live/a/whep/0"}'],
      ["GET /a/whep/0.b", '200 GET /{path...}/whep/{viewer} {"path":"a","viewer":"0.b"}'],
      ["GET /a/whep/0/b", "404 There is nothing at /a/whep/0/b"],
      ["GET /live/%E0%A4%A.flv", "404 There is nothing at /live/%E0%A4%A.flv"],
      ["GET /a.b", "200 GET /a.b {}"],
      ["GET /acb", "404 There is nothing at /acb"],
    ] as const
  ) assertEquals((await ask(line)).says, says, line);
});

Deno.test("RouteTable: HEAD has the route of GET, or its own", async () => {
  assertEquals((await ask("HEAD /a.flv")).says, '200 HEAD /{path...}.flv {"path":"a"}');
  assertEquals((await ask("HEAD /a.b")).says, "200 GET /a.b {}");
  assertEquals((await ask("HEAD /rtc")).status, 405);
});

Deno.test("RouteTable: what is not allowed is told with what is", async () => {
  for (
    const [line, says, allow] of [
      ["GET /rtc", "405 Cannot GET here: use POST", "POST, OPTIONS"],
      ["DELETE /a.flv", "405 Cannot DELETE here: use GET or HEAD", "GET, HEAD, OPTIONS"],
      [
        "BREW /a/whep/1",
        "405 Cannot BREW here: use GET, HEAD, DELETE or PATCH",
        "GET, HEAD, DELETE, PATCH, OPTIONS",
      ],
    ] as const
  ) {
    const answer = await ask(line);
    assertEquals([answer.says, answer.headers["allow"]], [says, allow]);
  }
});

Deno.test("RouteTable: OPTIONS tells what there is, and runs nothing", async () => {
  const { says, headers } = await ask("OPTIONS /a/whep/1");
  assertEquals(says, "204");
  assertEquals(headers["allow"], "GET, HEAD, DELETE, PATCH, OPTIONS");
  assertEquals(headers["access-control-allow-methods"], headers["allow"]);
  assertEquals(headers["accept-patch"], "a/b");
  assertEquals((await ask("OPTIONS /rtc")).headers["accept-post"], "application/sdp");
  assertEquals((await ask("OPTIONS /refusing")).says, "204");
});

Deno.test("RouteTable: a handler's refusal is an answer that any page may read", async () => {
  const { says, headers } = await ask("PUT /refusing");
  assertEquals(says, "418 Cannot make coffee");
  assertEquals([headers["retry-after"], headers["access-control-allow-origin"]], ["9", "*"]);
});

Deno.test("routes: one method of a pattern has one route, so that its access is that of the table", () => {
  const rules = { cors: new Cors({ admin: { corsOrigins: ["*"] } }), guards: {} };
  const twice = [route("GET", "/a", { access: "admin" }), route("GET", "/a")];
  assertThrows(() => new RouteTable(twice, rules), Error, "Cannot route /a: one method has two");
});
