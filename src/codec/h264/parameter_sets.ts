import { CodecError } from "../codec_error.ts";
import { H264_NAL } from "./h264.ts";
import { type H264Pps, parseH264Pps } from "./pps.ts";
import { type H264Sps, parseH264Sps } from "./sps.ts";

interface Stored<Set> {
  readonly bytes: Uint8Array;
  readonly set: Set;
}

/** The parameter sets that a stream has sent: up to 32 SPS and 256 PPS, by their ids. */
export class H264ParameterSets {
  readonly #spsById = new Map<number, Stored<H264Sps>>();
  readonly #ppsById = new Map<number, Stored<H264Pps>>();

  /**
   * Takes a NAL unit of type 7 or 8; copies it.
   *
   * @returns whether it changed anything
   * @throws {CodecError} if it is broken. What was stored of its type is then forgotten, as the set
   * that it would have replaced is not known.
   */
  add(nalUnit: Uint8Array): boolean {
    return (nalUnit[0]! & 0b1_1111) === H264_NAL.SPS
      ? store(this.#spsById, nalUnit, parseH264Sps)
      : store(this.#ppsById, nalUnit, parseH264Pps);
  }

  /**
   * The sets that a slice header names. A field, so that it can be passed on as it is.
   *
   * @throws {CodecError} if they were not sent.
   */
  readonly of = (ppsId: number): { readonly sps: H264Sps; readonly pps: H264Pps } => {
    const pps = this.#ppsById.get(ppsId)?.set;
    const sps = pps === undefined ? undefined : this.#spsById.get(pps.spsId)?.set;
    if (pps === undefined || sps === undefined) {
      throw new CodecError(
        `Cannot parse slice header: its parameter sets must come before it, got PPS id ${ppsId}`,
      );
    }
    return { sps, pps };
  };
}

function store<Set extends { readonly id: number }>(
  setsById: Map<number, Stored<Set>>,
  nalUnit: Uint8Array,
  parse: (nalUnit: Uint8Array) => Set,
): boolean {
  for (const { bytes } of setsById.values()) {
    if (isEqual(bytes, nalUnit)) return false;
  }
  try {
    const set = parse(nalUnit);
    setsById.set(set.id, { bytes: nalUnit.slice(), set });
    return true;
  } catch (error) {
    setsById.clear();
    throw error;
  }
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
