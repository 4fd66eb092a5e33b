import { addEmulationPrevention, removeEmulationPrevention } from "./emulation.ts";
import { parseH264Sps } from "./sps.ts";

/**
 * The SPS of a stream from which reference pictures are dropped: a copy of `nalUnit` with
 * gaps_in_frame_num_value_allowed_flag set. What a decoder does where frame_num leaves out frames
 * is then the standard's matter (H.264 8.2.5.2); without it, each conceals or refuses as it likes.
 *
 * @throws {CodecError} if the SPS is broken.
 */
export function allowH264FrameNumGaps(nalUnit: Uint8Array): Uint8Array<ArrayBuffer> {
  const { frameNumGapsBit } = parseH264Sps(nalUnit);
  const payload = removeEmulationPrevention(nalUnit.subarray(1));
  payload[frameNumGapsBit >> 3]! |= 0b1000_0000 >> (frameNumGapsBit & 7);
  const escaped = addEmulationPrevention(payload);
  const allowed = new Uint8Array(escaped.length + 1);
  allowed[0] = nalUnit[0]!;
  allowed.set(escaped, 1);
  return allowed;
}
