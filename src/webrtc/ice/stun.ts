import { ByteReader } from "../../bytes/byte_reader.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** The second word of every message (RFC 8489 5). */
export const STUN_MAGIC_COOKIE = 0x2112a442;
export const STUN_HEADER_LENGTH = 20;
const STUN_TRANSACTION_ID_LENGTH = 12;
/** The Binding method (RFC 8489 18.2): the only one ICE has. */
export const STUN_BINDING = 1;

/** Browsers carry DTLS flights in optional attributes, so a message may fill a datagram. */
const MAX_STUN_LENGTH = 2048;
/** Browsers send about ten. */
export const MAX_STUN_ATTRIBUTES = 32;
/** Two fragments of 256 characters and a colon (RFC 8839 5.4). */
const MAX_STUN_USERNAME_LENGTH = 513;

/** Types of attributes (RFC 8489 18.3, RFC 8445 16.1). */
export const STUN_ATTRIBUTE = {
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  UNKNOWN_ATTRIBUTES: 0x000a,
  MESSAGE_INTEGRITY_SHA256: 0x001c,
  XOR_MAPPED_ADDRESS: 0x0020,
  PRIORITY: 0x0024,
  USE_CANDIDATE: 0x0025,
  SOFTWARE: 0x8022,
  FINGERPRINT: 0x8028,
  ICE_CONTROLLED: 0x8029,
  ICE_CONTROLLING: 0x802a,
} as const;

/** Attributes from here on may be ignored by who does not know them (RFC 8489 14). */
const FIRST_OPTIONAL_ATTRIBUTE = 0x8000;

export type StunClass = "request" | "indication" | "success" | "error";

/** The two halves of USERNAME, as the receiver sees them (RFC 8445 7.2.2). */
export interface StunUsername {
  readonly localUfrag: string;
  readonly remoteUfrag: string;
}

/** What ICE wants to know of a message. Only the integrity check makes any of it true. */
export interface StunMessage {
  readonly stunClass: StunClass;
  readonly method: number;
  /** 12 bytes; borrows from the datagram. */
  readonly transactionId: Uint8Array;
  /** `undefined` also if there is no colon in it. */
  readonly username: StunUsername | undefined;
  readonly priority: number | undefined;
  readonly useCandidate: boolean;
  /** What the sender believes to be. */
  readonly role: "controlling" | "controlled" | undefined;
  /** Attributes which the sender wants understood, and which are not known here. */
  readonly unknownAttributes: readonly number[];
  /** Offset of the MESSAGE-INTEGRITY attribute, `undefined` without one. */
  readonly integrityAt: number | undefined;
  /** Offset of the FINGERPRINT attribute, `undefined` without one. */
  readonly fingerprintAt: number | undefined;
  /** The datagram itself, borrowed. */
  readonly bytes: Uint8Array;
}

/**
 * Parses a STUN message that fills `datagram`; `undefined` if it is none.
 *
 * Nothing is thrown: an exception for each datagram of a flood would cost more than the parsing.
 * Neither MESSAGE-INTEGRITY nor FINGERPRINT is checked here, only placed: what follows the one is
 * ignored, as nobody vouches for it, and nothing may follow the other (RFC 8489 14.5, 14.7). Of an
 * attribute that is repeated the first counts (14).
 *
 * @example
 * ```ts
 * import { parseStun } from "./stun.ts";
 *
 * const request = Uint8Array.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Uint8Array(12));
 * parseStun(request)?.stunClass; // "request"
 * ```
 */
export function parseStun(datagram: Uint8Array): StunMessage | undefined {
  const reader = openStun(datagram);
  if (reader === undefined) return undefined;
  const message = new ParsedMessage(datagram);
  for (let count = 0; reader.remaining > 0; count++) {
    if (count === MAX_STUN_ATTRIBUTES || message.fingerprintAt !== undefined) return undefined;
    const at = reader.offset;
    const type = reader.u16();
    const length = reader.u16();
    const padding = (4 - length % 4) % 4;
    if (length + padding > reader.remaining) return undefined;
    if (!message.take(type, at, reader.bytes(length))) return undefined;
    reader.skip(padding);
  }
  return message;
}

/**
 * The USERNAME of a message, to find its session by; `undefined` if there is none, or the datagram
 * is no message.
 *
 * Proves nothing: whoever knows a fragment can write it. It costs less than {@linkcode parseStun},
 * so that a flood of wrong names is rejected first.
 */
export function stunUsername(datagram: Uint8Array): StunUsername | undefined {
  const reader = openStun(datagram);
  if (reader === undefined) return undefined;
  for (let count = 0; reader.remaining > 0 && count < MAX_STUN_ATTRIBUTES; count++) {
    const type = reader.u16();
    const length = reader.u16();
    const padding = (4 - length % 4) % 4;
    if (length + padding > reader.remaining) return undefined;
    if (type === STUN_ATTRIBUTE.MESSAGE_INTEGRITY) return undefined;
    if (type === STUN_ATTRIBUTE.USERNAME) {
      return length > MAX_STUN_USERNAME_LENGTH ? undefined : splitUsername(reader.utf8(length));
    }
    reader.skip(length + padding);
  }
  return undefined;
}

/** A reader at the first attribute; `undefined` unless the header is right (RFC 8489 5). */
function openStun(datagram: Uint8Array): ByteReader | undefined {
  const length = datagram.length;
  if (length < STUN_HEADER_LENGTH || length > MAX_STUN_LENGTH || length % 4 !== 0) return undefined;
  if (datagram[0]! > 0x3f) return undefined;
  const reader = new ByteReader(datagram, WebrtcError, 2);
  if (reader.u16() !== length - STUN_HEADER_LENGTH) return undefined;
  if (reader.u32() !== STUN_MAGIC_COOKIE) return undefined;
  reader.skip(STUN_TRANSACTION_ID_LENGTH);
  return reader;
}

function splitUsername(username: string): StunUsername | undefined {
  const colonAt = username.indexOf(":");
  if (colonAt < 0) return undefined;
  return { localUfrag: username.slice(0, colonAt), remoteUfrag: username.slice(colonAt + 1) };
}

const NONE: readonly number[] = [];

/** A message while it is read: all fields exist from the start, so that all share one shape. */
class ParsedMessage implements StunMessage {
  readonly bytes: Uint8Array;
  readonly stunClass: StunClass;
  readonly method: number;
  readonly transactionId: Uint8Array;
  username: StunUsername | undefined = undefined;
  priority: number | undefined = undefined;
  useCandidate = false;
  role: "controlling" | "controlled" | undefined = undefined;
  unknownAttributes: readonly number[] = NONE;
  integrityAt: number | undefined = undefined;
  fingerprintAt: number | undefined = undefined;
  /** Also by one without a colon: the first counts, whatever it is. */
  #hasUsername = false;

  constructor(datagram: Uint8Array) {
    const type = new ByteReader(datagram, WebrtcError).u16();
    this.bytes = datagram;
    this.stunClass = classOf(type);
    this.method = methodOf(type);
    this.transactionId = datagram.subarray(8, STUN_HEADER_LENGTH);
  }

  /** Takes one attribute; `false` if its value cannot be. */
  take(type: number, at: number, value: Uint8Array): boolean {
    if (type === STUN_ATTRIBUTE.FINGERPRINT) {
      this.fingerprintAt = at;
      return value.length === 4;
    }
    if (this.integrityAt !== undefined) return true;
    switch (type) {
      case STUN_ATTRIBUTE.MESSAGE_INTEGRITY:
        this.integrityAt = at;
        return value.length === 20;
      case STUN_ATTRIBUTE.USERNAME:
        if (value.length > MAX_STUN_USERNAME_LENGTH) return false;
        this.#takeUsername(value);
        return true;
      case STUN_ATTRIBUTE.PRIORITY:
        if (value.length !== 4) return false;
        this.priority ??= new ByteReader(value, WebrtcError).u32();
        return true;
      case STUN_ATTRIBUTE.USE_CANDIDATE:
        this.useCandidate = true;
        return value.length === 0;
      case STUN_ATTRIBUTE.ICE_CONTROLLED:
        this.role ??= "controlled";
        return value.length === 8;
      case STUN_ATTRIBUTE.ICE_CONTROLLING:
        this.role ??= "controlling";
        return value.length === 8;
      default:
        this.#takeOther(type);
        return true;
    }
  }

  #takeUsername(value: Uint8Array): void {
    if (this.#hasUsername) return;
    this.#hasUsername = true;
    this.username = splitUsername(new ByteReader(value, WebrtcError).utf8(value.length));
  }

  #takeOther(type: number): void {
    if (type >= FIRST_OPTIONAL_ATTRIBUTE || UNDERSTOOD.has(type)) return;
    if (this.unknownAttributes.includes(type)) return;
    this.unknownAttributes = [...this.unknownAttributes, type];
  }
}

/** Known, though ICE makes no use of them, or only in responses. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  STUN_ATTRIBUTE.ERROR_CODE,
  STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES,
  STUN_ATTRIBUTE.MESSAGE_INTEGRITY_SHA256,
  STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS,
]);

/** The two class bits lie between those of the method (RFC 8489 5, figure 3). */
const CLASSES: readonly StunClass[] = ["request", "indication", "success", "error"];
function classOf(type: number): StunClass {
  return CLASSES[(type & 0x0100 ? 2 : 0) + (type & 0x0010 ? 1 : 0)]!;
}

function methodOf(type: number): number {
  return (type & 0x000f) + (type & 0x00e0) / 2 + (type & 0x3e00) / 4;
}
