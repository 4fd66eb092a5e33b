import type { LogReader } from "../../stream/log_reader.ts";
import { trackIds, type TrackSelection } from "../../stream/track_selection.ts";
import type { TrackName } from "../../stream/timeline.ts";

/** Numbers of tracks have 8 bits in Enhanced RTMP. */
const MAX_TRACK_ID = 255;

/** For `vtrack=`: whichever track fits the viewer's link. */
const AUTO = "auto";

/** Tracks as a viewer asks for them. */
export interface AskedTracks extends TrackSelection {
  /** Whether it wants whichever pictures fit its link, to begin with the selected ones. */
  readonly wantsFitting?: boolean;
}

/**
 * Which tracks a viewer's query asks for: `audio=0` or `video=0` leaves one kind out, `atrack=` and
 * `vtrack=` name another track than the default one by its publisher's number.
 *
 * @returns the selection, or why it makes no sense
 */
export function trackQuery(query: URLSearchParams): AskedTracks | { readonly problem: string } {
  const audio = query.get("audio") !== "0";
  const video = query.get("video") !== "0";
  if (!audio && !video) return { problem: "There is nothing to send with audio=0 and video=0" };
  const audioTrack = trackNumber(query.get("atrack"));
  const isAuto = query.get("vtrack") === AUTO;
  const videoTrack = isAuto ? undefined : trackNumber(query.get("vtrack"));
  if (audioTrack === null || videoTrack === null) {
    return { problem: `A track's number must be 0..${MAX_TRACK_ID}, or "auto" for pictures` };
  }
  return {
    audio,
    video,
    ...(audioTrack !== undefined && audio && { audioTrack }),
    ...(videoTrack !== undefined && video && { videoTrack }),
    ...(isAuto && video && { wantsFitting: true }),
  };
}

/** Why a stream has not what is selected; `undefined` if it has, or may have yet. */
export function missingTrack(
  { audioTrack, videoTrack }: TrackSelection,
  log: LogReader,
): string | undefined {
  if (!log.tracksSettled) return undefined;
  return missing("audio", audioTrack, log) ?? missing("video", videoTrack, log);
}

function missing(name: TrackName, wanted: number | undefined, log: LogReader): string | undefined {
  if (wanted === undefined) return undefined;
  const hasAny = name === "audio" ? log.hasAudio : log.hasVideo;
  const ids = hasAny ? trackIds(name, log.tracks) : [];
  if (ids.includes(wanted)) return undefined;
  if (ids.length === 0) return `There is no ${name} track ${wanted}: the stream has no ${name}`;
  return `There is no ${name} track ${wanted}: the stream has ${ids.join(", ")}`;
}

/** `undefined` if none is given, `null` if it is no number of a track. */
function trackNumber(text: string | null): number | null | undefined {
  if (text === null) return undefined;
  return /^\d{1,3}$/.test(text) && Number(text) <= MAX_TRACK_ID ? Number(text) : null;
}
