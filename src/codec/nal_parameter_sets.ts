import { equals } from "@std/bytes/equals";
import { BitReader } from "../bytes/bit_reader.ts";
import { CodecError } from "./codec_error.ts";
import { H264_NAL } from "./h264.ts";
import { removeEmulationPrevention } from "./h264_emulation.ts";
import { H265_NAL } from "./h265.ts";
import { parseH265Sps } from "./h265_sps.ts";
import { type NalCodec, nalTypeOf } from "./nal_facts.ts";

/** Bytes of one set: real ones have up to 300, with scaling lists. */
const MAX_SET_SIZE = 2048;

/** Sets that a stream may have at once; real ones have up to ten. */
const MAX_SETS = 32;

/** Bytes that hold an id in front of which there are up to three bytes. */
const ID_PREFIX_SIZE = 12;

/** The types of a codec's sets, in the order in which they refer to each other. */
const SET_TYPES: Readonly<Record<NalCodec, readonly number[]>> = {
  h264: [H264_NAL.SPS, H264_NAL.PPS],
  h265: [H265_NAL.VPS, H265_NAL.SPS, H265_NAL.PPS],
};

/**
 * The newest parameter sets of a stream, from its configuration and its pictures, by type and id.
 * Of what they say, nothing is judged: whether they are right is for decoders to find out.
 */
export class NalParameterSets {
  readonly #codec: NalCodec;
  readonly #sets = new Map<number, Uint8Array>();

  constructor(codec: NalCodec) {
    this.#codec = codec;
  }

  /** Whether there is at least one of each type. */
  get isComplete(): boolean {
    return SET_TYPES[this.#codec].every((type) => this.of(type).length > 0);
  }

  /** Those of one NAL type. */
  of(nalType: number): readonly Uint8Array[] {
    return [...this.#sets].filter(([key]) => key >> 8 === nalType).map(([, set]) => set);
  }

  /**
   * Takes a set, as a NAL unit; copies it.
   *
   * @returns whether it is another one than that with its id before
   */
  take(nalUnit: Uint8Array): boolean {
    for (const known of this.#sets.values()) if (equals(known, nalUnit)) return false;
    const key = nalTypeOf(this.#codec, nalUnit) << 8 | idOf(this.#codec, nalUnit);
    const isTooMuch = nalUnit.length > MAX_SET_SIZE ||
      (this.#sets.size === MAX_SETS && !this.#sets.has(key));
    if (isTooMuch) return false;
    this.#sets.set(key, nalUnit.slice());
    return true;
  }

  clear(): void {
    this.#sets.clear();
  }
}

/** The id of a set; 0 of one that cannot be read. */
function idOf(codec: NalCodec, nalUnit: Uint8Array): number {
  try {
    return codec === "h264" ? h264IdOf(nalUnit) : h265IdOf(nalUnit);
  } catch (error) {
    if (error instanceof CodecError) return 0;
    throw error;
  }
}

function h264IdOf(nalUnit: Uint8Array): number {
  const bits = payloadOf(nalUnit, 1);
  // Profile, constraints and level come before the id of an SPS (H.264 7.3.2.1.1).
  if (nalTypeOf("h264", nalUnit) === H264_NAL.SPS) bits.skip(Math.min(24, bits.remaining));
  return Math.max(bits.tryUe(), 0) & 0xff;
}

function h265IdOf(nalUnit: Uint8Array): number {
  const type = nalTypeOf("h265", nalUnit);
  if (type === H265_NAL.SPS) return parseH265Sps(nalUnit).id;
  const bits = payloadOf(nalUnit, 2);
  return type === H265_NAL.VPS ? bits.bits(4) : bits.ue() & 0xff;
}

function payloadOf(nalUnit: Uint8Array, headerSize: number): BitReader {
  const payload = removeEmulationPrevention(nalUnit.subarray(headerSize), ID_PREFIX_SIZE);
  return new BitReader(payload, CodecError);
}
