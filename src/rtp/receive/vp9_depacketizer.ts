import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { isVp9KeyFrame } from "../../codec/vp9/frame.ts";
import { joinVp9Frames, MAX_VP9_FRAMES } from "../../codec/vp9/superframe.ts";
import type { Depacketizer } from "./depacketizer.ts";

/** Flags of the descriptor's first byte (RFC 9628 4.2). */
const HAS_PICTURE_ID = 0x80;
const IS_PREDICTED = 0x40;
const HAS_LAYERS = 0x20;
const IS_FLEXIBLE = 0x10;
const FRAME_START = 0x08;
const FRAME_END = 0x04;
const HAS_STRUCTURE = 0x02;

const LONG_PICTURE_ID = 0x80;
const SHORT_PICTURE_ID_MASK = 0x7f;

/** U: what follows in higher temporal layers refers to none of those before this one. */
const SWITCHING_UP = 0x10;

/** P_DIFF: up to three, each with a bit that says whether another follows. */
const MAX_REFERENCES = 3;
const ANOTHER_REFERENCE = 1;

/** Of the scalability structure: sizes of layers follow, and a group of pictures. */
const HAS_SIZES = 0x10;
const HAS_GROUP = 0x08;
const LAYER_SIZE_BYTES = 4;

const ACTION = "read VP9 picture";

/** What a descriptor says. */
interface Descriptor {
  readonly flags: number;
  /** Bytes of it; of a payload that is cut short, more than that has. */
  readonly size: number;
  readonly temporalId: number;
  readonly spatialId: number;
  readonly canSwitchUp: boolean;
  /** The low 7 bits; `undefined` if it has none. */
  readonly pictureId: number | undefined;
  /** Of the pictures that it refers to, in flexible mode. */
  readonly distances: readonly number[];
}

/** VP9, flexible mode or not, with its spatial layers as one superframe (RFC 9628 4). */
export const VP9_DEPACKETIZER: Depacketizer = {
  begins(payload) {
    const { flags, spatialId } = readDescriptor(payload);
    return (flags & FRAME_START) !== 0 && spatialId === 0;
  },
  isOfKeyFrame(payload) {
    const { flags, spatialId } = readDescriptor(payload);
    return payload.length > 0 && (flags & IS_PREDICTED) === 0 && spatialId === 0;
  },
  read(payloads) {
    const frames: Uint8Array[][] = [];
    let isOpen = false;
    const spatialIds: number[] = [];
    let layers = { temporalId: 0, spatialId: 0 };
    let canSwitchUp = true;
    let pictureId: number | undefined;
    const distances: number[] = [];
    for (const payload of payloads) {
      const descriptor = readDescriptor(payload);
      const { flags, size, temporalId, spatialId } = descriptor;
      canSwitchUp &&= descriptor.canSwitchUp;
      const fault = faultOf(payload, descriptor, isOpen, frames.length);
      if (fault !== undefined) return fault;
      if ((flags & FRAME_START) !== 0) {
        frames.push([]);
        spatialIds.push(spatialId);
        distances.push(...descriptor.distances);
        pictureId = (flags & IS_FLEXIBLE) === 0 ? undefined : descriptor.pictureId;
      }
      frames.at(-1)!.push(payload.subarray(size));
      isOpen = (flags & FRAME_END) === 0;
      layers = { temporalId, spatialId: Math.max(layers.spatialId, spatialId) };
    }
    if (isOpen || frames.length === 0) {
      return malformed(ACTION, "frames must have their ends", frames.length);
    }
    const data = joinVp9Frames(frames);
    const layerSwitch = canSwitchUp ? "behind" : "none";
    const isKeyFrame = isVp9KeyFrame(data);
    const unit = { kind: "unit", data, isKeyFrame, isDisposable: false } as const;
    const references = pictureId === undefined ? undefined : { pictureId, distances };
    return { ...unit, layers, spatialIds, layerSwitch, ...(references && { references }) };
  },
};

function faultOf(
  payload: Uint8Array,
  { flags, size }: Descriptor,
  isOpen: boolean,
  frames: number,
): Malformed | undefined {
  if (size >= payload.length) {
    return malformed(ACTION, "payload must be longer than its descriptor", payload.length);
  }
  const isStart = (flags & FRAME_START) !== 0;
  if (isStart === isOpen) {
    return malformed(ACTION, "frames must have a begin and follow each other", flags);
  }
  if (isStart && frames === MAX_VP9_FRAMES) {
    return malformed(ACTION, `frames must be up to ${MAX_VP9_FRAMES}`, frames + 1);
  }
  return undefined;
}

function readDescriptor(payload: Uint8Array): Descriptor {
  const byteAt = (at: number) => payload[at] ?? 0;
  const flags = byteAt(0);
  let size = 1;
  let layer = 0;
  const distances: number[] = [];
  let pictureId: number | undefined;
  if ((flags & HAS_PICTURE_ID) !== 0) {
    size += (byteAt(size) & LONG_PICTURE_ID) === 0 ? 1 : 2;
    pictureId = byteAt(size - 1) & SHORT_PICTURE_ID_MASK;
  }
  if ((flags & HAS_LAYERS) !== 0) {
    layer = byteAt(size++);
    if ((flags & IS_FLEXIBLE) === 0) size++; // TL0PICIDX
  }
  if ((flags & IS_FLEXIBLE) !== 0 && (flags & IS_PREDICTED) !== 0) {
    for (let count = 0; count < MAX_REFERENCES; count++) {
      const reference = byteAt(size++);
      distances.push(reference >> 1);
      if ((reference & ANOTHER_REFERENCE) === 0) break;
    }
  }
  if ((flags & HAS_STRUCTURE) !== 0) size = structureEnd(payload, size);
  return {
    flags,
    size,
    temporalId: layer >> 5,
    spatialId: layer >> 1 & 0b111,
    canSwitchUp: (layer & SWITCHING_UP) !== 0,
    pictureId,
    distances,
  };
}

/** Where the scalability structure ends that begins at `from` (RFC 9628 4.2.1). */
function structureEnd(payload: Uint8Array, from: number): number {
  const head = payload[from] ?? 0;
  let at = from + 1;
  if ((head & HAS_SIZES) !== 0) at += LAYER_SIZE_BYTES * ((head >> 5) + 1);
  if ((head & HAS_GROUP) === 0) return at;
  for (let pictures = payload[at++] ?? 0; pictures > 0; pictures--) {
    // T, U, and R, the number of references, of which each has a byte.
    at += 1 + ((payload[at] ?? 0) >> 2 & 0b11);
  }
  return at;
}
