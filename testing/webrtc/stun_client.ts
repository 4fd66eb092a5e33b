/** The other side of STUN: writes the checks that a browser would send, and reads the answers. */
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import {
  parseStun,
  STUN_ATTRIBUTE,
  STUN_HEADER_LENGTH,
  STUN_MAGIC_COOKIE,
} from "../../src/webrtc/ice/stun.ts";
import { sealStun } from "../../src/webrtc/ice/stun_integrity.ts";

export interface StunCheck {
  readonly username: string;
  readonly password: string;
  readonly transactionId?: Uint8Array;
  readonly type?: number;
  readonly nominates?: true;
  readonly role?: "controlling" | "controlled";
  /** Attributes before MESSAGE-INTEGRITY. */
  readonly extra?: readonly (readonly [type: number, value: Uint8Array])[];
}

const DEFAULT_TRANSACTION_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

/** A Binding request in the order of attributes that Chromium has. */
export function writeStunCheck(check: StunCheck): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128).u16(check.type ?? 0x0001).u16(0).u32(STUN_MAGIC_COOKIE);
  writer.bytes(check.transactionId ?? DEFAULT_TRANSACTION_ID);
  writeAttribute(writer, STUN_ATTRIBUTE.USERNAME, new TextEncoder().encode(check.username));
  writeAttribute(writer, 0xc057, new Uint8Array(4));
  const role = check.role === "controlled"
    ? STUN_ATTRIBUTE.ICE_CONTROLLED
    : STUN_ATTRIBUTE.ICE_CONTROLLING;
  writeAttribute(writer, role, new Uint8Array(8).fill(7));
  if (check.nominates) writeAttribute(writer, STUN_ATTRIBUTE.USE_CANDIDATE, new Uint8Array(0));
  writeAttribute(writer, STUN_ATTRIBUTE.PRIORITY, Uint8Array.of(0x6e, 0x7f, 0x1e, 0xff));
  for (const [type, value] of check.extra ?? []) writeAttribute(writer, type, value);
  return sealStun(writer, check.password);
}

export function writeAttribute(writer: ByteWriter, type: number, value: Uint8Array): void {
  writer.u16(type).u16(value.length).bytes(value);
  while (writer.length % 4 !== 0) writer.u8(0);
}

/** Types and values of all attributes of a message that is known to be whole. */
export function stunAttributes(message: Uint8Array): Map<number, Uint8Array> {
  if (parseStun(message) === undefined) throw new Error("Not a STUN message");
  const reader = new ByteReader(message, RangeError, STUN_HEADER_LENGTH);
  const attributes = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const type = reader.u16();
    const length = reader.u16();
    attributes.set(type, reader.bytes(length));
    reader.skip((4 - length % 4) % 4);
  }
  return attributes;
}
