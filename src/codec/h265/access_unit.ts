import { BitReader } from "../../bytes/bit_reader.ts";
import type { Malformed } from "../../bytes/malformed.ts";
import type { NalLengthSize } from "../h264/h264.ts";
import { removeEmulationPrevention } from "../h264/emulation.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE } from "./h265.ts";
import { splitNalUnits, walkNalUnits } from "../nal_units.ts";

/** Bytes that hold the slice header up to slice_type: 9 flags and two Exp-Golomb codes. */
const SLICE_TYPE_PREFIX_SIZE = 20;

/** slice_pic_parameter_set_id ends here (H.265 7.4.7.1). */
const MAX_PPS_ID = 63;

/** How a slice predicts (H.265 table 7-7). */
export type H265SliceType = "I" | "P" | "B";

/** By slice_type. */
const SLICE_TYPES = ["B", "P", "I"] as const;

/** What a picture is, for those who join, drop or forward it. */
export interface H265PictureKind {
  /**
   * "idr", "bla" and "cra" are key frames. Of a stream that starts with one of them, "radl" can be
   * decoded and "rasl" can not: they come after a "cra" or "bla" and are shown before it.
   */
  readonly kind: "idr" | "bla" | "cra" | "radl" | "rasl" | "trailing";
  /** Whether decoding can start here: an intra random access point, IRAP. */
  readonly isKeyFrame: boolean;
  /**
   * Of its first slice; `undefined` if that slice was not the picture's first, or its header cannot
   * be read, as where a PPS in band changes what is in front of it. "B" does not mean
   * reordering: low-delay encoders send "B" slices that predict from the past alone. Whether
   * pictures are reordered is told by `maxReorderPictures` of the SPS.
   */
  readonly sliceType: H265SliceType | undefined;
}

/**
 * The NAL units of an access unit as MP4 and FLV carry it, each behind its length. They borrow from
 * `accessUnit`; those with no room for a header, which encoders send, are left out.
 *
 * @throws {CodecError} if a length exceeds the access unit, or there are more than MAX_NAL_UNITS.
 */
export function splitH265NalUnits(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
): Uint8Array[] {
  return splitNalUnits(accessUnit, nalLengthSize, H265_NAL_HEADER_SIZE);
}

/** nal_unit_type (H.265 7.3.1.2) of a NAL unit with its header. */
export function h265NalType(nalUnit: Uint8Array): number {
  return (nalUnit[0]! >> 1) & 0b11_1111;
}

/** nuh_layer_id, 0 of all that a plain decoder shows. */
export function h265LayerId(nalUnit: Uint8Array): number {
  return ((nalUnit[0]! & 1) << 5) | (nalUnit[1]! >> 3);
}

/**
 * What the picture in an access unit is, by its first slice of the base layer; `undefined` if it has
 * none, as an access unit of parameter sets or SEI only.
 *
 * Runs for every frame: the result is one of some constants, nothing is allocated in the usual case
 * and nothing is looked at behind the slice's first bytes.
 *
 * It is malformed if a length up to the first slice exceeds the access unit. Nothing is thrown.
 *
 * @param extraSliceHeaderBits of the PPS, {@linkcode parseH265Pps}: 0 with all common encoders
 */
export function h265PictureKind(
  accessUnit: Uint8Array,
  nalLengthSize: NalLengthSize,
  extraSliceHeaderBits = 0,
): H265PictureKind | Malformed | undefined {
  let kind: H265PictureKind | undefined;
  const fault = walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    const kinds = kindsAt(accessUnit, start, end);
    if (kinds === undefined) return false;
    const { isKeyFrame } = kinds[0];
    const slice = start + H265_NAL_HEADER_SIZE;
    kind = kinds[sliceTypeOf(accessUnit, slice, end, isKeyFrame, extraSliceHeaderBits)];
    return true;
  });
  return fault ?? kind;
}

/**
 * Whether decoding can start with an access unit, by the type of its first slice of the base layer:
 * as {@linkcode h265PictureKind}, but nothing of the slice itself is read, so that no PPS is needed.
 * One that is malformed is no key frame.
 */
export function isH265KeyFrame(accessUnit: Uint8Array, nalLengthSize: NalLengthSize): boolean {
  let isKeyFrame = false;
  walkNalUnits(accessUnit, nalLengthSize, (start, end) => {
    const kinds = kindsAt(accessUnit, start, end);
    if (kinds !== undefined) isKeyFrame = kinds[0].isKeyFrame;
    return kinds !== undefined;
  });
  return isKeyFrame;
}

/** What a NAL unit may be that is a slice of the base layer; `undefined` if it is none. */
function kindsAt(accessUnit: Uint8Array, start: number, end: number): KindsOfType | undefined {
  if (end - start < H265_NAL_HEADER_SIZE) return undefined;
  // The forbidden bit is 0, and so are the six of the layer id behind the type.
  const layerId = ((accessUnit[start]! & 1) << 5) | (accessUnit[start + 1]! >> 3);
  return layerId === 0 ? PICTURE_KINDS[accessUnit[start]! >> 1] : undefined;
}

/** By slice_type; the last for one that is not known. */
type KindsOfType = readonly [H265PictureKind, H265PictureKind, H265PictureKind, H265PictureKind];

const UNKNOWN_SLICE_TYPE = 3;

/** By NAL type; `undefined` for those that are no slice, or reserved. */
const PICTURE_KINDS: readonly (KindsOfType | undefined)[] = Array.from({ length: 64 }, kindsOf);

function kindsOf(_: unknown, nalType: number): KindsOfType | undefined {
  const kind = kindOf(nalType);
  if (kind === undefined) return undefined;
  const isKeyFrame = kind === "idr" || kind === "bla" || kind === "cra";
  const of = (sliceType: H265SliceType | undefined): H265PictureKind =>
    Object.freeze({ kind, isKeyFrame, sliceType });
  return [of(SLICE_TYPES[0]), of(SLICE_TYPES[1]), of(SLICE_TYPES[2]), of(undefined)];
}

function kindOf(nalType: number): H265PictureKind["kind"] | undefined {
  if (nalType < H265_NAL.RADL_N) return "trailing"; // with TSA and STSA, which switch sub-layers
  if (nalType < H265_NAL.RASL_N) return "radl";
  if (nalType <= H265_NAL.RASL_R) return "rasl";
  if (nalType < H265_NAL.BLA_W_LP) return undefined;
  if (nalType <= H265_NAL.BLA_N_LP) return "bla";
  if (nalType <= H265_NAL.IDR_N_LP) return "idr";
  return nalType === H265_NAL.CRA ? "cra" : undefined;
}

/** Reads slice_type of the slice header (H.265 7.3.6.1) between `start` and `end`. */
function sliceTypeOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  isKeyFrame: boolean,
  extraBits: number,
): 0 | 1 | 2 | 3 {
  const first = start < end ? bytes[start]! : 0;
  if (start < end && first < 0x80) return UNKNOWN_SLICE_TYPE; // first_slice_segment_in_pic_flag
  // Behind it and no_output_of_prior_pics_flag: PPS id 0 is the single bit 1, slice_type is 1, 010
  // or 011 and ends within this byte.
  const rest = (isKeyFrame ? first << 2 : first << 1) & 0xff;
  if (extraBits === 0 && rest >= 0x80) {
    if ((rest & 0b0100_0000) !== 0) return 0;
    if ((rest & 0b0010_0000) !== 0) return (rest & 0b0001_0000) === 0 ? 1 : 2;
  }
  return readSliceType(bytes.subarray(start, end), isKeyFrame, extraBits);
}

function readSliceType(slice: Uint8Array, isKeyFrame: boolean, extraBits: number): 0 | 1 | 2 | 3 {
  const prefix = removeEmulationPrevention(slice, SLICE_TYPE_PREFIX_SIZE);
  const bits = new BitReader(prefix);
  const flags = isKeyFrame ? 2 : 1;
  if (bits.remaining < flags) return UNKNOWN_SLICE_TYPE;
  bits.skip(flags);
  const ppsId = bits.tryUe();
  if (ppsId < 0 || ppsId > MAX_PPS_ID || bits.remaining < extraBits) return UNKNOWN_SLICE_TYPE;
  bits.skip(extraBits); // slice_reserved_flag
  const sliceType = bits.tryUe();
  return sliceType === 0 || sliceType === 1 || sliceType === 2 ? sliceType : UNKNOWN_SLICE_TYPE;
}
