import type { H264Format } from "../../rtp/video_payload_format.ts";
import {
  DEFAULT_H264_PROFILE_LEVEL,
  h264LevelRank,
  type H264Profile,
  h264Profile,
  type H264ProfileLevel,
  parseProfileLevelId,
} from "./h264_profile.ts";
import type { CodecChoice, OfferedCodec } from "./codecs.ts";

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
 * The payload type for H.264 without B-frames: its own profile, else one that includes it, else one
 * that decoders may still take; `undefined` if nothing will do. Of equals the first offered wins.
 * A level never refuses: browsers offer 3.1 and decode more (RFC 6184 8.2.2 leaves it to them).
 *
 * Only mode 1 allows aggregation and fragmentation, and no mode means mode 0 (RFC 6184 6.2, 8.1).
 * But who says nothing of modes, as GStreamer, takes both.
 *
 * @param named what is offered by this codec's name
 */
export function chooseH264(
  named: readonly OfferedCodec[],
  video: H264Format,
): CodecChoice | undefined {
  const usable = named.filter(({ parameters }) => parameters.get("packetization-mode") === "1");
  const choice = byProfile(usable, video);
  if (choice !== undefined) return choice;
  const silent = named.filter(({ parameters }) => !parameters.has("packetization-mode"));
  const bare = byProfile(silent, video) ?? withoutProfile(silent);
  return bare && { ...bare, lapse: `${bare.codec.name} without packetization-mode=1` };
}

function byProfile(
  usable: readonly OfferedCodec[],
  video: H264Format,
): CodecChoice | undefined {
  const profile = h264Profile(video);
  const order = H264_ORDERS[profile];
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

/** Who says nothing of profiles either has left it to the stream. */
function withoutProfile(silent: readonly OfferedCodec[]): CodecChoice | undefined {
  const codec = silent.find(({ parameters }) => !parameters.has("profile-level-id"));
  return codec && { codec, fit: "stretched", levelExceeded: true };
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
