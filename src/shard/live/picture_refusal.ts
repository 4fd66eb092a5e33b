import type { BFrameReport } from "../../egress/video_packet_maker.ts";
import type { WebrtcSettings } from "../shard_settings.ts";
import { B_FRAMES_REMEDY } from "./stream_report.ts";

/** Why a stream with such pictures is not shown over WebRTC, by what the settings say. */
export function pictureRefusal(
  pictures: BFrameReport | undefined,
  { bFrames, inexact }: Pick<WebrtcSettings, "bFrames" | "inexact">,
): string | undefined {
  if (pictures?.bFrames && (bFrames === "refuse" || !pictures.areDropped)) {
    return `The stream has B-frames, which WebRTC cannot show. ${B_FRAMES_REMEDY}`;
  }
  if (pictures?.exact === false && inexact === "refuse") {
    return `Without its B-frames, the stream cannot be shown as it is. ${B_FRAMES_REMEDY}`;
  }
  return undefined;
}
