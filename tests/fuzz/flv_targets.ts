import { assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import type { Malformed } from "../../src/bytes/malformed.ts";
import {
  splitAudioTracks,
  type SplitTracks,
  splitVideoTracks,
  type TrackBody,
} from "../../src/flv/multitrack.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import {
  ENHANCED_AUDIO_SAMPLES,
  ENHANCED_VIDEO_SAMPLES,
  MULTITRACK_AUDIO_SAMPLES,
  MULTITRACK_VIDEO_SAMPLES,
} from "./flv_samples.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { NoError } from "../../testing/malformed.ts";

/** Bodies of Enhanced RTMP. */
export const FLV_TARGETS: readonly FuzzTarget[] = [
  {
    name: "enhanced-video",
    corpus: ENHANCED_VIDEO_SAMPLES,
    allowed: NoError,
    run: parseVideoBody,
  },
  {
    name: "enhanced-audio",
    corpus: ENHANCED_AUDIO_SAMPLES,
    allowed: NoError,
    run: parseAudioBody,
  },
  {
    name: "video-tracks",
    corpus: MULTITRACK_VIDEO_SAMPLES,
    allowed: NoError,
    run: (bytes) => tracksOf(splitVideoTracks(bytes)).forEach(requireOneTrack(parseVideoBody)),
  },
  {
    name: "audio-tracks",
    corpus: MULTITRACK_AUDIO_SAMPLES,
    allowed: NoError,
    run: (bytes) => tracksOf(splitAudioTracks(bytes)).forEach(requireOneTrack(parseAudioBody)),
  },
];

function tracksOf(split: SplitTracks | Malformed): readonly TrackBody[] {
  return split.kind === "tracks" ? split.tracks : [];
}

/** What was split must not be split again. */
function requireOneTrack(parse: (body: Uint8Array) => { readonly kind: string }) {
  return ({ body }: TrackBody) => assertEquals(parse(body).kind === "multitrack", false);
}
