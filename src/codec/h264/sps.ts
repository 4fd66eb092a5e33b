import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { H264_NAL } from "./h264.ts";
import { removeEmulationPrevention } from "./emulation.ts";
import { type H264Timing, parseH264Vui } from "./vui.ts";

/** Luma samples of one side. Level 6.2 ends at 16,880; decoders end before. */
export const MAX_PICTURE_SIDE = 16_384;

/** Profiles whose SPS carries chroma format, bit depths and scaling lists (H.264 7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100,
  110,
  122,
  244,
  44,
  83,
  86,
  118,
  128,
  138,
  139,
  134,
  135,
]);

/** What a sequence parameter set says of the pictures, and what their slice headers need. */
export interface H264Sps {
  readonly profileIdc: number;
  /** The byte of constraint_set flags. */
  readonly profileCompatibility: number;
  /** Ten times the level: 31 is level 3.1. */
  readonly levelIdc: number;
  readonly id: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly separateColourPlane: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Bits of frame_num in a slice header. */
  readonly frameNumBits: number;
  readonly picOrderCntType: number;
  /** Bits of pic_order_cnt_lsb in a slice header; 0 unless `picOrderCntType` is 0. */
  readonly picOrderCntLsbBits: number;
  readonly deltaPicOrderAlwaysZero: boolean;
  /** The expected steps of the order count; `undefined` unless `picOrderCntType` is 1. */
  readonly picOrderCycle: H264PicOrderCycle | undefined;
  readonly maxRefFrames: number;
  /** gaps_in_frame_num_value_allowed_flag: frame_num may leave out reference frames never sent. */
  readonly allowsFrameNumGaps: boolean;
  readonly frameMbsOnly: boolean;
  /** Luma samples after cropping: what is shown, before any sample aspect ratio. */
  readonly width: number;
  readonly height: number;
  /** Frames a second by the VUI, unless it gives none. */
  readonly frameRate: number | undefined;
  /** Frames that may precede one in decoding and follow it in output; 0 means no B-frame delay. */
  readonly maxReorderFrames: number | undefined;
}

/** What an SPS says for order counts of type 1 (H.264 8.2.1.2). */
export interface H264PicOrderCycle {
  readonly offsetForNonRefPic: number;
  readonly offsetForTopToBottomField: number;
  /** offset_for_ref_frame, up to 255. */
  readonly offsetsForRefFrame: readonly number[];
}

/**
 * Parses a sequence parameter set with its NAL header and emulation prevention, as
 * {@linkcode parseH264Configuration} returns it (H.264 7.3.2.1.1 and E.1.1). The result borrows
 * nothing.
 *
 * @throws {CodecError} if it is cut short, or a value exceeds what the specification or
 * {@linkcode MAX_PICTURE_SIDE} allows.
 */
export function parseH264Sps(nalUnit: Uint8Array): H264Sps {
  const nalType = (nalUnit[0] ?? 0) & 0b1_1111;
  if (nalType !== H264_NAL.SPS) {
    throw new CodecError(`Cannot parse H.264 SPS: must be NAL type 7, got ${nalType}`);
  }
  const payload = removeEmulationPrevention(nalUnit.subarray(1));
  const bits = new BitReader(payload, CodecError);
  const profileIdc = bits.bits(8);
  const profileCompatibility = bits.bits(8);
  const levelIdc = bits.bits(8);
  const id = ueUpTo(bits, 31, "id");
  const format = readFormat(bits, profileIdc);
  const frameNumBits = ueUpTo(bits, 12, "log2_max_frame_num_minus4") + 4;
  const order = readPictureOrder(bits);
  const maxRefFrames = ueUpTo(bits, 16, "max_num_ref_frames");
  const allowsFrameNumGaps = bits.bit() === 1;
  const size = readSize(bits, format.separateColourPlane ? 0 : format.chromaFormatIdc);
  const timing: H264Timing = bits.bit() === 1 ? parseH264Vui(bits) : NO_TIMING;
  return {
    profileIdc,
    profileCompatibility,
    levelIdc,
    id,
    ...format,
    frameNumBits,
    ...order,
    maxRefFrames,
    allowsFrameNumGaps,
    ...size,
    ...timing,
  };
}

const NO_TIMING: H264Timing = { frameRate: undefined, maxReorderFrames: undefined };

function readFormat(bits: BitReader, profileIdc: number) {
  if (!HIGH_PROFILES.has(profileIdc)) {
    return { chromaFormatIdc: 1, separateColourPlane: false, bitDepthLuma: 8, bitDepthChroma: 8 };
  }
  const chromaFormatIdc = ueUpTo(bits, 3, "chroma_format_idc");
  const separateColourPlane = chromaFormatIdc === 3 && bits.bit() === 1;
  const bitDepthLuma = ueUpTo(bits, 6, "bit_depth_luma_minus8") + 8;
  const bitDepthChroma = ueUpTo(bits, 6, "bit_depth_chroma_minus8") + 8;
  bits.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.bit() === 1) skipScalingLists(bits, chromaFormatIdc === 3 ? 12 : 8);
  return { chromaFormatIdc, separateColourPlane, bitDepthLuma, bitDepthChroma };
}

/** H.264 7.3.2.1.1.1: a list ends early when a delta makes its next scale 0. */
function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.bit() === 0) continue;
    const size = list < 6 ? 16 : 64;
    let scale = 8;
    for (let index = 0; index < size && scale !== 0; index++) {
      scale = (scale + bits.se() + 256) % 256;
    }
  }
}

function readPictureOrder(bits: BitReader) {
  const picOrderCntType = ueUpTo(bits, 2, "pic_order_cnt_type");
  let picOrderCntLsbBits = 0;
  let deltaPicOrderAlwaysZero = false;
  let picOrderCycle: H264PicOrderCycle | undefined;
  if (picOrderCntType === 0) {
    picOrderCntLsbBits = ueUpTo(bits, 12, "log2_max_pic_order_cnt_lsb_minus4") + 4;
  } else if (picOrderCntType === 1) {
    deltaPicOrderAlwaysZero = bits.bit() === 1;
    picOrderCycle = readPicOrderCycle(bits);
  }
  return { picOrderCntType, picOrderCntLsbBits, deltaPicOrderAlwaysZero, picOrderCycle };
}

function readPicOrderCycle(bits: BitReader): H264PicOrderCycle {
  const offsetForNonRefPic = bits.se();
  const offsetForTopToBottomField = bits.se();
  const count = ueUpTo(bits, 255, "num_ref_frames_in_pic_order_cnt_cycle");
  const offsetsForRefFrame: number[] = [];
  for (let index = 0; index < count; index++) offsetsForRefFrame.push(bits.se());
  return { offsetForNonRefPic, offsetForTopToBottomField, offsetsForRefFrame };
}

/** Width and height after cropping (H.264 7.4.2.1.1, equations 7-13 to 7-22). */
function readSize(bits: BitReader, chromaArrayType: number) {
  const maxMbs = MAX_PICTURE_SIDE / 16;
  const widthInMbs = ueUpTo(bits, maxMbs - 1, "pic_width_in_mbs_minus1") + 1;
  const heightInMapUnits = ueUpTo(bits, maxMbs - 1, "pic_height_in_map_units_minus1") + 1;
  const frameMbsOnly = bits.bit() === 1;
  if (!frameMbsOnly) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  let cropWidth = 0;
  let cropHeight = 0;
  if (bits.bit() === 1) {
    cropWidth = bits.ue() + bits.ue();
    cropHeight = bits.ue() + bits.ue();
  }
  // A field counts half the lines: map units and crop units of an interlaced picture are doubled.
  const fields = frameMbsOnly ? 1 : 2;
  const cropUnitX = chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1;
  const cropUnitY = (chromaArrayType === 1 ? 2 : 1) * fields;
  const width = widthInMbs * 16 - cropWidth * cropUnitX;
  const height = heightInMapUnits * 16 * fields - cropHeight * cropUnitY;
  if (width < 1 || height < 1 || height > MAX_PICTURE_SIDE) {
    throw new CodecError(
      `Cannot parse H.264 SPS: size must be from 1x1 up to ${MAX_PICTURE_SIDE} a side, got ${width}x${height}`,
    );
  }
  return { frameMbsOnly, width, height };
}

function ueUpTo(bits: BitReader, limit: number, name: string): number {
  const value = bits.ue();
  if (value > limit) {
    throw new CodecError(`Cannot parse H.264 SPS: ${name} must be up to ${limit}, got ${value}`);
  }
  return value;
}
