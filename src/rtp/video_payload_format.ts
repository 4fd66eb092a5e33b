/** What a stream's pictures are, by the parameters of their payload format: for answers. */
export type VideoPayloadFormat = H264Format | H265Format | Av1Format | Vp9Format | Vp8Format;

/** The three bytes of profile-level-id, which are bytes 1 to 3 of an SPS (RFC 6184 8.1). */
export interface H264Format {
  readonly codec: "h264";
  readonly profileIdc: number;
  /** The byte of constraint_set flags. */
  readonly profileCompatibility: number;
  readonly levelIdc: number;
}

/** RFC 7798 7.1. */
export interface H265Format {
  readonly codec: "h265";
  /** general_profile_idc: 1 Main, 2 Main 10, 4 range extensions … */
  readonly profileIdc: number;
  /** general_tier_flag: 1 is the high tier. */
  readonly tier: 0 | 1;
  /** Thirty times the level: 93 is level 3.1. */
  readonly levelIdc: number;
}

/** RTP Payload Format For AV1, 7.2.1. */
export interface Av1Format {
  readonly codec: "av1";
  /** seq_profile: 0 Main, 1 High, 2 Professional. */
  readonly profile: number;
  /** seq_level_idx: 5 is level 3.1. */
  readonly levelIndex: number;
  readonly tier: 0 | 1;
}

/** RFC 9628 6.1. */
export interface Vp9Format {
  readonly codec: "vp9";
  /** 0 to 3: 1 and 3 are beyond 4:2:0, 2 and 3 beyond 8 bits. */
  readonly profile: number;
}

/** RFC 7741 6.1: there is nothing to choose from. */
export interface Vp8Format {
  readonly codec: "vp8";
}

/** The codecs that can be sent. */
export type VideoCodec = VideoPayloadFormat["codec"];

/** RTP clock of all video (RFC 6184 8.2.1, RFC 7798 7.1, RFC 9628 6.1 …). */
export const VIDEO_CLOCK_RATE_HZ = 90_000;
