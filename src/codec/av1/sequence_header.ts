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
  readonly frameHeaders: Av1FrameHeaderFacts;
  /** For those who write some of it anew. */
  readonly places: Av1HeaderPlaces;
}

/** What frame headers have up to the size of the frame (AV1 5.9.2). */
export interface Av1FrameHeaderFacts {
  /** Whether they have times of the decoder model. */
  readonly hasDecoderModel: boolean;
  /** Of current_frame_id, and of the difference to those of references; 0 without frame ids. */
  readonly frameIdBits: number;
  readonly frameIdDeltaBits: number;
  /** "each": every frame says so. */
  readonly screenContent: boolean | "each";
  /** Whether frames of screen content say whether their motion vectors are whole numbers. */
  readonly saysIntegerMotion: boolean;
  /** 0 without order hints. */
  readonly orderHintBits: number;
}

/** Where things are in the payload of a sequence header, in bits from its start. */
export interface Av1HeaderPlaces {
  /** operating_point_idc of each point, of {@linkcode AV1_IDC_BITS}; none with reduced headers. */
  readonly idcs: readonly number[];
  /** max_frame_width_minus_1, and max_frame_height_minus_1 behind it. */
  readonly size: number;
  readonly widthBits: number;
  readonly heightBits: number;
}

/** Bits of operating_point_idc. */
export const AV1_IDC_BITS = 12;

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
  const place = () => 8 * payload.length - bits.remaining;
  let timing: Timing = { frameRate: undefined, delayBits: undefined };
  let operatingPoints: readonly Av1OperatingPoint[];
  const idcs: number[] = [];
  if (hasReducedHeaders) {
    operatingPoints = [{ idc: 0, levelIndex: bits.bits(5), tier: "main" }];
  } else {
    if (bits.bit() === 1) timing = readTiming(bits);
    operatingPoints = readOperatingPoints(bits, timing.delayBits, () => idcs.push(place()));
  }
  const [widthBits, heightBits] = [bits.bits(4) + 1, bits.bits(4) + 1];
  const places = { idcs, size: place(), widthBits, heightBits };
  const [width, height] = [bits.bits(widthBits) + 1, bits.bits(heightBits) + 1];
  const frameIds = hasReducedHeaders ? NO_FRAME_IDS : readFrameIds(bits);
  bits.skip(3); // 128x128 superblocks, filter_intra, intra_edge_filter
  const tools = hasReducedHeaders ? REDUCED_TOOLS : readInterTools(bits);
  bits.skip(3); // superres, cdef, restoration
  const { levelIndex, tier } = operatingPoints[0]!;
  return {
    profile,
    levelIndex,
    tier,
    operatingPoints,
    width,
    height,
    frameRate: timing.frameRate,
    isStillPicture,
    hasReducedHeaders,
    frameHeaders: { hasDecoderModel: timing.delayBits !== undefined, ...frameIds, ...tools },
    places,
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

/** @param atIdc called in front of each operating_point_idc */
function readOperatingPoints(bits: BitReader, delayBits: number | undefined, atIdc: () => void) {
  const hasInitialDelays = bits.bit() === 1;
  const count = bits.bits(5) + 1;
  const points: Av1OperatingPoint[] = [];
  for (let index = 0; index < count; index++) {
    atIdc();
    const idc = bits.bits(AV1_IDC_BITS);
    const levelIndex = bits.bits(5);
    const isHigh = levelIndex > MAX_LEVEL_WITHOUT_TIER && bits.bit() === 1;
    // Two delays and low_delay_mode_flag.
    if (delayBits !== undefined && bits.bit() === 1) bits.skip(2 * delayBits + 1);
    if (hasInitialDelays && bits.bit() === 1) bits.skip(4);
    points.push({ idc, levelIndex, tier: isHigh ? "high" : "main" });
  }
  return points;
}

const NO_FRAME_IDS = { frameIdBits: 0, frameIdDeltaBits: 0 };

function readFrameIds(bits: BitReader): typeof NO_FRAME_IDS {
  if (bits.bit() === 0) return NO_FRAME_IDS; // frame_id_numbers_present_flag
  const frameIdDeltaBits = bits.bits(4) + 2;
  const frameIdBits = bits.bits(3) + frameIdDeltaBits + 1;
  if (frameIdBits > MAX_FRAME_ID_BITS) {
    throw new CodecError(
      `Cannot parse AV1 sequence header: frame ids must have up to ${MAX_FRAME_ID_BITS} bits, got ${frameIdBits}`,
    );
  }
  return { frameIdBits, frameIdDeltaBits };
}

type InterTools = Pick<
  Av1FrameHeaderFacts,
  "screenContent" | "saysIntegerMotion" | "orderHintBits"
>;

/** What is so without a word in a reduced header. */
const REDUCED_TOOLS: InterTools = {
  screenContent: "each",
  saysIntegerMotion: true,
  orderHintBits: 0,
};

/** Tools that predict from other frames. */
function readInterTools(bits: BitReader): InterTools {
  bits.skip(4); // interintra, masked compound, warped motion, dual filter
  const hasOrderHint = bits.bit() === 1;
  if (hasOrderHint) bits.skip(2); // joint compound, motion vectors of reference frames
  const screenContent = bits.bit() === 1 ? "each" : bits.bit() === 1;
  // seq_choose_integer_mv, or else seq_force_integer_mv
  const saysIntegerMotion = screenContent === false || bits.bit() === 1;
  if (!saysIntegerMotion) bits.skip(1);
  const orderHintBits = hasOrderHint ? bits.bits(3) + 1 : 0;
  return { screenContent, saysIntegerMotion, orderHintBits };
}
