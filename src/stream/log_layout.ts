/**
 * The layout of a stream log in shared memory. Writer and readers, in whatever thread, agree on
 * nothing but this file and the one of the arena that all logs lie in.
 *
 * ```
 * | control words | page tables             | inline slots | and, anywhere in the arena, segments |
 * | Int32 × 64    | data, index, long slots | 6 × 2 KiB    | with the pages of the three          |
 * ```
 *
 * A log has three spaces, each cut into pages; a page lies in a segment of the arena, which its page
 * table names, as long as it is needed:
 * - data: FLV tags one behind the other, each followed by its PreviousTagSize. Positions are bytes
 *   since the beginning, modulo 2^32; a tag may go on in the next page.
 * - index: an entry for each record, which says where it lies.
 * - long slots: what is too long to lie inline.
 *
 * Slots hold what a viewer needs before its first frame: metadata and codec configurations, and what
 * tracks there are beside the default ones.
 *
 * Sequence numbers and positions are Int32 and wrap; compare them only with {@linkcode distance}.
 */

import { LAYER_BITS } from "../codec/picture_layer.ts";

/** Positions of the control words. */
export const ControlWord = {
  /** One of {@linkcode LogState}. */
  state: 0,
  /** Counts flushes; readers wait on it. */
  wake: 1,
  /** Sequence number of the next record to be written. */
  head: 2,
  /** Sequence number of the oldest record that may still be read. */
  tail: 3,
  /** Position of the next tag. */
  writePosition: 4,
  /** Sequence number of the newest key frame; meaningful once `keyFrames` is not 0. */
  newestKeyFrame: 5,
  /** Key frames written so far. */
  keyFrames: 6,
  /** Bits of {@linkcode Track}: the tracks seen in this stream. */
  tracks: 7,
  /** 1 once it is decided which tracks this stream has. */
  tracksSettled: 8,
  /** Odd while a slot is being written, even otherwise (a sequence lock). */
  slotVersion: 9,
  /** The newest timestamp of default tracks, in milliseconds; meaningful once `head` moved. */
  lastTimestampMs: 10,
  /** Counts how often this place was given to a new stream. */
  generation: 11,
  /** The newest timestamp of any record: where the next publisher goes on. */
  endTimestampMs: 12,
  /** Counts flushes, and beside them what sound is written without one. */
  soundWake: 13,
  /** Bytes of tags that it may hold. */
  maxBytes: 14,
  /** Whose share of the arena its segments count to. */
  owner: 15,
  /** Length in bytes of each slot's content, by {@linkcode Slot}; 0 is empty. */
  slotLengths: 16,
  /** Counts key frames that viewers wish for; where it lies, behind the slots' lengths. */
  keyFrameWishes: 24,
  /** Bits of the tracks that they are wished for of, since the writer took them: see {@linkcode wishBit}. */
  wishedTracks: 25,
} as const;

export const CONTROL_WORDS = 64;

/** What the publisher of a log is doing. */
export const LogState = {
  /** A publisher is connected. */
  live: 0,
  /** The publisher is gone and may come back within the grace period. */
  waiting: 1,
  /** The stream is over; nothing will be written any more. */
  ended: 2,
} as const;

export type LogState = (typeof LogState)[keyof typeof LogState];

/** Kinds of what the preamble is made from, and their slots in the log. */
export const Slot = {
  metadata: 0,
  videoConfiguration: 1,
  audioConfiguration: 2,
  /** What is said of the pictures beside their configuration: colours. */
  videoSupplement: 3,
  /** What is said of the sound beside its configuration: speakers. */
  audioSupplement: 4,
  /** All tracks, with the above for each that is no default one: see `track_list.ts`. */
  tracks: 5,
} as const;

export type Slot = (typeof Slot)[keyof typeof Slot];

const KIB = 1024;

/** Bytes each slot can hold, by {@linkcode Slot}: real ones have up to 3 KiB. */
export const SLOT_CAPACITIES: readonly number[] = [
  32 * KIB,
  16 * KIB,
  8 * KIB,
  8 * KIB,
  8 * KIB,
  264 * KIB,
];

/** What of a slot lies inline; a longer one lies as a whole in pages. */
export const INLINE_SLOT_BYTES = 2 * KIB;

/** Where each slot begins in the space of long slots. */
export const SLOT_OFFSETS: readonly number[] = SLOT_CAPACITIES.map((_, slot) =>
  sum(SLOT_CAPACITIES.slice(0, slot))
);

/** Bytes of the space of long slots. */
export const LONG_SLOTS_BYTES = sum(SLOT_CAPACITIES);

/** Tracks of a stream, as bits. */
export const Track = { audio: 1, video: 2 } as const;

/** Bits of a record's flags in the index. */
export const RecordFlag = {
  audio: 1,
  video: 2,
  script: 4,
  /** A picture that decoding can begin with. */
  keyFrame: 8,
  /** A decoder configuration: no media, but nothing after it can be decoded without it. */
  configuration: 16,
  /** A configuration that replaces another: nothing before it can be decoded with it. */
  reconfiguration: 32,
  /** Of a track that is no default one; which, {@linkcode trackBits} say. */
  additional: 64,
} as const;

/** Behind those bits, the place of a picture among layers, as `layerBits` has it. */
const LAYER_SHIFT = 8;

/** The bits of a record's flags that say a picture's place among layers. */
export function layerFlags(layer: number): number {
  return layer << LAYER_SHIFT;
}

/** A picture's place among layers, as `layerBits` has it, by its record's flags. */
export function layerOfFlags(flags: number): number {
  return flags >> LAYER_SHIFT & (1 << LAYER_BITS) - 1;
}

const TRACK_ID_SHIFT = 24;

/** The bits of a record's flags that say which track it is of; 0 in those of default tracks. */
export const TRACK_BITS = RecordFlag.additional | (0xff << TRACK_ID_SHIFT);

/** The bits for an additional track: its publisher's number for it, 0 to 255. */
export function trackBits(trackId: number): number {
  return RecordFlag.additional | (trackId << TRACK_ID_SHIFT);
}

/** Tracks with a bit of their own; wishes of others are for all. */
const WISH_BITS = 31;

/** What stands for a wish of all tracks. */
export const ALL_WISHED = -1;

/** The bit for a wish of a key frame of a video track, or all of them. */
export function wishBit(trackId: number | undefined): number {
  return trackId === undefined || trackId >= WISH_BITS ? ALL_WISHED : 1 << trackId;
}

/** The numbers of the tracks that bits stand for; `undefined` if that is all. */
export function wishedTrackIds(bits: number): readonly number[] | undefined {
  if (bits < 0) return undefined;
  return Array.from({ length: WISH_BITS }, (_, trackId) => trackId)
    .filter((trackId) => (bits & 1 << trackId) !== 0);
}

/** Words of an entry of the index. */
export const IndexWord = { position: 0, length: 1, timestampMs: 2, flags: 3 } as const;

/** Int32 words in an index entry. */
export const INDEX_WORDS = 4;

/** Records that a log can hold: two minutes of 30 fps video with audio. */
export const INDEX_CAPACITY = 8192;

/** How far sequence number `to` lies after `from`; negative if before. Right across the wrap. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
