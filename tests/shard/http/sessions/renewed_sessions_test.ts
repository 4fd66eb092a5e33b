import { assertEquals } from "@std/assert";
import { RenewedSessions } from "../../../../src/shard/http/sessions/renewed_sessions.ts";

Deno.test("a session that was renewed is known for five seconds", () => {
  const sessions = new RenewedSessions();
  sessions.add("0.a", 0);
  sessions.add("0.b", 3000);
  const known = (nowMs: number) => ["0.a", "0.b", "0.c"].filter((id) => sessions.has(id, nowMs));
  assertEquals(known(4999), ["0.a", "0.b"]);
  assertEquals(known(5000), ["0.b"]);
  sessions.add("0.c", 8000);
  assertEquals(known(8000), ["0.c"]);
});
