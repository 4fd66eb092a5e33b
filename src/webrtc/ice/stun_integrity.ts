import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { ByteReader } from "../../bytes/byte_reader.ts";
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import { hmacSha1 } from "./hmac_sha1.ts";
import { STUN_ATTRIBUTE, STUN_HEADER_LENGTH, type StunMessage } from "./stun.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** Lengths with the attribute's header. */
const INTEGRITY_LENGTH = 24;
const FINGERPRINT_LENGTH = 8;
/** "STUN": tells the checksum from those of other protocols (RFC 8489 14.7). */
const FINGERPRINT_XOR = 0x5354554e;
const LENGTH_AT = 2;

/**
 * Whether MESSAGE-INTEGRITY is there and made with `password` (RFC 8489 14.5); takes the same time
 * whatever differs.
 */
export function hasStunIntegrity(message: StunMessage, password: string): boolean {
  const at = message.integrityAt;
  if (at === undefined) return false;
  // The sum covers a header that ends with this attribute, so with another length if more follows.
  const covered = message.bytes.slice(0, at);
  writeLength(covered, at + INTEGRITY_LENGTH);
  const expected = hmacSha1(password, covered);
  return timingSafeEqual(expected, message.bytes.subarray(at + 4, at + INTEGRITY_LENGTH));
}

/** Whether FINGERPRINT is there, and whether it is right (RFC 8489 14.7). */
export function stunFingerprint(message: StunMessage): "absent" | "right" | "wrong" {
  const at = message.fingerprintAt;
  if (at === undefined) return "absent";
  const found = new ByteReader(message.bytes, WebrtcError, at + 4).u32();
  return found === fingerprint(message.bytes.subarray(0, at)) ? "right" : "wrong";
}

/** Ends a message by MESSAGE-INTEGRITY and FINGERPRINT, and sets its length. */
export function sealStun(writer: ByteWriter, password: string): Uint8Array<ArrayBuffer> {
  const integrityEnd = writer.length + INTEGRITY_LENGTH - STUN_HEADER_LENGTH;
  writer.patchU16(LENGTH_AT, integrityEnd);
  const sum = hmacSha1(password, writer.peek());
  writer.u16(STUN_ATTRIBUTE.MESSAGE_INTEGRITY).u16(sum.length).bytes(sum);
  writer.patchU16(LENGTH_AT, integrityEnd + FINGERPRINT_LENGTH);
  const checksum = fingerprint(writer.peek());
  return writer.u16(STUN_ATTRIBUTE.FINGERPRINT).u16(4).u32(checksum).take();
}

function fingerprint(bytes: Uint8Array): number {
  return (crc32(bytes) ^ FINGERPRINT_XOR) >>> 0;
}

function writeLength(header: Uint8Array, messageLength: number): void {
  const length = messageLength - STUN_HEADER_LENGTH;
  header[LENGTH_AT] = length >> 8;
  header[LENGTH_AT + 1] = length;
}
