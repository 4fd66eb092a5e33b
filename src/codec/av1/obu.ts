import { type Malformed, malformed, malformedText } from "../../bytes/malformed.ts";
import { CodecError } from "../codec_error.ts";

/** Types of AV1 open bitstream units (AV1 6.2.2). */
export const AV1_OBU = {
  SEQUENCE_HEADER: 1,
  TEMPORAL_DELIMITER: 2,
  FRAME_HEADER: 3,
  TILE_GROUP: 4,
  METADATA: 5,
  FRAME: 6,
  REDUNDANT_FRAME_HEADER: 7,
  TILE_LIST: 8,
  PADDING: 15,
} as const;

/** OBUs of one temporal unit: up to 32 layers with some tile groups each, and metadata. */
export const MAX_OBUS = 1024;

/** A leb128 code has up to 8 bytes, of which encoders may waste some (AV1 4.10.5). */
const MAX_LEB128_SIZE = 8;

const COUNT_RULE = `they must be up to ${MAX_OBUS}`;
const SIZE_RULE = `obu_size must end within ${MAX_LEB128_SIZE} bytes and the data`;

/** An open bitstream unit; `bytes` and `payload` borrow from what was split. */
export interface Av1Obu {
  /** obu_type: one of {@linkcode AV1_OBU}, or a reserved one, which is to be passed over. */
  readonly type: number;
  /** 0 without a header extension. */
  readonly temporalId: number;
  /** 0 without a header extension. */
  readonly spatialId: number;
  /** Bytes of the OBU header, 1 or 2 with its extension; obu_size is not counted. */
  readonly headerSize: 1 | 2;
  readonly hasExtension: boolean;
  /** The whole OBU as it came: header, obu_size if it was there, payload. */
  readonly bytes: Uint8Array;
  /** What follows the header and obu_size. */
  readonly payload: Uint8Array;
}

/**
 * Where an OBU is, for those who walk over a temporal unit without making records.
 *
 * {@linkcode nextObu} fills it in.
 */
export interface Av1ObuPlace {
  /** Of the OBU header. */
  start: number;
  payloadStart: number;
  /** Behind the payload: the start of the next OBU. */
  end: number;
  /** OBUs up to here. */
  count: number;
  /** Why there is no next one, if it is not the end. */
  fault: Malformed | undefined;
}

/**
 * Splits data in the low-overhead bitstream format (AV1 5.2), as MP4 and FLV carry it: a temporal
 * unit or the configOBUs of "av1C". The last OBU may come without obu_size, and then has the rest.
 *
 * @throws {CodecError} if a size exceeds the data, the forbidden bit is set, or there are more than
 * {@linkcode MAX_OBUS}.
 *
 * @example
 * ```ts
 * import { AV1_OBU, splitObus } from "./obu.ts";
 *
 * const [delimiter, frame] = splitObus(Uint8Array.of(0x12, 0x00, 0x32, 0x02, 0x10, 0x00));
 * delimiter?.type === AV1_OBU.TEMPORAL_DELIMITER; // true
 * frame?.payload; // 0x10, 0x00
 * ```
 */
export function splitObus(data: Uint8Array): Av1Obu[] {
  const obus: Av1Obu[] = [];
  const place = firstObuPlace();
  while (nextObu(data, place)) {
    const { start, payloadStart, end } = place;
    const hasExtension = hasObuExtension(data[start]!);
    const extension = hasExtension ? data[start + 1]! : 0;
    obus.push({
      type: obuType(data[start]!),
      temporalId: extension >> 5,
      spatialId: (extension >> 3) & 0b11,
      headerSize: hasExtension ? 2 : 1,
      hasExtension,
      bytes: data.subarray(start, end),
      payload: data.subarray(payloadStart, end),
    });
  }
  if (place.fault !== undefined) throw new CodecError(malformedText(place.fault));
  return obus;
}

/** The place in front of the first OBU. */
export function firstObuPlace(): Av1ObuPlace {
  return { start: 0, payloadStart: 0, end: 0, count: 0, fault: undefined };
}

/**
 * Moves `place` to the OBU that starts where it ends, from {@linkcode firstObuPlace} on.
 *
 * @returns whether there is one; if not, `place` has a fault unless `data` are at their end: a
 * header or size is broken, or there are more than {@linkcode MAX_OBUS}
 */
export function nextObu(data: Uint8Array, place: Av1ObuPlace): boolean {
  const start = place.end;
  if (start >= data.length) return false;
  const header = data[start]!;
  if (header >= 0x80) return refuse(place, "forbidden bit of the header must be 0", header);
  if (place.count === MAX_OBUS) return refuse(place, COUNT_RULE, MAX_OBUS + 1);
  let at = start + (hasObuExtension(header) ? 2 : 1);
  let size = data.length - at;
  if ((header & 0b10) !== 0) {
    size = 0;
    let scale = 1;
    for (let read = 0;; read++) {
      if (at >= data.length || read === MAX_LEB128_SIZE) {
        return refuse(place, SIZE_RULE, read);
      }
      const byte = data[at++]!;
      size += (byte & 0x7f) * scale; // up to 56 bits: not by shifts
      scale *= 128;
      if (byte < 0x80) break;
    }
  }
  const end = at + Math.max(size, 0);
  if (end > data.length) return refuse(place, "OBU must end within the data", end);
  place.count++;
  place.start = start;
  place.payloadStart = at;
  place.end = end;
  return true;
}

function refuse(place: Av1ObuPlace, rule: string, got: number): false {
  place.fault = malformed("split OBUs", rule, got);
  return false;
}

/** obu_type of the first byte of an OBU header. */
export function obuType(header: number): number {
  return (header >> 3) & 0b1111;
}

/** spatial_id of the OBU that starts there, which {@linkcode nextObu} has found; `undefined` if it says none. */
export function obuSpatialId(data: Uint8Array, start: number): number | undefined {
  return hasObuExtension(data[start]!) ? data[start + 1]! >> 3 & 0b11 : undefined;
}

function hasObuExtension(header: number): boolean {
  return (header & 0b100) !== 0;
}
