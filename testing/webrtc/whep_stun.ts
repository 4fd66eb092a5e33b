/** The checks that a viewer sends (RFC 8445 7.2), and what it makes of their answers. */
import { randomBytes } from "node:crypto";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import type { IceCredentials } from "../../src/webrtc/ice/credentials.ts";
import { parseStun, STUN_ATTRIBUTE, STUN_MAGIC_COOKIE } from "../../src/webrtc/ice/stun.ts";
import { hasStunIntegrity, sealStun } from "../../src/webrtc/ice/stun_integrity.ts";
import { writeStunSuccess } from "../../src/webrtc/ice/stun_response.ts";
import type { TransportAddress } from "../../src/address/transport_address.ts";

const BINDING_REQUEST = 0x0001;
const TRANSACTION_ID_LENGTH = 12;
/** Of a peer reflexive candidate on the first network (RFC 8445 5.1.2.1), as Chromium has it. */
const PRIORITY = 0x6e7f1eff;

/** A Binding request that nominates, from the controlling side. */
export function writeCheck(local: IceCredentials, remote: IceCredentials): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128).u16(BINDING_REQUEST).u16(0).u32(STUN_MAGIC_COOKIE)
    .bytes(randomBytes(TRANSACTION_ID_LENGTH));
  const username = `${remote.ufrag}:${local.ufrag}`;
  writer.u16(STUN_ATTRIBUTE.USERNAME).u16(username.length).utf8(username);
  while (writer.length % 4 !== 0) writer.u8(0);
  writer.u16(STUN_ATTRIBUTE.ICE_CONTROLLING).u16(8).bytes(randomBytes(8));
  writer.u16(STUN_ATTRIBUTE.USE_CANDIDATE).u16(0);
  writer.u16(STUN_ATTRIBUTE.PRIORITY).u16(4).u32(PRIORITY);
  return sealStun(writer, remote.password);
}

/** What a viewer answers to a check of the server's; `undefined` if `datagram` is none. */
export function answerCheck(
  datagram: Uint8Array,
  local: IceCredentials,
  server: TransportAddress,
): Uint8Array<ArrayBuffer> | undefined {
  const message = parseStun(datagram);
  if (message?.stunClass !== "request" || !hasStunIntegrity(message, local.password)) return;
  const { transactionId } = message;
  return writeStunSuccess({ transactionId, password: local.password }, server);
}

/** Whether `datagram` is the server's consent: a success response made with its password. */
export function isCheckAnswer(datagram: Uint8Array, remote: IceCredentials): boolean {
  const message = parseStun(datagram);
  return message?.stunClass === "success" && hasStunIntegrity(message, remote.password);
}
