import { CodecError } from "../../src/codec/codec_error.ts";
import { removeEmulationPrevention } from "../../src/codec/h264/emulation.ts";
import { type H264Sps, parseH264Sps } from "../../src/codec/h264/sps.ts";
import { addEmulationPrevention } from "./bit_writer.ts";

/**
 * The SPS of a stream from which reference pictures are dropped: a copy of `nalUnit` with
 * gaps_in_frame_num_value_allowed_flag set. What a decoder does where frame_num leaves out frames
 * is then the standard's matter (H.264 8.2.5.2); without it, each conceals or refuses as it likes.
 *
 * The flag is the bit whose change is all that a reader of the SPS sees.
 *
 * @throws {CodecError} if the SPS is broken.
 */
export function allowH264FrameNumGaps(nalUnit: Uint8Array): Uint8Array<ArrayBuffer> {
  const sps = parseH264Sps(nalUnit);
  if (sps.allowsFrameNumGaps) return nalUnit.slice();
  const payload = removeEmulationPrevention(nalUnit.subarray(1));
  const wanted = JSON.stringify({ ...sps, allowsFrameNumGaps: true });
  for (let bit = 0; bit < payload.length * 8; bit++) {
    payload[bit >> 3]! ^= 0b1000_0000 >> (bit & 7);
    const changed = Uint8Array.of(nalUnit[0]!, ...addEmulationPrevention(payload));
    if (JSON.stringify(readable(changed)) === wanted) return changed;
    payload[bit >> 3]! ^= 0b1000_0000 >> (bit & 7);
  }
  throw new Error("Cannot allow gaps: no bit of the SPS is the flag");
}

function readable(nalUnit: Uint8Array): H264Sps | undefined {
  try {
    return parseH264Sps(nalUnit);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
