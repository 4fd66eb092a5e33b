import { type Malformed, malformed } from "../../bytes/malformed.ts";
import { ONE_BYTE_EXTENSION_PROFILE, RTP_HEADER_SIZE, RTP_MARKER } from "../packet.ts";

const PADDING_FLAG = 0x20;
const EXTENSION_FLAG = 0x10;
const SOURCE_COUNT_MASK = 0b1111;

/** Profile and length of a header's extension, in front of its words. */
const EXTENSION_HEAD_SIZE = 4;

/** Two-byte elements: 12 bits of profile, and 4 that are the application's (RFC 8285 4.3). */
const TWO_BYTE_EXTENSION_PROFILE = 0x1000;
const TWO_BYTE_PROFILE_MASK = 0xfff0;

/** An element of this id ends the reading of one-byte elements (RFC 8285 4.2). */
const STOP_ID = 15;

const ACTION = "parse RTP packet";
const SIZE_RULE = "header must fit the datagram";

/** An RTP packet as it came. All views borrow from the datagram. */
export interface ReceivedPacket {
  readonly kind: "packet";
  readonly isMarked: boolean;
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, unsigned, in ticks of the payload's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
  /** What the header's extension is of; 0 without one. */
  readonly extensionProfile: number;
  /** Whole words, for {@linkcode extensionElement}; empty without one. */
  readonly extension: Uint8Array;
  /** Without padding; empty of a packet that is nothing else. */
  readonly payload: Uint8Array;
  /** Bytes of the datagram: as long as the packet is held, so are these. */
  readonly size: number;
}

const NO_EXTENSION: Uint8Array = new Uint8Array(0);

/**
 * Parses an RTP packet (RFC 3550 5.1). It may be anything that a peer has sent: nothing is thrown and
 * nothing copied. Contributing sources are passed over.
 *
 * It is malformed if its version is not 2, or a part of it exceeds the datagram.
 *
 * @example
 * ```ts
 * import { parseReceivedPacket } from "./received_packet.ts";
 *
 * const packet = parseReceivedPacket(
 *   Uint8Array.of(0x80, 0xe0, 0, 1, 0, 1, 0x5f, 0x90, 0, 0, 0, 9, 0x65, 0x88),
 * );
 * if (packet.kind === "packet") packet.timestamp; // 90_000
 * ```
 */
export function parseReceivedPacket(datagram: Uint8Array): ReceivedPacket | Malformed {
  const { length } = datagram;
  if (length < RTP_HEADER_SIZE) return malformed(ACTION, SIZE_RULE, length);
  const first = datagram[0]!;
  if (first >> 6 !== 2) return malformed(ACTION, "version must be 2", first >> 6);
  const second = datagram[1]!;
  let at = RTP_HEADER_SIZE + 4 * (first & SOURCE_COUNT_MASK);
  let extensionProfile = 0;
  let extension = NO_EXTENSION;
  if ((first & EXTENSION_FLAG) !== 0) {
    const start = at + EXTENSION_HEAD_SIZE;
    if (start > length) return malformed(ACTION, SIZE_RULE, length);
    extensionProfile = u16(datagram, at);
    at = start + 4 * u16(datagram, at + 2);
    if (at > length) return malformed(ACTION, SIZE_RULE, length);
    extension = datagram.subarray(start, at);
  }
  if (at > length) return malformed(ACTION, SIZE_RULE, length);
  // The last byte of padding counts it, with itself.
  const padding = (first & PADDING_FLAG) === 0 ? 0 : datagram[length - 1]!;
  if (padding > length - at || (padding === 0 && (first & PADDING_FLAG) !== 0)) {
    return malformed(ACTION, "padding must be of 1 byte at least and fit the packet", padding);
  }
  return {
    kind: "packet",
    isMarked: (second & RTP_MARKER) !== 0,
    payloadType: second & 0x7f,
    sequence: u16(datagram, 2),
    timestamp: u32(datagram, 4),
    ssrc: u32(datagram, 8),
    extensionProfile,
    extension,
    payload: datagram.subarray(at, length - padding),
    size: length,
  };
}

/**
 * The content of the element `id` of a packet's header extension, of one byte (RFC 8285 4.2) or two
 * (4.3); `undefined` if there is none. Behind an element that exceeds the extension, nothing is found.
 * It borrows from the packet.
 *
 * @param id the number that the SDP's `extmap` gives
 */
export function extensionElement(
  { extensionProfile, extension }: Pick<ReceivedPacket, "extensionProfile" | "extension">,
  id: number,
): Uint8Array | undefined {
  const isOneByte = extensionProfile === ONE_BYTE_EXTENSION_PROFILE;
  const isTwoByte = (extensionProfile & TWO_BYTE_PROFILE_MASK) === TWO_BYTE_EXTENSION_PROFILE;
  if (!isOneByte && !isTwoByte) return undefined;
  for (let at = 0; at < extension.length;) {
    const head = extension[at++]!;
    // Padding between elements is a byte of zero, without a length.
    if (head === 0) continue;
    if (isOneByte && head >> 4 === STOP_ID) return undefined;
    const found = isOneByte ? head >> 4 : head;
    const size = isOneByte ? (head & 0b1111) + 1 : extension[at++] ?? 0;
    if (at + size > extension.length) return undefined;
    if (found === id) return extension.subarray(at, at + size);
    at += size;
  }
  return undefined;
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 16 | u16(bytes, at + 2)) >>> 0;
}
