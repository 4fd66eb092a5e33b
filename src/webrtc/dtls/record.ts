/** The record layer of DTLS 1.2 (RFC 6347 4.1), as far as it is read in clear. */
import type { ByteReader } from "../../bytes/byte_reader.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** Content types of records (RFC 5246 6.2.1). */
export const DTLS_CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;

/** Largest fragment of a record, encrypted or not (RFC 5246 6.2.3). */
const MAX_DTLS_FRAGMENT_LENGTH = 16_384 + 2048;

const DTLS_MAJOR_VERSION = 254;

/** One record. `fragment` borrows from the datagram. */
export interface DtlsRecord {
  /** One of {@linkcode DTLS_CONTENT}. */
  readonly contentType: number;
  /** Minor version: 253 for DTLS 1.2, 255 for the 1.0 that first messages may carry. */
  readonly minorVersion: number;
  /** 0 in clear, 1 encrypted. */
  readonly epoch: number;
  /** 48 bits. */
  readonly sequenceNumber: number;
  readonly fragment: Uint8Array;
}

/** An alert in clear (RFC 5246 7.2). */
export interface DtlsAlert {
  readonly isFatal: boolean;
  /** 0 is close_notify. */
  readonly description: number;
}

/**
 * Reads the next record of a datagram.
 *
 * @param reader throws {@linkcode WebrtcError}
 * @throws {WebrtcError} if it is no record of DTLS or is cut off: the rest is to be dropped
 */
export function readDtlsRecord(reader: ByteReader): DtlsRecord {
  const contentType = reader.u8();
  if (contentType < DTLS_CONTENT.changeCipherSpec || contentType > DTLS_CONTENT.data) {
    throw new WebrtcError(`Cannot read DTLS record: type must be 20..23, got ${contentType}`);
  }
  const majorVersion = reader.u8();
  if (majorVersion !== DTLS_MAJOR_VERSION) {
    throw new WebrtcError(`Cannot read DTLS record: version must be 254, got ${majorVersion}`);
  }
  const minorVersion = reader.u8();
  const epoch = reader.u16();
  const sequenceNumber = reader.u16() * 2 ** 32 + reader.u32();
  const length = reader.u16();
  if (length > MAX_DTLS_FRAGMENT_LENGTH) {
    throw new WebrtcError(
      `Cannot read DTLS record: must be up to ${MAX_DTLS_FRAGMENT_LENGTH} bytes, got ${length}`,
    );
  }
  return { contentType, minorVersion, epoch, sequenceNumber, fragment: reader.bytes(length) };
}

/**
 * Reads an alert.
 *
 * @throws {WebrtcError} if it has not two bytes or no known level
 */
export function parseDtlsAlert(bytes: Uint8Array): DtlsAlert {
  const [level, description] = bytes;
  if (bytes.length !== 2 || (level !== 1 && level !== 2)) {
    throw new WebrtcError(
      `Cannot read DTLS alert: must be 2 bytes of level 1..2, got ${bytes.length} of level ${level}`,
    );
  }
  return { isFatal: level === 2, description: description! };
}
