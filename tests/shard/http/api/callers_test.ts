/** What lists and the API ask about who calls, and what is left behind of a list that fails. */
import { assertEquals, assertRejects } from "@std/assert";
import { getLogger } from "@logtape/logtape";
import type { Access, AccessRequest } from "../../../../src/access/access.ts";
import { NetworkList } from "../../../../src/address/network_list.ts";
import { RequestReader } from "../../../../src/http/request_reader.ts";
import { ControlLink } from "../../../../src/shard/control_link.ts";
import { allocateCounters, Counters } from "../../../../src/metrics/counters.ts";
import { AdminGate } from "../../../../src/shard/http/api/admin_gate.ts";
import type { ClientPages } from "../../../../src/shard/http/api/client_pages.ts";
import { Cors } from "../../../../src/shard/http/routing/cors.ts";
import type { RoutedRequest } from "../../../../src/shard/http/routing/route_table.ts";
import { StreamRoutes } from "../../../../src/shard/http/api/stream_routes.ts";
import type { Streams } from "../../../../src/shard/live/streams.ts";
import { bytesOf } from "../../../http/errors.ts";
import { SHARD_SETTINGS, testPlaces } from "../../shard_settings.ts";

function setUp() {
  const asked: AccessRequest[] = [];
  const access: Access = {
    decide: (request) => {
      asked.push(request);
      return { kind: "allow", decidedBy: "test" };
    },
  };
  const counters = new Counters(allocateCounters(1), 0);
  const { places } = testPlaces(counters);
  const proxies = new NetworkList(["192.0.2.1"]);
  const control = new ControlLink(() => {});
  control.requestStreams = () => Promise.reject(new Error("test"));
  const streams = {
    size: 1,
    paths: ["live/a"],
    byPath: () => ({ entry: {} }),
  } as unknown as Streams;
  const lists = new StreamRoutes(
    { settings: SHARD_SETTINGS, streams, control, counters, access, places, proxies },
    {} as ClientPages,
  );
  const gate = new AdminGate({
    settings: SHARD_SETTINGS,
    access,
    cors: new Cors({ admin: { corsOrigins: ["*"] } }),
    proxies,
  });
  return { asked, lists, gate, counters };
}

function requestFrom(hostname: string): RoutedRequest {
  const reader = new RequestReader();
  reader.push(bytesOf("GET /a?token=b HTTP/1.1\r\nHost: a\r\n\r\n"));
  const address = { transport: "tcp", hostname, port: 1 } as const;
  const url = new URL("http://a/a?token=b");
  return {
    request: reader.next()!,
    url,
    query: url.searchParams,
    parts: {},
    mayUntilMs: Infinity,
    addresses: {
      localAddr: address,
      remoteAddr: address,
      id: "0-a",
      log: getLogger(["sluice", "http"]),
      peer: hostname,
      hasLeft: () => false,
      left: () => new AbortController().signal,
      abort() {},
    },
  };
}

Deno.test("what a proxy does not tell has no address, for lists and the API as for viewers", async () => {
  for (const [hostname, address] of [["192.0.2.1", undefined], ["192.0.2.2", "192.0.2.2"]]) {
    const { asked, lists, gate } = setUp();
    const routed = requestFrom(hostname!);
    assertEquals(await gate.judge(routed), Infinity);
    // The list itself cannot be had here.
    await assertRejects(async () => await lists.live(routed), Error, "test");
    assertEquals(asked.map((request) => [request.action, request.path, request.address]), [
      ["api", "", address],
      ["play", "live/a", address],
    ]);
  }
});

Deno.test("whoever cannot be told a list leaves its place", async () => {
  const { lists, counters } = setUp();
  const follow = () => lists.follow(lists.all, requestFrom("192.0.2.2"));
  await assertRejects(follow, Error, "test");
  assertEquals(counters.total("listListeners"), 0);
});
