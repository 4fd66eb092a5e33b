import { RecordFlag, TRACK_BITS, trackBits } from "./log_layout.ts";
import type { TrackName } from "./timeline.ts";
import type { ListedTrack } from "./track_list.ts";

/** Which tracks of a stream a feed carries. */
export interface TrackSelection {
  readonly audio: boolean;
  readonly video: boolean;
  /** The publisher's number for the audio track; by default the stream's default one. */
  readonly audioTrack?: number;
  /** Likewise of the video track. */
  readonly videoTrack?: number;
}

/** Audio and video as publishers mean viewers to get them. */
export const DEFAULT_TRACKS: TrackSelection = { audio: true, video: true };

/** What the flags of a selection's records have in their bits for tracks. */
export interface TrackFilter {
  readonly audio: number;
  readonly video: number;
}

/** No record's bits. */
const NONE = 1;

/** The filter that a selection is, in a stream with these tracks. */
export function trackFilter(
  { audio, video, audioTrack, videoTrack }: TrackSelection,
  tracks: readonly ListedTrack[],
): TrackFilter {
  return {
    audio: audio ? selectedBits("audio", audioTrack, tracks) : NONE,
    video: video ? selectedBits("video", videoTrack, tracks) : NONE,
  };
}

/** Whether a filter lets a record with these flags pass; script data always does. */
export function passes(filter: TrackFilter, flags: number): boolean {
  if ((flags & RecordFlag.audio) !== 0) return (flags & TRACK_BITS) === filter.audio;
  if ((flags & RecordFlag.video) !== 0) return (flags & TRACK_BITS) === filter.video;
  return true;
}

/** Whether flags are those of a frame of this kind, and no configuration. */
export function isFrameOf(name: TrackName, flags: number): boolean {
  return (flags & (RecordFlag[name] | RecordFlag.configuration)) === RecordFlag[name];
}

function selectedBits(
  name: TrackName,
  trackId: number | undefined,
  tracks: readonly ListedTrack[],
): number {
  return trackId === undefined || trackId === defaultTrackId(name, tracks) ? 0 : trackBits(trackId);
}

/** The number of the default track; a stream that lists no tracks has but one of each, 0. */
export function defaultTrackId(name: TrackName, tracks: readonly ListedTrack[]): number {
  return tracks.find((track) => track.name === name && track.isDefault)?.trackId ?? 0;
}

/** The number of the selected track, `undefined` if it is the default one, by whichever name. */
export function additionalTrackId(
  name: TrackName,
  { audioTrack, videoTrack }: TrackSelection,
  tracks: readonly ListedTrack[],
): number | undefined {
  const trackId = name === "audio" ? audioTrack : videoTrack;
  return trackId === defaultTrackId(name, tracks) ? undefined : trackId;
}

/** The numbers of a stream's tracks of this kind, given whether it has any. */
export function trackIds(
  name: TrackName,
  tracks: readonly ListedTrack[],
): readonly number[] {
  const listed = tracks.filter((track) => track.name === name).map(({ trackId }) => trackId);
  return listed.length === 0 ? [0] : listed.toSorted((one, other) => one - other);
}
