import { assertEquals } from "@std/assert";
import { claimedSubject } from "../../src/access/token_claims.ts";
import { withRevoked } from "../../src/control/access_settings.ts";

Deno.test("withRevoked: ids of tokens stay revoked, and each once", () => {
  const known = withRevoked([], ["5f2a", "token 77", "key camera-1", "user alice"]);
  assertEquals(known, ["token 5f2a", "token 77"]);
  assertEquals(withRevoked(known, ["77", "88"]), ["token 5f2a", "token 77", "token 88"]);
});

Deno.test("withRevoked: a long id is that of its token", () => {
  const jti = "a".repeat(80);
  assertEquals(withRevoked([], [jti]), [claimedSubject({ jti })]);
  assertEquals(withRevoked([], [`token ${jti}`]), [claimedSubject({ jti })]);
});

Deno.test("withRevoked: so many are kept, the newest", () => {
  const ids = Array.from({ length: 10_001 }, (_, at) => `${at}`);
  const kept = withRevoked([], ids);
  assertEquals([kept.length, kept[0], kept.at(-1)], [10_000, "token 1", "token 10000"]);
});
