/** Handshake messages of DTLS 1.2 out of fragments in any order (RFC 6347 4.2.2, 4.2.3). */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { DTLS_CONTENT } from "./record.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** Largest handshake message: a ClientHello with post-quantum key shares has 2 KB. */
export const MAX_HANDSHAKE_MESSAGE_LENGTH = 8192;
/** How many messages may be held at once, the next one included. */
const MAX_HELD_MESSAGES = 4;

const DTLS_1_2 = 0xfefd;
/** In front of a ClientHello's session id. */
const VERSION_AND_RANDOM_LENGTH = 2 + 32;

/** Types of handshake messages that matter here (RFC 5246 7.4). */
export const HANDSHAKE_TYPE = {
  clientHello: 1,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
} as const;

/** A part of a handshake message. `bytes` borrows from what was read. */
export interface HandshakeFragment {
  readonly messageType: number;
  readonly messageLength: number;
  readonly messageSeq: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A whole handshake message. Its holder owns `body`. */
export interface HandshakeMessage {
  readonly messageType: number;
  readonly messageSeq: number;
  readonly body: Uint8Array;
}

interface HeldMessage {
  readonly message: HandshakeMessage;
  /** One byte for each of the body's: whether it is there. */
  readonly isFilled: Uint8Array;
  missingCount: number;
}

/**
 * Reads the next fragment of a record; a record can hold several.
 *
 * @param reader throws {@linkcode WebrtcError}
 * @throws {WebrtcError} if it is cut off, reaches out of its message, or the message is too large
 */
export function readHandshakeFragment(reader: ByteReader): HandshakeFragment {
  const messageType = reader.u8();
  const messageLength = reader.u24();
  const messageSeq = reader.u16();
  const offset = reader.u24();
  const length = reader.u24();
  if (messageLength > MAX_HANDSHAKE_MESSAGE_LENGTH) {
    throw new WebrtcError(
      `Cannot read DTLS handshake: must be up to ${MAX_HANDSHAKE_MESSAGE_LENGTH} bytes, ` +
        `got ${messageLength}`,
    );
  }
  if (offset + length > messageLength) {
    throw new WebrtcError(
      `Cannot read DTLS handshake: fragment must end within ${messageLength}, got ${
        offset + length
      }`,
    );
  }
  return { messageType, messageLength, messageSeq, offset, bytes: reader.bytes(length) };
}

/**
 * The cookie that a ClientHello shows, empty if none (RFC 6347 4.2.1); borrows from `body`.
 *
 * @throws {WebrtcError} if it is cut off
 */
export function clientHelloCookie(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body, WebrtcError);
  reader.skip(VERSION_AND_RANDOM_LENGTH);
  reader.skip(reader.u8());
  return reader.bytes(reader.u8());
}

/** `message` unfragmented, in a record in clear of its own. */
export function writeHandshakeRecord(message: HandshakeMessage): Uint8Array<ArrayBuffer> {
  const { messageType, messageSeq, body } = message;
  const writer = new ByteWriter(25 + body.length);
  writer.u8(DTLS_CONTENT.handshake).u16(DTLS_1_2);
  // Epoch and sequence number: zero.
  writer.u32(0).u32(0).u16(12 + body.length);
  writer.u8(messageType).u24(body.length).u16(messageSeq).u24(0).u24(body.length).bytes(body);
  return writer.take();
}

/** Puts fragments together and gives messages out in the order of their numbers, each once. */
export class HandshakeReassembler {
  readonly #held = new Map<number, HeldMessage>();
  #nextSeq = 0;

  /** Number of the message that {@linkcode next} waits for. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /**
   * Takes a copy of `fragment`; what is old or too far ahead is dropped. One that contradicts what
   * is held replaces it: which of them is forged can not be known, but the true one is repeated.
   */
  push(fragment: HandshakeFragment): void {
    const { messageType, messageLength, messageSeq, offset, bytes } = fragment;
    if (messageSeq < this.#nextSeq || messageSeq >= this.#nextSeq + MAX_HELD_MESSAGES) return;
    let held = this.#held.get(messageSeq);
    if (held?.message.messageType !== messageType || held.isFilled.length !== messageLength) {
      const body = new Uint8Array(messageLength);
      const message = { messageType, messageSeq, body };
      held = { message, isFilled: new Uint8Array(messageLength), missingCount: messageLength };
      this.#held.set(messageSeq, held);
    }
    const { message, isFilled } = held;
    for (let at = 0; at < bytes.length; at++) {
      if (isFilled[offset + at] === 1) continue;
      isFilled[offset + at] = 1;
      message.body[offset + at] = bytes[at]!;
      held.missingCount--;
    }
  }

  /** The next message in order, once it is whole. */
  next(): HandshakeMessage | undefined {
    const held = this.#held.get(this.#nextSeq);
    if (held === undefined || held.missingCount > 0) return undefined;
    this.#held.delete(this.#nextSeq++);
    return held.message;
  }
}
