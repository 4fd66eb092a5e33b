import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { removeEmulationPrevention } from "../../../src/codec/h264/emulation.ts";
import { addEmulationPrevention } from "../../../testing/media/bit_writer.ts";
import { allowH264FrameNumGaps } from "../../../testing/media/h264_frame_num_gaps.ts";
import { parseH264Sps } from "../../../src/codec/h264/sps.ts";
import { SPS } from "../../../testing/media/corpus.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

for (const [name, nalUnit] of Object.entries(SPS)) {
  Deno.test(`frame_num gaps allowed: ${name}, and nothing else changed`, () => {
    const before = parseH264Sps(nalUnit);
    assertEquals(before.allowsFrameNumGaps, false);
    const allowed = allowH264FrameNumGaps(nalUnit);
    assertEquals(parseH264Sps(allowed), { ...before, allowsFrameNumGaps: true });
    const changed = removeEmulationPrevention(allowed);
    let bits = 0;
    for (const [at, byte] of removeEmulationPrevention(nalUnit).entries()) {
      for (let difference = byte ^ changed[at]!; difference > 0; difference &= difference - 1) {
        bits++;
      }
    }
    assertEquals(bits, 1);
    assertEquals(toHex(allowH264FrameNumGaps(allowed)), toHex(allowed));
  });
}

Deno.test("frame_num gaps: a broken SPS is refused", () => {
  assertThrows(() => allowH264FrameNumGaps(fromHex("68ce")), CodecError, "NAL type 7, got 8");
  surviveMutations(Object.values(SPS), allowH264FrameNumGaps, CodecError, { count: 300 });
});

Deno.test("emulation prevention is put back", () => {
  for (
    const plain of ["", "000000000000", "000001", "000004", "00000300", "0000", "000003000003"]
  ) {
    const payload = addEmulationPrevention(fromHex(plain));
    assertEquals(/^(?:..)*?00000[0-2]/.test(toHex(payload)), false);
    assertEquals(toHex(removeEmulationPrevention(payload)), plain);
  }
});
