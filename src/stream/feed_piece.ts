import type { FeedRecord } from "./feed_form.ts";
import type { FeedSegment } from "./feed_segments.ts";
import type { TrackName } from "./timeline.ts";
import { isFrameOf } from "./track_selection.ts";

/** A piece of a feed: whole tags, and the position behind them. */
export interface FeedPiece {
  /** Shared by all who read it: never to be changed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly next: number;
}

/** A record that was copied: where to, and what it is. */
export interface FeedEntry {
  readonly segment: FeedSegment;
  readonly start: number;
  readonly end: number;
  readonly record: FeedRecord;
}

/** Bytes of a piece, unless a single tag has more: what a viewer is given in one go. */
const MAX_PIECE_SIZE = 32 * 1024;

const NOTHING = new Uint8Array(0);

/**
 * As many entries from `at` on as make a piece; `undefined` at their end.
 *
 * @param tail position of the first entry
 */
export function pieceFrom(
  entries: readonly FeedEntry[],
  at: number,
  tail: number,
): FeedPiece | undefined {
  if (at >= entries.length) return undefined;
  return pieceUntil(entries, at, entries.length, tail, () => true);
}

/**
 * The same of entries before `end` and without those that have a flag, which are passed over: a piece
 * may have no bytes then.
 */
export function pieceWithout(
  flag: number,
  entries: readonly FeedEntry[],
  at: number,
  end: number,
  tail: number,
): FeedPiece | undefined {
  const isTaken = ({ record }: FeedEntry) => (record.flags & flag) === 0;
  let start = at;
  while (start < end && !isTaken(entries[start]!)) start++;
  if (start < end) return pieceUntil(entries, start, end, tail, isTaken);
  return start > at ? { bytes: NOTHING, next: tail + end } : undefined;
}

/** The first entry from `at` on that is a frame of this kind; `undefined` if there is none. */
export function indexOfFrame(
  name: TrackName,
  entries: readonly FeedEntry[],
  from: number,
): number | undefined {
  for (let at = from; at < entries.length; at++) {
    if (isFrameOf(name, entries[at]!.record.flags)) return at;
  }
  return undefined;
}

/** A piece that begins with the entry at `start`, and ends where one is not taken. */
function pieceUntil(
  entries: readonly FeedEntry[],
  start: number,
  end: number,
  tail: number,
  isTaken: (entry: FeedEntry) => boolean,
): FeedPiece {
  const first = entries[start]!;
  let to = first.end;
  let at = start + 1;
  for (; at < end; at++) {
    const entry = entries[at]!;
    if (entry.segment !== first.segment || entry.end - first.start > MAX_PIECE_SIZE) break;
    if (!isTaken(entry)) break;
    to = entry.end;
  }
  return { bytes: first.segment.bytes.subarray(first.start, to), next: tail + at };
}

/**
 * Where a track, by its flag, stands at the entry at `at`. Tracks need not be in step, and none may go
 * back: the time of its first tag from there on, or else of its last one before.
 */
export function trackTimestampMs(
  flag: number,
  entries: readonly FeedEntry[],
  at: number,
): number | undefined {
  const isOfTrack = ({ record }: FeedEntry) => (record.flags & flag) !== 0;
  const entry = entries.slice(at).find(isOfTrack) ?? entries.slice(0, at).findLast(isOfTrack);
  return (entry ?? entries[at])?.record.timestampMs;
}
