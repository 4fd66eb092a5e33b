import { concat } from "@std/bytes/concat";
import { malformed } from "../../bytes/malformed.ts";
import { isVp8KeyFrame } from "../../codec/vp8/vp8.ts";
import type { Depacketizer } from "./depacketizer.ts";

/** X: extensions follow, N: no other picture refers to this one, S: a partition begins. */
const EXTENDED = 0x80;
const NON_REFERENCE = 0x20;
const START_MASK = 0x1f;
/** S, reserved, and partition 0: the first packet of a picture. */
const PICTURE_START = 0x10;
const START_BITS = START_MASK & ~0x08;

/** I, L, T and K: what the extensions are. */
const HAS_PICTURE_ID = 0x80;
const HAS_TL0PICIDX = 0x40;
const HAS_LAYER = 0x20;
const HAS_KEY_INDEX = 0x10;
const LONG_PICTURE_ID = 0x80;

/** Y: a picture of a higher layer that refers to the lowest alone. */
const LAYER_SYNC = 0x20;
const LAYER_SHIFT = 6;

const ACTION = "read VP8 picture";

/** VP8 (RFC 7741 4). */
export const VP8_DEPACKETIZER: Depacketizer = {
  begins(payload) {
    return ((payload[0] ?? 0) & START_BITS) === PICTURE_START;
  },
  isOfKeyFrame(payload) {
    if (((payload[0] ?? 0) & START_BITS) !== PICTURE_START) return false;
    return isVp8KeyFrame(payload.subarray(descriptorSize(payload)));
  },
  read(payloads) {
    const [first] = payloads;
    if (first === undefined || !this.begins(first)) {
      return malformed(ACTION, "it must begin with the first partition", first?.[0]);
    }
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (const payload of payloads) {
      const size = descriptorSize(payload);
      if (size >= payload.length) {
        return malformed(ACTION, "payload must be longer than its descriptor", payload.length);
      }
      pieces.push(payload.subarray(size) as Uint8Array<ArrayBuffer>);
    }
    const data = concat(pieces);
    return {
      kind: "unit",
      data,
      isKeyFrame: isVp8KeyFrame(data),
      isDisposable: payloads.every((payload) => (payload[0]! & NON_REFERENCE) !== 0),
      layers: { temporalId: layerOf(first) >> LAYER_SHIFT, spatialId: 0 },
      layerSwitch: (layerOf(first) & LAYER_SYNC) !== 0 ? "here" : "none",
    };
  },
};

/** Bytes in front of the picture's; of a payload that is cut short, more than it has. */
function descriptorSize(payload: Uint8Array): number {
  if (((payload[0] ?? 0) & EXTENDED) === 0) return 1;
  const flags = payload[1] ?? 0;
  let size = layerOffset(payload, flags);
  if ((flags & (HAS_LAYER | HAS_KEY_INDEX)) !== 0) size++;
  return size;
}

/** Where the temporal layer is, if there is one. */
function layerOffset(payload: Uint8Array, flags: number): number {
  let at = 2;
  if ((flags & HAS_PICTURE_ID) !== 0) at += ((payload[at] ?? 0) & LONG_PICTURE_ID) === 0 ? 1 : 2;
  return (flags & HAS_TL0PICIDX) === 0 ? at : at + 1;
}

/** The byte with the temporal layer; 0 if there is none. */
function layerOf(payload: Uint8Array): number {
  const flags = ((payload[0] ?? 0) & EXTENDED) === 0 ? 0 : payload[1] ?? 0;
  return (flags & HAS_LAYER) === 0 ? 0 : payload[layerOffset(payload, flags)] ?? 0;
}
