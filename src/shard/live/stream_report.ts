import type { BFrameReport } from "../../egress/video_packet_maker.ts";
import type { PublicationDescription } from "../../stream/publication.ts";

/** What a shard tells of one of the streams that it serves. */
export interface StreamReport {
  readonly streamId: number;
  /** Over HTTP-FLV and WebSocket-FLV. */
  readonly viewers: number;
  readonly rtmpViewers: number;
  readonly groupOverflows: boolean;
  /** Only from the shard that the publisher is connected to. */
  readonly publication: PublicationDescription | undefined;
  readonly webrtcViewers: number;
  /** Since the report before. */
  readonly traffic: {
    /** Of pictures, that were published. */
    readonly frames: number;
    /** Of media. */
    readonly receivedBytes: number;
    readonly sentBytes: number;
  };
  /** Only from shards that have looked at the pictures. */
  readonly webrtc: BFrameReport | undefined;
}

/** What mends B-frames, which browsers cannot show over WebRTC. */
export const B_FRAMES_REMEDY = "In OBS set Max B-frames to 0 or Tune to zerolatency; " +
  "with ffmpeg add -bf 0 or -tune zerolatency.";
