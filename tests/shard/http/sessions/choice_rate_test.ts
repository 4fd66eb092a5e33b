import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../../../src/http/http_error.ts";
import { ChoiceRate } from "../../../../src/shard/http/sessions/choice_rate.ts";

Deno.test("a viewer may choose ten times at once, and then once a second", () => {
  const rate = new ChoiceRate(0);
  const refused = (nowMs: number) => {
    const error = assertThrows(() => rate.take(nowMs), HttpError, "10 times at once, and then 1");
    assertEquals([error.status, error.headers], [429, { "retry-after": "1" }]);
  };
  for (let count = 0; count < 10; count++) rate.take(0);
  refused(0);
  refused(999);
  rate.take(1000);
  refused(1001);
  // What was not used is not saved for later without end.
  for (let count = 0; count < 10; count++) rate.take(1_000_000);
  refused(1_000_000);
});
