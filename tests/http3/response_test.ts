import { assertEquals } from "@std/assert";
import { Http3FrameReader } from "../../src/http3/frame_reader.ts";
import { decodeFieldSection } from "../../src/http3/qpack/field_section.ts";
import { DRAFT02_ANSWER, encodeResponse } from "../../src/http3/response.ts";
import { toHex } from "../../testing/mutation.ts";

Deno.test("encodeResponse: as a client reads it", () => {
  for (const fields of [[], [DRAFT02_ANSWER], [DRAFT02_ANSWER, ["server", "\u00e9"]]] as const) {
    const frames = new Http3FrameReader("request");
    frames.push(encodeResponse(404, fields));
    const frame = frames.next();
    if (frame?.kind !== "headers") throw new Error("No headers were read");
    assertEquals(decodeFieldSection(frame.payload), [[":status", "404"], ...fields]);
    assertEquals(frames.isInFrame, false);
  }
});

Deno.test("encodeResponse: its bytes", () => {
  assertEquals(toHex(encodeResponse(200)), "010f" + "0000" + "27003a737461747573" + "03323030");
});
