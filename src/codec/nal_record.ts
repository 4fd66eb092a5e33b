import { CodecError } from "./codec_error.ts";
import { type NalLengthSize, parseH264Configuration } from "./h264/h264.ts";
import { parseH265Configuration } from "./h265/h265.ts";
import type { NalCodec } from "./nal_facts.ts";

/** What is read of a configuration to tell the NAL units of its stream apart. */
export interface ReadNalRecord {
  /** Whether players can use it as it is, as far as that is known. */
  readonly isRecord: boolean;
  readonly nalLengthSize: NalLengthSize;
  /** The parameter sets, as NAL units; they borrow from it. None of a record that cannot be read. */
  readonly sets: readonly Uint8Array[];
}

/** What does not change within a record: bytes, greatest version, and where the length size is. */
const LAYOUTS = {
  h264: { size: 7, minVersion: 1, maxVersion: 1, lengthSizeAt: 4 },
  h265: { size: 23, minVersion: 0, maxVersion: 1, lengthSizeAt: 21 },
} as const;

/**
 * Reads a decoder configuration record. One that has the shape of a record and cannot be read to its
 * end is taken for one all the same: a player may know more than we do. One without an SPS is none
 * to begin with.
 *
 * @returns `undefined` if it has not even the shape
 */
export function readNalRecord(codec: NalCodec, data: Uint8Array): ReadNalRecord | undefined {
  if (data.length === 0) return { isRecord: false, nalLengthSize: 4, sets: [] };
  const { size, minVersion, maxVersion, lengthSizeAt } = LAYOUTS[codec];
  const version = data[0]!;
  if (data.length < size || version < minVersion || version > maxVersion) return undefined;
  const nalLengthSize = (data[lengthSizeAt]! & 0b11) + 1;
  if (nalLengthSize === 3) return undefined;
  try {
    const { sps, sets } = codec === "h264" ? readH264(data) : readH265(data);
    return { isRecord: sps.length > 0, nalLengthSize: nalLengthSize as NalLengthSize, sets };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { isRecord: true, nalLengthSize: nalLengthSize as NalLengthSize, sets: [] };
  }
}

function readH264(data: Uint8Array) {
  const { sps, pps } = parseH264Configuration(data);
  return { sps, sets: [...sps, ...pps] };
}

function readH265(data: Uint8Array) {
  const { vps, sps, pps } = parseH265Configuration(data);
  return { sps, sets: [...vps, ...sps, ...pps] };
}
