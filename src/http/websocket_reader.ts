import { ByteQueue } from "../bytes/byte_queue.ts";
import { CloseCode, Opcode } from "./websocket.ts";

/** Bytes of a message, all its frames together: viewers have nothing to say, some players greet. */
export const MAX_MESSAGE_LENGTH = 1024;

/** RFC 6455 5.5 */
const MAX_CONTROL_LENGTH = 125;

/** What a client sends over a WebSocket. */
export type WebSocketEvent =
  /** A message, whose content is of no interest. */
  | { readonly kind: "message"; readonly length: number }
  /** To be answered by a pong with the same payload, which belongs to the receiver. */
  | { readonly kind: "ping"; readonly payload: Uint8Array }
  | { readonly kind: "close" };

/** What a client did wrong, with the code to close with. */
export class WebSocketError extends Error {
  override readonly name = "WebSocketError";
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.closeCode = closeCode;
  }
}

interface FrameHead {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly headLength: number;
  readonly length: number;
}

/** Reads the frames that a client sends (RFC 6455 5); it holds no more than one of them. */
export class WebSocketReader {
  readonly #queue = new ByteQueue(256);
  /** Bytes of a message whose last frame did not come yet. */
  #messageLength: number | undefined;

  /** Takes a copy of what has come. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /**
   * The next event; `undefined` if it needs more.
   *
   * @throws {WebSocketError} after which nothing more can be read
   */
  next(): WebSocketEvent | undefined {
    for (;;) {
      const head = this.#peekHead();
      if (head === undefined) return undefined;
      const frame = this.#queue.take(head.headLength + head.length);
      if (frame === undefined) return undefined;
      const event = this.#handle(head, frame);
      if (event !== undefined) return event;
    }
  }

  #peekHead(): FrameHead | undefined {
    const start = this.#queue.peek(2);
    if (start === undefined) return undefined;
    const [first, second] = start as unknown as [number, number];
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw protocolError("reserved bits must be 0");
    if ((second & 0x80) === 0) throw protocolError("frames of clients must be masked");
    const short = second & 0x7f;
    const isFinal = (first & 0x80) !== 0;
    if (opcode >= Opcode.close) {
      if (!isFinal || short > MAX_CONTROL_LENGTH) {
        throw protocolError(`control frames must be whole, with up to ${MAX_CONTROL_LENGTH} bytes`);
      }
    }
    const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0;
    const lengthBytes = this.#queue.peek(2 + lengthSize)?.subarray(2);
    if (lengthBytes === undefined) return undefined;
    let length = lengthSize === 0 ? short : 0;
    for (const byte of lengthBytes) length = length * 256 + byte;
    const messageLength = length + (this.#messageLength ?? 0);
    if (opcode < Opcode.close && messageLength > MAX_MESSAGE_LENGTH) {
      throw new WebSocketError(
        CloseCode.tooBig,
        `Cannot read message: must have up to ${MAX_MESSAGE_LENGTH} bytes, got ${messageLength}`,
      );
    }
    return { isFinal, opcode, headLength: 2 + lengthSize + 4, length };
  }

  #handle(head: FrameHead, frame: Uint8Array): WebSocketEvent | undefined {
    switch (head.opcode) {
      case Opcode.text:
      case Opcode.binary:
      case Opcode.continuation:
        return this.#addToMessage(head);
      case Opcode.ping:
        return { kind: "ping", payload: unmask(frame, head) };
      case Opcode.pong:
        return undefined;
      case Opcode.close:
        return { kind: "close" };
      default:
        throw protocolError(`opcode must be 0, 1, 2, 8, 9 or 10, got ${head.opcode}`);
    }
  }

  #addToMessage({ opcode, isFinal, length }: FrameHead): WebSocketEvent | undefined {
    const isFirst = opcode !== Opcode.continuation;
    if (isFirst !== (this.#messageLength === undefined)) {
      throw protocolError("a message must begin with text or binary, and go on with continuations");
    }
    const messageLength = (this.#messageLength ?? 0) + length;
    this.#messageLength = isFinal ? undefined : messageLength;
    return isFinal ? { kind: "message", length: messageLength } : undefined;
  }
}

function unmask(frame: Uint8Array, { headLength, length }: FrameHead): Uint8Array {
  const payload = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    payload[at] = frame[headLength + at]! ^ frame[headLength - 4 + (at & 3)]!;
  }
  return payload;
}

function protocolError(rule: string): WebSocketError {
  return new WebSocketError(CloseCode.protocolError, `Cannot read frame: ${rule}`);
}
