import { equals } from "@std/bytes/equals";
import { BitReader } from "../bytes/bit_reader.ts";
import { H264_NAL } from "./h264/h264.ts";
import { removeEmulationPrevention } from "./h264/emulation.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE } from "./h265/h265.ts";
import { type NalCodec, nalTypeOf } from "./nal_facts.ts";

/** Bytes of one set: real ones have up to 300, with scaling lists. */
const MAX_SET_SIZE = 2048;

/** Sets that a stream may have at once; real ones have up to ten. */
const MAX_SETS = 32;

/** Bytes that hold an id, behind what is said of up to seven layers. */
const ID_PREFIX_SIZE = 100;

/** Of H.265, profile, tier, flags and level, which stand behind one byte in an SPS (7.3.3). */
export const H265_PROFILE_TIER_LEVEL_SIZE = 12;

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

/** The id of a set; 0 of one that is cut short. */
function idOf(codec: NalCodec, nalUnit: Uint8Array): number {
  const type = nalTypeOf(codec, nalUnit);
  if (codec === "h264") {
    // Profile, constraints and level come before the id of an SPS (H.264 7.3.2.1.1).
    return firstCode(payloadOf(nalUnit, 1), type === H264_NAL.SPS ? 3 : 0);
  }
  const payload = payloadOf(nalUnit, H265_NAL_HEADER_SIZE);
  if (type === H265_NAL.VPS) return (payload[0] ?? 0) >> 4;
  return firstCode(payload, type === H265_NAL.SPS ? h265SpsIdAt(payload) : 0);
}

/** The byte of an SPS of H.265 that its id begins in: behind profile_tier_level (7.3.3). */
function h265SpsIdAt(payload: Uint8Array): number {
  const subLayersLessOne = ((payload[0] ?? 0) >> 1) & 0b111;
  let at = 1 + H265_PROFILE_TIER_LEVEL_SIZE;
  if (subLayersLessOne === 0) return at;
  const present = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
  at += 2;
  for (let layer = 0; layer < subLayersLessOne; layer++) {
    if (((present >> (15 - 2 * layer)) & 1) === 1) at += 11; // profile
    if (((present >> (14 - 2 * layer)) & 1) === 1) at += 1; // level
  }
  return at;
}

/** The Exp-Golomb code at the begin of a byte; an id has up to 8 bits. */
function firstCode(payload: Uint8Array, at: number): number {
  return Math.max(0, new BitReader(payload.subarray(at)).tryUe()) & 0xff;
}

function payloadOf(nalUnit: Uint8Array, headerSize: number): Uint8Array {
  return removeEmulationPrevention(nalUnit.subarray(headerSize), ID_PREFIX_SIZE);
}
