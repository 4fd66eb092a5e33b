import type { SyntheticTrack } from "../rtmp/synthetic_publisher.ts";
import { enhancedVideo, ofTrack } from "./enhanced_samples.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "./self_describing.ts";

/** Numbers of pictures of other tracks begin here, once for each number of a track. */
export const NUMBERS_APART = 1_000_000;

/** How a track is made. */
export interface RenditionTrackOptions {
  /** Bytes of each picture. */
  readonly size: number;
  readonly groupFrames: number;
  /** Pictures by which its key frames come before the default track's. */
  readonly ahead?: number;
}

/** H.264 that describes itself, as another video track than the default one. */
export function renditionTrack(
  trackId: number,
  { size, groupFrames, ahead = 0 }: RenditionTrackOptions,
): SyntheticTrack {
  const of = (packet: "configuration" | "frame", isKeyFrame: boolean, data: Uint8Array) =>
    ofTrack(trackId, enhancedVideo("h264", packet, isKeyFrame ? "key" : "inter", data));
  return {
    kind: "video",
    configuration: of("configuration", true, VIDEO_CONFIGURATION.subarray(5)),
    frame: (at, timestampMs) => {
      const isKeyFrame = (at + ahead) % groupFrames === 0;
      const sequence = trackId * NUMBERS_APART + at;
      // Behind Enhanced RTMP's header comes what FLV has behind codec and packet type.
      const body = videoFrame({ sequence, timestampMs, isKeyFrame }, size);
      return of("frame", isKeyFrame, body.subarray(2));
    },
  };
}
