import { ByteReader } from "../../bytes/byte_reader.ts";
import { CodecError } from "../codec_error.ts";
import type { NalLengthSize } from "../h264/h264.ts";

/** Types of H.265 NAL units this room looks at (H.265 table 7-1). */
export const H265_NAL = {
  RADL_N: 6,
  RASL_N: 8,
  RASL_R: 9,
  BLA_W_LP: 16,
  BLA_N_LP: 18,
  IDR_W_RADL: 19,
  IDR_N_LP: 20,
  CRA: 21,
  VPS: 32,
  SPS: 33,
  PPS: 34,
  ACCESS_UNIT_DELIMITER: 35,
  END_OF_SEQUENCE: 36,
  END_OF_BITSTREAM: 37,
  FILLER_DATA: 38,
  PREFIX_SEI: 39,
  SUFFIX_SEI: 40,
} as const;

/** Bytes of the header of every NAL unit (H.265 7.3.1.2). */
export const H265_NAL_HEADER_SIZE = 2;

/** NAL units of one record: 16 VPS, 16 SPS and 64 PPS are all there can be; the rest is for SEI. */
export const MAX_H265_PARAMETER_SETS = 128;

/** What a decoder must be able to do: profile_tier_level (H.265 7.3.3), general part. */
export interface H265ProfileTierLevel {
  /** 0 to 3; the specification knows 0 only. */
  readonly profileSpace: number;
  readonly tier: "main" | "high";
  /** 1 is Main, 2 Main 10, 4 a format range extension. */
  readonly profileIdc: number;
  /** general_profile_compatibility_flag, number 0 in the highest of 32 bits. */
  readonly compatibilityFlags: number;
  /** The six bytes behind it, of which the first begins with the flags of progressive and interlaced. */
  readonly constraintBytes: Uint8Array;
  /** Thirty times the level: 93 is level 3.1. */
  readonly levelIdc: number;
}

/** What a decoder must know before the first picture, from an HEVCDecoderConfigurationRecord. */
export interface H265Configuration extends H265ProfileTierLevel {
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Temporal sub-layers; 0 if unknown. */
  readonly temporalLayers: number;
  readonly nalLengthSize: NalLengthSize;
  /** Video parameter sets with their NAL header; as the others, none if they are in band. */
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** SEI of the whole stream, prefix and suffix, such as the display of an HDR master. */
  readonly sei: readonly Uint8Array[];
}

/**
 * Parses an HEVCDecoderConfigurationRecord, "hvcC" (ISO/IEC 14496-15 8.3.3.1).
 *
 * The NAL units and `constraintBytes` borrow from `record`. Arrays of other NAL units are left out,
 * and what follows the last array is ignored.
 *
 * @throws {CodecError} if the record is cut short, its version is above 1, a parameter set is not
 * what its place says, or there are more than {@linkcode MAX_H265_PARAMETER_SETS}.
 *
 * @example
 * ```ts
 * import { h265CodecString, parseH265Configuration } from "./h265.ts";
 *
 * // deno-fmt-ignore
 * const record = Uint8Array.of(
 *   1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0,
 * );
 * h265CodecString(parseH265Configuration(record)); // "hvc1.1.6.L93.B0"
 * ```
 */
export function parseH265Configuration(record: Uint8Array): H265Configuration {
  const reader = new ByteReader(record, CodecError);
  const version = reader.u8();
  // Records from before the standard was final say 0 and are the same.
  if (version > 1) {
    throw new CodecError(`Cannot parse H.265 configuration: version must be 0..1, got ${version}`);
  }
  const profileTierLevel = readProfileTierLevel(reader);
  reader.skip(3); // min_spatial_segmentation_idc, parallelismType
  const chromaFormatIdc = reader.u8() & 0b11;
  const bitDepthLuma = (reader.u8() & 0b111) + 8;
  const bitDepthChroma = (reader.u8() & 0b111) + 8;
  reader.skip(2); // avgFrameRate
  const layersAndLength = reader.u8();
  const nalLengthSize = (layersAndLength & 0b11) + 1;
  if (nalLengthSize === 3) {
    throw new CodecError(
      "Cannot parse H.265 configuration: NAL length size must be 1, 2 or 4, got 3",
    );
  }
  return {
    ...profileTierLevel,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    temporalLayers: (layersAndLength >> 3) & 0b111,
    nalLengthSize: nalLengthSize as NalLengthSize,
    ...readArrays(reader),
  };
}

/**
 * The `codecs` parameter of ISO/IEC 14496-15 annex E.3, such as "hvc1.1.6.L93.B0", as players and
 * WebCodecs want it. Takes a configuration or an SPS.
 */
export function h265CodecString(profileTierLevel: H265ProfileTierLevel): string {
  const { profileSpace, profileIdc, compatibilityFlags, tier, levelIdc, constraintBytes } =
    profileTierLevel;
  const space = ["", "A", "B", "C"][profileSpace]!;
  const flags = reverseBits(compatibilityFlags).toString(16).toUpperCase();
  let constraints = "";
  let zeros = "";
  for (const byte of constraintBytes) {
    zeros += `.${byte.toString(16).toUpperCase()}`;
    if (byte !== 0) { // trailing bytes of zero are left out
      constraints += zeros;
      zeros = "";
    }
  }
  return `hvc1.${space}${profileIdc}.${flags}.${
    tier === "high" ? "H" : "L"
  }${levelIdc}${constraints}`;
}

function readProfileTierLevel(reader: ByteReader): H265ProfileTierLevel {
  const profile = reader.u8();
  return {
    profileSpace: profile >> 6,
    tier: (profile & 0b10_0000) === 0 ? "main" : "high",
    profileIdc: profile & 0b1_1111,
    compatibilityFlags: reader.u32(),
    constraintBytes: reader.bytes(6),
    levelIdc: reader.u8(),
  };
}

function readArrays(reader: ByteReader) {
  const vps: Uint8Array[] = [];
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  const sei: Uint8Array[] = [];
  let units = 0;
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    const arrayType = reader.u8() & 0b11_1111;
    for (let left = reader.u16(); left > 0; left--) {
      if (++units > MAX_H265_PARAMETER_SETS) {
        throw new CodecError(
          `Cannot parse H.265 configuration: must hold up to ${MAX_H265_PARAMETER_SETS} NAL units`,
        );
      }
      const unit = reader.bytes(reader.u16());
      if (arrayType === H265_NAL.VPS) vps.push(unit);
      else if (arrayType === H265_NAL.SPS) sps.push(unit);
      else if (arrayType === H265_NAL.PPS) pps.push(unit);
      else if (arrayType === H265_NAL.PREFIX_SEI || arrayType === H265_NAL.SUFFIX_SEI) {
        sei.push(unit);
      } else continue;
      checkNalUnit(unit, arrayType);
    }
  }
  return { vps, sps, pps, sei };
}

function checkNalUnit(unit: Uint8Array, arrayType: number): void {
  const type = unit.length < H265_NAL_HEADER_SIZE ? undefined : (unit[0]! >> 1) & 0b11_1111;
  if (type !== arrayType) {
    throw new CodecError(
      `Cannot parse H.265 configuration: NAL unit must be of type ${arrayType}, got ${
        type ?? `${unit.length} bytes`
      }`,
    );
  }
}

/** Annex E.3 writes the flags of a u32 with number 0 as the lowest bit. */
function reverseBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = (reversed << 1) | ((value >>> bit) & 1);
  return reversed >>> 0;
}
