import { ByteReader } from "../../bytes/byte_reader.ts";
import type { Malformed } from "../../bytes/malformed.ts";
import { AV1_OBU, type Av1Obu, firstObuPlace, nextObu, obuType, splitObus } from "./obu.ts";
import type { Av1SequenceHeader } from "./sequence_header.ts";
import { CodecError } from "../codec_error.ts";

/** What a decoder must know before the first frame, from an AV1CodecConfigurationRecord. */
export interface Av1Configuration {
  /** 0 is Main (4:2:0), 1 High (4:4:4), 2 Professional (4:2:2, 12 bits). */
  readonly profile: number;
  /** seq_level_idx_0: 4 * (major - 2) + minor, so that 8 is level 4.0. */
  readonly levelIndex: number;
  readonly tier: "main" | "high";
  readonly bitDepth: 8 | 10 | 12;
  readonly isMonochrome: boolean;
  readonly chromaSubsamplingX: 0 | 1;
  readonly chromaSubsamplingY: 0 | 1;
  /** 0 unknown, 1 between two rows of luma, 2 upon the upper left sample. */
  readonly chromaSamplePosition: number;
  /** OBUs for a decoder, which come in front of the first frame: none, if they are in band. */
  readonly obus: readonly Av1Obu[];
  /** The sequence header among them. */
  readonly sequenceHeader: Av1Obu | undefined;
}

/** marker and version of the record. */
const MARKER_AND_VERSION = 0x81;

/** The bits of a frame header that begins a key frame to be shown: see {@linkcode isAv1KeyFrame}. */
const SHOWN_KEY_FRAME = 0b0001_0000;
const SHOW_AND_TYPE_BITS = 0b1111_0000;

/**
 * Parses an AV1CodecConfigurationRecord, "av1C" ("AV1 Codec ISO Media File Format Binding" 2.3).
 * The OBUs borrow from `record`.
 *
 * @throws {CodecError} if the record is cut short, its marker or version is another, or its OBUs
 * are broken.
 *
 * @example
 * ```ts
 * import { av1CodecString, parseAv1Configuration } from "./av1.ts";
 *
 * const record = Uint8Array.of(0x81, 0x04, 0x0c, 0x00);
 * av1CodecString(parseAv1Configuration(record)); // "av01.0.04M.08"
 * ```
 */
export function parseAv1Configuration(record: Uint8Array): Av1Configuration {
  const reader = new ByteReader(record, CodecError);
  const version = reader.u8();
  if (version !== MARKER_AND_VERSION) {
    throw new CodecError(
      `Cannot parse AV1 configuration: must begin with ${MARKER_AND_VERSION}, got ${version}`,
    );
  }
  const profileAndLevel = reader.u8();
  const flags = reader.u8();
  reader.skip(1); // initial_presentation_delay
  const obus = splitObus(reader.rest());
  const isHighBitDepth = (flags & 0b100_0000) !== 0;
  const isTwelveBit = (flags & 0b10_0000) !== 0;
  return {
    profile: profileAndLevel >> 5,
    levelIndex: profileAndLevel & 0b1_1111,
    tier: (flags & 0b1000_0000) === 0 ? "main" : "high",
    bitDepth: isHighBitDepth ? (isTwelveBit ? 12 : 10) : 8,
    isMonochrome: (flags & 0b1_0000) !== 0,
    chromaSubsamplingX: ((flags >> 3) & 1) as 0 | 1,
    chromaSubsamplingY: ((flags >> 2) & 1) as 0 | 1,
    chromaSamplePosition: flags & 0b11,
    obus,
    sequenceHeader: obus.find(({ type }) => type === AV1_OBU.SEQUENCE_HEADER),
  };
}

/**
 * The `codecs` parameter of "AV1 Codec ISO Media File Format Binding" 5, such as "av01.0.04M.08", in
 * its short form. Takes a configuration or a sequence header.
 */
export function av1CodecString(
  { profile, levelIndex, tier, bitDepth }: Pick<
    Av1SequenceHeader | Av1Configuration,
    "profile" | "levelIndex" | "tier" | "bitDepth"
  >,
): string {
  const level = String(levelIndex).padStart(2, "0");
  const depth = String(bitDepth).padStart(2, "0");
  return `av01.${profile}.${level}${tier === "high" ? "H" : "M"}.${depth}`;
}

/**
 * Whether decoding can start with a temporal unit: whether its first frame is a key frame, coded
 * here and shown at once (AV1 7.6.2). The sequence header may be elsewhere. A temporal unit without a
 * frame is none, and so is one that is malformed: {@linkcode av1KeyFrame} tells that.
 *
 * Runs for every frame: allocates next to nothing, and looks at nothing behind the first frame's
 * header.
 *
 * @param sequenceHeader what it says holds unless the temporal unit has one of its own
 */
export function isAv1KeyFrame(
  temporalUnit: Uint8Array,
  sequenceHeader?: Pick<Av1SequenceHeader, "hasReducedHeaders">,
): boolean {
  return av1KeyFrame(temporalUnit, sequenceHeader) === true;
}

/** As {@linkcode isAv1KeyFrame}; malformed if an OBU up to the first frame is broken. */
export function av1KeyFrame(
  temporalUnit: Uint8Array,
  sequenceHeader?: Pick<Av1SequenceHeader, "hasReducedHeaders">,
): boolean | Malformed {
  let hasReducedHeaders = sequenceHeader?.hasReducedHeaders ?? false;
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    const type = obuType(temporalUnit[place.start]!);
    const isEmpty = place.payloadStart === place.end;
    const first = isEmpty ? 0 : temporalUnit[place.payloadStart]!;
    if (type === AV1_OBU.SEQUENCE_HEADER) {
      hasReducedHeaders = (first & 0b1000) !== 0; // behind seq_profile and still_picture
    } else if (type === AV1_OBU.FRAME || type === AV1_OBU.FRAME_HEADER) {
      // show_existing_frame 0, frame_type 0 and show_frame 1 (AV1 5.9.2)
      return !isEmpty && (hasReducedHeaders || (first & SHOW_AND_TYPE_BITS) === SHOWN_KEY_FRAME);
    }
  }
  return place.fault ?? false;
}
