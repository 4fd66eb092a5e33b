import { ByteWriter } from "../../bytes/byte_writer.ts";
import { STUN_ATTRIBUTE, STUN_MAGIC_COOKIE } from "./stun.ts";
import { sealStun } from "./stun_integrity.ts";
import { parseIpAddress, type TransportAddress } from "../../address/transport_address.ts";
import { WebrtcError } from "../webrtc_error.ts";

const SUCCESS_RESPONSE = 0x0101;
const ERROR_RESPONSE = 0x0111;
const FAMILY = { ipv4: 1, ipv6: 2 } as const;

/** What ICE-lite refuses with a reason: RFC 8489 14.8, and RFC 8445 7.3.1.1 for 487. */
export const STUN_ERROR = {
  UNKNOWN_ATTRIBUTE: { code: 420, reason: "Unknown Attribute" },
  ROLE_CONFLICT: { code: 487, reason: "Role Conflict" },
} as const;

export type StunErrorKind = (typeof STUN_ERROR)[keyof typeof STUN_ERROR];

/** The request that is answered, and the password its sender used. */
export interface StunAnswered {
  readonly transactionId: Uint8Array;
  readonly password: string;
}

/**
 * A Binding success response that tells the sender's address (RFC 8489 14.2), with
 * MESSAGE-INTEGRITY and FINGERPRINT; the caller owns it.
 *
 * @throws {WebrtcError} if `remote.hostname` is no IP address
 */
export function writeStunSuccess(
  answered: StunAnswered,
  remote: TransportAddress,
): Uint8Array<ArrayBuffer> {
  const address = parseIpAddress(remote.hostname);
  if (address === undefined) {
    throw new WebrtcError(
      `Cannot answer STUN: must come from an IP address, got ${remote.hostname.slice(0, 64)}`,
    );
  }
  const writer = startResponse(SUCCESS_RESPONSE, answered.transactionId);
  // RFC 8489 14.2: the mask is the cookie and the transaction id, which the header holds in a row.
  const mask = writer.peek().slice(4, 20);
  writer.u16(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS).u16(4 + address.length);
  writer.u8(0).u8(address.length === 4 ? FAMILY.ipv4 : FAMILY.ipv6);
  writer.u16(remote.port ^ (STUN_MAGIC_COOKIE >>> 16));
  for (let at = 0; at < address.length; at++) writer.u8(address[at]! ^ mask[at]!);
  return sealStun(writer, answered.password);
}

/** A Binding error response (RFC 8489 14.8, 14.10), sealed like a success; the caller owns it. */
export function writeStunError(
  answered: StunAnswered,
  error: StunErrorKind,
  unknownAttributes: readonly number[] = [],
): Uint8Array<ArrayBuffer> {
  const writer = startResponse(ERROR_RESPONSE, answered.transactionId);
  // Reasons are ASCII: one byte a character.
  writer.u16(STUN_ATTRIBUTE.ERROR_CODE).u16(4 + error.reason.length);
  writer.u16(0).u8(Math.floor(error.code / 100)).u8(error.code % 100).utf8(error.reason);
  pad(writer);
  if (unknownAttributes.length > 0) {
    writer.u16(STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES).u16(2 * unknownAttributes.length);
    for (const type of unknownAttributes) writer.u16(type);
    pad(writer);
  }
  return sealStun(writer, answered.password);
}

/** A header whose length is still 0. */
function startResponse(type: number, transactionId: Uint8Array): ByteWriter {
  return new ByteWriter(128).u16(type).u16(0).u32(STUN_MAGIC_COOKIE).bytes(transactionId);
}

function pad(writer: ByteWriter): void {
  while (writer.length % 4 !== 0) writer.u8(0);
}
