import type { AmfValue } from "../amf/amf_value.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { ChunkWriter } from "./chunk_writer.ts";
import { toRawMessage } from "./message.ts";
import { callResult, onStatus, type Reply } from "./server_replies.ts";

/** What a session has to send: messages go in, chunks come out. */
export class SessionOutput {
  readonly #chunks = new ChunkWriter();
  readonly #out = new ByteWriter(512);

  /** Adds bytes that are no chunks: those of the handshake. They are copied. */
  bytes(bytes: Uint8Array): void {
    this.#out.bytes(bytes);
  }

  /** Adds a message; its payload is copied. A chunk size that it sets holds from here on. */
  send(message: Reply): void {
    this.#chunks.write(toRawMessage(message), this.#out);
    if (message.kind === "setChunkSize") this.#chunks.setChunkSize(message.size);
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

  /** All bytes to send, which the caller owns; `undefined` if there are none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    return this.#out.length === 0 ? undefined : this.#out.take();
  }
}
