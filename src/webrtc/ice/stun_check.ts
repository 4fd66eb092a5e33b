import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { IceCredentials } from "./credentials.ts";
import { STUN_ATTRIBUTE, STUN_HEADER_LENGTH, STUN_MAGIC_COOKIE } from "./stun.ts";
import { sealStun } from "./stun_integrity.ts";
import { WebrtcError } from "../webrtc_error.ts";

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
/** Of a host candidate on the first network (RFC 8445 5.1.2.1), reflexive to who is checked. */
const PRIORITY = 0x6e00_1eff;
const TRANSACTION_ID_AT = 8;

/** Random bytes of a transaction id, behind the number of the session. */
export const CHECK_SECRET_LENGTH = 8;

/** A check of ours (RFC 8445 7.2.5): whether the other side still is where it was (RFC 7675). */
export interface OwnCheck {
  /** Of the session, 32 bits: finds it when the answer comes. */
  readonly sessionTag: number;
  /** {@linkcode CHECK_SECRET_LENGTH} random bytes: only who was sent them can answer. */
  readonly secret: Uint8Array;
  readonly localUfrag: string;
  readonly remote: IceCredentials;
}

/**
 * A Binding request to the other side, which the caller owns.
 *
 * It says ICE-CONTROLLED, as a lite agent is: another lite agent refuses it, so that one server can
 * not be named as the viewer of another.
 */
export function writeOwnCheck(check: OwnCheck): Uint8Array<ArrayBuffer> {
  const { sessionTag, secret, localUfrag, remote } = check;
  const writer = new ByteWriter(128).u16(BINDING_REQUEST).u16(0).u32(STUN_MAGIC_COOKIE);
  writer.u32(sessionTag).bytes(secret);
  const username = `${remote.ufrag}:${localUfrag}`;
  // ice-chars are ASCII: one byte a character.
  writer.u16(STUN_ATTRIBUTE.USERNAME).u16(username.length).utf8(username);
  while (writer.length % 4 !== 0) writer.u8(0);
  // The tie-breaker is of no use to who is never controlling.
  writer.u16(STUN_ATTRIBUTE.ICE_CONTROLLED).u16(8).u32(0).u32(sessionTag);
  writer.u16(STUN_ATTRIBUTE.PRIORITY).u16(4).u32(PRIORITY);
  return sealStun(writer, remote.password);
}

/**
 * The session whose check a datagram seems to answer; `undefined` if it is no success response.
 * Proves nothing.
 */
export function answeredSessionTag(datagram: Uint8Array): number | undefined {
  if (datagram.length < STUN_HEADER_LENGTH || datagram[0] !== BINDING_SUCCESS >> 8) {
    return undefined;
  }
  const reader = new ByteReader(datagram, WebrtcError);
  if (reader.u16() !== BINDING_SUCCESS) return undefined;
  reader.skip(TRANSACTION_ID_AT - 2);
  return reader.u32();
}

/** What only the receiver of the check can know, of a transaction id. */
export function checkSecret(transactionId: Uint8Array): Uint8Array {
  return transactionId.subarray(transactionId.length - CHECK_SECRET_LENGTH);
}
