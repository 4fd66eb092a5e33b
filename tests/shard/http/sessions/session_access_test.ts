import { assertEquals } from "@std/assert";
import type { Access, AccessRequest } from "../../../../src/access/access.ts";
import { refuse } from "../../../../src/access/source.ts";
import { sessionRefusal } from "../../../../src/shard/http/sessions/session_access.ts";

Deno.test("whoever asks about a session is not taken for somebody who has come", async () => {
  const asked: AccessRequest[] = [];
  const access: Access = {
    decide: (request) => {
      asked.push(request);
      return refuse("forbidden", "test", "test");
    },
  };
  const caller = {
    protocol: "whep",
    address: "192.0.2.1",
    credentials: { token: "other" },
    query: "",
    userAgent: undefined,
    id: "0-2",
  } as const;
  const created = {
    asked: { ...caller, action: "play", path: "live/a", credentials: { token: "own" } },
    allowed: { kind: "allow", decidedBy: "test", subject: "token own" },
    askedAtMs: 0,
    path: "live/a",
    from: { hostname: "192.0.2.1", port: 5000 },
  } as const;
  const refusal = await sessionRefusal(access, created, caller);
  assertEquals(refusal?.status, "forbidden");
  assertEquals(asked.map(({ action, isAgain }) => [action, isAgain]), [
    ["play", true],
    ["api", true],
  ]);
});
