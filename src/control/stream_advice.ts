import { B_FRAMES_REMEDY, type StreamReport } from "../shard/live/stream_report.ts";
import type { StreamSummary } from "../shard/http/api/stream_summary.ts";
import type { PublicationDescription } from "../stream/publication.ts";

/**
 * What WebRTC makes of a stream's pictures, from the reports of all shards: whoever has seen a B-frame, or a
 * picture that needs one, has seen it.
 *
 * @param publication what is known of the publisher: of its B-frames, while no shard has looked at
 * its pictures, and what it should change beside them
 */
export function summariseWebrtc(
  reports: readonly StreamReport[],
  publication: Pick<PublicationDescription, "video" | "advice"> | undefined,
): Omit<StreamSummary["webrtc"], "sound"> {
  const looks = reports.map(({ webrtc }) => webrtc).filter((look) => look !== undefined);
  const bFrames = looks.length === 0
    ? publication?.video?.bFrames ?? null
    : looks.some((look) => look.bFrames);
  const inexact = looks.find((look) => !look.exact);
  return {
    viewers: reports.reduce((sum, { webrtcViewers }) => sum + webrtcViewers, 0),
    bFrames,
    exact: looks.length === 0 ? null : inexact === undefined,
    advice: bFrames !== true
      ? publication?.advice[0] ?? null
      : looks.some((look) => look.bFrames && !look.areDropped)
      ? REFUSED
      : adviceOn(inexact?.inexactReason, inexact !== undefined),
  };
}

/** Where B-frames are not left out. */
const REFUSED = "Browsers cannot show the B-frames of this stream over WebRTC, so that it is not " +
  `shown there. ${B_FRAMES_REMEDY}`;

function adviceOn(reason: string | undefined, isInexact: boolean): string {
  if (!isInexact) {
    return `Browsers cannot show the B-frames of this stream over WebRTC. ${B_FRAMES_REMEDY}`;
  }
  const why = reason === undefined ? "" : ` (${reason})`;
  return "Browsers cannot show the B-frames of this stream over WebRTC, and other pictures need them" +
    `${why}: without them they are damaged. ${B_FRAMES_REMEDY}`;
}
