import { getLogger } from "@logtape/logtape";
import type { ToShard } from "../shard/messages.ts";

const logger = getLogger(["sluice", "control"]);

/** The least time from a failure to the next attempt. */
const RETRY_MS = 5000;

/** Makes Opus of streams: what is needed here of a `TranscoderPool`. */
export interface OpusMaker {
  /** Begins to make a stream's Opus, and returns its log. */
  start(streamId: number, source: SharedArrayBuffer): SharedArrayBuffer;
  /** Resolves when neither of the logs is read or written there any more. */
  stop(streamId: number): Promise<void>;
  /** Takes back a log that nobody reads any more. */
  giveBack(log: SharedArrayBuffer): void;
}

/** What the directory needs besides. */
export interface OpusDirectoryOptions {
  readonly send: (shard: number, message: ToShard) => void;
  /** The log of a stream; `undefined` if there is no such stream any more. */
  readonly sourceOf: (streamId: number) => SharedArrayBuffer | undefined;
  /** The least time from a failure to the next attempt, by default 5 s. */
  readonly retryMs?: number;
}

/** A stream's sound as Opus, from its start to the end of its last reader. */
interface Rendition {
  readonly log: SharedArrayBuffer;
  /** Shards that were told of the log and have not said that they read it no more. */
  readonly readers: Set<number>;
  isWritten: boolean;
}

/** What a shard asked for, until it wants that no more. */
interface Wish {
  readonly requestId: number;
  /** What it was told of; `undefined` while it waits. */
  rendition: Rendition | undefined;
}

interface Stream {
  readonly streamId: number;
  readonly wishes: Map<number, Wish>;
  /** What newcomers are told of. */
  current: Rendition | undefined;
  /** Set for a while after a failure. */
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** Ends of transcodings that may still read the stream's log. */
  readonly stopping: Set<Promise<void>>;
}

/**
 * Which shards want which streams as Opus. The first wish for a stream has it made, the last one's
 * end ends it, and a log is used again only when no shard reads it and no worker writes it.
 */
export class OpusDirectory {
  readonly #maker: OpusMaker;
  readonly #options: Required<OpusDirectoryOptions>;
  readonly #streams = new Map<number, Stream>();

  constructor(maker: OpusMaker, options: OpusDirectoryOptions) {
    this.#maker = maker;
    this.#options = { retryMs: RETRY_MS, ...options };
  }

  /** Streams that are being made at the moment. */
  get size(): number {
    return [...this.#streams.values()].filter(({ current }) => current !== undefined).length;
  }

  /** A shard wants a stream; after a failure it waits for the next attempt. */
  wanted(streamId: number, shard: number, requestId: number): void {
    const source = this.#options.sourceOf(streamId);
    if (source === undefined) {
      const reason = "the stream has ended";
      return this.#options.send(shard, { kind: "opus-closed", streamId, requestId, reason });
    }
    const stream = this.#streams.get(streamId) ?? this.#open(streamId);
    this.#drop(stream, shard);
    stream.wishes.set(shard, { requestId, rendition: undefined });
    this.#serve(stream, source);
  }

  /** A shard reads no Opus of the stream any more, and wants none. */
  unwanted(streamId: number, shard: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#drop(stream, shard);
    this.#stopUnlessWanted(stream);
    this.#forgetIfOver(stream);
  }

  /** A shard has died, and its wishes with it. */
  shardLost(shard: number): void {
    for (const streamId of [...this.#streams.keys()]) this.unwanted(streamId, shard);
  }

  /**
   * The stream is over: its Opus ends.
   *
   * @returns resolved when no worker reads the stream's log any more; `undefined` if none does now
   */
  streamClosed(streamId: number): Promise<void> | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return undefined;
    clearTimeout(stream.retryTimer);
    stream.retryTimer = undefined;
    this.#stop(stream);
    this.#tellEnd(stream, () => true, "the stream has ended");
    const { stopping } = stream;
    this.#forgetIfOver(stream);
    return stopping.size === 0 ? undefined : Promise.all(stopping).then(() => {});
  }

  /** The maker gave a stream up, and touches its logs no more. */
  failed(streamId: number, reason: string): void {
    logger.warn("The sound of stream {streamId} is not made into Opus: {reason}", {
      streamId,
      reason,
    });
    this.#onMakerEnd(streamId, reason);
  }

  /** The maker came to the stream's end, and touches its logs no more. */
  ended(streamId: number): void {
    this.#onMakerEnd(streamId, "the stream has ended");
  }

  /** Forgets everything, when the maker is to be closed. */
  close(): void {
    for (const { retryTimer } of this.#streams.values()) clearTimeout(retryTimer);
    this.#streams.clear();
  }

  #open(streamId: number): Stream {
    const stream: Stream = {
      streamId,
      wishes: new Map(),
      current: undefined,
      retryTimer: undefined,
      stopping: new Set(),
    };
    this.#streams.set(streamId, stream);
    return stream;
  }

  /** Tells all that wait of the log; starts it if that is due. */
  #serve(stream: Stream, source: SharedArrayBuffer): void {
    if (stream.retryTimer !== undefined) return;
    const { streamId } = stream;
    const rendition = stream.current ??= {
      log: this.#maker.start(streamId, source),
      readers: new Set(),
      isWritten: true,
    };
    for (const [shard, wish] of stream.wishes) {
      if (wish.rendition !== undefined) continue;
      wish.rendition = rendition;
      rendition.readers.add(shard);
      const { requestId } = wish;
      this.#options.send(shard, { kind: "opus-opened", streamId, requestId, log: rendition.log });
    }
  }

  #drop(stream: Stream, shard: number): void {
    const rendition = stream.wishes.get(shard)?.rendition;
    stream.wishes.delete(shard);
    if (rendition === undefined) return;
    rendition.readers.delete(shard);
    this.#giveBackIfFree(rendition);
  }

  #stopUnlessWanted(stream: Stream): void {
    if (stream.current?.readers.size === 0) this.#stop(stream);
  }

  #stop(stream: Stream): void {
    const rendition = stream.current;
    if (rendition === undefined) return;
    stream.current = undefined;
    const stopped = this.#maker.stop(stream.streamId).then(() => {
      stream.stopping.delete(stopped);
      rendition.isWritten = false;
      this.#giveBackIfFree(rendition);
      this.#forgetIfOver(stream);
    });
    stream.stopping.add(stopped);
  }

  #onMakerEnd(streamId: number, reason: string): void {
    const stream = this.#streams.get(streamId);
    const rendition = stream?.current;
    if (stream === undefined || rendition === undefined) return;
    stream.current = undefined;
    rendition.isWritten = false;
    stream.retryTimer = setTimeout(() => this.#retry(stream), this.#options.retryMs);
    this.#tellEnd(stream, (wish) => wish.rendition === rendition, reason);
    this.#giveBackIfFree(rendition);
  }

  #retry(stream: Stream): void {
    stream.retryTimer = undefined;
    const source = this.#options.sourceOf(stream.streamId);
    const isAwaited = [...stream.wishes.values()].some(({ rendition }) => rendition === undefined);
    if (source !== undefined && isAwaited) this.#serve(stream, source);
    this.#forgetIfOver(stream);
  }

  #tellEnd({ streamId, wishes }: Stream, isMeant: (wish: Wish) => boolean, reason: string): void {
    for (const [shard, wish] of wishes) {
      if (!isMeant(wish)) continue;
      const { requestId } = wish;
      this.#options.send(shard, { kind: "opus-closed", streamId, requestId, reason });
    }
  }

  #giveBackIfFree({ log, readers, isWritten }: Rendition): void {
    if (!isWritten && readers.size === 0) this.#maker.giveBack(log);
  }

  #forgetIfOver({ streamId, wishes, current, retryTimer, stopping }: Stream): void {
    const isOver = wishes.size === 0 && stopping.size === 0 &&
      current === undefined && retryTimer === undefined;
    if (isOver) this.#streams.delete(streamId);
  }
}
