import { assertEquals } from "@std/assert";
import { NoError } from "../../testing/malformed.ts";
import { hasRecoveryPoint } from "../../src/codec/recovery_point.ts";
import { ACCESS_UNIT_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";

const SLICE = "03 419a24";

Deno.test("recovery points of H.264, wherever their SEI message is", () => {
  const table = [
    [`05 06 06 01 c0 80 ${SLICE}`, true],
    // Behind a delimiter and a message of user data with a long size.
    [`02 09f0 ff 06 05 f8 ${"aa".repeat(248)} 06 01 c0 80 ${SLICE}`, true],
    [`06 06 05 01 aa 80 00 05 06 06 01 c0 80 ${SLICE}`, true],
    // Another type, one without payload, one cut short, and one of 6 + 255.
    [`05 06 05 01 c0 80 ${SLICE}`, false],
    [`04 06 06 00 80 ${SLICE}`, false],
    [`03 06 06 09 ${SLICE}`, false],
    [`06 06 ff 06 01 c0 80 ${SLICE}`, false],
    [SLICE, false],
    ["00", false],
    ["", false],
  ] as const;
  for (const [hex, expected] of table) {
    assertEquals(hasRecoveryPoint("h264", fromHex(hex), 1), expected, hex);
  }
});

Deno.test("recovery points of H.265: in a prefix SEI alone", () => {
  const table = [
    ["07 4e01 06 02 d0 40 80 03 0201d0", true],
    ["07 5001 06 02 d0 40 80 03 0201d0", false],
    ["07 4e01 05 02 d0 40 80 03 0201d0", false],
    ["02 4e01 03 0201d0", false],
  ] as const;
  for (const [hex, expected] of table) {
    assertEquals(hasRecoveryPoint("h265", fromHex(hex), 1), expected, hex);
  }
});

Deno.test("recovery points: behind a length that exceeds the end there are none", () => {
  assertEquals(hasRecoveryPoint("h264", fromHex("05 06 06 01"), 1), false);
});

Deno.test("recovery points survive mutations", () => {
  const sample = fromHex("00000005 06 06 01 c0 80 00000003 419a24");
  surviveMutations(
    [sample, ...ACCESS_UNIT_SAMPLES],
    (bytes) => hasRecoveryPoint("h264", bytes, 4),
    NoError,
  );
});
