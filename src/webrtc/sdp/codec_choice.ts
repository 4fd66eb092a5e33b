import {
  VIDEO_CLOCK_RATE_HZ,
  type VideoCodec,
  type VideoPayloadFormat,
} from "../../rtp/video_payload_format.ts";
import { chooseH264 } from "./h264_choice.ts";
import { formatProfileLevelId, h264Profile } from "./h264_profile.ts";
import { chooseAv1, chooseH265, chooseVp8, chooseVp9, offeredProfile } from "./profile_choice.ts";
import type { CodecChoice, OfferedCodec } from "./codecs.ts";

/** The picture that a stream has; H.264 and H.265 without B-frames. */
export type StreamVideo = VideoPayloadFormat | UnsendableVideo;

/** A codec that WebRTC has no payload format for, or that nobody decodes. */
export interface UnsendableVideo {
  readonly codec: "unsendable";
  /** "h263", "vp6" … */
  readonly name: string;
}

/** The sound that a stream has. */
export interface StreamAudio {
  readonly codec: "opus";
  readonly channels: 1 | 2;
  /** Whether it is sent as it was published; else it is made of other sound. */
  readonly isAsPublished?: boolean;
}

const VIDEO_CODECS: readonly VideoCodec[] = ["h264", "h265", "av1", "vp9", "vp8"];

/** Names of H.265's profiles (A.3). */
const H265_PROFILES: Readonly<Record<number, string>> = {
  1: "Main",
  2: "Main 10",
  3: "Main Still Picture",
};

const AV1_PROFILES: Readonly<Record<number, string>> = { 0: "Main", 1: "High", 2: "Professional" };

/**
 * The payload type for a stream's picture: its own profile, else one that includes it;
 * `undefined` if nothing will do. Of equals the first offered wins.
 */
export function chooseVideoCodec(
  offered: readonly OfferedCodec[],
  video: StreamVideo,
): CodecChoice | undefined {
  const named = offered.filter((codec) =>
    isNamed(codec, video.codec) && codec.clockRate === VIDEO_CLOCK_RATE_HZ
  );
  switch (video.codec) {
    case "h264":
      return chooseH264(named, video);
    case "h265":
      return chooseH265(named, video);
    case "av1":
      return chooseAv1(named, video);
    case "vp9":
      return chooseVp9(named, video);
    case "vp8":
      return chooseVp8(named, video);
    case "unsendable":
      return undefined;
  }
}

/**
 * The payload type for a stream's sound: Opus as RFC 7587 7 writes it, mono or stereo alike, else
 * Opus without its channels, as GStreamer has it.
 */
export function chooseAudioCodec(
  offered: readonly OfferedCodec[],
  _audio: StreamAudio,
): CodecChoice | undefined {
  const named = offered.filter((codec) => isNamed(codec, "opus") && codec.clockRate === 48_000);
  const codec = named.find(({ channels }) => channels === 2);
  if (codec !== undefined) return { codec, fit: "exact", levelExceeded: false };
  const bare = named.find(({ channels }) => channels === 1);
  return bare && {
    codec: bare,
    fit: "compatible",
    levelExceeded: false,
    lapse: `${bare.name} without its two channels`,
  };
}

/** A codec by its name and what tells its variants apart: "H264 (42e01f, mode 1)". */
export function describeOfferedCodec(codec: OfferedCodec): string {
  if (isNamed(codec, "h264")) {
    const profile = codec.parameters.get("profile-level-id") ?? "no profile-level-id";
    return `${codec.name} (${profile}, mode ${codec.parameters.get("packetization-mode") ?? "0"})`;
  }
  if (!VIDEO_CODECS.some((name) => isNamed(codec, name))) return codec.name;
  const profile = offeredProfile(codec);
  return profile === undefined ? codec.name : `${codec.name} (profile ${profile})`;
}

/** A stream's picture for people: "H.264 High (64001f)", "AV1 Main (profile 0)". */
export function describeVideo(video: StreamVideo): string {
  switch (video.codec) {
    case "h264":
      return `H.264 ${h264Profile(video)} (${formatProfileLevelId(video)})`;
    case "h265":
      return withProfile("H.265", H265_PROFILES[video.profileIdc], video.profileIdc);
    case "av1":
      return withProfile("AV1", AV1_PROFILES[video.profile], video.profile);
    case "vp9":
      return `VP9 (profile ${video.profile})`;
    case "vp8":
      return "VP8";
    case "unsendable":
      return `${video.name}, which WebRTC does not carry`;
  }
}

function withProfile(codec: string, name: string | undefined, profile: number): string {
  return `${name === undefined ? codec : `${codec} ${name}`} (profile ${profile})`;
}

function isNamed(codec: OfferedCodec, name: string): boolean {
  return codec.name.toLowerCase() === name;
}
