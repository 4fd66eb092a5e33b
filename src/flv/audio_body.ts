import type { Malformed } from "../bytes/malformed.ts";

/** Codecs that have a FourCC (Enhanced RTMP v2); the legacy header has AAC and MP3 as well. */
export type ConfiguredAudioCodec = "aac" | "opus" | "flac" | "ac3" | "eac3" | "mp3";

/**
 * All codecs, those of the legacy header included (FLV 10.1 E.4.2.1). "pcm" is little-endian,
 * "pcm-native" undefined.
 */
export type FlvAudioCodec =
  | ConfiguredAudioCodec
  | "pcm-native"
  | "adpcm"
  | "pcm"
  | "nellymoser"
  | "g711-alaw"
  | "g711-mulaw"
  | "speex";

/** What an audio tag or RTMP audio message carries. */
export type AudioBody =
  | AudioConfiguration
  | AudioFrame
  | AudioEndOfSequence
  | AudioChannels
  | AudioMultitrack
  | UnsupportedAudio
  | EmptyAudio
  | Malformed;

/**
 * What a decoder must know first: an AudioSpecificConfig, for `parseAacConfiguration`, the
 * identification header of Opus, for `parseOpusHead`, or the "fLaC" and STREAMINFO of FLAC.
 */
export interface AudioConfiguration {
  readonly kind: "configuration";
  readonly codec: ConfiguredAudioCodec;
  /** Borrows from the body; empty for Opus whose channels are said otherwise, AC-3 and MP3. */
  readonly data: Uint8Array;
}

export interface AudioFrame {
  readonly kind: "frame";
  readonly codec: FlvAudioCodec;
  /**
   * Hz; `undefined` for AAC, whose header always says 44,100 and its configuration the truth, and
   * behind an Enhanced header.
   */
  readonly sampleRate: number | undefined;
  /** 1 or 2; `undefined` for AAC, where the header always says 2, and behind an Enhanced header. */
  readonly channels: number | undefined;
  /** 8 or 16 for PCM; `undefined` for compressed codecs, where it means nothing. */
  readonly bitsPerSample: number | undefined;
  /** To be added to the tag's timestamp; 0 unless Enhanced RTMP v2 gave one. */
  readonly timestampOffsetNs: number;
  /** Borrows from the body. */
  readonly data: Uint8Array;
}

/** No more sound will follow until the next configuration (Enhanced RTMP v2). */
export interface AudioEndOfSequence {
  readonly kind: "end-of-sequence";
  readonly codec: ConfiguredAudioCodec;
}

/** Which speaker each channel is for (Enhanced RTMP v2, MultichannelConfig). */
export interface AudioChannels {
  readonly kind: "channels";
  readonly codec: ConfiguredAudioCodec;
  readonly channels: number;
  /** Bits of AudioChannelMask, if the channels are in its order. */
  readonly mask: number | undefined;
  /** An AudioChannel for each, if they are in an order of their own. Borrows from the body. */
  readonly speakers: Uint8Array | undefined;
}

/** Packets of tracks with numbers, for `splitAudioTracks` (Enhanced RTMP v2). */
export interface AudioMultitrack {
  readonly kind: "multitrack";
}

/** A codec, or form of it, this server cannot carry. */
export interface UnsupportedAudio {
  readonly kind: "unsupported";
  /** The number of a legacy header, or the FourCC of an Enhanced one, such as "vrbs". */
  readonly codecId: number | string;
}

/** Nothing to hear: a body of no bytes, or a frame without sound. */
export interface EmptyAudio {
  readonly kind: "empty";
}
