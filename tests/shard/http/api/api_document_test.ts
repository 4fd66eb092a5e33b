import { assert, assertEquals } from "@std/assert";
import { openApiFile } from "../../../../src/api/openapi.ts";
import { OPEN_ACCESS } from "../../../../testing/open_access.ts";
import { PlayingShards } from "../../playing_shard.ts";

/** What is asked for by its name, and not by that of a stream or a file. */
const DESCRIBED = /^\/(?:api\/v1\/|obs\/|metrics$|healthz$|readyz$)/;

/** A route's pattern, as the document has it. */
function pathOf(pattern: string): string {
  return pattern.replace(/\/\?$/, "").replace("{path...}", "{app}/{name}");
}

Deno.test("all that the API can be asked is in its document, and nothing else", async () => {
  await using all = await PlayingShards.start(1, OPEN_ACCESS);
  const routes = all.shards[0]!.routes.routes
    .filter(({ method, pattern }) => method !== "HEAD" && DESCRIBED.test(pattern))
    .map(({ method, pattern }) => `${method} ${pathOf(pattern)}`);
  const { paths } = JSON.parse(openApiFile("0").body);
  const operations = Object.entries<Record<string, unknown>>(paths).flatMap(([path, methods]) => {
    return Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`);
  });
  assert(routes.length > 10);
  assertEquals(operations.sort(), routes.sort());
});
