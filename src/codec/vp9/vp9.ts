import { ByteReader } from "../../bytes/byte_reader.ts";
import { CodecError } from "../codec_error.ts";
import type { VideoColour } from "../video_colour.ts";

/** What a VPCodecConfigurationRecord says; VP8 has the same record. */
export interface VpConfiguration {
  /** 0 is 4:2:0 of 8 bits, 1 other 8 bits, 2 4:2:0 of 10 or 12 bits, 3 others. */
  readonly profile: number;
  /** Ten times the level: 31 is level 3.1; 0 if unknown. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 and 1 are 4:2:0 with chroma between or upon luma samples, 2 is 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly colour: VideoColour;
}

/** Of a "vpcC" box, whose version and flags some publishers leave out. */
const FULL_BOX_VERSION = 1;

const MAX_PROFILE = 3;

/** Level 1. */
const MIN_LEVEL = 10;

/**
 * Parses a VPCodecConfigurationRecord, "vpcC" ("VP Codec ISO Media File Format Binding" 1.0), with or
 * without the version and flags of its box in front. The initialization data behind it, which VP8
 * and VP9 do not have, are ignored.
 *
 * @throws {CodecError} if the record is cut short, or the profile or bit depth is none.
 *
 * @example
 * ```ts
 * import { parseVp9Configuration, vp9CodecString } from "./vp9.ts";
 *
 * const record = Uint8Array.of(1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0);
 * vp9CodecString(parseVp9Configuration(record)); // "vp09.00.10.08"
 * ```
 */
export function parseVp9Configuration(record: Uint8Array): VpConfiguration {
  const reader = new ByteReader(record, CodecError);
  // Without version and flags, three zeros would mean a bit depth of 0.
  if (
    record[0] === FULL_BOX_VERSION && record[1] === 0 && record[2] === 0 && record[3] === 0
  ) {
    reader.skip(4);
  }
  const profile = reader.u8();
  const level = reader.u8();
  const format = reader.u8();
  const colour = {
    primaries: reader.u8(),
    transfer: reader.u8(),
    matrix: reader.u8(),
    isFullRange: (format & 1) === 1,
  };
  reader.skip(2); // codecInitializationDataSize
  const bitDepth = format >> 4;
  if (profile > MAX_PROFILE || (bitDepth !== 8 && bitDepth !== 10 && bitDepth !== 12)) {
    throw new CodecError(
      `Cannot parse VP9 configuration: profile must be up to ${MAX_PROFILE} and depth 8, 10 or 12 bits, got ${profile} and ${bitDepth}`,
    );
  }
  return { profile, level, bitDepth, chromaSubsampling: (format >> 1) & 0b111, colour };
}

/**
 * The `codecs` parameter of the binding, such as "vp09.00.10.08", in its short form. An unknown level
 * is written as the lowest, as ffmpeg sends 0 and players refuse that.
 */
export function vp9CodecString(
  configuration: Pick<VpConfiguration, "profile" | "level" | "bitDepth">,
): string {
  return `vp09.${vpCodecFields(configuration)}`;
}

/** Profile, level and bit depth, which VP8 writes as well: "00.10.08". */
export function vpCodecFields(
  { profile, level, bitDepth }: Pick<VpConfiguration, "profile" | "level" | "bitDepth">,
): string {
  return [profile, level || MIN_LEVEL, bitDepth].map((field) => String(field).padStart(2, "0"))
    .join(".");
}
