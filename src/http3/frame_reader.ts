import { FRAME } from "./frame.ts";
import { Http3Code, Http3Error } from "./http3_error.ts";
import { type RecordHead, RecordQueue } from "./record_queue.ts";
import { MAX_VARINT_SIZE, readCodePoint } from "./varint.ts";

/** Bytes of an encoded field section. */
export const MAX_HEADERS_LENGTH = 16 * 1024;

/** Bytes of a SETTINGS frame's payload. Browsers send less than 64. */
export const MAX_SETTINGS_LENGTH = 1024;

/** What a stream of frames is for: that decides which frames may come on it. */
export type FrameStreamKind = "control" | "request";

/** What came on a stream of frames. */
export type Http3Frame =
  /** An encoded field section, which belongs to the receiver. */
  | { readonly kind: "headers"; readonly payload: Uint8Array<ArrayBuffer> }
  /** Settings, which belong to the receiver. */
  | { readonly kind: "settings"; readonly payload: Uint8Array<ArrayBuffer> }
  /** A piece of a DATA frame, never empty; borrowed until the next push. */
  | { readonly kind: "data"; readonly piece: Uint8Array }
  /** GOAWAY, MAX_PUSH_ID or CANCEL_PUSH: this server pushes nothing. */
  | { readonly kind: "other"; readonly type: number };

/** Of each kind of stream: the known frame that it begins with, and those that may follow. */
const EXPECTED: Readonly<
  Record<FrameStreamKind, { readonly first: number; readonly next: readonly number[] }>
> = {
  control: { first: FRAME.settings, next: [FRAME.cancelPush, FRAME.goaway, FRAME.maxPushId] },
  // RFC 9114 4.4: behind a CONNECT, data alone.
  request: { first: FRAME.headers, next: [FRAME.data] },
};

/** How long the payloads may be of those frames that are held. */
const MAX_LENGTHS: ReadonlyMap<number, number> = new Map([
  [FRAME.headers, MAX_HEADERS_LENGTH],
  [FRAME.settings, MAX_SETTINGS_LENGTH],
  [FRAME.cancelPush, MAX_VARINT_SIZE],
  [FRAME.goaway, MAX_VARINT_SIZE],
  [FRAME.maxPushId, MAX_VARINT_SIZE],
]);

/**
 * Reads the frames of a control stream or of a CONNECT stream (RFC 9114 4.4, 6.2.1, 7). What is
 * unknown is passed over, up to a limit. It holds no more than one frame's payload and what the last
 * piece brought more: take all frames after each piece.
 *
 * @example
 * ```ts
 * import { Http3FrameReader } from "./frame_reader.ts";
 *
 * const frames = new Http3FrameReader("request");
 * frames.push(Uint8Array.of(0x01, 0x03, 0x00, 0x00));
 * frames.next(); // undefined: needs more
 * frames.push(Uint8Array.of(0xcf, 0x00, 0x02, 0xaa));
 * frames.next(); // { kind: "headers", payload: Uint8Array [0x00, 0x00, 0xcf] }
 * frames.next(); // { kind: "data", piece: Uint8Array [0xaa] }
 * ```
 */
export class Http3FrameReader {
  readonly #stream: FrameStreamKind;
  readonly #records = new RecordQueue();
  #hasBegun = false;
  /** Of a frame whose payload did not come as a whole yet. */
  #head: RecordHead | undefined;
  /** Bytes of a DATA frame that are to come. */
  #dataLeft = 0;

  constructor(stream: FrameStreamKind) {
    this.#stream = stream;
  }

  /** Whether a frame has begun and is not whole: a stream that ends so is cut off (RFC 9114 7.1). */
  get isInFrame(): boolean {
    return this.#dataLeft > 0 || this.#head !== undefined || !this.#records.isEmpty;
  }

  /** Takes a copy of what has come. */
  push(piece: Uint8Array): void {
    this.#records.push(piece);
  }

  /**
   * The next frame, or the next piece of one; `undefined` if it needs more.
   *
   * @throws {Http3Error} after which nothing more can be read; its code is for the connection, but
   * streamCreationError is for the stream alone: a stream of WebTransport where a request was
   * expected
   */
  next(): Http3Frame | undefined {
    for (;;) {
      if (this.#dataLeft > 0) return this.#takeData();
      this.#head ??= this.#takeHead();
      const head = this.#head;
      if (head === undefined) return undefined;
      if (head.type === FRAME.data) {
        this.#dataLeft = head.length;
        this.#head = undefined;
        continue;
      }
      const payload = this.#records.takePayload(head.length);
      if (payload === undefined) return undefined;
      this.#head = undefined;
      return frameOf(head.type, payload);
    }
  }

  #takeData(): Http3Frame | undefined {
    const piece = this.#records.takePiece(this.#dataLeft);
    if (piece === undefined) return undefined;
    this.#dataLeft -= piece.length;
    return { kind: "data", piece };
  }

  /** The head of the next frame that is known. */
  #takeHead(): RecordHead | undefined {
    for (;;) {
      const head = this.#records.takeHead();
      if (head === undefined) return undefined;
      this.#requireExpected(head.type);
      if (!isKnown(head.type)) {
        this.#records.skip(head);
        continue;
      }
      requireLength(head);
      if (isOfNoInterest(head.type)) this.#records.count(head);
      return head;
    }
  }

  #requireExpected(type: number): void {
    const { first, next } = EXPECTED[this.#stream];
    if (type === FRAME.webTransportStream) throw this.#streamMarkerError();
    const isExpected = this.#hasBegun ? next.includes(type) : type === first;
    this.#hasBegun ||= isExpected;
    if (isExpected) return;
    if (this.#stream === "control" && !this.#hasBegun) {
      throw new Http3Error(
        Http3Code.missingSettings,
        `Cannot read control stream: its first frame must be of type ${first}, got ${type}`,
      );
    }
    if (!isKnown(type)) return;
    throw new Http3Error(
      Http3Code.frameUnexpected,
      `Cannot read ${this.#stream} stream: type of frame must be ${
        this.#hasBegun ? next.join(", ") : first
      } or unknown, got ${type}`,
    );
  }

  /** Of the marker that a bidirectional stream of WebTransport begins with. */
  #streamMarkerError(): Http3Error {
    const mayBeStream = this.#stream === "request" && !this.#hasBegun;
    return new Http3Error(
      mayBeStream ? Http3Code.streamCreationError : Http3Code.frameError,
      `Cannot read ${this.#stream} stream: must be no stream of WebTransport, got type ` +
        FRAME.webTransportStream,
    );
  }
}

/** Also those of HTTP/2, which are reserved so that they never mean anything (RFC 9114 7.2.8). */
function isKnown(type: number): boolean {
  return type <= FRAME.http2Continuation || type === FRAME.maxPushId;
}

function isOfNoInterest(type: number): boolean {
  return EXPECTED.control.next.includes(type);
}

function requireLength({ type, length }: RecordHead): void {
  const maxLength = MAX_LENGTHS.get(type) ?? Infinity;
  if (length <= maxLength) return;
  throw new Http3Error(
    isOfNoInterest(type) ? Http3Code.frameError : Http3Code.excessiveLoad,
    `Cannot read frame of type ${type}: must have up to ${maxLength} bytes, got ${length}`,
  );
}

function frameOf(type: number, payload: Uint8Array<ArrayBuffer>): Http3Frame {
  if (type === FRAME.headers) return { kind: "headers", payload };
  if (type === FRAME.settings) return { kind: "settings", payload };
  if (readCodePoint(payload, 0)?.end !== payload.length) {
    throw new Http3Error(
      Http3Code.frameError,
      `Cannot read frame of type ${type}: must have one integer, got ${payload.length} bytes`,
    );
  }
  return { kind: "other", type };
}
