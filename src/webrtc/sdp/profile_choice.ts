import type {
  Av1Format,
  H265Format,
  Vp8Format,
  Vp9Format,
} from "../../rtp/video_payload_format.ts";
import type { CodecChoice, OfferedCodec } from "./codecs.ts";

/** What H.265 means when parameters are left out: Main, level 3.1 (RFC 7798 7.1). */
const DEFAULT_H265_PROFILE = 1;
const DEFAULT_H265_LEVEL = 93;

/** What AV1 means when parameters are left out: Main, level 3.1 (AV1 RTP 7.2.1). */
const DEFAULT_AV1_PROFILE = 0;
const DEFAULT_AV1_LEVEL_INDEX = 5;

const DEFAULT_VP9_PROFILE = 0;

/** Profiles that include Main and Main Still Picture of H.265 (A.3), the nearest first. */
const H265_INCLUDING: Readonly<Record<number, readonly number[]>> = { 1: [2], 3: [1, 2] };

/** High decodes Main, and Professional both (AV1 A.2). */
const AV1_INCLUDING: Readonly<Record<number, readonly number[]>> = { 0: [1, 2], 1: [2] };

/**
 * The payload type for H.265: its own profile, else one that includes it. As for H.264, a level never
 * refuses. Only single-stream transmission is sent (RFC 7798 7.1, `tx-mode`).
 *
 * @param named what is offered by this codec's name
 */
export function chooseH265(
  named: readonly OfferedCodec[],
  video: H265Format,
): CodecChoice | undefined {
  const usable = named.filter(({ parameters }) =>
    (parameters.get("tx-mode") ?? "SRST").toUpperCase() === "SRST"
  );
  const choice = byProfile(usable, [
    video.profileIdc,
    ...H265_INCLUDING[video.profileIdc] ?? [],
  ], DEFAULT_H265_PROFILE);
  if (choice === undefined) return undefined;
  const { codec } = choice;
  const tier = numberOf(codec, "tier-flag", 0);
  const levelExceeded = video.tier > tier ||
    video.levelIdc > numberOf(codec, "level-id", DEFAULT_H265_LEVEL);
  return { ...choice, levelExceeded };
}

/**
 * The payload type for AV1: its own profile, else one that includes it. A level never refuses.
 *
 * @param named what is offered by this codec's name
 */
export function chooseAv1(
  named: readonly OfferedCodec[],
  video: Av1Format,
): CodecChoice | undefined {
  const wanted = [video.profile, ...AV1_INCLUDING[video.profile] ?? []];
  const choice = byProfile(named, wanted, DEFAULT_AV1_PROFILE);
  if (choice === undefined) return undefined;
  const { codec } = choice;
  const levelExceeded = video.tier > numberOf(codec, "tier", 0) ||
    video.levelIndex > numberOf(codec, "level-idx", DEFAULT_AV1_LEVEL_INDEX);
  return { ...choice, levelExceeded };
}

/**
 * The payload type for VP9: its own profile and no other, as none includes another.
 *
 * @param named what is offered by this codec's name
 */
export function chooseVp9(
  named: readonly OfferedCodec[],
  video: Vp9Format,
): CodecChoice | undefined {
  return byProfile(named, [video.profile], DEFAULT_VP9_PROFILE);
}

/**
 * The payload type for VP8, of which there is one kind.
 *
 * @param named what is offered by this codec's name
 */
export function chooseVp8(
  named: readonly OfferedCodec[],
  _video: Vp8Format,
): CodecChoice | undefined {
  const codec = named[0];
  return codec && { codec, fit: "exact", levelExceeded: false };
}

/** The profile that an offered codec names, of those that have such a parameter. */
export function offeredProfile(codec: OfferedCodec): string | undefined {
  return codec.parameters.get(profileParameter(codec));
}

/** The first offered of the first of the `wanted` profiles that is offered. */
function byProfile(
  named: readonly OfferedCodec[],
  wanted: readonly number[],
  byDefault: number,
): CodecChoice | undefined {
  for (const [index, profile] of wanted.entries()) {
    const codec = named.find((codec) =>
      numberOf(codec, profileParameter(codec), byDefault) === profile
    );
    if (codec === undefined) continue;
    return { codec, fit: index === 0 ? "exact" : "compatible", levelExceeded: false };
  }
  return undefined;
}

/** H.265 and VP9 call it profile-id, AV1 profile. */
function profileParameter(codec: OfferedCodec): string {
  return codec.name.toLowerCase() === "av1" ? "profile" : "profile-id";
}

/** NaN for what is no number: it equals nothing and exceeds nothing. */
function numberOf(codec: OfferedCodec, parameter: string, byDefault: number): number {
  const text = codec.parameters.get(parameter);
  if (text === undefined) return byDefault;
  return /^\d{1,3}$/.test(text) ? Number(text) : NaN;
}
