import { assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { hmacSha1 } from "../../../src/webrtc/ice/hmac_sha1.ts";
import { toHex } from "../../../testing/mutation.ts";

Deno.test("HMAC-SHA1: RFC 2202 3, case 2", () => {
  const sum = hmacSha1("Jefe", new TextEncoder().encode("what do ya want for nothing?"));
  assertEquals(toHex(sum), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
});

Deno.test("HMAC-SHA1: the same as node:crypto's for keys and messages around a block", () => {
  for (const keyLength of [0, 1, 24, 63, 64, 65, 256]) {
    for (const messageLength of [0, 1, 55, 56, 64, 108, 2048]) {
      const key = "kéy".repeat(90).slice(0, keyLength);
      const message = Uint8Array.from({ length: messageLength }, (_, at) => at * 7);
      const expected = createHmac("sha1", key).update(message).digest("hex");
      assertEquals(toHex(hmacSha1(key, message)), expected, `${keyLength} ${messageLength}`);
    }
  }
});
