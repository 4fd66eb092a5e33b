/** Codecs of pictures that can be received. */
export type ReceivedVideoCodec = "h264" | "h265" | "vp8" | "vp9" | "av1";

/** What packets of a payload type are. */
export type ReceivedPayload =
  | { readonly kind: "media"; readonly codec: ReceivedVideoCodec }
  | { readonly kind: "media"; readonly codec: "opus"; readonly channels: 1 | 2 }
  /** Packets of another payload type, with those before them once more (RFC 2198). */
  | { readonly kind: "red"; readonly payloadType: number }
  /** Packets of another payload type that are sent again (RFC 4588). */
  | { readonly kind: "rtx"; readonly payloadType: number };

/** A section of media that was agreed on. */
export interface ReceivedTrackOptions {
  readonly mid: string;
  readonly kind: "video" | "audio";
  /** By payload type, as answered: one of media, and those that carry its packets. */
  readonly payloads: ReadonlyMap<number, ReceivedPayload>;
  /** As said by lines of `ssrc`, without those of repair; none if none are. */
  readonly ssrcs: readonly number[];
  /** Those of repair streams, by lines of `ssrc-group:FID`. */
  readonly repairSsrcs: ReadonlySet<number>;
  /** Of simulcast; none without. Each is a track of its own. */
  readonly rids: readonly string[];
  /** Whether it was agreed that packets, and key frames, can be asked for. */
  readonly nack: boolean;
  readonly pli: boolean;
}

/** Numbers of header extensions, as answered; `undefined` if one was not agreed on. */
export interface ReceivedExtensions {
  readonly mid: number | undefined;
  readonly rid: number | undefined;
  readonly repairedRid: number | undefined;
  readonly transportSequence: number | undefined;
  readonly dependencyDescriptor: number | undefined;
}
