/** What a viewer's packets are marked with. Made once per viewer and stream. */
export interface RtpIdentity {
  /** 0..127; the packet's marker bit stays. */
  readonly payloadType: number;
  /** 32 bits. */
  readonly ssrc: number;
  /** What is put between header and payload; `undefined` for nothing. */
  readonly extension: PacketExtension | undefined;
}

/** A header extension (RFC 3550 5.3.1); SRTP authenticates it, and leaves it readable. */
export interface PacketExtension {
  /** All of it, with profile and length: whole words, up to {@linkcode MAX_EXTENSION_LENGTH}. */
  readonly bytes: Uint8Array;
  /** Where in it the transport-wide sequence number of 16 bits is to be written; -1 for nowhere. */
  readonly transportSequenceAt: number;
}

/** Bytes that a header extension may have: enough for a few elements. */
export const MAX_EXTENSION_LENGTH = 32;
