import { concat } from "@std/bytes/concat";
import { TAG_HEADER_SIZE, TAG_OVERHEAD, TAG_VIDEO } from "../flv/tag.ts";
import type { FeedForm, FeedRecord } from "./feed_form.ts";
import type { FeedEntry } from "./feed_piece.ts";
import { distance } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import { isFrameOf } from "./track_selection.ts";

/** Pictures of a bridge, from a key frame on: mpegts.js keeps back one, and shows those before. */
const PICTURES = 2;

/**
 * Pictures for a viewer that passes over some, and goes on with those of another size from `beforeMs`
 * on: up to then, they fill the gap. Players on top of MSE stop for ever at a gap where the size
 * changes; elsewhere, they show the picture before it for so long.
 *
 * @param entries from a key frame on
 * @returns `undefined` if there are not enough of them
 */
export function encodeBridge(
  log: LogReader,
  form: FeedForm,
  entries: readonly FeedEntry[],
  beforeMs: number,
): Uint8Array<ArrayBuffer> | undefined {
  const pictures: FeedRecord[] = [];
  for (let at = 0; at < entries.length && pictures.length < PICTURES; at++) {
    const { record } = entries[at]!;
    if (isFrameOf("video", record.flags)) pictures.push(record);
  }
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

/** `undefined` if the log has let go of it. */
function bodyOf(log: LogReader, { sequence, tagLength }: FeedRecord): Uint8Array | undefined {
  const tag = new Uint8Array(tagLength);
  if (!log.copy(sequence, tag, 0, tagLength)) return undefined;
  return tag.subarray(TAG_HEADER_SIZE, tagLength - (TAG_OVERHEAD - TAG_HEADER_SIZE));
}
