import { assertEquals } from "@std/assert";
import { claimedNames } from "../../src/access/token_claims.ts";
import { withRevoked } from "../../src/control/access_settings.ts";

Deno.test("withRevoked: tokens and users stay revoked, each since it was named last", () => {
  const known = withRevoked([], ["5f2a", "token 77", "key camera-1", "user alice"], 1);
  assertEquals(known.map(({ subject }) => subject), [
    "token 5f2a",
    "user 5f2a",
    "token 77",
    "user alice",
  ]);
  const later = withRevoked(known, ["user alice", "token 88"], 2);
  assertEquals(later.slice(2), [
    { subject: "token 77", atMs: 1 },
    { subject: "user alice", atMs: 2 },
    { subject: "token 88", atMs: 2 },
  ]);
});

Deno.test("withRevoked: a long id is that of its token, and of its user", () => {
  const jti = "a".repeat(80);
  const subjects = (revoke: string) => withRevoked([], [revoke], 1).map(({ subject }) => subject);
  assertEquals(subjects(`token ${jti}`), [claimedNames({ jti }).subject!]);
  assertEquals(subjects(`user ${jti}`), [claimedNames({ sub: jti }).user!]);
});

Deno.test("withRevoked: so many are kept, the newest", () => {
  const ids = Array.from({ length: 20_001 }, (_, at) => `token ${at}`);
  const kept = withRevoked([], ids, 1);
  assertEquals([kept.length, kept[0]!.subject, kept.at(-1)!.subject], [
    20_000,
    "token 1",
    "token 20000",
  ]);
});
