import { assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body.ts";
import { FlvError } from "../../src/flv/flv_error.ts";
import { splitAudioTracks, splitVideoTracks, type TrackBody } from "../../src/flv/multitrack.ts";
import { parseVideoBody } from "../../src/flv/video_body.ts";
import {
  ENHANCED_AUDIO_SAMPLES,
  ENHANCED_VIDEO_SAMPLES,
  MULTITRACK_AUDIO_SAMPLES,
  MULTITRACK_VIDEO_SAMPLES,
} from "./flv_samples.ts";
import type { FuzzTarget } from "./targets.ts";

/** Bodies of Enhanced RTMP. */
export const FLV_TARGETS: readonly FuzzTarget[] = [
  {
    name: "enhanced-video",
    corpus: ENHANCED_VIDEO_SAMPLES,
    allowed: FlvError,
    run: parseVideoBody,
  },
  {
    name: "enhanced-audio",
    corpus: ENHANCED_AUDIO_SAMPLES,
    allowed: FlvError,
    run: parseAudioBody,
  },
  {
    name: "video-tracks",
    corpus: MULTITRACK_VIDEO_SAMPLES,
    allowed: FlvError,
    run: (bytes) => splitVideoTracks(bytes).forEach(requireOneTrack(parseVideoBody)),
  },
  {
    name: "audio-tracks",
    corpus: MULTITRACK_AUDIO_SAMPLES,
    allowed: FlvError,
    run: (bytes) => splitAudioTracks(bytes).forEach(requireOneTrack(parseAudioBody)),
  },
];

/** What was split must not be split again. */
function requireOneTrack(parse: (body: Uint8Array) => { readonly kind: string }) {
  return ({ body }: TrackBody) => assertEquals(parse(body).kind === "multitrack", false);
}
