import { BitReader } from "../../bytes/bit_reader.ts";
import { type Av1ColourConfig, readAv1ColourConfig } from "./colour_config.ts";
import { CodecError } from "../codec_error.ts";

/** A way to decode a part of the layers (AV1 5.5.1). */
export interface Av1OperatingPoint {
  /** Which layers: temporal ones in the low 8 bits, spatial ones in the 4 above; 0 means all. */
  readonly idc: number;
  /** seq_level_idx: 4 * (major - 2) + minor, so that 8 is level 4.0; 31 has no limits. */
  readonly levelIndex: number;
  readonly tier: "main" | "high";
}

/** What holds for all frames until the next sequence header. */
export interface Av1SequenceHeader extends Av1ColourConfig {
  /** 0 is Main (4:2:0), 1 High (4:4:4), 2 Professional (4:2:2, 12 bits). */
  readonly profile: 0 | 1 | 2;
  /** Of the first operating point, the one with all layers. */
  readonly levelIndex: number;
  /** Of the first operating point. */
  readonly tier: "main" | "high";
  readonly operatingPoints: readonly Av1OperatingPoint[];
  /** Luma samples: what frames have unless they say otherwise, and what none exceeds. */
  readonly width: number;
  readonly height: number;
  /** Frames a second if all are shown equally long, `undefined` if not said. */
  readonly frameRate: number | undefined;
  readonly isStillPicture: boolean;
  /** reduced_still_picture_header: frame headers leave out type and visibility. */
  readonly hasReducedHeaders: boolean;
}

/** Frame ids of more than 16 bits are not allowed (AV1 6.8.2). */
const MAX_FRAME_ID_BITS = 16;

/** seq_level_idx above this writes a tier (AV1 5.5.1). */
const MAX_LEVEL_WITHOUT_TIER = 7;

/** What operating points say of buffers, in front of them. */
interface Timing {
  readonly frameRate: number | undefined;
  /** Bits of each delay of the decoder model; `undefined` without a model. */
  readonly delayBits: number | undefined;
}

/**
 * Parses the payload of a sequence header OBU (AV1 5.5). The result borrows nothing; film grain and
 * what follows it are not read.
 *
 * @throws {CodecError} if it is cut short or reserved values are used.
 *
 * @example
 * ```ts
 * import { parseAv1SequenceHeader } from "./sequence_header.ts";
 *
 * const payload = Uint8Array.of(0x18, 0x15, 0x7f, 0xfc, 0x00, 0x08); // a still picture
 * parseAv1SequenceHeader(payload).width; // 256
 * ```
 */
export function parseAv1SequenceHeader(payload: Uint8Array): Av1SequenceHeader {
  const bits = new BitReader(payload, CodecError);
  const profile = bits.bits(3);
  if (profile !== 0 && profile !== 1 && profile !== 2) {
    throw new CodecError(
      `Cannot parse AV1 sequence header: profile must be up to 2, got ${profile}`,
    );
  }
  const isStillPicture = bits.bit() === 1;
  const hasReducedHeaders = bits.bit() === 1;
  let timing: Timing = { frameRate: undefined, delayBits: undefined };
  let operatingPoints: readonly Av1OperatingPoint[];
  if (hasReducedHeaders) {
    operatingPoints = [{ idc: 0, levelIndex: bits.bits(5), tier: "main" }];
  } else {
    if (bits.bit() === 1) timing = readTiming(bits);
    operatingPoints = readOperatingPoints(bits, timing.delayBits);
  }
  const size = readSize(bits);
  if (!hasReducedHeaders) skipFrameIds(bits);
  bits.skip(3); // 128x128 superblocks, filter_intra, intra_edge_filter
  if (!hasReducedHeaders) skipInterTools(bits);
  bits.skip(3); // superres, cdef, restoration
  const { levelIndex, tier } = operatingPoints[0]!;
  return {
    profile,
    levelIndex,
    tier,
    operatingPoints,
    ...size,
    frameRate: timing.frameRate,
    isStillPicture,
    hasReducedHeaders,
    ...readAv1ColourConfig(bits, profile),
  };
}

/** timing_info and decoder_model_info (AV1 5.5.3, 5.5.4). */
function readTiming(bits: BitReader): Timing {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  const hasEqualIntervals = bits.bit() === 1;
  const ticks = hasEqualIntervals ? bits.ue() + 1 : 0; // uvlc() codes as ue(v) does
  const isKnown = unitsInTick > 0 && timeScale > 0 && ticks > 0;
  const frameRate = isKnown ? timeScale / unitsInTick / ticks : undefined;
  if (bits.bit() === 0) return { frameRate, delayBits: undefined };
  const delayBits = bits.bits(5) + 1;
  bits.skip(32 + 5 + 5); // num_units_in_decoding_tick, lengths of two times
  return { frameRate, delayBits };
}

function readOperatingPoints(bits: BitReader, delayBits: number | undefined) {
  const hasInitialDelays = bits.bit() === 1;
  const count = bits.bits(5) + 1;
  const points: Av1OperatingPoint[] = [];
  for (let index = 0; index < count; index++) {
    const idc = bits.bits(12);
    const levelIndex = bits.bits(5);
    const isHigh = levelIndex > MAX_LEVEL_WITHOUT_TIER && bits.bit() === 1;
    // Two delays and low_delay_mode_flag.
    if (delayBits !== undefined && bits.bit() === 1) bits.skip(2 * delayBits + 1);
    if (hasInitialDelays && bits.bit() === 1) bits.skip(4);
    points.push({ idc, levelIndex, tier: isHigh ? "high" : "main" });
  }
  return points;
}

function readSize(bits: BitReader) {
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  return { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1 };
}

function skipFrameIds(bits: BitReader): void {
  if (bits.bit() === 0) return; // frame_id_numbers_present_flag
  const deltaBits = bits.bits(4) + 2;
  const idBits = bits.bits(3) + deltaBits + 1;
  if (idBits > MAX_FRAME_ID_BITS) {
    throw new CodecError(
      `Cannot parse AV1 sequence header: frame ids must have up to ${MAX_FRAME_ID_BITS} bits, got ${idBits}`,
    );
  }
}

/** Tools that predict from other frames. */
function skipInterTools(bits: BitReader): void {
  bits.skip(4); // interintra, masked compound, warped motion, dual filter
  const hasOrderHint = bits.bit() === 1;
  if (hasOrderHint) bits.skip(2); // joint compound, motion vectors of reference frames
  const choosesScreenContent = bits.bit() === 1;
  const mayBeScreenContent = choosesScreenContent || bits.bit() === 1;
  // seq_choose_integer_mv, or else seq_force_integer_mv
  if (mayBeScreenContent && bits.bit() === 0) bits.skip(1);
  if (hasOrderHint) bits.skip(3); // order_hint_bits_minus_1
}
