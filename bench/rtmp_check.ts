import { SERVER_HANDSHAKE_LENGTH } from "../testing/rtmp/client.ts";
import type { ByteSink } from "./body_decoder.ts";
import { MediaCheck } from "./media_check.ts";

const SET_CHUNK_SIZE = 1;

/** Bytes of a message header by the type of its chunk (RTMP 5.3.1.2). */
const HEADER_SIZES = [11, 7, 3, 0] as const;
const EXTENDED = 0xffffff;

/** Bytes of a message that are looked at. */
const HEAD_SIZE = 4;

/** What a chunk stream's next header refers to, and the message that it is at. */
class ChunkStream {
  timestampMs = 0;
  deltaMs = 0;
  /** Whether the last header had an extended timestamp. */
  isExtended = false;
  length = 0;
  type = 0;
  received = 0;
  readonly head = new Uint8Array(HEAD_SIZE);
}

type State =
  | "handshake"
  | "basic header"
  | "message header"
  | "extended timestamp"
  | "body"
  | "broken";

/**
 * Checks what an RTMP player is sent, from the handshake on, without allocating anything for a
 * message: chunk headers in all their forms, and what {@linkcode MediaCheck} does.
 *
 * @example
 * ```ts
 * import { RtmpCheck } from "./rtmp_check.ts";
 *
 * const check = new RtmpCheck();
 * check.consume(new Uint8Array(3073), 0, 3073); // S0, S1, S2
 * check.consume(Uint8Array.of(0x05, 0, 0, 0, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 1), 0, 14);
 * check.audioTags; // 1
 * ```
 */
export class RtmpCheck extends MediaCheck implements ByteSink {
  readonly #streams = new Map<number, ChunkStream>();
  readonly #header = new Uint8Array(11);
  #held = 0;
  #wanted = SERVER_HANDSHAKE_LENGTH;
  #state: State = "handshake";
  #format = 0;
  #stream = new ChunkStream();
  #chunkSize = 128;
  #chunkLeft = 0;

  consume(bytes: Uint8Array, from: number, to: number): void {
    this.bytes += to - from;
    let at = from;
    while (at < to) {
      if (this.#state === "broken") return;
      if (this.#state === "handshake" || this.#state === "body") {
        at = this.#pass(bytes, at, to);
        continue;
      }
      this.#header[this.#held++] = bytes[at++]!;
      if (this.#held === this.#wanted) this.#headerComplete();
    }
  }

  /** Whether the server's part of the handshake has come. */
  get hasHandshake(): boolean {
    return this.#state !== "handshake";
  }

  #pass(bytes: Uint8Array, at: number, to: number): number {
    if (this.#state === "handshake") {
      const passed = Math.min(this.#wanted, to - at);
      this.#wanted -= passed;
      if (this.#wanted === 0) {
        this.bytes = 0;
        this.#expect("basic header", 1);
      }
      return at + passed;
    }
    const stream = this.#stream;
    const passed = Math.min(this.#chunkLeft, to - at);
    for (let i = 0; i < passed && stream.received + i < HEAD_SIZE; i++) {
      stream.head[stream.received + i] = bytes[at + i]!;
    }
    stream.received += passed;
    this.#chunkLeft -= passed;
    if (this.#chunkLeft === 0) this.#chunkComplete();
    return at + passed;
  }

  #expect(state: State, size: number): void {
    this.#state = state;
    this.#wanted = size;
    this.#held = 0;
  }

  #headerComplete(): void {
    switch (this.#state) {
      case "basic header":
        return this.#readBasicHeader();
      case "message header":
        return this.#readMessageHeader();
      case "extended timestamp":
        return this.#takeTimestamp(u32(this.#header, 0));
    }
  }

  #readBasicHeader(): void {
    const first = this.#header[0]!;
    this.#format = first >> 6;
    const id = first & 0x3f;
    if (id < 2) return this.#break(`chunk stream ids must be 2..63 here, got form ${id}`);
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = new ChunkStream();
      this.#streams.set(id, stream);
    }
    this.#stream = stream;
    const size = HEADER_SIZES[this.#format]!;
    if (size > 0) return this.#expect("message header", size);
    if (stream.isExtended) return this.#expect("extended timestamp", 4);
    this.#beginChunk(stream.deltaMs);
  }

  #readMessageHeader(): void {
    const header = this.#header;
    const stream = this.#stream;
    if (stream.received > 0) return this.#break("a message header within another message");
    if (this.#format < 2) {
      stream.length = u24(header, 3);
      stream.type = header[6]!;
    }
    const field = u24(header, 0);
    stream.isExtended = field === EXTENDED;
    if (stream.isExtended) return this.#expect("extended timestamp", 4);
    this.#takeTimestamp(field);
  }

  #takeTimestamp(field: number): void {
    const stream = this.#stream;
    if (this.#format === 0) {
      stream.timestampMs = field;
      stream.deltaMs = field;
      return this.#beginChunk(0);
    }
    if (this.#format < 3) stream.deltaMs = field;
    this.#beginChunk(stream.deltaMs);
  }

  #beginChunk(deltaMs: number): void {
    const stream = this.#stream;
    if (stream.received === 0 && this.#format !== 0) stream.timestampMs += deltaMs;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.length - stream.received);
    if (this.#chunkLeft === 0) this.#chunkComplete();
    else this.#state = "body";
  }

  #chunkComplete(): void {
    const stream = this.#stream;
    if (stream.received === stream.length) {
      // Only now: others may have come between its chunks.
      if (stream.length > 0) this.#messageComplete(stream);
      if (stream.type === SET_CHUNK_SIZE) this.#chunkSize = u32(stream.head, 0);
      stream.received = 0;
    }
    this.#expect("basic header", 1);
  }

  #messageComplete({ type, timestampMs, head }: ChunkStream): void {
    this.mediaBegins(type, timestampMs, head[0]!, head[1]!);
    this.mediaEnds();
  }

  #break(message: string): void {
    this.fault(message);
    this.#state = "broken";
  }
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | u24(bytes, at + 1)) >>> 0;
}
