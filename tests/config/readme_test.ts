import { assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config/schema.ts";

Deno.test("the README's configuration is what is used without one", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [, json] = /^```json\n(.*?)^```$/ms.exec(readme)!;
  const told = JSON.parse(json!);
  // So it must be one that is accepted, and the number of shards is the machine's.
  assertEquals(told, parseConfig({}, told.shards));
});
