import { LogState } from "../../stream/log_layout.ts";
import type { LogReader } from "../../stream/log_reader.ts";
import type { TrackSelection } from "../../stream/track_selection.ts";
import { missingTrack } from "./track_query.ts";

/** Some of a stream's tracks. */
export interface SelectedTracks {
  readonly selection: TrackSelection;
  /** Sweeps that found no track as it was selected. */
  missed: number;
}

/**
 * Forms and selections of one stream that viewers of a shard may have at once. Each is a copy of what
 * the log holds, and viewers choose as they like: FLV or RTMP, one kind of tracks, tracks by number.
 * Of WebRTC, which has packets of its own, there may be as many.
 */
export const MAX_AUDIENCES = 32;

/** Why there is not one more. */
export const TOO_MANY_SELECTIONS = "Too many viewers want other tracks of the stream already";

/** Why viewers are ended whose tracks are gone. */
export const TRACK_GONE = "the stream has not this track any more";

/** One more sweep than a publisher that comes back may take between its tracks. */
const MAX_MISSED = 2;

/** What a selection is told apart by. */
export function keyOf({ audio, video, audioTrack, videoTrack }: TrackSelection): string {
  return `${audio} ${video} ${audioTrack} ${videoTrack}`;
}

/** Whether a track is chosen by its number: of other choices there are few. */
export function isNumbered({ audioTrack, videoTrack }: TrackSelection): boolean {
  return audioTrack !== undefined || videoTrack !== undefined;
}

/**
 * Whether the publisher, who is another now, has not these tracks. To be asked once in each sweep.
 */
export function isMissing(selected: SelectedTracks, log: LogReader): boolean {
  if (log.state !== LogState.live) return false;
  const isMissing = missingTrack(selected.selection, log) !== undefined;
  selected.missed = isMissing ? selected.missed + 1 : 0;
  return selected.missed >= MAX_MISSED;
}
