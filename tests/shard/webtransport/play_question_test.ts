import { assertEquals } from "@std/assert";
import { NetworkList } from "../../../src/address/network_list.ts";
import { parseRequest } from "../../../src/http3/connect_request.ts";
import { playQuestion, targetOf } from "../../../src/shard/webtransport/play_question.ts";
import { connectFields } from "../../../testing/http3/client.ts";

const PROXIES = new NetworkList(["10.0.0.0/8"]);

function asked(authority: string, origin: string | undefined, hostname: string) {
  const request = parseRequest(connectFields({ authority, origin, path: "/live/a?token=t" }));
  if (request.kind !== "web-transport") throw new Error(request.kind);
  return playQuestion(request, targetOf(request)!, { id: "0-a", hostname, proxies: PROXIES });
}

Deno.test("playQuestion: an address counts only if it says who asks", () => {
  const page = "http://localhost:8080";
  const cases = [
    ["localhost:4433", page, "127.0.0.1", "127.0.0.1"],
    ["127.0.0.1:4433", "http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1"],
    ["localhost:4433", undefined, "::1", "::1"],
    // A page elsewhere that uses a browser on this machine, be it by a name that it lets point here.
    ["localhost:4433", "https://example.org", "127.0.0.1", undefined],
    ["localhost:4433", "null", "127.0.0.1", undefined],
    ["example.org:4433", "http://example.org", "127.0.0.1", undefined],
    // From elsewhere, it is what it is.
    ["example.org:4433", "https://example.com", "203.0.113.7", "203.0.113.7"],
    // A proxy that does not say whom it serves.
    ["example.org:4433", undefined, "10.1.2.3", undefined],
  ] as const;
  for (const [authority, origin, hostname, address] of cases) {
    assertEquals(asked(authority, origin, hostname).address, address, `${origin} ${hostname}`);
  }
});

Deno.test("playQuestion: what is asked for, with the credentials of its query", () => {
  const { path, query, protocol, credentials } = asked("localhost", undefined, "203.0.113.7");
  assertEquals({ path, query, protocol }, {
    path: "live/a",
    query: "token=t",
    protocol: "webtransport",
  });
  assertEquals(credentials.token, "t");
});

Deno.test("targetOf: a stream by its path, with or without .flv", () => {
  for (const path of ["/live/a", "/live/a.flv", "/live/%61?x=1"]) {
    assertEquals(targetOf({ path })?.path, "live/a", path);
  }
  for (const path of ["/", "/?a", "/.flv"]) assertEquals(targetOf({ path }), undefined, path);
});
