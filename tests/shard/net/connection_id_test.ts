import { assert, assertEquals, assertMatch } from "@std/assert";
import { nextConnectionId, setConnectionIdPrefix } from "../../../src/shard/net/connection_id.ts";

Deno.test("nextConnectionId: short, and each another one", () => {
  setConnectionIdPrefix(3);
  const ids = new Set<string>();
  for (let at = 0; at < 10_000; at++) ids.add(nextConnectionId());
  assertEquals(ids.size, 10_000);
  for (const id of ids) assertMatch(id, /^3-[0-9a-z]{6}$/);
  setConnectionIdPrefix(0);
  assert(!ids.has(nextConnectionId()));
});
