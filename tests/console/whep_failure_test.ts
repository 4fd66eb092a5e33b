import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describeRefusal, describeUnreachable } from "../../src/console/whep_failure.js";

Deno.test("describeRefusal shows the gateway's sentence, and keeps to what can be retried", () => {
  const sentence = "Cannot play live/a here: it has B-frames. Set Max B-frames to 0";
  const table = [
    [404, "The stream live/a is not live\n", null, { kind: "missing", detail: "" }],
    [422, `${sentence}\n`, null, { kind: "unsupported", detail: sentence }],
    [405, "Cannot POST here: use GET or HEAD", null, {
      kind: "unsupported",
      detail: "This gateway does not offer WebRTC",
    }],
    [403, "This token is for another stream.\n", null, {
      kind: "refused",
      detail: "This token is for another stream.",
    }],
    [401, "The token has expired.\n", null, {
      kind: "refused",
      detail: "The token has expired. This page's address needs a ?token= that the gateway accepts",
    }],
    [401, "", null, {
      kind: "refused",
      detail: "This page's address needs a ?token= that the gateway accepts",
    }],
    [503, "There may be up to 100 viewers\n", "7", {
      kind: "network",
      detail: "There may be up to 100 viewers",
      retryAfterMs: 7000,
    }],
    [503, "", "Wed, 21 Oct 2026 07:28:00 GMT", {
      kind: "network",
      detail: "The gateway has no room for another WebRTC viewer",
    }],
    [503, "Full", "1e9", { kind: "network", detail: "Full", retryAfterMs: 300_000 }],
    [503, "Full", "-1", { kind: "network", detail: "Full" }],
    [502, "<html><h1>Bad Gateway</h1>", null, {
      kind: "network",
      detail: "The gateway answered 502",
    }],
    [400, "Cannot read the offer", null, { kind: "network", detail: "Cannot read the offer" }],
    [200, "", null, { kind: "network", detail: "The gateway answered 200" }],
  ] as const;
  for (const [status, body, retryAfter, failure] of table) {
    assertEquals(describeRefusal(status, body, retryAfter), failure, `${status} ${body}`);
  }
  assertEquals(describeRefusal(422, "x".repeat(9999), null).detail.length, 500);
  assertMatch(describeRefusal(422, "", null).detail, /codec in common/);
});

Deno.test("describeUnreachable names where the gateway said it can be reached", () => {
  const answer = [
    "a=candidate:1 1 udp 2130706431 172.17.0.2 8001 typ host",
    "a=candidate:2 1 tcp 1671430143 172.17.0.2 8001 typ host tcptype passive",
    "a=candidate:3 1 udp 2130706430 2001:db8::1 8001 typ host",
    "",
  ].join("\r\n");
  const { kind, detail } = describeUnreachable(answer, 10_000);
  assertEquals(kind, "unreachable");
  assertStringIncludes(detail, "from 172.17.0.2, 2001:db8::1 within 10 s");
  assertStringIncludes(detail, "port 8001 must be reachable over UDP or TCP");
  assertStringIncludes(detail, "--public-ip");
  assertStringIncludes(describeUnreachable("v=0\r\n", 10_000).detail, "the gateway within 10 s");
  assertStringIncludes(describeUnreachable("v=0\r\n", 10_000).detail, "port 8000 must");
});
