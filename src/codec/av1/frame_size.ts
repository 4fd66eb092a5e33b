import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";
import type { PictureSize } from "../picture_size.ts";
import type { Av1SequenceHeader } from "./sequence_header.ts";

/** frame_type (AV1 6.8.2). */
const KEY_FRAME = 0;
const INTRA_ONLY_FRAME = 2;
const SWITCH_FRAME = 3;

const ALL_FRAMES = 0xff;
const FRAMES = 8;
const REFERENCES = 7;

/**
 * How large a frame is, before it is scaled to be shown; `undefined` if it says that it is as large as
 * one that it refers to, shows one that was there before, or has times of a decoder model.
 *
 * @param payload of an OBU of a frame, or of its header (AV1 5.9.2)
 * @throws {CodecError} if it is cut short
 */
export function av1FrameSize(
  sequence: Av1SequenceHeader,
  payload: Uint8Array,
): PictureSize | undefined {
  const { hasReducedHeaders, frameHeaders: facts } = sequence;
  if (hasReducedHeaders) return { width: sequence.width, height: sequence.height };
  if (facts.hasDecoderModel) return undefined;
  const bits = new BitReader(payload, CodecError);
  if (bits.bit() === 1) return undefined; // show_existing_frame
  const type = bits.bits(2);
  const isIntra = type === KEY_FRAME || type === INTRA_ONLY_FRAME;
  const isShown = bits.bit() === 1;
  if (!isShown) bits.skip(1); // showable_frame
  // What all others are forgotten for.
  const isNew = type === SWITCH_FRAME || (type === KEY_FRAME && isShown);
  const isErrorResilient = isNew || bits.bit() === 1;
  bits.skip(1); // disable_cdf_update
  const { screenContent } = facts;
  const isScreen = screenContent === "each" ? bits.bit() === 1 : screenContent;
  if (isScreen && facts.saysIntegerMotion) bits.skip(1); // force_integer_mv
  bits.skip(facts.frameIdBits);
  const hasOwnSize = type === SWITCH_FRAME || bits.bit() === 1;
  bits.skip(facts.orderHintBits);
  if (!isIntra && !isErrorResilient) bits.skip(3); // primary_ref_frame
  const refreshed = isNew ? ALL_FRAMES : bits.bits(8);
  if ((!isIntra || refreshed !== ALL_FRAMES) && isErrorResilient) {
    bits.skip(FRAMES * facts.orderHintBits);
  }
  if (!isIntra) {
    skipReferences(bits, sequence);
    if (hasOwnSize && !isErrorResilient && hasSizeOfReference(bits)) return undefined;
  }
  if (!hasOwnSize) return { width: sequence.width, height: sequence.height };
  const { widthBits, heightBits } = sequence.places;
  return { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1 };
}

function skipReferences(bits: BitReader, { frameHeaders }: Av1SequenceHeader): void {
  const { orderHintBits, frameIdDeltaBits } = frameHeaders;
  const isShort = orderHintBits > 0 && bits.bit() === 1; // frame_refs_short_signaling
  if (isShort) bits.skip(2 * 3);
  bits.skip(REFERENCES * ((isShort ? 0 : 3) + frameIdDeltaBits));
}

/** frame_size_with_refs (AV1 5.9.7). */
function hasSizeOfReference(bits: BitReader): boolean {
  for (let index = 0; index < REFERENCES; index++) if (bits.bit() === 1) return true;
  return false;
}
