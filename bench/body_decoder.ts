/** Takes bytes `from` up to `to` of `bytes`, which are the caller's again when it returns. */
export interface ByteSink {
  consume(bytes: Uint8Array, from: number, to: number): void;
}

/** A response that no viewer can go on with; the message says what was wrong. */
export class BodyError extends Error {}

/** Response heads are a few hundred bytes; more means that something else is speaking. */
const MAX_HEAD_SIZE = 16 * 1024;

const latin1 = new TextDecoder("latin1");

/** Collects a response head up to its empty line; the bytes after it are the body. */
export class HeadReader {
  #bytes = new Uint8Array(0);

  /**
   * The head as text and where the body starts in `bytes`; `undefined` means: needs more.
   *
   * @throws {BodyError} when the head exceeds 16 KiB
   */
  push(bytes: Uint8Array): { readonly head: string; readonly bodyAt: number } | undefined {
    const before = this.#bytes.length;
    const joined = new Uint8Array(before + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, before);
    this.#bytes = joined;
    const text = latin1.decode(joined.subarray(0, MAX_HEAD_SIZE));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { head: text.slice(0, end), bodyAt: end + 4 - before };
    if (joined.length >= MAX_HEAD_SIZE) {
      throw new BodyError(`Cannot read response head: at most ${MAX_HEAD_SIZE} bytes, got more`);
    }
    return undefined;
  }
}

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;

/** Removes chunked transfer coding (RFC 9112 7.1), handing each chunk's bytes on in place. */
export class ChunkedDecoder implements ByteSink {
  readonly #sink: ByteSink;
  #state: "size" | "extension" | "data" | "data end" | "ended" = "size";
  #size = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** @throws {BodyError} when the coding is broken */
  consume(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to && this.#state !== "ended") {
      if (this.#state === "data") {
        const end = Math.min(at + this.#size, to);
        this.#sink.consume(bytes, at, end);
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#state = "data end";
      } else this.#control(bytes[at++]!);
    }
  }

  #control(byte: number): void {
    if (byte === LF) {
      if (this.#state === "data end") this.#state = "size";
      else this.#state = this.#size === 0 ? "ended" : "data";
    } else if (byte === SEMICOLON && this.#state === "size") this.#state = "extension";
    else if (byte !== CR && this.#state === "size") this.#size = this.#size * 16 + hexDigit(byte);
    else if (byte !== CR && this.#state === "data end") {
      throw new BodyError(`Cannot end chunk: must be CR LF, got ${byte}`);
    }
  }
}

function hexDigit(byte: number): number {
  const digit = parseInt(String.fromCharCode(byte), 16);
  if (Number.isNaN(digit)) throw new BodyError(`Cannot read chunk size: got byte ${byte}`);
  return digit;
}

const OPCODE_CONTINUATION = 0;
const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const OPCODE_PONG = 10;

/** Removes WebSocket framing (RFC 6455 5.2) from what a server sends. */
export class WebSocketDecoder implements ByteSink {
  readonly #sink: ByteSink;
  readonly #onPing: () => void;
  readonly #head = new Uint8Array(10);
  #held = 0;
  #wanted = 2;
  #left = 0;
  #opcode = 0;

  /** `onPing` shall answer with an empty pong: the pings seen carry nothing worth echoing. */
  constructor(sink: ByteSink, onPing: () => void) {
    this.#sink = sink;
    this.#onPing = onPing;
  }

  /** @throws {BodyError} on frames that no server may send here */
  consume(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      if (this.#left > 0) {
        const end = Math.min(at + this.#left, to);
        if (this.#opcode <= OPCODE_BINARY) this.#sink.consume(bytes, at, end);
        this.#left -= end - at;
        at = end;
        continue;
      }
      this.#head[this.#held++] = bytes[at++]!;
      if (this.#held === 2) this.#wanted = 2 + lengthFieldSize(this.#head[1]!);
      if (this.#held === this.#wanted) this.#headComplete();
    }
  }

  #headComplete(): void {
    const head = this.#head;
    this.#opcode = head[0]! & 0x0f;
    this.#held = 0;
    this.#wanted = 2;
    const view = new DataView(head.buffer);
    const length = head[1]!;
    if (length === 127) this.#left = Number(view.getBigUint64(2));
    else this.#left = length === 126 ? view.getUint16(2) : length;
    switch (this.#opcode) {
      case OPCODE_CONTINUATION:
      case OPCODE_BINARY:
      case OPCODE_PONG:
        return;
      case OPCODE_PING:
        return this.#onPing();
      case OPCODE_CLOSE:
        throw new BodyError("Cannot go on: the server closed the WebSocket");
      default:
        throw new BodyError(`Cannot read frame: opcode must be binary, got ${this.#opcode}`);
    }
  }
}

function lengthFieldSize(lengthByte: number): number {
  if (lengthByte & 0x80) throw new BodyError("Cannot read frame: a server must not mask");
  if (lengthByte === 127) return 8;
  return lengthByte === 126 ? 2 : 0;
}
