import type { Malformed } from "../bytes/malformed.ts";

/** Codecs whose frames follow a configuration record, in FLV's words or by their FourCC. */
export type ConfiguredVideoCodec =
  | "h264"
  | "h265"
  | "av1"
  | "vp9"
  | "vp8";

/** All codecs, those of the legacy header included (FLV 10.1 E.4.3.1). */
export type FlvVideoCodec =
  | ConfiguredVideoCodec
  | "h263"
  | "vp6"
  | "vp6-alpha"
  | "screen"
  | "screen2";

/** What a video tag or RTMP video message carries. */
export type VideoBody =
  | VideoConfiguration
  | VideoFrame
  | VideoEndOfSequence
  | VideoMetadata
  | VideoMultitrack
  | VideoCommand
  | UnsupportedVideo
  | EmptyVideo
  | Malformed;

/**
 * What a decoder must know first: an AVCDecoderConfigurationRecord for `parseH264Configuration`, an
 * HEVCDecoderConfigurationRecord, an AV1CodecConfigurationRecord, or a VPCodecConfigurationRecord.
 */
export interface VideoConfiguration {
  readonly kind: "configuration";
  readonly codec: ConfiguredVideoCodec;
  /** Borrows from the body. */
  readonly data: Uint8Array;
}

export interface VideoFrame {
  readonly kind: "frame";
  readonly codec: FlvVideoCodec;
  /** As the tag says; encoders have been wrong about it. */
  readonly isKeyFrame: boolean;
  /** No other frame refers to this one. Only H.263 encoders say so; false means nothing. */
  readonly isDisposable: boolean;
  /** Presentation minus decoding time; the tag's timestamp is the latter. 0 but for H.264, H.265. */
  readonly compositionTimeMs: number;
  /** To be added to the tag's timestamp; 0 unless Enhanced RTMP v2 gave one. */
  readonly timestampOffsetNs: number;
  /**
   * The coded picture: for H.264 and H.265 NAL units behind their lengths, for AV1 the OBUs of a
   * temporal unit, for VP8 and VP9 a frame or superframe. Borrows from the body.
   */
  readonly data: Uint8Array;
}

/** No more pictures will follow until the next configuration. */
export interface VideoEndOfSequence {
  readonly kind: "end-of-sequence";
  readonly codec: ConfiguredVideoCodec;
}

/** What is said of the pictures that follow, such as their colours (Enhanced RTMP v1). */
export interface VideoMetadata {
  readonly kind: "metadata";
  readonly codec: ConfiguredVideoCodec;
  /** AMF names and values, of which "colorInfo" is defined. Borrows from the body. */
  readonly data: Uint8Array;
}

/** Packets of tracks with numbers, for `splitVideoTracks` (Enhanced RTMP v2). */
export interface VideoMultitrack {
  readonly kind: "multitrack";
}

/** Frame type 5: a server tells a player that it seeks. Carries no picture. */
export interface VideoCommand {
  readonly kind: "command";
}

/** A codec, or form of it, this server cannot carry. */
export interface UnsupportedVideo {
  readonly kind: "unsupported";
  /** The number of a legacy header, or the FourCC of an Enhanced one, such as "vvc1". */
  readonly codecId: number | string;
}

/** Nothing to show: a body of no bytes, or a frame without a picture. */
export interface EmptyVideo {
  readonly kind: "empty";
}
