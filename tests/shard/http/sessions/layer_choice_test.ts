import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../../../src/http/http_error.ts";
import { surviveMutations } from "../../../../testing/mutation.ts";
import { parseLayerChoice } from "../../../../src/shard/http/sessions/layer_choice.ts";

const parse = (body: unknown) =>
  parseLayerChoice(
    new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
    1,
  );

Deno.test("a layer is a track by its number, or whatever is not too large", () => {
  assertEquals(parse({}), {});
  assertEquals(parse({ mediaId: "1" }), {});
  assertEquals(parse({ mediaId: 1, rid: "2" }), { trackId: 2 });
  assertEquals(parse({ encodingId: "0" }), { trackId: 0 });
  assertEquals(parse({ maxWidth: 640, maxHeight: 360 }), { maxWidth: 640, maxHeight: 360 });
  assertEquals(parse({ unknown: 5 }), {});
});

Deno.test("what is no choice of a layer is told", () => {
  const cases: readonly (readonly [body: unknown, reason: string])[] = [
    ["{", "the body must be a JSON object"],
    ["", "the body must be a JSON object"],
    [[], "the body must be a JSON object"],
    [null, "the body must be a JSON object"],
    [{ mediaId: "0" }, 'mediaId must be "1"'],
    [{ rid: 1 }, "rid must be a track's number, as text"],
    [{ rid: "hd" }, "rid must be a track's number, as text"],
    [{ rid: "1000" }, "rid must be a track's number, as text"],
    [{ temporalLayerId: 0 }, "there are no spatial or temporal layers for temporalLayerId"],
    [{ maxWidth: 0 }, "maxWidth must be 1..65535"],
    [{ maxHeight: "360" }, "maxHeight must be 1..65535"],
  ];
  for (const [body, reason] of cases) {
    const error = assertThrows(() => parse(body), HttpError);
    assertEquals([error.status, error.message], [400, `Cannot choose a layer: ${reason}`]);
  }
});

Deno.test("whatever is sent is a choice, or refused with a reason", () => {
  const sample = { mediaId: "1", rid: "12", maxWidth: 640, maxHeight: 360, encodingId: "1" };
  surviveMutations(
    [new TextEncoder().encode(JSON.stringify(sample))],
    (bytes) => parseLayerChoice(bytes, 1),
    HttpError,
  );
});
