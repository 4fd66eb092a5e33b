import { assertEquals } from "@std/assert";
import { describeFailure, isPassedOver } from "../../src/console/playback_failure.js";

Deno.test("describeFailure tells what is worth another try from what is not", () => {
  const table = [
    ["NetworkError", "HttpStatusCodeInvalid", { code: 404, msg: "Not Found" }, "missing"],
    ["NetworkError", "HttpStatusCodeInvalid", { code: 401, msg: "Unauthorized" }, "refused"],
    ["NetworkError", "HttpStatusCodeInvalid", { code: 403, msg: "Forbidden" }, "refused"],
    ["NetworkError", "HttpStatusCodeInvalid", { code: 503, msg: "" }, "network"],
    ["NetworkError", "EarlyEof", { code: -1, msg: "Fetch stream meet Early-EOF" }, "network"],
    ["NetworkError", "Exception", { code: undefined, msg: undefined }, "network"],
    ["MediaError", "CodecUnsupported", "Flv: Unsupported codec in video frame: 2", "unsupported"],
    ["MediaError", "MediaMSEError", { code: 9, msg: "unsupported type" }, "unsupported"],
    ["MediaError", "MediaMSEError", { code: 22, msg: "the limit of SourceBuffers" }, "changed"],
    ["MediaError", "MediaMSEError", { code: 11, msg: "invalid state" }, "media"],
    ["MediaError", "FormatError", "Non-FLV, Unsupported media type!", "media"],
  ] as const;
  for (const [type, detail, cause, kind] of table) {
    // Records of mpegts.js hold undefined fields, which exact optional properties do not allow.
    const failure = describeFailure(type, detail, cause as { code: number; msg: string } | string);
    assertEquals(failure.kind, kind, detail);
  }
});

Deno.test("isPassedOver knows metadata of pictures from what is broken", () => {
  assertEquals(isPassedOver("FormatError", "Flv: Invalid video packet type 4"), true);
  assertEquals(isPassedOver("FormatError", "Flv: Invalid video packet type 9"), false);
  assertEquals(isPassedOver("CodecUnsupported", "Flv: Invalid video packet type 4"), false);
  assertEquals(isPassedOver("MediaMSEError", { code: 11, msg: "invalid state" }), false);
});
