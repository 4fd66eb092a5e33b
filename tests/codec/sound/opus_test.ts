import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { encodeOpusHead, type OpusHead, parseOpusHead } from "../../../src/codec/sound/opus.ts";
import { OPUS_HEAD_SAMPLES } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";

const TABLE: readonly { hex: string; head: OpusHead & { channels: 1 | 2 } }[] = [
  {
    hex: "4f70757348656164 01 02 3801 80bb0000 0000 00",
    head: { channels: 2, preSkip: 312, inputSampleRate: 48_000 },
  },
  {
    hex: "4f70757348656164 01 01 0000 44ac0000 0000 00",
    head: { channels: 1, preSkip: 0, inputSampleRate: 44_100 },
  },
];

Deno.test("OpusHead: both ways, with bytes behind it, and cut short", () => {
  for (const { hex, head } of TABLE) {
    const bytes = fromHex(hex);
    assertEquals(encodeOpusHead(head), bytes);
    assertEquals(parseOpusHead(bytes), head);
    assertEquals(parseOpusHead(fromHex(hex + "aabb")), head);
    for (let length = 0; length < bytes.length; length++) {
      assertThrows(() => parseOpusHead(bytes.subarray(0, length)), CodecError);
    }
  }
});

Deno.test("OpusHead: refused if it is another or has no channels", () => {
  const table = [
    ["4f70757348656165 01 02 3801 80bb0000 0000 00", "OpusHead"],
    ["4f70757348656164 11 02 3801 80bb0000 0000 00", "got version 17"],
    ["4f70757348656164 01 00 3801 80bb0000 0000 00", "got 0"],
  ] as const;
  for (const [hex, message] of table) {
    assertThrows(() => parseOpusHead(fromHex(hex)), CodecError, message);
  }
});

Deno.test("OpusHead: more channels than two have a table behind it", () => {
  const head = parseOpusHead(
    fromHex("4f70757348656164 01 06 3801 80bb0000 0000 01 0402 000401020305"),
  );
  assertEquals(head, { channels: 6, preSkip: 312, inputSampleRate: 48_000 });
});

Deno.test("OpusHead survives mutations", () => {
  surviveMutations(OPUS_HEAD_SAMPLES, parseOpusHead, CodecError);
});
