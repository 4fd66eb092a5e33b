/** What people, and other servers' tools, call a codec. */
export interface CodecWords {
  /** As SRS has it: "H264", "HEVC", "AAC". */
  readonly codec: string;
  /** "High", "LC"; "" if the codec has none, or it is not known. */
  readonly profile: string;
  /** "3.1"; "" likewise. */
  readonly level: string;
}

/** By `profile_idc` (H.264 A.2). */
const H264_PROFILES: Readonly<Record<number, string>> = {
  66: "Baseline",
  77: "Main",
  88: "Extended",
  100: "High",
  110: "High10",
  122: "High422",
  244: "High444",
};

/** By `general_profile_idc` (H.265 A.3). */
const H265_PROFILES: readonly string[] = ["", "Main", "Main10", "Main Still Picture", "Rext"];

/** By `seq_profile` (AV1 A.2). */
const AV1_PROFILES: readonly string[] = ["Main", "High", "Professional"];

/** By audio object type (ISO 14496-3 1.5.1.1). */
const AAC_PROFILES: Readonly<Record<string, string>> = {
  1: "Main",
  2: "LC",
  3: "SSR",
  5: "HE",
  29: "HEv2",
};

/** Codecs whose name says all. */
const NAMES: Readonly<Record<string, string>> = {
  h264: "H264",
  h265: "HEVC",
  av1: "AV1",
  vp9: "VP9",
  vp8: "VP8",
  h263: "H263",
  mp4a: "AAC",
  mp3: "MP3",
  opus: "Opus",
  flac: "FLAC",
  speex: "Speex",
  "ac-3": "AC3",
  "ec-3": "EAC3",
  "g711-alaw": "PCMA",
  "g711-mulaw": "PCMU",
  pcm: "PCM",
  "pcm-native": "PCM",
};

/**
 * What SRS's API says in three words of what RFC 6381 says in one.
 *
 * @param codecString as in RFC 6381, or FLV's name
 *
 * @example
 * ```ts
 * import { codecWords } from "./codec_words.ts";
 *
 * codecWords("avc1.64001f"); // { codec: "H264", profile: "High", level: "3.1" }
 * ```
 */
export function codecWords(codecString: string): CodecWords {
  const [name = "", ...fields] = codecString.split(".");
  switch (name) {
    case "avc1":
    case "avc3":
      return h264Words(fields[0] ?? "");
    case "hvc1":
    case "hev1":
      return h265Words(fields);
    case "av01":
      return av1Words(fields);
    case "vp09":
    case "vp08":
      return {
        codec: name === "vp09" ? "VP9" : "VP8",
        profile: numberText(fields[0]),
        level: tenths(Number(fields[1])),
      };
    case "mp4a":
      return { codec: "AAC", profile: AAC_PROFILES[fields[1] ?? ""] ?? "", level: "" };
    default:
      return { codec: NAMES[codecString] ?? codecString.toUpperCase(), profile: "", level: "" };
  }
}

/** RFC 6381 3.3: profile, constraints and level, in hexadecimal. */
function h264Words(bytes: string): CodecWords {
  const profile = H264_PROFILES[parseInt(bytes.slice(0, 2), 16)] ?? "";
  return { codec: "H264", profile, level: tenths(parseInt(bytes.slice(4, 6), 16)) };
}

/** ISO 14496-15 E.3: profile, compatibility, tier with level, constraints. */
function h265Words([profile = "", , tierAndLevel = ""]: readonly string[]): CodecWords {
  const level = Number(tierAndLevel.slice(1)) / 30;
  const text = level > 0 ? `${Math.round(level * 10) / 10}` : "";
  return {
    codec: "HEVC",
    profile: H265_PROFILES[Number(profile.replace(/^[A-C]/, ""))] ?? "",
    level: text,
  };
}

/** The mapping of AV1 to ISO BMFF, 5: profile, level with tier, depth. */
function av1Words([profile = "", levelAndTier = ""]: readonly string[]): CodecWords {
  const index = parseInt(levelAndTier, 10);
  const level = index >= 0 && index < 31 ? `${2 + (index >> 2)}.${index & 3}` : "";
  return { codec: "AV1", profile: AV1_PROFILES[Number(profile)] ?? "", level };
}

function tenths(level: number): string {
  return level > 0 ? `${level / 10}` : "";
}

function numberText(digits: string | undefined): string {
  const number = Number(digits);
  return Number.isNaN(number) ? "" : `${number}`;
}
