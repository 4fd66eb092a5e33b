/** Profiles that payload formats tell apart (RFC 6184 8.1, table 5). */
export type H264Profile =
  | "Constrained Baseline"
  | "Baseline"
  | "Main"
  | "Extended"
  | "Constrained High"
  | "High"
  | "High 10"
  | "High 4:2:2"
  | "High 4:4:4"
  | "unknown";

/** The three bytes of profile-level-id, which are bytes 1 to 3 of an SPS. */
export interface H264ProfileLevel {
  readonly profileIdc: number;
  /** The byte of constraint_set flags. */
  readonly profileCompatibility: number;
  readonly levelIdc: number;
}

const CONSTRAINT_SET = { 0: 0x80, 1: 0x40, 3: 0x10, 4: 0x08, 5: 0x04 } as const;

/** What profile-level-id means when it is left out: Baseline at level 1 (RFC 6184 8.1). */
export const DEFAULT_H264_PROFILE_LEVEL: H264ProfileLevel = {
  profileIdc: 0x42,
  profileCompatibility: 0,
  levelIdc: 10,
};

/** Six hexadecimal digits; `undefined` if they are none. */
export function parseProfileLevelId(text: string): H264ProfileLevel | undefined {
  if (!/^[0-9a-f]{6}$/i.test(text)) return undefined;
  return {
    profileIdc: parseInt(text.slice(0, 2), 16),
    profileCompatibility: parseInt(text.slice(2, 4), 16),
    levelIdc: parseInt(text.slice(4, 6), 16),
  };
}

export function formatProfileLevelId(profileLevel: H264ProfileLevel): string {
  const { profileIdc, profileCompatibility, levelIdc } = profileLevel;
  return [profileIdc, profileCompatibility, levelIdc]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** RFC 6184 8.1, table 5; Constrained High is H.264 A.2.4.2. */
export function h264Profile({ profileIdc, profileCompatibility }: H264ProfileLevel): H264Profile {
  const has = (set: keyof typeof CONSTRAINT_SET) =>
    (profileCompatibility & CONSTRAINT_SET[set]) !== 0;
  switch (profileIdc) {
    case 66:
      return has(1) ? "Constrained Baseline" : "Baseline";
    case 77:
      return has(0) ? "Constrained Baseline" : "Main";
    case 88:
      return has(1) ? (has(0) ? "Constrained Baseline" : "Extended") : (
        has(0) ? "Baseline" : "Extended"
      );
    case 100:
      return has(4) && has(5) ? "Constrained High" : "High";
    case 110:
      return "High 10";
    case 122:
      return "High 4:2:2";
    case 244:
      return "High 4:4:4";
    default:
      return "unknown";
  }
}

/** Levels in their order: 1b lies between 1 and 1.1 and is written in two ways (H.264 A.3.1). */
export function h264LevelRank(profileLevel: H264ProfileLevel): number {
  const { profileIdc, profileCompatibility, levelIdc } = profileLevel;
  const isOldProfile = profileIdc === 66 || profileIdc === 77 || profileIdc === 88;
  const is1b = levelIdc === 9 ||
    (levelIdc === 11 && isOldProfile && (profileCompatibility & CONSTRAINT_SET[3]) !== 0);
  return is1b ? 10.5 : levelIdc;
}
