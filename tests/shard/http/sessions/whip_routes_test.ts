import { assertEquals } from "@std/assert";
import type { RoutedRequest } from "../../../../src/shard/http/routing/route_table.ts";
import { whipRoutes } from "../../../../src/shard/http/sessions/whip_routes.ts";

/** What is answered to an offer that comes to such a pattern, and about which stream. */
async function offered(pattern: string, path: string, query = "") {
  const asked: string[] = [];
  const routes = whipRoutes({
    answerEndpoint: (path) => {
      asked.push(path);
      return Promise.resolve({ kind: "whole", status: 201, headers: {}, body: new Uint8Array() });
    },
    answerResource: () => Promise.reject(new Error("no resource is asked for")),
  });
  const route = routes.find((route) => route.pattern === pattern && route.method === "POST")!;
  const request = { parts: { path }, query: new URLSearchParams(query) };
  const response = await route.handler(request as unknown as RoutedRequest);
  return [response.kind === "whole" && response.status, ...asked];
}

Deno.test("access is asked about the stream that would be published, and about no other spelling", async () => {
  for (const path of ["vip/show", "/vip/show", "vip//show", "vip/show/", "//vip///show//"]) {
    assertEquals(await offered("/{path...}/whip", path), [201, "vip/show"], path);
  }
  const query = "app=/vip/&stream=/show";
  assertEquals(await offered("/rtc/v1/whip/?", "", query), [201, "vip/show"]);
});

Deno.test("what names no stream, or cannot be a name, is refused", async () => {
  for (const path of ["", "/", "vip/../show", "vip/a?b", "x".repeat(513)]) {
    assertEquals(await offered("/{path...}/whip", path), [400], path);
  }
  for (const query of ["", "app=&stream=", "app=..&stream=x"]) {
    assertEquals(await offered("/rtc/v1/whip/?", "", query), [400], query);
  }
});
