import type { TrackLadder } from "../../egress/feed_reader.ts";
import type { FeedForm } from "../../stream/feed_form.ts";
import { defaultTrackId, type TrackSelection } from "../../stream/track_selection.ts";
import type { LiveStream } from "./live_stream.ts";

/**
 * A stream's renditions for one of its viewers over TCP that lags or keeps up, by what is sent of each.
 *
 * @param holder whose share of the memory copies count to that are made for it
 */
export function renditionLadder(stream: LiveStream, form: FeedForm, holder: number): TrackLadder {
  const rung = (selection: TrackSelection) => {
    const audience = stream.audience(form, selection, holder);
    // For want of memory, it stays where it is.
    return typeof audience === "string" ? undefined : { audience, selection };
  };
  return {
    step(from, step) {
      const videoTrack = neighbour(stream, from, step);
      if (videoTrack === undefined) return undefined;
      // Publishers by WebRTC make key frames only when they are asked to.
      stream.log.wishKeyFrame(videoTrack);
      return rung({ ...from, videoTrack });
    },
    home: ({ videoTrack: _, ...others }) => rung(others),
  };
}

/** The number of the track that is one step smaller or larger. */
function neighbour(
  { renditions, log }: LiveStream,
  { video, videoTrack }: TrackSelection,
  step: "down" | "up",
): number | undefined {
  if (!video) return undefined;
  const current = videoTrack ?? defaultTrackId("video", log.tracks);
  const list = renditions.recent(performance.now());
  const at = list.findIndex(({ trackId }) => trackId === current);
  return at < 0 ? undefined : list[step === "down" ? at + 1 : at - 1]?.trackId;
}
