/** What players are sent, read again. */
import { ChunkReader } from "../../src/rtmp/chunk/reader.ts";
import { OUTGOING_CHUNK_SIZE } from "../../src/rtmp/message/media_chunks.ts";
import type { LogRecord } from "../../src/stream/log_writer.ts";

/** A message, in a form that can be compared. */
export interface PlayedMessage {
  readonly type: number;
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

/** Reads whole messages of one message stream; throws for anything else. */
export class PlayedMessages {
  readonly #chunks = new ChunkReader();
  readonly #streamId: number;

  constructor(streamId = 1) {
    this.#streamId = streamId;
    this.#chunks.setChunkSize(OUTGOING_CHUNK_SIZE);
  }

  /** The messages of a piece, which must be whole. */
  read(piece: Uint8Array): PlayedMessage[] {
    const messages: PlayedMessage[] = [];
    this.#chunks.push(piece);
    for (let raw = this.#chunks.next(); raw !== undefined; raw = this.#chunks.next()) {
      if (raw.streamId !== this.#streamId) throw new Error(`A message on ${raw.streamId}`);
      const { typeId, timestampMs, payload } = raw;
      messages.push({ type: typeId, timestampMs, body: payload.slice() });
    }
    return messages;
  }
}

/** A record as the message that it becomes. */
export function messageOf({ type, timestampMs, body }: LogRecord): PlayedMessage {
  return { type, timestampMs: timestampMs >>> 0, body };
}
