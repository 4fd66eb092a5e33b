import { assertEquals } from "@std/assert";
import { LeftSessions } from "../../../src/shard/webrtc/left_sessions.ts";

Deno.test("LeftSessions: one that has left is told of once, and for some seconds", () => {
  const left = new LeftSessions();
  left.add("a", 0);
  left.add("b", 10);
  assertEquals([left.take("a", 100), left.take("a", 100), left.take("c", 100)], [
    true,
    false,
    false,
  ]);
  assertEquals(left.take("b", 5010), false);
});

Deno.test("LeftSessions: of a thousand at once, the first are forgotten", () => {
  const left = new LeftSessions();
  for (let at = 0; at < 1030; at++) left.add(`${at}`, 0);
  assertEquals([left.take("5", 1), left.take("6", 1), left.take("1029", 1)], [false, true, true]);
  for (let at = 0; at < 100_000; at++) left.add(`${at}`, at);
});
