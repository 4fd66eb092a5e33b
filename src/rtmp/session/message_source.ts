import { AggregateReader } from "../message/aggregate.ts";
import type { ChunkReader, RawMessage } from "../chunk/reader.ts";
import { MESSAGE_TYPE } from "../message/message.ts";
import { RtmpError } from "../rtmp_error.ts";
import type { SessionCounters } from "./event.ts";

/** No message has it. */
const NO_TYPE = 0;

/**
 * The messages of a connection in their order: those of chunks, and those within aggregates as if
 * they had come alone. An aggregate that cannot be read further is counted, and ends there. Control
 * messages within one would come at no certain place between chunks: they become messages of no type.
 */
export class MessageSource {
  readonly #chunks: ChunkReader;
  readonly #counters: SessionCounters;
  /** What is being read from the last message, if that was an aggregate. */
  #aggregate: AggregateReader | undefined;

  constructor(chunks: ChunkReader, counters: SessionCounters) {
    this.#chunks = chunks;
    this.#counters = counters;
  }

  /**
   * The next message, whose payload holds until the next call; `undefined` if more bytes are needed.
   *
   * @throws {RtmpError} as {@linkcode ChunkReader.next}.
   */
  next(): RawMessage | undefined {
    for (;;) {
      const inner = this.#aggregate === undefined ? undefined : this.#nextInner(this.#aggregate);
      if (inner !== undefined) return inner;
      const raw = this.#chunks.next();
      if (raw?.typeId !== MESSAGE_TYPE.AGGREGATE) return raw;
      this.#aggregate = new AggregateReader(raw);
    }
  }

  #nextInner(aggregate: AggregateReader): RawMessage | undefined {
    try {
      const raw = aggregate.next();
      if (raw !== undefined) {
        return raw.typeId > MESSAGE_TYPE.SET_PEER_BANDWIDTH ? raw : { ...raw, typeId: NO_TYPE };
      }
    } catch (error) {
      if (!(error instanceof RtmpError)) throw error;
      this.#counters.unknownMessages++;
    }
    this.#aggregate = undefined;
    return undefined;
  }
}
