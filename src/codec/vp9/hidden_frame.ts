import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import { readVp9FrameHeader, type Vp9FrameHeader } from "./frame.ts";

/** show_frame and error_resilient_mode, which come one after the other. */
const SHOWN_BITS = 2;

/** Deltas of the loop filter by reference, and by mode. */
const FILTER_DELTAS = 4 + 2;
const FILTER_DELTA_BITS = 7;
/** Deltas of the quantizer, beside the base. */
const QUANTIZER_DELTAS = 3;
const QUANTIZER_DELTA_BITS = 5;

const SEGMENTS = 8;
const TREE_PROBABILITIES = 7;
const PREDICTION_PROBABILITIES = 3;
/** Bits of each feature of a segment, with its sign. */
const FEATURE_BITS = [9, 7, 2, 0];

const SUPERBLOCK_SIZE = 64;
const MIN_TILE_WIDTH = 4;
const MAX_TILE_WIDTH = 64;

/**
 * A frame that is shown, as one that is only referred to (VP9 6.2): the head in front of its
 * compressed header is written anew. Decoders read the rest as before, if the frame behind it has
 * another size or is error resilient; else they would predict motion from another one.
 *
 * @param frame of a picture that is shown and is none that was shown before
 * @param width of it, in pixels: many frames say only which reference has the same
 * @returns the new head, and the rest, which borrows from `frame`
 * @throws {CodecError} if its header is cut short or broken
 */
export function hideVp9Frame(
  frame: Uint8Array,
  width: number,
): [head: Uint8Array<ArrayBuffer>, rest: Uint8Array] {
  const bits = new BitReader(frame, CodecError);
  const header = readVp9FrameHeader(bits);
  skipRest(bits, header, width);
  const compressedSize = bits.bits(16);
  const endBit = 8 * frame.length - bits.remaining;
  const size = Math.ceil(endBit / 8);
  const trailing = bits.bits(8 * size - endBit);
  if (trailing !== 0) {
    throw new CodecError(`Cannot hide VP9 frame: its header must end with zeros, got ${trailing}`);
  }
  const left = frame.length - size;
  if (compressedSize === 0 || compressedSize > left) {
    throw new CodecError(
      `Cannot hide VP9 frame: the compressed header must have 1 to ${left} bytes, got ${compressedSize}`,
    );
  }
  return [withoutShowing(frame, header, endBit), frame.subarray(size)];
}

/** What is behind the frame's size, up to the size of the compressed header. */
function skipRest(bits: BitReader, header: Vp9FrameHeader, width: number): void {
  if (bits.bit() === 1) bits.skip(2 * 16); // render_size
  if (!header.isKeyFrame && !header.isIntraOnly) {
    bits.skip(1); // allow_high_precision_mv
    const isSwitchable = bits.bit() === 1;
    if (!isSwitchable) bits.skip(2); // raw_interpolation_filter
  }
  if (!header.isErrorResilient) bits.skip(2); // refresh_frame_context, frame_parallel_decoding_mode
  bits.skip(2); // frame_context_idx
  skipLoopFilter(bits);
  bits.skip(8); // base_q_idx
  for (let delta = 0; delta < QUANTIZER_DELTAS; delta++) skipIf(bits, QUANTIZER_DELTA_BITS);
  if (bits.bit() === 1) skipSegmentation(bits);
  skipTiles(bits, width);
}

function skipIf(bits: BitReader, count: number): void {
  if (bits.bit() === 1) bits.skip(count);
}

function skipLoopFilter(bits: BitReader): void {
  bits.skip(6 + 3); // level, sharpness
  const hasDeltas = bits.bit() === 1;
  if (!hasDeltas || bits.bit() === 0) return;
  for (let delta = 0; delta < FILTER_DELTAS; delta++) skipIf(bits, FILTER_DELTA_BITS);
}

function skipSegmentation(bits: BitReader): void {
  if (bits.bit() === 1) { // update_map
    for (let at = 0; at < TREE_PROBABILITIES; at++) skipIf(bits, 8);
    const isTemporal = bits.bit() === 1;
    for (let at = 0; at < PREDICTION_PROBABILITIES && isTemporal; at++) skipIf(bits, 8);
  }
  if (bits.bit() === 0) return; // update_data
  bits.skip(1); // abs_delta_update
  for (let segment = 0; segment < SEGMENTS; segment++) {
    for (const featureBits of FEATURE_BITS) skipIf(bits, featureBits);
  }
}

function skipTiles(bits: BitReader, width: number): void {
  const superblocks = Math.ceil(width / SUPERBLOCK_SIZE);
  let columns = 0;
  while (MAX_TILE_WIDTH << columns < superblocks) columns++;
  while (superblocks >> (columns + 1) >= MIN_TILE_WIDTH && bits.bit() === 1) columns++;
  skipIf(bits, 1); // tile_rows
}

/** The bits up to `endBit`, with show_frame 0 and, unless of a key frame, intra_only 0 behind it. */
function withoutShowing(
  frame: Uint8Array,
  { profile, isKeyFrame }: Vp9FrameHeader,
  endBit: number,
): Uint8Array<ArrayBuffer> {
  // frame_marker, profile, of profile 3 a reserved bit, show_existing_frame, frame_type.
  const shownAt = 2 + 2 + (profile === 3 ? 1 : 0) + 1 + 1;
  const isInserted = !isKeyFrame;
  const head = new Uint8Array(Math.ceil((endBit + (isInserted ? 1 : 0)) / 8));
  const bitAt = (at: number) => frame[at >> 3]! >> (7 - (at & 7)) & 1;
  for (let at = 0; at < endBit; at++) {
    if (at === shownAt || bitAt(at) === 0) continue;
    const to = isInserted && at >= shownAt + SHOWN_BITS ? at + 1 : at;
    head[to >> 3]! |= 0x80 >> (to & 7);
  }
  return head;
}
