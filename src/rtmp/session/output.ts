import type { AmfValue } from "../../amf/amf_value.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { RawMessage } from "../chunk/reader.ts";
import { ChunkWriter } from "../chunk/writer.ts";
import { MESSAGE_TYPE, toRawMessage } from "../message/message.ts";
import { RtmpError } from "../rtmp_error.ts";
import { callResult, onStatus, type Reply } from "./server_replies.ts";

/** How commands and data are written: 3 is AMF3, which embeds in AMF0 (RTMP 7.2.1.1). */
export type ObjectEncoding = 0 | 3;

/** What may wait of the session's own words: the answers to several reads full of tiny calls. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The types that carry AMF3, by those of AMF0. */
const AMF3_TYPES: ReadonlyMap<number, number> = new Map([
  [MESSAGE_TYPE.DATA_AMF0, MESSAGE_TYPE.DATA_AMF3],
  [MESSAGE_TYPE.SHARED_OBJECT_AMF0, MESSAGE_TYPE.SHARED_OBJECT_AMF3],
  [MESSAGE_TYPE.COMMAND_AMF0, MESSAGE_TYPE.COMMAND_AMF3],
]);

/** What a session has to send: messages go in, chunks come out. */
export class SessionOutput {
  readonly #chunks = new ChunkWriter();
  readonly #out = new ByteWriter(512);
  #objectEncoding: ObjectEncoding = 0;
  #windowSize = 0;

  /** Sets the types that commands, data and shared objects travel as from here on. */
  setObjectEncoding(encoding: ObjectEncoding): void {
    this.#objectEncoding = encoding;
  }

  /** The window that the peer was last told to acknowledge after; 0 if it was not told. */
  get windowSize(): number {
    return this.#windowSize;
  }

  /** Adds bytes that are no chunks: those of the handshake. They are copied. */
  bytes(bytes: Uint8Array): void {
    this.#out.bytes(bytes);
  }

  /**
   * Adds what the session itself says.
   *
   * @throws {RtmpError} if too much waits: nobody has taken what was said before.
   */
  send(message: Reply): void {
    if (message.kind === "windowAcknowledgementSize") this.#windowSize = message.size;
    if (this.length >= MAX_ANSWER_BYTES) {
      throw new RtmpError(`Cannot answer: ${this.length} bytes have not been taken yet`);
    }
    this.#chunks.write(this.#rawMessage(message), this.#out);
    // It takes effect for the chunks behind it.
    if (message.kind === "setChunkSize") this.#chunks.setChunkSize(message.size);
  }

  #rawMessage(message: Reply): RawMessage {
    const raw = toRawMessage(message);
    return this.#objectEncoding === 0 ? raw : inAmf3Type(raw);
  }

  /** Answers a call, with `value` if it returns any; transaction id 0 asks for no answer. */
  answer(transactionId: number, value: AmfValue = undefined): void {
    if (transactionId !== 0) this.send(callResult(transactionId, value));
  }

  /** Tells the peer that what it asked for on a stream failed. */
  fail(streamId: number, code: string, description: string): void {
    this.send(onStatus(streamId, { level: "error", code, description }));
  }

  /** Bytes that are to be sent. */
  get length(): number {
    return this.#out.length;
  }

  /** Bytes to send, which the caller owns; `undefined` if there are none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    return this.#out.length === 0 ? undefined : this.#out.take();
  }
}

/** The same in the type that says AMF3: AMF0 behind a byte that is 0 (RTMP 7.1.1, 7.1.2). */
function inAmf3Type(raw: RawMessage): RawMessage {
  const typeId = AMF3_TYPES.get(raw.typeId);
  if (typeId === undefined) return raw;
  const payload = new ByteWriter(raw.payload.length + 1).u8(0).bytes(raw.payload).take();
  return { ...raw, typeId, payload };
}
