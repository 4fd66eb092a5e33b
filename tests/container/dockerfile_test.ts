import { assertEquals } from "@std/assert";
import { validate } from "dockerfile-utils";

const DOCKERFILE = new URL("../../Dockerfile", import.meta.url);

Deno.test("the Dockerfile has no fault that its language server finds", async () => {
  const dockerfile = await Deno.readTextFile(DOCKERFILE);
  assertEquals(validate(dockerfile).map(({ message }) => message), []);
});
