import { assertEquals } from "@std/assert";
import { howMany } from "../../src/bytes/how_many.ts";

Deno.test("howMany: one thing is not in the plural", () => {
  assertEquals(howMany(0, "viewers"), "0 viewers");
  assertEquals(howMany(1, "viewers"), "1 viewer");
  assertEquals(howMany(1, "new connections"), "1 new connection");
  assertEquals(howMany(21, "new connections"), "21 new connections");
});
