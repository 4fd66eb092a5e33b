import { concat } from "@std/bytes/concat";
import { equals } from "@std/bytes/equals";
import { putBits } from "../../bytes/put_bits.ts";
import type { PictureSize } from "../picture_size.ts";
import { av1FrameSize } from "./frame_size.ts";
import { AV1_OBU, firstObuPlace, nextObu, obuSpatialId, obuType } from "./obu.ts";
import { AV1_IDC_BITS, type Av1SequenceHeader, parseAv1SequenceHeader } from "./sequence_header.ts";

/** operating_point_idc has a bit for each temporal layer, and above these one for each spatial one. */
const TEMPORAL_BITS = 8;
const TEMPORAL_MASK = (1 << TEMPORAL_BITS) - 1;

/** The payload of a temporal unit's sequence header, a copy; `undefined` if it brings none. */
export function av1SequenceHeaderOf(temporalUnit: Uint8Array): Uint8Array | undefined {
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    if (obuType(temporalUnit[place.start]!) !== AV1_OBU.SEQUENCE_HEADER) continue;
    return temporalUnit.slice(place.payloadStart, place.end);
  }
  return undefined;
}

/**
 * How large each spatial layer of a key frame is, by its number; none if that of one is not said.
 *
 * @param temporalUnit OBUs with their sizes
 * @param sequenceHeader the payload of the one that counts
 * @throws {CodecError} if a header is broken
 */
export function av1LayerSizes(
  temporalUnit: Uint8Array,
  sequenceHeader: Uint8Array,
): readonly PictureSize[] {
  const sequence = parseAv1SequenceHeader(sequenceHeader);
  const sizes: PictureSize[] = [];
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    const { start, payloadStart, end } = place;
    if (!isFrame(temporalUnit[start]!)) continue;
    const spatialId = obuSpatialId(temporalUnit, start) ?? 0;
    const size = av1FrameSize(sequence, temporalUnit.subarray(payloadStart, end));
    if (size === undefined || spatialId > sizes.length) return [];
    sizes[spatialId] = size;
  }
  return sizes;
}

/** The highest spatial layer that a temporal unit has a frame of; 0 where it does not say so. */
export function highestAv1SpatialId(temporalUnit: Uint8Array): number {
  let highest = 0;
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    if (!isFrame(temporalUnit[place.start]!)) continue;
    highest = Math.max(highest, obuSpatialId(temporalUnit, place.start) ?? 0);
  }
  return highest;
}

/**
 * A temporal unit without its higher spatial layers, as if there were none: its sequence header, if it
 * has one, has the layers that are left in front (AV1 6.4.1: the operating point that decoders take;
 * they would wait for the others otherwise), and their size.
 *
 * Frames that are smaller than the sequence says have their own size; those of a layer must not become
 * as large as those of higher ones until the next key frame.
 *
 * @param temporalUnit OBUs with their sizes
 * @param spatialId the highest that is left
 * @param size of that, in pixels
 * @returns a buffer of its own; `undefined` if no frame is left
 * @throws {CodecError} if the sequence header is broken
 */
export function withoutHigherAv1Layers(
  temporalUnit: Uint8Array,
  spatialId: number,
  size: PictureSize,
): Uint8Array<ArrayBuffer> | undefined {
  const kept: Uint8Array[] = [];
  let hasFrame = false;
  /** The first one, before and after. AV1 7.5: others are the same. */
  let sequence: readonly [Uint8Array, Uint8Array] | undefined;
  const place = firstObuPlace();
  while (nextObu(temporalUnit, place)) {
    const { start, payloadStart, end } = place;
    const obu = temporalUnit.subarray(start, end);
    if (obuType(obu[0]!) === AV1_OBU.SEQUENCE_HEADER) {
      sequence ??= [obu, limitedSequence(obu, payloadStart - start, spatialId, size)];
      if (equals(obu, sequence[0])) kept.push(sequence[1]);
      continue;
    }
    // AV1 5.3.1: what has no extension is of all layers.
    if ((obuSpatialId(obu, 0) ?? 0) > spatialId) continue;
    hasFrame ||= isFrame(obu[0]!);
    kept.push(obu);
  }
  return hasFrame ? concat(kept) : undefined;
}

function isFrame(header: number): boolean {
  const type = obuType(header);
  return type === AV1_OBU.FRAME || type === AV1_OBU.FRAME_HEADER;
}

/** The OBU of a sequence header, of which some is written anew. */
function limitedSequence(
  obu: Uint8Array,
  payloadStart: number,
  spatialId: number,
  { width, height }: PictureSize,
): Uint8Array {
  const limited = obu.slice();
  const payload = limited.subarray(payloadStart);
  const header = parseAv1SequenceHeader(payload);
  putPointFirst(payload, header, spatialId);
  if (width > header.width || height > header.height) return limited;
  const { places: { size, widthBits, heightBits } } = header;
  putBits(payload, size, widthBits, width - 1);
  putBits(payload, size + widthBits, heightBits, height - 1);
  return limited;
}

/**
 * The operating point of these layers changes places with the first. Levels stay where they are: they
 * may have another number of bits, and that of more layers bears fewer of them.
 */
function putPointFirst(
  payload: Uint8Array,
  { operatingPoints, places: { idcs } }: Av1SequenceHeader,
  spatialId: number,
): void {
  const first = operatingPoints[0]!.idc;
  const [firstAt] = idcs;
  const spatial = ((1 << (spatialId + 1)) - 1) & (first >> TEMPORAL_BITS);
  // 0 is all layers, without saying which there are.
  if (spatial === 0 || firstAt === undefined) return;
  const wanted = spatial << TEMPORAL_BITS | (first & TEMPORAL_MASK);
  const other = operatingPoints.findIndex(({ idc }) => idc === wanted);
  if (other > 0) putBits(payload, idcs[other]!, AV1_IDC_BITS, first);
  putBits(payload, firstAt, AV1_IDC_BITS, wanted);
}
