import { H264_NAL, type NalLengthSize } from "./h264/h264.ts";
import { H265_NAL } from "./h265/h265.ts";
import { MAX_NAL_UNITS, nalLengthAt } from "./nal_units.ts";

/** Codecs whose frames are NAL units. */
export type NalCodec = "h264" | "h265";

/** What NAL units that came together are, as bits of {@linkcode nalFacts}. */
export const NalFact = {
  /** There is at least one slice of a picture, or more than one. */
  slice: 1,
  slices: 2,
  /** The first slice is the first of its picture. */
  begins: 4,
  /** The first slice is of a picture that decoding can begin with: IDR, or any IRAP of H.265. */
  key: 8,
  parameterSets: 16,
  /** Something that stands in front of a picture, parameter sets among it. */
  prefix: 32,
  /** A length leads behind the end, or there are too many: what is told is of what comes before. */
  broken: 64,
} as const;

/** What a NAL unit is for, by its header's first byte. */
const Kind = { other: 0, slice: 1, keySlice: 2, parameterSet: 3, prefix: 4, partition: 5 } as const;

const H264_KINDS = Uint8Array.from({ length: 256 }, (_, header) => h264Kind(header));
const H265_KINDS = Uint8Array.from({ length: 256 }, (_, header) => h265Kind(header));

/**
 * What there is in a message's NAL units, each behind its length, as bits of {@linkcode NalFact}.
 *
 * Runs for every frame: allocates nothing, throws nothing, and looks at nothing but the first bytes
 * of each NAL unit.
 */
export function nalFacts(codec: NalCodec, data: Uint8Array, nalLengthSize: NalLengthSize): number {
  const kinds = codec === "h264" ? H264_KINDS : H265_KINDS;
  const headerSize = codec === "h264" ? 1 : 2;
  let facts = 0;
  let count = 0;
  for (let at = 0; at < data.length;) {
    const start = at + nalLengthSize;
    const end = start + nalLengthAt(data, at, nalLengthSize);
    if (end > data.length || ++count > MAX_NAL_UNITS) return facts | NalFact.broken;
    const isUnit = end - start >= headerSize && isBaseLayer(data, start, headerSize);
    if (isUnit) facts |= factsOf(kinds[data[start]!]!, data[start + headerSize] ?? 0, facts);
    at = end;
  }
  return facts;
}

/**
 * Whether a NAL unit is kept that came without a picture, to be put in front of the next one:
 * parameter sets and SEI, but no delimiter, which would come twice, and no filler.
 */
export function isPrefixToKeep(codec: NalCodec, nalUnit: Uint8Array): boolean {
  const type = nalTypeOf(codec, nalUnit);
  if (isParameterSet(codec, nalUnit)) return true;
  return codec === "h264" ? type === H264_NAL.SEI : type === H265_NAL.PREFIX_SEI;
}

export function isParameterSet(codec: NalCodec, nalUnit: Uint8Array): boolean {
  const kinds = codec === "h264" ? H264_KINDS : H265_KINDS;
  return kinds[nalUnit[0] ?? 0] === Kind.parameterSet;
}

export function nalTypeOf(codec: NalCodec, nalUnit: Uint8Array): number {
  const header = nalUnit[0] ?? 0;
  return codec === "h264" ? header & 0b1_1111 : (header >> 1) & 0b11_1111;
}

/** @param slice the first byte behind the NAL header */
function factsOf(kind: number, slice: number, before: number): number {
  switch (kind) {
    case Kind.slice:
    case Kind.keySlice: {
      if ((before & NalFact.slice) !== 0) return NalFact.slices;
      // first_mb_in_slice 0 is the bit 1, and first_slice_segment_in_pic_flag is one bit.
      const begins = slice >= 0x80 ? NalFact.begins : 0;
      return NalFact.slice | begins | (kind === Kind.keySlice ? NalFact.key : 0);
    }
    case Kind.partition:
      return (before & NalFact.slice) !== 0 ? NalFact.slices : NalFact.slice;
    case Kind.parameterSet:
      return NalFact.parameterSets | NalFact.prefix;
    case Kind.prefix:
      return NalFact.prefix;
    default:
      return 0;
  }
}

/** H.265 has layers that a plain decoder does not show: nuh_layer_id is not 0. */
function isBaseLayer(data: Uint8Array, start: number, headerSize: number): boolean {
  return headerSize === 1 || ((data[start]! & 1) === 0 && data[start + 1]! < 8);
}

/** H.264 table 7-1; those with the forbidden bit are none. */
function h264Kind(header: number): number {
  if (header >= 0x80) return Kind.other;
  const type = header & 0b1_1111;
  if (type === H264_NAL.SLICE || type === H264_NAL.SLICE_PARTITION_A) return Kind.slice;
  if (type === 3 || type === 4) return Kind.partition; // B and C: they follow A
  if (type === H264_NAL.SLICE_IDR) return Kind.keySlice;
  if (type === H264_NAL.SPS || type === H264_NAL.PPS) return Kind.parameterSet;
  return type === H264_NAL.SEI || type === 9 ? Kind.prefix : Kind.other; // 9: delimiter
}

/** H.265 table 7-1. */
function h265Kind(header: number): number {
  if (header >= 0x80) return Kind.other;
  const type = header >> 1;
  if (type <= H265_NAL.RASL_R) return Kind.slice;
  if (type >= H265_NAL.BLA_W_LP && type <= H265_NAL.CRA) return Kind.keySlice;
  if (type >= H265_NAL.VPS && type <= H265_NAL.PPS) return Kind.parameterSet;
  const isPrefix = type === H265_NAL.PREFIX_SEI || type === H265_NAL.ACCESS_UNIT_DELIMITER;
  return isPrefix ? Kind.prefix : Kind.other;
}
