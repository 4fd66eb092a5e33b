import type { PictureSize } from "../picture_size.ts";
import { av1FrameSize } from "./frame_size.ts";
import { AV1_OBU, firstObuPlace, nextObu, obuSpatialId, obuType, splitObus } from "./obu.ts";
import { AV1_IDC_BITS, type Av1SequenceHeader, parseAv1SequenceHeader } from "./sequence_header.ts";

/** operating_point_idc has a bit for each temporal layer, and above these one for each spatial one. */
const TEMPORAL_BITS = 8;
const TEMPORAL_MASK = (1 << TEMPORAL_BITS) - 1;

/**
 * How large each spatial layer of a key frame is, by its number; none if that of one is not said.
 *
 * @param temporalUnit OBUs with their sizes
 * @throws {CodecError} if it is broken
 */
export function av1LayerSizes(temporalUnit: Uint8Array): readonly PictureSize[] {
  const sizes: PictureSize[] = [];
  let sequence: Av1SequenceHeader | undefined;
  for (const { type, spatialId, payload } of splitObus(temporalUnit)) {
    if (type === AV1_OBU.SEQUENCE_HEADER) sequence = parseAv1SequenceHeader(payload);
    if (type !== AV1_OBU.FRAME && type !== AV1_OBU.FRAME_HEADER) continue;
    const size = sequence && av1FrameSize(sequence, payload);
    if (size === undefined || spatialId > sizes.length) return [];
    sizes[spatialId] = size;
  }
  return sizes;
}

/** The highest spatial layer that a temporal unit has something of; 0 where it does not say so. */
export function highestAv1SpatialId(temporalUnit: Uint8Array): number {
  let highest = 0;
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    highest = Math.max(highest, obuSpatialId(temporalUnit, place.start) ?? 0);
  }
  return highest;
}

/**
 * A temporal unit without its higher spatial layers (AV1 7.18.1 calls that an operating point), as if
 * there were none: its sequence header names those that are left first, which decoders would wait for
 * the others otherwise, and has their size.
 *
 * @param temporalUnit OBUs with their sizes
 * @param spatialId the highest that is left
 * @param size of that, in pixels
 * @returns a buffer of its own
 * @throws {CodecError} if the sequence header is broken
 */
export function withoutHigherAv1Layers(
  temporalUnit: Uint8Array,
  spatialId: number,
  size: PictureSize,
): Uint8Array<ArrayBuffer> {
  const kept = new Uint8Array(temporalUnit.length);
  let length = 0;
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    const { start, payloadStart, end } = place;
    // AV1 6.2.1: what has no extension is of all layers.
    if ((obuSpatialId(temporalUnit, start) ?? 0) > spatialId) continue;
    kept.set(temporalUnit.subarray(start, end), length);
    if (obuType(temporalUnit[start]!) === AV1_OBU.SEQUENCE_HEADER) {
      const from = length + payloadStart - start;
      limitSequence(kept.subarray(from, length + end - start), spatialId, size);
    }
    length += end - start;
  }
  return kept.slice(0, length);
}

/** Writes some of the payload of a sequence header anew, in place. */
function limitSequence(payload: Uint8Array, spatialId: number, { width, height }: PictureSize) {
  const header = parseAv1SequenceHeader(payload);
  putPointFirst(payload, header, spatialId);
  // Frames that are smaller than the maximum have their size in their headers, in as many bits.
  if (width > header.width || height > header.height) return;
  const { places: { size, widthBits, heightBits } } = header;
  putBits(payload, size, widthBits, width - 1);
  putBits(payload, size + widthBits, heightBits, height - 1);
}

/** Decoders take the first operating point (AV1 7.18.1): the one of these layers changes places with it. */
function putPointFirst(
  payload: Uint8Array,
  { operatingPoints, places: { idcs } }: Av1SequenceHeader,
  spatialId: number,
): void {
  const first = operatingPoints[0]!.idc;
  const [firstAt] = idcs;
  // 0 is all layers, without saying which there are.
  if (first === 0 || firstAt === undefined) return;
  const spatial = ((1 << (spatialId + 1)) - 1) & (first >> TEMPORAL_BITS);
  const wanted = spatial << TEMPORAL_BITS | (first & TEMPORAL_MASK);
  const other = operatingPoints.findIndex(({ idc }) => idc === wanted);
  if (other > 0) putBits(payload, idcs[other]!, AV1_IDC_BITS, first);
  putBits(payload, firstAt, AV1_IDC_BITS, wanted);
}

function putBits(bytes: Uint8Array, from: number, count: number, value: number): void {
  for (let index = 0; index < count; index++) {
    const at = from + index;
    const mask = 0x80 >> (at & 7);
    const isSet = (value >> (count - 1 - index) & 1) === 1;
    bytes[at >> 3] = isSet ? bytes[at >> 3]! | mask : bytes[at >> 3]! & ~mask;
  }
}
