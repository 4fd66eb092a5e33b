import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { removeEmulationPrevention } from "../h264/emulation.ts";
import { MAX_PICTURE_SIDE } from "../h264/sps.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE, type H265ProfileTierLevel } from "./h265.ts";
import { skipReferencePictureSets, skipScalingLists } from "./sps_lists.ts";
import { type H265Vui, parseH265Vui } from "./vui.ts";

/** What a sequence parameter set says of the pictures. */
export interface H265Sps extends H265ProfileTierLevel, H265Vui {
  readonly id: number;
  /** Temporal sub-layers, 1 to 7. */
  readonly temporalLayers: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Luma samples within the conformance window: what is shown, before any sample aspect ratio. */
  readonly width: number;
  readonly height: number;
  /**
   * Pictures that may precede one in decoding and follow it in output: 0 means that none is
   * reordered.
   */
  readonly maxReorderPictures: number;
}

/**
 * Parses a sequence parameter set with its NAL header and emulation prevention, as
 * parseH265Configuration returns it (H.265 7.3.2.2.1 and E.2.1). The result borrows nothing.
 *
 * @throws {CodecError} if it is cut short, not of the base layer, or a value exceeds what the
 * specification or MAX_PICTURE_SIDE allows.
 */
export function parseH265Sps(nalUnit: Uint8Array): H265Sps {
  const header = ((nalUnit[0] ?? 0) << 8) | (nalUnit[1] ?? 0);
  if (header >> 9 !== H265_NAL.SPS || ((header >> 3) & 0b11_1111) !== 0) {
    throw new CodecError(
      `Cannot parse H.265 SPS: must be NAL type 33 of layer 0, got type ${header >> 9} of layer ${
        (header >> 3) & 0b11_1111
      }`,
    );
  }
  const payload = removeEmulationPrevention(nalUnit.subarray(H265_NAL_HEADER_SIZE));
  const bits = new BitReader(payload, CodecError);
  bits.skip(4); // sps_video_parameter_set_id
  const subLayersLessOne = upTo(bits.bits(3), 6, "sps_max_sub_layers_minus1");
  bits.skip(1); // sps_temporal_id_nesting_flag
  const profileTierLevel = readProfileTierLevel(bits, subLayersLessOne);
  const id = upTo(bits.ue(), 15, "id");
  const chromaFormatIdc = upTo(bits.ue(), 3, "chroma_format_idc");
  const hasSeparatePlanes = chromaFormatIdc === 3 && bits.bit() === 1;
  const size = readSize(bits, hasSeparatePlanes ? 0 : chromaFormatIdc);
  const bitDepthLuma = upTo(bits.ue(), 8, "bit_depth_luma_minus8") + 8;
  const bitDepthChroma = upTo(bits.ue(), 8, "bit_depth_chroma_minus8") + 8;
  const orderBits = upTo(bits.ue(), 12, "log2_max_pic_order_cnt_lsb_minus4") + 4;
  const maxReorderPictures = readMaxReorderPictures(bits, subLayersLessOne);
  skipCodingTools(bits);
  skipReferencePictureSets(bits, orderBits);
  bits.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  return {
    ...profileTierLevel,
    id,
    temporalLayers: subLayersLessOne + 1,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    ...size,
    maxReorderPictures,
    ...(bits.bit() === 1 ? parseH265Vui(bits) : NO_VUI),
  };
}

const NO_VUI: H265Vui = { frameRate: undefined, colour: undefined, isFieldSequence: false };

/** profile_tier_level (H.265 7.3.3); what it says of sub-layers is not kept. */
function readProfileTierLevel(bits: BitReader, subLayersLessOne: number): H265ProfileTierLevel {
  const profileSpace = bits.bits(2);
  const tier = bits.bit() === 0 ? "main" : "high";
  const profileIdc = bits.bits(5);
  const compatibilityFlags = bits.bits(32);
  const constraintBytes = new Uint8Array(6);
  for (let index = 0; index < 6; index++) constraintBytes[index] = bits.bits(8);
  const levelIdc = bits.bits(8);
  // Two flags for each of 8 sub-layers, present unless there is one only.
  const present = subLayersLessOne === 0 ? 0 : bits.bits(16);
  for (let layer = 0; layer < subLayersLessOne; layer++) {
    const hasProfile = ((present >> (15 - 2 * layer)) & 1) === 1;
    const hasLevel = ((present >> (14 - 2 * layer)) & 1) === 1;
    bits.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
  }
  return { profileSpace, tier, profileIdc, compatibilityFlags, constraintBytes, levelIdc };
}

/** Width and height within the conformance window (H.265 7.4.3.2.1, table 6-1). */
function readSize(bits: BitReader, chromaArrayType: number) {
  const codedWidth = upTo(bits.ue(), MAX_PICTURE_SIDE, "pic_width_in_luma_samples");
  const codedHeight = upTo(bits.ue(), MAX_PICTURE_SIDE, "pic_height_in_luma_samples");
  let cropWidth = 0;
  let cropHeight = 0;
  if (bits.bit() === 1) {
    cropWidth = bits.ue() + bits.ue();
    cropHeight = bits.ue() + bits.ue();
  }
  const unitX = chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1;
  const unitY = chromaArrayType === 1 ? 2 : 1;
  const width = codedWidth - cropWidth * unitX;
  const height = codedHeight - cropHeight * unitY;
  if (width < 1 || height < 1) {
    throw new CodecError(`Cannot parse H.265 SPS: size must be from 1x1, got ${width}x${height}`);
  }
  return { width, height };
}

/** Of the highest sub-layer, as everything is decoded. */
function readMaxReorderPictures(bits: BitReader, subLayersLessOne: number): number {
  let pictures = 0;
  for (let layer = bits.bit() === 1 ? 0 : subLayersLessOne; layer <= subLayersLessOne; layer++) {
    bits.ue(); // sps_max_dec_pic_buffering_minus1
    pictures = upTo(bits.ue(), 15, "sps_max_num_reorder_pics");
    bits.ue(); // sps_max_latency_increase_plus1
  }
  return pictures;
}

/** Block sizes, scaling lists and the tools up to the reference picture sets. */
function skipCodingTools(bits: BitReader): void {
  for (let skipped = 0; skipped < 6; skipped++) bits.ue(); // sizes and depths of blocks
  if (bits.bit() === 1 && bits.bit() === 1) skipScalingLists(bits);
  bits.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (bits.bit() === 0) return; // pcm_enabled_flag
  bits.skip(8); // bit depths
  bits.ue(); // log2_min_pcm_luma_coding_block_size_minus3
  bits.ue(); // log2_diff_max_min_pcm_luma_coding_block_size
  bits.skip(1); // pcm_loop_filter_disabled_flag
}

function upTo(value: number, limit: number, name: string): number {
  if (value > limit) {
    throw new CodecError(`Cannot parse H.265 SPS: ${name} must be up to ${limit}, got ${value}`);
  }
  return value;
}
