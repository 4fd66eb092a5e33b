import { ByteReader } from "../../bytes/byte_reader.ts";
import { CodecError } from "../codec_error.ts";

/** Types of H.264 NAL units this room looks at (H.264 table 7-1). */
export const H264_NAL = {
  SLICE: 1,
  SLICE_PARTITION_A: 2,
  SLICE_IDR: 5,
  SEI: 6,
  SPS: 7,
  PPS: 8,
} as const;

/** Bytes of the length in front of each NAL unit; 3 is not allowed (ISO/IEC 14496-15 5.3.3.1.2). */
export type NalLengthSize = 1 | 2 | 4;

/** What a decoder must know before the first picture, from an AVCDecoderConfigurationRecord. */
export interface H264Configuration {
  readonly profileIdc: number;
  /** The byte between profile and level: the constraint_set flags. */
  readonly profileCompatibility: number;
  /** Ten times the level: 31 is level 3.1. */
  readonly levelIdc: number;
  readonly nalLengthSize: NalLengthSize;
  /** Sequence parameter sets with their NAL header; none if the stream carries them in band. */
  readonly sps: readonly Uint8Array[];
  /** Picture parameter sets with their NAL header; none if the stream carries them in band. */
  readonly pps: readonly Uint8Array[];
}

/**
 * Parses an AVCDecoderConfigurationRecord, "avcC" (ISO/IEC 14496-15 5.3.3.1).
 *
 * The parameter sets borrow from `record`. What follows them, the chroma format and bit depth of
 * high profiles, is not read: the SPS says the same and some encoders leave it out.
 *
 * @throws {CodecError} if the record is cut short, its version is not 1, or a parameter set is not
 * what its place says.
 *
 * @example
 * ```ts
 * import { h264CodecString, parseH264Configuration } from "./h264.ts";
 *
 * const record = Uint8Array.of(1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 0x64, 1, 0, 2, 0x68, 0xef);
 * h264CodecString(parseH264Configuration(record)); // "avc1.64001f"
 * ```
 */
export function parseH264Configuration(record: Uint8Array): H264Configuration {
  const reader = new ByteReader(record, CodecError);
  const version = reader.u8();
  if (version !== 1) {
    throw new CodecError(`Cannot parse H.264 configuration: version must be 1, got ${version}`);
  }
  const profileIdc = reader.u8();
  const profileCompatibility = reader.u8();
  const levelIdc = reader.u8();
  const nalLengthSize = (reader.u8() & 0b11) + 1;
  if (nalLengthSize === 3) {
    throw new CodecError(
      "Cannot parse H.264 configuration: NAL length size must be 1, 2 or 4, got 3",
    );
  }
  const sps = readParameterSets(reader, reader.u8() & 0b1_1111, H264_NAL.SPS);
  const pps = readParameterSets(reader, reader.u8(), H264_NAL.PPS);
  return {
    profileIdc,
    profileCompatibility,
    levelIdc,
    nalLengthSize: nalLengthSize as NalLengthSize,
    sps,
    pps,
  };
}

/** The `codecs` parameter of RFC 6381 3.3, such as "avc1.64001f", as players and WebCodecs want it. */
export function h264CodecString(
  { profileIdc, profileCompatibility, levelIdc }: Pick<
    H264Configuration,
    "profileIdc" | "profileCompatibility" | "levelIdc"
  >,
): string {
  const digits = (profileIdc << 16) | (profileCompatibility << 8) | levelIdc;
  return `avc1.${digits.toString(16).padStart(6, "0")}`;
}

function readParameterSets(reader: ByteReader, count: number, nalType: number): Uint8Array[] {
  const sets: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const set = reader.bytes(reader.u16());
    const type = (set[0] ?? 0) & 0b1_1111;
    if (type !== nalType) {
      throw new CodecError(
        `Cannot parse H.264 configuration: parameter set must be NAL type ${nalType}, got ${type}`,
      );
    }
    sets.push(set);
  }
  return sets;
}
