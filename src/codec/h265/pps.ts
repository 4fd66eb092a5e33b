import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE } from "./h265.ts";
import { removeEmulationPrevention } from "../h264/emulation.ts";

/** Bytes that hold all that is read: two Exp-Golomb codes and some flags. */
const PREFIX_SIZE = 20;

/** What a picture parameter set says of the begin of slice headers. */
export interface H265Pps {
  /** 0 to 63. */
  readonly id: number;
  /** 0 to 15. */
  readonly spsId: number;
  /** Bits of slice headers in front of slice_type that mean nothing: 0 to 7. */
  readonly extraSliceHeaderBits: number;
}

/**
 * Parses the begin of a picture parameter set with its NAL header and emulation prevention, as
 * parseH265Configuration returns it (H.265 7.3.2.3.1). The result borrows nothing.
 *
 * @throws {CodecError} if it is cut short, or an id exceeds what the specification allows.
 */
export function parseH265Pps(nalUnit: Uint8Array): H265Pps {
  const nalType = ((nalUnit[0] ?? 0) >> 1) & 0b11_1111;
  if (nalType !== H265_NAL.PPS) {
    throw new CodecError(`Cannot parse H.265 PPS: must be NAL type 34, got ${nalType}`);
  }
  const payload = removeEmulationPrevention(nalUnit.subarray(H265_NAL_HEADER_SIZE), PREFIX_SIZE);
  const bits = new BitReader(payload, CodecError);
  const id = bits.ue();
  const spsId = bits.ue();
  if (id > 63 || spsId > 15) {
    throw new CodecError(
      `Cannot parse H.265 PPS: ids must be up to 63 and 15, got ${id} and ${spsId}`,
    );
  }
  bits.skip(2); // dependent_slice_segments_enabled_flag, output_flag_present_flag
  return { id, spsId, extraSliceHeaderBits: bits.bits(3) };
}
