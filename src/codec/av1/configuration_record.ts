import { ByteWriter } from "../../bytes/byte_writer.ts";
import { AV1_OBU, firstObuPlace, nextObu, obuType } from "./obu.ts";
import { parseAv1SequenceHeader } from "./sequence_header.ts";

/** marker and version of the record. */
const MARKER_AND_VERSION = 0x81;

/**
 * The AV1CodecConfigurationRecord, "av1C", of a temporal unit that has a sequence header ("AV1 Codec
 * ISO Media File Format Binding" 2.3); `undefined` of one that has none.
 *
 * @param temporalUnit OBUs with their sizes
 * @throws {CodecError} if the sequence header is broken
 */
export function av1ConfigurationOf(
  temporalUnit: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    if (obuType(temporalUnit[place.start]!) !== AV1_OBU.SEQUENCE_HEADER) continue;
    const header = parseAv1SequenceHeader(temporalUnit.subarray(place.payloadStart, place.end));
    const { profile, levelIndex, tier, bitDepth, isMonochrome } = header;
    const flags = (tier === "high" ? 0x80 : 0) | (bitDepth > 8 ? 0x40 : 0) |
      (bitDepth === 12 ? 0x20 : 0) | (isMonochrome ? 0x10 : 0) |
      header.chromaSubsamplingX << 3 | header.chromaSubsamplingY << 2 |
      header.chromaSamplePosition;
    return new ByteWriter(4 + place.end - place.start).u8(MARKER_AND_VERSION)
      .u8(profile << 5 | levelIndex).u8(flags).u8(0) // no initial presentation delay
      .bytes(temporalUnit.subarray(place.start, place.end)).take();
  }
  return undefined;
}
