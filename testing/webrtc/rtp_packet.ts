import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { ONE_BYTE_EXTENSION_PROFILE, RTP_HEADER_SIZE, RTP_MARKER } from "../../src/rtp/packet.ts";

const PADDING_FLAG = 0x20;
const EXTENSION_FLAG = 0x10;

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
