import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { isAv1KeyFrame } from "../../codec/av1/av1.ts";
import { AV1_OBU, MAX_OBUS, obuType } from "../../codec/av1/obu.ts";
import type { Depacketizer, LayerIds } from "./depacketizer.ts";

/** Bits of the aggregation header (RTP Payload Format For AV1, 4.4). */
const CONTINUES = 0x80;
const TO_BE_CONTINUED = 0x40;
const COUNT_SHIFT = 4;
const COUNT_MASK = 0b11;
const SEQUENCE_START = 0x08;

/** Flags of an OBU's header (AV1 5.3.2). */
const FORBIDDEN = 0x80;
const HAS_EXTENSION = 0b100;
const HAS_SIZE = 0b10;

/** Bytes of a length, in leb128: more would be beyond any packet. */
const MAX_LENGTH_SIZE = 4;

/** What there is of an OBU must not be in a stream by RTP, or is of no use to a viewer. */
const DROPPED_TYPES: ReadonlySet<number> = new Set([
  AV1_OBU.TEMPORAL_DELIMITER,
  AV1_OBU.TILE_LIST,
  AV1_OBU.PADDING,
]);

const ACTION = "read AV1 picture";
const ELEMENT_RULE = "OBU element must end within its payload";

/**
 * AV1 (RTP Payload Format For AV1, 4): the OBUs of a temporal unit, which leave with their sizes.
 * Delimiters, tile lists and padding are left out.
 */
export const AV1_DEPACKETIZER: Depacketizer = {
  begins(payload) {
    const header = payload[0] ?? 0;
    return (header & CONTINUES) === 0 && (header & SEQUENCE_START) !== 0;
  },
  isOfKeyFrame(payload) {
    return ((payload[0] ?? 0) & SEQUENCE_START) !== 0;
  },
  read(payloads) {
    const obus: Uint8Array[][] = [];
    let isOpen = false;
    for (const payload of payloads) {
      const header = payload[0]!;
      if (((header & CONTINUES) !== 0) !== isOpen) {
        return malformed(ACTION, "a cut OBU must be followed by the rest of it", header);
      }
      const fault = takeElements(payload, obus, isOpen);
      if (fault !== undefined) return fault;
      isOpen = (header & TO_BE_CONTINUED) !== 0;
    }
    if (isOpen) return malformed(ACTION, "OBU must have its end", obus.length);
    return joined(obus);
  },
};

/** Adds the elements of a payload to the OBUs; the first one to the last of them, if that is open. */
function takeElements(
  payload: Uint8Array,
  obus: Uint8Array[][],
  isOpen: boolean,
): Malformed | undefined {
  if (payload.length < 2) return malformed(ACTION, "payload must have an element", payload.length);
  const count = payload[0]! >> COUNT_SHIFT & COUNT_MASK;
  let at = 1;
  for (let index = 0; at < payload.length; index++) {
    let end = payload.length;
    if (count === 0 || index < count - 1) {
      const length = readLength(payload, at);
      end = length.end + length.value;
      at = length.end;
    }
    if (end > payload.length || index > 0 && index === count) {
      return malformed(ACTION, ELEMENT_RULE, end);
    }
    const element = payload.subarray(at, end);
    if (index === 0 && isOpen) obus.at(-1)!.push(element);
    else if (obus.length === MAX_OBUS) {
      return malformed(ACTION, `OBUs must be up to ${MAX_OBUS}`, obus.length + 1);
    } else obus.push([element]);
    at = end;
  }
  return undefined;
}

/** A number in leb128 (AV1 4.10.5); one that is too long leads beyond the payload. */
function readLength(payload: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < MAX_LENGTH_SIZE; index++) {
    const byte = payload[from + index];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << 7 * index;
    if (byte < 0x80) return { value, end: from + index + 1 };
  }
  return { value: payload.length, end: payload.length };
}

/** The temporal unit of OBUs in pieces. */
function joined(obus: readonly (readonly Uint8Array[])[]) {
  const out: Uint8Array[] = [];
  let layers: LayerIds = { temporalId: 0, spatialId: 0 };
  for (const pieces of obus) {
    const obu = pieces.length === 1 ? pieces[0]! : concatenated(pieces);
    if (obu.length === 0) continue;
    const header = obu[0]!;
    if (header >= FORBIDDEN) return malformed(ACTION, "forbidden bit must be 0", header);
    if (DROPPED_TYPES.has(obuType(header))) continue;
    const headSize = (header & HAS_EXTENSION) === 0 ? 1 : 2;
    if (obu.length < headSize) return malformed(ACTION, "OBU must have its header", obu.length);
    if (headSize === 2) {
      const { temporalId, spatialId } = layers;
      const extension = obu[1]!;
      layers = {
        temporalId: Math.max(temporalId, extension >> 5),
        spatialId: Math.max(spatialId, extension >> 3 & 0b11),
      };
    }
    const content = contentOf(obu, headSize);
    if (content === undefined) return malformed(ACTION, ELEMENT_RULE, obu.length);
    out.push(headOf(obu, headSize, content.length), content);
  }
  const data = concatenated(out);
  const isKeyFrame = isAv1KeyFrame(data);
  const places = { isDisposable: false, layers, layerSwitch: "none" } as const;
  return { kind: "unit", data, isKeyFrame, ...places } as const;
}

/** What follows an OBU's header, and its size if it has one, which must be that of the rest. */
function contentOf(obu: Uint8Array, headSize: number): Uint8Array | undefined {
  if ((obu[0]! & HAS_SIZE) === 0) return obu.subarray(headSize);
  const { value, end } = readLength(obu, headSize);
  return end + value === obu.length ? obu.subarray(end) : undefined;
}

/** An OBU's header, with the size of its content. */
function headOf(obu: Uint8Array, headSize: number, size: number): Uint8Array {
  const head = [obu[0]! | HAS_SIZE];
  if (headSize === 2) head.push(obu[1]!);
  let rest = size;
  for (; rest >= 0x80; rest >>= 7) head.push(rest & 0x7f | 0x80);
  head.push(rest);
  return Uint8Array.from(head);
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
