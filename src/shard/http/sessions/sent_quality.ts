import { streamRateBps } from "../../../egress/stream_rate.ts";
import type { WebrtcSession } from "../../webrtc/session.ts";
import { qualityJson } from "./session_facts.ts";

/**
 * What a viewer is told of what it is sent, as JSON; `undefined` if it has no pictures, or is not
 * connected yet.
 *
 * @param trackId of its pictures, if they are of one track only
 */
export function sentQuality(session: WebrtcSession, trackId: number): string | undefined {
  const { quality: pictures, link, videoTrack } = session.describe();
  if (pictures === null) return undefined;
  const availableBps = link?.estimateBps ?? null;
  const { video, audio } = session.audience.feed;
  const neededBps = availableBps === null
    ? null
    : streamRateBps(video.ring) + streamRateBps(audio.ring);
  return qualityJson({ pictures, trackId: videoTrack ?? trackId, availableBps, neededBps });
}
