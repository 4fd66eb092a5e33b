import {
  DEFAULT_H264_PROFILE_LEVEL,
  h264LevelRank,
  type H264Profile,
  h264Profile,
  type H264ProfileLevel,
  parseProfileLevelId,
} from "./h264_profile.ts";
import type { OfferedCodec } from "./sdp_codecs.ts";

/** H.264 without B-frames, as its SPS describes it. */
export interface H264Video extends H264ProfileLevel {
  readonly codec: "h264";
}

/** The picture that a stream has. AV1, VP9 and H.265 would be further members. */
export type StreamVideo = H264Video;

/** The sound that a stream has. */
export interface StreamAudio {
  readonly codec: "opus";
  readonly channels: 1 | 2;
}

/** The payload type to send under. */
export interface CodecChoice {
  readonly codec: OfferedCodec;
  /**
   * `compatible`: the offered profile includes the stream's, or decoders are known not to mind.
   * `stretched`: nothing offered includes it. Decoders rarely look, but may refuse.
   */
  readonly fit: "exact" | "compatible" | "stretched";
  /** Whether the stream's level is above the offered one: worth a line in the log. */
  readonly levelExceeded: boolean;
}

/** Offered profiles to try for a stream's, the best first: those that fit, those that stretch. */
interface ProfileOrder {
  readonly fitting: readonly H264Profile[];
  readonly stretched: readonly H264Profile[];
}

const BASELINE_ORDER: ProfileOrder = {
  fitting: [
    "Constrained Baseline",
    "Baseline",
    "Main",
    "Constrained High",
    "High",
    "Extended",
    "High 4:4:4",
  ],
  stretched: [],
};

/**
 * High without B-frames decodes under Main, which browsers offer where they do not offer High.
 * High 4:4:4 comes last: it selects another decoder.
 */
const HIGH_ORDER: ProfileOrder = {
  fitting: ["High", "Constrained High", "Main"],
  stretched: ["Constrained Baseline", "Baseline", "High 4:4:4"],
};

const H264_ORDERS: Readonly<Record<H264Profile, ProfileOrder>> = {
  "Constrained Baseline": BASELINE_ORDER,
  "Baseline": BASELINE_ORDER,
  "Main": {
    fitting: ["Main", "High", "Constrained High"],
    stretched: ["Constrained Baseline", "Baseline", "High 4:4:4"],
  },
  "Extended": { fitting: [], stretched: BASELINE_ORDER.fitting },
  "Constrained High": HIGH_ORDER,
  "High": HIGH_ORDER,
  "High 10": { fitting: [], stretched: [] },
  "High 4:2:2": { fitting: [], stretched: [] },
  "High 4:4:4": { fitting: [], stretched: [] },
  "unknown": { fitting: [], stretched: ["High", "Main", "Constrained Baseline", "Baseline"] },
};

/**
 * The payload type for a stream's picture: its own profile, else one that includes it, else one
 * that decoders may still take; `undefined` if nothing will do. Of equals the first offered wins.
 * A level never refuses: browsers offer 3.1 and decode more (RFC 6184 8.2.2 leaves it to them).
 */
export function chooseVideoCodec(
  offered: readonly OfferedCodec[],
  video: StreamVideo,
): CodecChoice | undefined {
  const profile = h264Profile(video);
  const order = H264_ORDERS[profile];
  // Only mode 1 allows aggregation and fragmentation (RFC 6184 6.3).
  const usable = offered.filter((codec) =>
    isNamed(codec, "h264") && codec.parameters.get("packetization-mode") === "1"
  );
  const find = (wanted: readonly H264Profile[], fit: CodecChoice["fit"]) => {
    for (const candidate of wanted) {
      const codec = usable.find((codec) => h264Profile(profileLevelOf(codec)) === candidate);
      if (codec !== undefined) return { codec, fit, levelExceeded: exceeds(video, codec) };
    }
    return undefined;
  };
  return find([profile], "exact") ?? find(order.fitting, "compatible") ??
    find(order.stretched, "stretched");
}

/** The payload type for a stream's sound: Opus as RFC 7587 7 writes it, mono or stereo alike. */
export function chooseAudioCodec(
  offered: readonly OfferedCodec[],
  _audio: StreamAudio,
): CodecChoice | undefined {
  const codec = offered.find((codec) =>
    isNamed(codec, "opus") && codec.clockRate === 48_000 && codec.channels === 2
  );
  return codec === undefined ? undefined : { codec, fit: "exact", levelExceeded: false };
}

/** A codec by its name and what tells its variants apart: "H264 (42e01f, mode 1)". */
export function describeOfferedCodec(codec: OfferedCodec): string {
  if (!isNamed(codec, "h264")) return codec.name;
  const profile = codec.parameters.get("profile-level-id") ?? "no profile-level-id";
  return `${codec.name} (${profile}, mode ${codec.parameters.get("packetization-mode") ?? "0"})`;
}

function isNamed(codec: OfferedCodec, name: string): boolean {
  return codec.name.toLowerCase() === name;
}

/** A profile-level-id that cannot be read counts as unknown. */
function profileLevelOf(codec: OfferedCodec): H264ProfileLevel {
  const text = codec.parameters.get("profile-level-id");
  if (text === undefined) return DEFAULT_H264_PROFILE_LEVEL;
  return parseProfileLevelId(text) ?? { profileIdc: 0, profileCompatibility: 0, levelIdc: 0 };
}

function exceeds(video: H264ProfileLevel, codec: OfferedCodec): boolean {
  return h264LevelRank(video) > h264LevelRank(profileLevelOf(codec));
}
