import { ByteQueue } from "../../src/bytes/byte_queue.ts";

/** Takes bytes of a response's body. */
export type BodySink = (bytes: Uint8Array) => void;

/** Reads an HTTP response from its first byte, so that tests decide when bytes are read. */
export class HttpResponseReader {
  readonly #queue = new ByteQueue();
  readonly #onBody: BodySink;
  #state: "head" | "size" | "data" | "data end" | "raw" | "ended" = "head";
  #left = 0;
  /** Status line and headers, in lower case; empty until they are whole. */
  head = "";

  constructor(onBody: BodySink) {
    this.#onBody = onBody;
  }

  get status(): number {
    return Number(this.head.split(" ")[1] ?? 0);
  }

  /** Whether the last chunk has come. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  push(piece: Uint8Array): void {
    this.#queue.push(piece);
    while (this.#advance());
  }

  /** One step; false if more bytes are needed. */
  #advance(): boolean {
    switch (this.#state) {
      case "head":
        return this.#takeHead();
      case "size":
        return this.#takeSize();
      case "data":
        return this.#takeData();
      case "data end":
        if (this.#queue.length < 2) return false;
        this.#queue.skip(2);
        this.#state = this.#left < 0 ? "ended" : "size";
        return true;
      case "raw":
        return this.#takeAll();
      case "ended":
        return false;
    }
  }

  #takeHead(): boolean {
    const text = new TextDecoder("latin1").decode(this.#queue.peek(this.#queue.length)!);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return false;
    this.head = text.slice(0, end).toLowerCase();
    this.#queue.skip(end + 4);
    this.#state = this.head.includes("transfer-encoding: chunked") ? "size" : "raw";
    return true;
  }

  #takeSize(): boolean {
    const available = Math.min(this.#queue.length, 16);
    const text = new TextDecoder("latin1").decode(this.#queue.peek(available) ?? new Uint8Array());
    const end = text.indexOf("\r\n");
    if (end < 0) return false;
    this.#queue.skip(end + 2);
    this.#left = parseInt(text.slice(0, end), 16);
    if (this.#left === 0) this.#left = -1;
    this.#state = this.#left < 0 ? "data end" : "data";
    return true;
  }

  #takeData(): boolean {
    const length = Math.min(this.#left, this.#queue.length);
    if (length === 0) return false;
    this.#onBody(this.#queue.peek(length)!);
    this.#queue.skip(length);
    this.#left -= length;
    if (this.#left === 0) this.#state = "data end";
    return true;
  }

  #takeAll(): boolean {
    const { length } = this.#queue;
    if (length === 0) return false;
    this.#onBody(this.#queue.peek(length)!);
    this.#queue.skip(length);
    return true;
  }
}

/** Reads the messages of a WebSocket server (RFC 6455 5.2); its close frame is the end. */
export class WebSocketMessages {
  readonly #queue = new ByteQueue();
  readonly #onBytes: BodySink;
  readonly #onMessageEnd: () => void;
  #left: number | undefined;
  /** The code of the server's close frame. */
  closeCode: number | undefined;

  constructor(onBytes: BodySink, onMessageEnd: () => void) {
    this.#onBytes = onBytes;
    this.#onMessageEnd = onMessageEnd;
  }

  push(piece: Uint8Array): void {
    this.#queue.push(piece);
    while (this.closeCode === undefined) {
      if (this.#left === undefined && !this.#takeHeader()) return;
      const length = Math.min(this.#left!, this.#queue.length);
      if (length === 0 && this.#left! > 0) return;
      if (length > 0) this.#onBytes(this.#queue.peek(length)!);
      this.#queue.skip(length);
      this.#left! -= length;
      if (this.#left! > 0) return;
      this.#left = undefined;
      this.#onMessageEnd();
    }
  }

  #takeHeader(): boolean {
    const start = this.#queue.peek(2);
    if (start === undefined) return false;
    const [first, second] = [start[0]!, start[1]!];
    const extra = second === 126 ? 2 : second === 127 ? 8 : 0;
    const opcode = first & 0xf;
    const header = this.#queue.peek(2 + extra + (opcode === 8 ? 2 : 0));
    if (header === undefined) return false;
    if (opcode === 8) {
      this.closeCode = second >= 2 ? header[2]! * 256 + header[3]! : 1005;
      return false;
    }
    if (opcode !== 2) throw new Error(`A viewer got a WebSocket frame of type ${opcode}`);
    const view = new DataView(header.slice().buffer);
    this.#left = extra === 0 ? second : extra === 2 ? view.getUint16(2) : view.getUint32(6);
    this.#queue.skip(2 + extra);
    return true;
  }
}
