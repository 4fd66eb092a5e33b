import { concat } from "@std/bytes/concat";
import { TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_VIDEO } from "../flv/tag.ts";
import type { FeedForm, FeedRecord } from "./feed_form.ts";
import type { FeedEntry } from "./feed_piece.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import { isFrameOf } from "./track_selection.ts";

/**
 * Pictures of a bridge. mpegts.js keeps one back, which it shows for as long as it lasts; and where
 * there is but one when the size changes, it takes that for one of the new size.
 */
const PICTURES = 2;

/** A gap is as long as this many pictures last. */
const GAP_FRAMES = 2;

/** Which pictures fill the time before those of another size, by an index among the entries. */
export type BridgeSource =
  /** Of a key frame that what was passed over is replaced by, with what follows it. */
  | { readonly from: number }
  /** Behind the last picture that was sent, which is sent again: nothing was passed over. */
  | { readonly behind: number };

/**
 * Pictures for a viewer that goes on with those of another size from `beforeMs` on, to come right before
 * them. Players on top of MSE stop for ever at a gap where the size changes; elsewhere, they show the
 * picture before it for so long.
 *
 * @returns `undefined` if there are not enough of them
 */
export function encodeBridge(
  log: LogReader,
  form: FeedForm,
  entries: readonly FeedEntry[],
  source: BridgeSource,
  beforeMs: number,
): Uint8Array<ArrayBuffer> | undefined {
  const pictures = picturesOf(entries, source, beforeMs);
  if (pictures.length < PICTURES) return undefined;
  const frameMs = Math.max(1, distance(pictures[0]!.timestampMs, pictures[1]!.timestampMs));
  const tags: Uint8Array[] = [];
  for (const [at, record] of pictures.entries()) {
    const body = bodyOf(log, record);
    if (body === undefined) return undefined;
    tags.push(form.encode(TAG_VIDEO, (beforeMs - (PICTURES - at) * frameMs) | 0, body));
  }
  return concat(tags);
}

/**
 * The same before a configuration that replaces another, if no picture came for longer than usual before
 * the one that it is for: of a publisher that has paused its larger pictures and goes on with smaller
 * ones.
 */
export function encodeGapBridge(
  log: LogReader,
  form: FeedForm,
  entries: readonly FeedEntry[],
  configuration: FeedRecord,
): Uint8Array<ArrayBuffer> | undefined {
  if ((configuration.flags & RecordFlag.video) === 0) return undefined;
  const last = entries.findLastIndex(isPicture);
  const before = entries.slice(0, Math.max(0, last)).findLast(isPicture);
  if (before === undefined) return undefined;
  const next = (configuration.sequence + 1) | 0;
  if (next === log.head) return undefined;
  const shownMs = log.timestampMsOf(next);
  const lastMs = entries[last]!.record.timestampMs;
  const usualMs = distance(before.record.timestampMs, lastMs);
  if (!log.isHeld(next) || distance(lastMs, shownMs) <= GAP_FRAMES * usualMs) return undefined;
  return encodeBridge(log, form, entries, { behind: last + 1 }, shownMs);
}

function isPicture({ record }: FeedEntry): boolean {
  return isFrameOf("video", record.flags);
}

function picturesOf(
  entries: readonly FeedEntry[],
  source: BridgeSource,
  beforeMs: number,
): FeedRecord[] {
  if ("behind" in source) {
    const last = entries.slice(0, source.behind).findLast(isPicture);
    const hasRoom = last && distance(last.record.timestampMs, beforeMs) > PICTURES;
    return hasRoom ? [last.record, last.record] : [];
  }
  return entries.slice(source.from).filter(isPicture).slice(0, PICTURES).map(({ record }) =>
    record
  );
}

/** `undefined` if the log has let go of it. */
function bodyOf(log: LogReader, { sequence, tagLength }: FeedRecord): Uint8Array | undefined {
  const tag = new Uint8Array(tagLength);
  if (!log.copy(sequence, tag, 0, tagLength)) return undefined;
  return tag.subarray(TAG_HEADER_SIZE, tagLength - (TAG_OVERHEAD - TAG_HEADER_SIZE));
}
