import { assertEquals } from "@std/assert";
import { ALLOWED, openPublish } from "./open_publish.ts";

Deno.test("a publisher goes on by the terms of whoever lets it in now", async () => {
  const { session, kinds } = await openPublish();
  session.reconsider({ ...ALLOWED, limits: { maxViewers: 3 } });
  session.close("it has left");
  assertEquals(kinds(), ["publication-changed", "unpublish"]);
});

Deno.test("a publisher that left before it was decided on again changes nothing", async () => {
  const { session, kinds } = await openPublish();
  session.close("it has left");
  session.reconsider({ ...ALLOWED, limits: { maxViewers: 3 } });
  assertEquals(kinds(), ["unpublish"]);
});
