/** Capsules in the data of a session's CONNECT stream (RFC 9297 3, draft-ietf-webtrans-http3-16 6). */
import { ByteReader } from "../bytes/byte_reader.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { encodeFrame, FRAME } from "./frame.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";
import { type RecordHead, RecordQueue } from "./record_queue.ts";
import { writeVarint } from "./varint.ts";

/** Types of capsules (draft-ietf-webtrans-http3-16 9.6). */
export const CAPSULE = {
  /** CLOSE_WEBTRANSPORT_SESSION, later WT_CLOSE_SESSION. */
  closeSession: 0x2843,
  /** DRAIN_WEBTRANSPORT_SESSION, later WT_DRAIN_SESSION. */
  drainSession: 0x78ae,
} as const;

/** Bytes of the text that tells why a session is closed. */
export const MAX_REASON_LENGTH = 1024;

const CODE_LENGTH = 4;

/** What a client says of its session. */
export type SessionEvent =
  /** The session is over. */
  | SessionClose
  /** The client will soon end it, or wants it to be ended. */
  | { readonly kind: "drain" };

/** Why a session is closed. */
export interface SessionClose {
  readonly kind: "close";
  /** Of the application: 32 bits. */
  readonly code: number;
  /** For people; it may have any characters. */
  readonly reason: string;
}

// Without ignoreBOM, a reason that begins with U+FEFF would silently lose it.
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const UTF8 = new TextEncoder();

/**
 * Reads the capsules of a session. What is unknown is passed over, up to a limit.
 *
 * @example
 * ```ts
 * import { CapsuleReader } from "./capsule_reader.ts";
 *
 * const capsules = new CapsuleReader();
 * capsules.push(Uint8Array.of(0x68, 0x43, 0x06, 0, 0, 0, 7));
 * capsules.next(); // undefined: needs more
 * capsules.push(Uint8Array.of(0x6f, 0x6b));
 * capsules.next(); // { kind: "close", code: 7, reason: "ok" }
 * ```
 */
export class CapsuleReader {
  readonly #records = new RecordQueue();
  /** Of a capsule whose payload did not come as a whole yet. */
  #head: RecordHead | undefined;
  #isClosed = false;

  /** Whether a capsule has begun and is not whole: data that end so are cut off (RFC 9297 3.3). */
  get isInCapsule(): boolean {
    return this.#head !== undefined || !this.#records.isEmpty;
  }

  /** Takes a copy of what came in DATA frames. */
  push(piece: Uint8Array): void {
    this.#records.push(piece);
  }

  /**
   * The next event; `undefined` if it needs more.
   *
   * @throws {Http3Error} messageError, if a capsule is broken, or anything comes behind the one that
   * closes; excessiveLoad, if there is too much that is unknown. Both are for the stream alone, and
   * nothing more can be read
   */
  next(): SessionEvent | undefined {
    if (this.#isClosed && !this.#records.isEmpty) {
      throw malformed("nothing must come behind the close", "more");
    }
    this.#head ??= this.#takeHead();
    const head = this.#head;
    if (head === undefined) return undefined;
    const payload = this.#records.takePayload(head.length);
    if (payload === undefined) return undefined;
    this.#head = undefined;
    if (head.type === CAPSULE.drainSession) return { kind: "drain" };
    const event = parseClose(payload);
    this.#isClosed = true;
    return event;
  }

  /** The head of the next capsule that is known. */
  #takeHead(): RecordHead | undefined {
    for (;;) {
      const head = this.#records.takeHead();
      if (head === undefined) return undefined;
      if (head.type === CAPSULE.closeSession) {
        requireLength(head, CODE_LENGTH, CODE_LENGTH + MAX_REASON_LENGTH);
        return head;
      }
      if (head.type === CAPSULE.drainSession) {
        requireLength(head, 0, 0);
        this.#records.count(head);
        return head;
      }
      this.#records.skip(head);
    }
  }
}

function requireLength({ type, length }: RecordHead, minimum: number, maximum: number): void {
  if (length >= minimum && length <= maximum) return;
  throw malformed(`type ${type} must have ${minimum} to ${maximum} bytes`, `${length}`);
}

function parseClose(payload: Uint8Array): SessionClose {
  const reader = new ByteReader(payload);
  const code = reader.u32();
  try {
    return { kind: "close", code, reason: STRICT_UTF8.decode(reader.rest()) };
  } catch {
    throw malformed("reason must be UTF-8", `${payload.length - CODE_LENGTH} bytes that are not`);
  }
}

function malformed(rule: string, got: string): Http3Error {
  return new Http3Error(Http3Code.messageError, `Cannot read capsule: ${rule}, got ${got}`);
}

/**
 * A DATA frame that closes a session, with nothing to come behind it but the stream's end; it belongs
 * to the caller. A reason of more than {@linkcode MAX_REASON_LENGTH} bytes is cut off.
 *
 * @param code of the application: 32 bits
 */
export function encodeSessionClose(code: number, reason: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MAX_REASON_LENGTH);
  const { written } = UTF8.encodeInto(reason, bytes);
  const capsule = writeVarint(new ByteWriter(written + 16), CAPSULE.closeSession);
  writeVarint(capsule, CODE_LENGTH + written).u32(code).bytes(bytes.subarray(0, written));
  return encodeFrame(FRAME.data, capsule.take());
}
