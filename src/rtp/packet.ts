import { ByteReader } from "../bytes/byte_reader.ts";
import { RtpError } from "./rtp_error.ts";

/** Bytes of a header without contributing sources and extension (RFC 3550 5.1). */
export const RTP_HEADER_SIZE = 12;

/** The marker's bit, in the byte that it shares with the payload type. */
export const RTP_MARKER = 0x80;

/** First byte of a header with version 2, no padding, no extension, no contributing sources. */
const FIRST_BYTE = 0x80;

const PADDING_FLAG = 0x20;
const EXTENSION_FLAG = 0x10;

/** What the extension's "defined by profile" field says for one-byte elements (RFC 8285 4.2). */
export const ONE_BYTE_EXTENSION_PROFILE = 0xbede;

/** An element of this id ends the reading of one-byte elements (RFC 8285 4.2). */
const STOP_ID = 15;

/** A parsed RTP packet. All views borrow from the datagram. */
export interface RtpPacket {
  readonly isMarked: boolean;
  readonly payloadType: number;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, unsigned, in ticks of the payload's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly contributingSources: readonly number[];
  readonly extension: RtpExtension | undefined;
  /** Without padding. */
  readonly payload: Uint8Array;
}

/** The header's extension; see {@linkcode findExtensionElement}. */
export interface RtpExtension {
  readonly profile: number;
  /** Whole 32-bit words. */
  readonly data: Uint8Array;
}

/**
 * Writes a header of {@linkcode RTP_HEADER_SIZE} bytes at `offset` of the caller's `target`.
 * Numbers are truncated to their field's width, so a growing packet index is a valid `sequence`.
 *
 * @param markerAndPayloadType the payload type, plus {@linkcode RTP_MARKER} where it applies
 * @throws {RtpError} if `target` is too short; nothing is written then.
 *
 * @example
 * ```ts
 * import { parseRtpPacket, RTP_MARKER, writeRtpHeader } from "./packet.ts";
 *
 * const packet = new Uint8Array(12 + 3);
 * writeRtpHeader(packet, 0, RTP_MARKER | 96, 65_537, 90_000, 0x1234);
 * parseRtpPacket(packet).sequence; // 1
 * ```
 */
export function writeRtpHeader(
  target: Uint8Array,
  offset: number,
  markerAndPayloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  checkRoom(target, offset);
  target[offset] = FIRST_BYTE;
  target[offset + 1] = markerAndPayloadType;
  target[offset + 2] = sequence >> 8;
  target[offset + 3] = sequence;
  writeU32(target, offset + 4, timestamp);
  writeU32(target, offset + 8, ssrc);
}

/**
 * Writes the header that one viewer gets for a shared packet: marker and timestamp of `source`,
 * payload type, sequence number and source of the viewer.
 *
 * @param source a packet whose header has {@linkcode RTP_HEADER_SIZE} bytes, as packetizers make them
 * @throws {RtpError} if `target` or `source` is too short; nothing is written then.
 */
export function copyRtpHeader(
  target: Uint8Array,
  offset: number,
  source: Uint8Array,
  payloadType: number,
  sequence: number,
  ssrc: number,
): void {
  checkRoom(target, offset);
  checkRoom(source, 0);
  target[offset] = FIRST_BYTE;
  target[offset + 1] = (source[1]! & RTP_MARKER) | payloadType;
  target[offset + 2] = sequence >> 8;
  target[offset + 3] = sequence;
  target[offset + 4] = source[4]!;
  target[offset + 5] = source[5]!;
  target[offset + 6] = source[6]!;
  target[offset + 7] = source[7]!;
  writeU32(target, offset + 8, ssrc);
}

/**
 * Parses an RTP packet (RFC 3550 5.1, RFC 8285 4). Nothing is copied.
 *
 * @throws {RtpError} if the version is not 2, or a part of it exceeds the datagram.
 */
export function parseRtpPacket(datagram: Uint8Array): RtpPacket {
  const reader = new ByteReader(datagram, RtpError);
  const first = reader.u8();
  if (first >> 6 !== 2) {
    throw new RtpError(`Cannot parse RTP packet: version must be 2, got ${first >> 6}`);
  }
  const second = reader.u8();
  const sequence = reader.u16();
  const timestamp = reader.u32();
  const ssrc = reader.u32();
  const contributingSources: number[] = [];
  for (let left = first & 0b1111; left > 0; left--) contributingSources.push(reader.u32());
  const extension = (first & EXTENSION_FLAG) === 0 ? undefined : readExtension(reader);
  const isPadded = (first & PADDING_FLAG) !== 0;
  const padding = isPadded ? paddingSize(datagram, reader.remaining) : 0;
  return {
    isMarked: (second & RTP_MARKER) !== 0,
    payloadType: second & 0x7f,
    sequence,
    timestamp,
    ssrc,
    contributingSources,
    extension,
    payload: reader.bytes(reader.remaining - padding),
  };
}

/**
 * Bytes of a packet's header with contributing sources and extension.
 *
 * @throws {RtpError} if they exceed the packet.
 */
export function rtpHeaderSize(packet: Uint8Array): number {
  const first = packet[0] ?? 0;
  const size = RTP_HEADER_SIZE + 4 * (first & 0b1111);
  const reader = new ByteReader(packet, RtpError);
  reader.skip(size);
  if ((first & EXTENSION_FLAG) !== 0) readExtension(reader);
  return reader.offset;
}

/**
 * The content of the one-byte element `id` of a header extension (RFC 8285 4.2), or `undefined` if
 * there is none, or the extension is of another form. It borrows from the packet.
 *
 * @param id the number that the SDP's `extmap` gives, 1 to 14
 * @throws {RtpError} if an element in front of it, or it itself, exceeds the extension.
 */
export function findExtensionElement(
  extension: RtpExtension | undefined,
  id: number,
): Uint8Array | undefined {
  if (extension?.profile !== ONE_BYTE_EXTENSION_PROFILE) return undefined;
  const reader = new ByteReader(extension.data, RtpError);
  while (reader.remaining > 0) {
    const byte = reader.u8();
    // Padding between elements is a byte of zero, without a length.
    if (byte === 0) continue;
    if (byte >> 4 === STOP_ID) return undefined;
    const content = reader.bytes((byte & 0b1111) + 1);
    if (byte >> 4 === id) return content;
  }
  return undefined;
}

function readExtension(reader: ByteReader): RtpExtension {
  const profile = reader.u16();
  return { profile, data: reader.bytes(reader.u16() * 4) };
}

/** The last byte of a padded packet counts the bytes of padding, with itself. */
function paddingSize(datagram: Uint8Array, available: number): number {
  const size = datagram[datagram.length - 1]!;
  if (size === 0 || size > available) {
    throw new RtpError(`Cannot parse RTP packet: padding must be 1..${available}, got ${size}`);
  }
  return size;
}

function checkRoom(bytes: Uint8Array, offset: number): void {
  if (bytes.length - offset < RTP_HEADER_SIZE) {
    throw new RtpError(
      `Cannot write RTP header: must have ${RTP_HEADER_SIZE} bytes, got ${bytes.length - offset}`,
    );
  }
}

function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >> 24;
  target[offset + 1] = value >> 16;
  target[offset + 2] = value >> 8;
  target[offset + 3] = value;
}
