import { assertEquals } from "@std/assert";
import { isAnybodysHere, isLocalRequest } from "../../src/http/local_request.ts";

const LOCAL: readonly [peer: string, headers: Record<string, string>][] = [
  ["127.0.0.1", { host: "127.0.0.1:8080" }],
  ["127.0.0.2", { host: "localhost:8080" }],
  ["127.0.0.1", { host: "LOCALHOST" }],
  ["::1", { host: "[::1]:8080" }],
  ["::ffff:127.0.0.1", { host: "localhost" }],
  ["127.0.0.1", { "host": "localhost:8080", "origin": "http://localhost:8080" }],
  ["127.0.0.1", { "host": "localhost:8080", "sec-fetch-site": "none" }],
  ["127.0.0.1", { "host": "localhost:8080", "sec-fetch-site": "same-origin" }],
];

const OTHERS: readonly [peer: string, headers: Record<string, string>][] = [
  ["192.0.2.1", { host: "localhost:8080" }],
  ["::2", { host: "localhost:8080" }],
  ["127.0.0.1.example", { host: "localhost:8080" }],
  // A name that somebody lets point here.
  ["127.0.0.1", { host: "rebound.example:8080" }],
  ["127.0.0.1", { host: "127.0.0.1.example" }],
  ["127.0.0.1", { host: "localhost.example" }],
  ["127.0.0.1", { host: "" }],
  ["127.0.0.1", {}],
  // Pages elsewhere.
  ["127.0.0.1", { "host": "localhost:8080", "origin": "http://elsewhere.example" }],
  ["127.0.0.1", { "host": "localhost:8080", "origin": "http://localhost:3000" }],
  ["127.0.0.1", { "host": "localhost:8080", "origin": "null" }],
  ["127.0.0.1", { "host": "localhost:8080", "sec-fetch-site": "cross-site" }],
  ["127.0.0.1", { "host": "localhost:8080", "sec-fetch-site": "same-site" }],
  // Proxies on the machine, whomever they serve.
  ["127.0.0.1", { "host": "localhost", "x-forwarded-for": "127.0.0.1" }],
  ["127.0.0.1", { "host": "localhost", "x-forwarded-host": "localhost" }],
  ["127.0.0.1", { "host": "localhost", "forwarded": "for=127.0.0.1" }],
  ["127.0.0.1", { "host": "localhost", "x-real-ip": "127.0.0.1" }],
  ["127.0.0.1", { "host": "localhost", "via": "1.1 proxy" }],
];

Deno.test("isLocalRequest: who sits at the machine, and who only seems to", () => {
  for (const [isLocal, requests] of [[true, LOCAL], [false, OTHERS]] as const) {
    for (const [peer, headers] of requests) {
      const told = isLocalRequest(new Map(Object.entries(headers)), peer);
      assertEquals(told, isLocal, `${peer} ${JSON.stringify(headers)}`);
    }
  }
});

Deno.test("isAnybodysHere: what seems to come from this machine, and may be by another's wish", () => {
  const told = (
    peer: string,
    headers: Record<string, string>,
    { target = "/live/a.flv", version = "1.1" as "1.0" | "1.1" } = {},
  ) => isAnybodysHere({ target, version, headers: new Map(Object.entries(headers)) }, peer);
  for (const [peer, headers] of LOCAL) assertEquals(told(peer, headers), false, headers["host"]);
  for (const [peer, headers] of OTHERS.filter(([peer]) => /^127[.\d]+$/.test(peer))) {
    assertEquals(told(peer, headers), true, JSON.stringify(headers));
  }
  // Names that nobody has in the DNS.
  for (const host of ["camera-server:8080", "192.0.2.7", "[2001:db8::7]:8080"]) {
    assertEquals(told("127.0.0.1", { host }), false, host);
  }
  assertEquals(told("127.0.0.1", { host: "localhost" }, { version: "1.0" }), true);
  assertEquals(told("::1", { host: "localhost" }, { target: "http://rebound.example/" }), true);
  assertEquals(told("::1", { "host": "localhost", "via": "1.1 proxy" }), true);
  // It may be a client's own: then its address is what it is.
  assertEquals(told("192.0.2.1", { "host": "a.example", "x-forwarded-for": "127.0.0.1" }), false);
});
