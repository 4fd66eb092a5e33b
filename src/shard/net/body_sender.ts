import type { ConnectionWriter } from "./connection_writer.ts";

/** A piece of a body as it is written: in a chunk or a frame, for example. */
export type EncodePiece = (piece: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** Sends bodies that are streams over one connection, one after another. */
export class BodySender {
  readonly #writer: ConnectionWriter;
  /** Gives up what is being sent. */
  #cancel: (() => void) | undefined;

  constructor(writer: ConnectionWriter) {
    this.#writer = writer;
  }

  get isSending(): boolean {
    return this.#cancel !== undefined;
  }

  /** Gives up what is being sent, as when the client is gone. */
  cancel(): void {
    this.#cancel?.();
  }

  /** Sends what a stream has to its end; rejects if the client or the stream is lost. */
  async send(body: ReadableStream<Uint8Array<ArrayBuffer>>, encode: EncodePiece): Promise<void> {
    const reader = body.getReader();
    this.#cancel = () => cancelBody(reader);
    try {
      for (;;) {
        const encoded = await nextEncoded(reader, encode);
        if (encoded === undefined) return;
        await this.#writer.write(encoded);
      }
    } finally {
      this.#cancel();
      this.#cancel = undefined;
    }
  }
}

/** Tells the source that nobody reads it any more, if it did not end by itself. */
export function cancelBody(body: ReadableStream | ReadableStreamDefaultReader): void {
  // It fails for a stream that another reader has cancelled already.
  body.cancel().catch(() => {});
}

/** By itself, so that nobody holds on to a piece while its encoded form is being written. */
async function nextEncoded(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  encode: EncodePiece,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { done, value } = await reader.read();
  return done ? undefined : encode(value);
}
