/** Odd publishers, and what is to come out of each output. */
import { isPeerMissing } from "../../testing/peers.ts";
import type { OutputName, WatchOptions } from "./odd_outputs.ts";
import { oddRecording } from "./odd_publisher.ts";
import {
  asAvc1,
  asByteStream,
  encodeH265,
  oneNalUnitAMessage,
  setsInBandOnly,
  withFrameTypes,
  withHeader,
} from "./odd_recordings.ts";
import type { Recording } from "./recording.ts";

/** What is asked of each output. */
export interface OddCase extends Pick<WatchOptions, "joinAfterMs" | "peer"> {
  /** What is odd, in a few words. */
  readonly name: string;
  readonly recording: () => Promise<Recording>;
  /** Least pictures that are to be decoded, and seconds of sound. */
  readonly pictures: number;
  readonly soundS: number;
  /** Outputs that have another codec to show than theirs; all by default. */
  readonly outputs?: readonly OutputName[];
}

/** An avcC without parameter sets. */
const EMPTY_AVCC = Uint8Array.of(1, 0x64, 0, 0x0c, 0xff, 0xe0, 0);

/** An H.264 stream as it should be. */
const healthy = async () => {
  const recording = await oddRecording("key_frames_tagged_inter");
  return withFrameTypes(recording, (kind) => {
    return kind === "video configuration" || kind === "key frame" ? 1 : 2;
  });
};

const inBand = () => oddRecording("parameter_sets_in_band_only");

/**
 * Half of the recordings' 200 pictures and eight seconds: players take their time to begin, on a
 * machine that has others to serve. What comes then has to be without a fault.
 */
const WHOLE = { pictures: 100, soundS: 2.5 } as const;

/** Of H.264. */
export const H264_CASES: readonly OddCase[] = [
  {
    name: "IDR pictures tagged as inter frames",
    recording: () => oddRecording("key_frames_tagged_inter"),
    ...WHOLE,
  },
  {
    name: "one slice a message",
    recording: () => oddRecording("one_slice_a_message"),
    pictures: 75,
    soundS: 2,
  },
  {
    name: "start codes in frames",
    recording: () => oddRecording("annex_b_in_frames"),
    ...WHOLE,
  },
  { name: "parameter sets in band only", recording: inBand, ...WHOLE },
  {
    name: "one NAL unit a message, parameter sets too",
    recording: async () => oneNalUnitAMessage(await inBand()),
    ...WHOLE,
  },
  {
    name: "empty header, sets in band",
    recording: async () => withHeader(await inBand(), new Uint8Array(0)),
    ...WHOLE,
  },
  {
    name: "avcC without sets, sets in band",
    recording: async () => withHeader(await inBand(), EMPTY_AVCC),
    ...WHOLE,
  },
  {
    name: "start codes in frames and header",
    recording: async () => asByteStream(await healthy()),
    ...WHOLE,
  },
  { name: "FourCC avc1", recording: async () => asAvc1(await healthy()), ...WHOLE },
  {
    name: "FourCC avc1, frame type 0",
    recording: async () => withFrameTypes(asAvc1(await healthy()), () => 0),
    ...WHOLE,
  },
  {
    name: "intra refresh, joined late",
    recording: () => oddRecording("intra_refresh"),
    joinAfterMs: 3000,
    // It begins at 2 s, and shows pictures from the end of the first refresh.
    pictures: 60,
    soundS: 1.5,
  },
];

/** Recordings whose sound is odd, and when viewers come. */
const SOUND_RECORDINGS = [
  ["sound alone after 4 s, joined at 10 s", "sound_only_after_4s", 10_000],
  ["picture header without pictures", "video_header_no_pictures", 2000],
  ["sound from 4 s, joined at 1 s", "sound_from_4s", 1000],
  ["ADTS without a header", "adts_no_aac_header", 1000],
  ["ADTS behind a header", "adts_and_aac_header", 1000],
  ["AAC 7.1", "aac_7_1", 1000],
] as const;

/** Of sound; of pictures there may be none. */
export const SOUND_CASES: readonly OddCase[] = SOUND_RECORDINGS.map(
  ([name, file, joinAfterMs]) => ({
    name,
    recording: () => oddRecording(file),
    joinAfterMs,
    pictures: 0,
    soundS: 3,
  }),
);

const FLV_OUTPUTS = ["HTTP-FLV", "WS-FLV", "RTMP"] as const;

/** Four seconds; our WebRTC viewer does not ask for H.265. */
const H265 = { peer: "ffmpeg 7", outputs: FLV_OUTPUTS, pictures: 50, soundS: 1.5 } as const;

/** Of H.265; none without ffmpeg 7. */
export const H265_CASES: readonly OddCase[] = isPeerMissing("odd H.265", ["ffmpeg 7"]) ? [] : [
  {
    name: "H.265: IDR pictures tagged as inter frames",
    recording: async () =>
      withFrameTypes(await encodeH265(), (kind) => kind === "video configuration" ? 1 : 2),
    ...H265,
  },
  {
    name: "H.265: frame type 0",
    recording: async () => withFrameTypes(await encodeH265(), () => 0),
    ...H265,
  },
  {
    name: "H.265: parameter sets in band only",
    recording: async () => setsInBandOnly(await encodeH265()),
    ...H265,
  },
  {
    name: "H.265: start codes in frames and header",
    recording: async () => asByteStream(await encodeH265()),
    ...H265,
  },
  {
    name: "H.265: one slice a message",
    recording: async () => oneNalUnitAMessage(await encodeH265("slices=4")),
    ...H265,
  },
  {
    name: "H.265: open groups of pictures, CRA tagged inter",
    recording: async () =>
      withFrameTypes(await encodeH265("open-gop=1:bframes=2"), (kind) => {
        return kind === "video configuration" ? 1 : 2;
      }),
    ...H265,
  },
];
