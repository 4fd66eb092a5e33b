import { getLogger } from "@logtape/logtape";
import type { FromTranscoder, ToTranscoder } from "../transcoding/messages.ts";
import { Busy } from "../transcoding/busy_words.ts";
import type { TranscodingReport } from "../transcoding/transcoding_report.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import { LogState } from "../stream/log_layout.ts";
import { LogWriter } from "../stream/log_writer.ts";
import { type LogStore, ownerOf } from "../stream/log_store.ts";
import { allocateCounters, type CountedBy, rowOf } from "../metrics/counters.ts";
import { WorkerSupervisor } from "./worker_supervisor.ts";

const logger = getLogger(["sluice", "control"]);

/** Workers that a stream may lose without a report in between, before it is given up. */
const MAX_LOST_WORKERS = 3;

/** What the pool is made with. */
export interface TranscoderPoolOptions {
  /** Workers that are started at most, each when the ones before it have a stream. */
  readonly workers?: number;
  /** What workers count in: a row for all of them, so that it is right for one. */
  readonly counted?: CountedBy;
  /** Bytes that a log of Opus has room for. */
  readonly maxBytes: number;
  /** Milliseconds of sound that a log of Opus keeps. */
  readonly windowMs: number;
  readonly opusBitrateBps: number;
}

/** What the pool tells its owner. */
export interface TranscoderPoolEvents {
  /** The stream's Opus has ended because it cannot be made. The stream is known no more. */
  readonly failed: (streamId: number, reason: string, audioTrack: number | undefined) => void;
  /** What became of the stream's sound so far: comes every second. */
  readonly reported: (
    streamId: number,
    report: TranscodingReport,
    audioTrack: number | undefined,
  ) => void;
  /** The stream's Opus has ended with the stream itself. The stream is known no more. */
  readonly ended: (streamId: number, audioTrack: number | undefined) => void;
}

/** One transcoding of an audio track of a stream. */
interface Transcoding {
  /** Its name to the worker: a stream that is stopped and started again has another. */
  readonly id: number;
  readonly streamId: number;
  /** Of another track than the default one. */
  readonly audioTrack: number | undefined;
  readonly source: SharedLog;
  readonly target: SharedLog;
  /** Number of its worker. */
  readonly slot: number;
  lostWorkers: number;
  isStopping: boolean;
  /** Resolved when no worker touches its logs any more. */
  readonly released: PromiseWithResolvers<void>;
}

/**
 * Has audio tracks of streams transcoded in workers, which are started when the first stream needs
 * one. A worker that dies or hangs is started again with all its streams but the one that did it,
 * which fails.
 *
 * @example
 * ```ts ignore
 * import transcoderText from "../../dist/transcoding.js" with { type: "text" };
 * import { TranscoderPool } from "./transcoder_pool.ts";
 *
 * const pool = new TranscoderPool(
 *   transcoderText,
 *   { logs, maxBytes: 4 << 20, windowMs: 10_000, opusBitrateBps: 128_000 },
 *   {
 *     failed: (streamId, reason) => console.error(streamId, reason),
 *     reported: () => {},
 *     ended: () => {},
 *   },
 * );
 * const opusLog = pool.start(1, aacLog); // when the first viewer comes
 * await pool.stop(1); // when the last is gone
 * if (opusLog !== undefined) pool.giveBack(opusLog); // when no shard reads it any more
 * ```
 */
export class TranscoderPool {
  readonly #options: Required<TranscoderPoolOptions>;
  readonly #events: TranscoderPoolEvents;
  readonly #logs: LogStore;
  readonly #workers: WorkerSupervisor<ToTranscoder, FromTranscoder>;
  readonly #transcodings = new Map<number, Transcoding>();
  /** By {@linkcode soundKey}. */
  readonly #bySound = new Map<string, Transcoding>();
  #lastId = 0;

  /** @param moduleText the worker's bundled module; nothing is done with it before it is needed */
  constructor(
    moduleText: string,
    { logs, ...options }: TranscoderPoolOptions & { readonly logs: LogStore },
    events: TranscoderPoolEvents,
  ) {
    const counted = { memory: allocateCounters(0), row: rowOf("transcoder", 0) };
    this.#options = { workers: 1, counted, ...options };
    this.#events = events;
    this.#logs = logs;
    const sharedWords = Object.keys(Busy).length;
    const kind = { name: "transcoder", sharedWords, heartbeatWord: Busy.beats };
    this.#workers = new WorkerSupervisor(moduleText, kind, {
      started: (slot, busy) => this.#onStarted(slot, busy),
      message: (slot, message) => this.#handle(slot, message),
      lost: (slot, error) => this.#onLost(slot, error),
      isWanted: (slot) => this.#ofSlot(slot).length > 0,
      hung: (slot, busy) => this.#onHung(slot, busy),
    });
  }

  /** How often a worker had to be started again. */
  get restarts(): number {
    return this.#workers.restarts;
  }

  /** Transcodings that go on. */
  get size(): number {
    return this.#transcodings.size;
  }

  /**
   * Begins to transcode a stream, and returns the log that its Opus is written to: the same one if
   * it is transcoded already, and `undefined` if there is no memory for one.
   *
   * @param audioTrack the number of another track than the default one
   */
  start(streamId: number, source: SharedLog, audioTrack?: number): SharedLog | undefined {
    const key = soundKey(streamId, audioTrack);
    const known = this.#bySound.get(key);
    if (known !== undefined) return known.target;
    const { maxBytes } = this.#options;
    const target = this.#logs.open({ maxBytes, owner: ownerOf(source) });
    if (typeof target === "string") return undefined;
    const transcoding: Transcoding = {
      id: ++this.#lastId,
      streamId,
      audioTrack,
      source,
      target,
      slot: this.#leastLoadedSlot(),
      lostWorkers: 0,
      isStopping: false,
      released: Promise.withResolvers(),
    };
    this.#transcodings.set(transcoding.id, transcoding);
    this.#bySound.set(key, transcoding);
    const { slot } = transcoding;
    if (this.#workers.has(slot)) this.#sendStart(transcoding);
    else this.#workers.start(slot);
    return target;
  }

  /**
   * Ends a stream's transcoding. Resolves when no worker reads or writes its logs any more: give the
   * target back when nobody else reads it either.
   */
  stop(streamId: number, audioTrack?: number): Promise<void> {
    const key = soundKey(streamId, audioTrack);
    const transcoding = this.#bySound.get(key);
    if (transcoding === undefined) return Promise.resolve();
    this.#bySound.delete(key);
    transcoding.isStopping = true;
    const { id, slot, released } = transcoding;
    // Without a worker, nothing touches the logs.
    if (!this.#workers.send(slot, { kind: "stop", id })) this.#release(transcoding);
    return released.promise;
  }

  /** Takes back a target log that no thread reads or writes any more. */
  giveBack(target: SharedLog): void {
    this.#logs.close(target);
  }

  /** Ends all workers at once. */
  close(): void {
    this.#workers.close();
    for (const transcoding of this.#transcodings.values()) this.#release(transcoding);
  }

  #leastLoadedSlot(): number {
    const loads = new Array<number>(this.#options.workers).fill(0);
    for (const { slot } of this.#transcodings.values()) loads[slot]!++;
    return loads.indexOf(Math.min(...loads));
  }

  #onStarted(slot: number, busy: SharedArrayBuffer): void {
    this.#workers.send(slot, { kind: "open", busy, counted: this.#options.counted });
    for (const transcoding of this.#ofSlot(slot)) this.#sendStart(transcoding);
  }

  #handle(slot: number, message: FromTranscoder): void {
    switch (message.kind) {
      case "started":
        return;
      case "failed":
        return this.#fail(message.id, message.reason);
      case "stopped":
        return this.#onStopped(message.id);
      case "broken":
        this.#fail(message.id, message.reason);
        return this.#workers.discard(slot, new Error(message.reason));
      case "report":
        for (const report of message.streams) this.#takeReport(report);
    }
  }

  #takeReport(report: TranscodingReport): void {
    const transcoding = this.#transcodings.get(report.id);
    if (transcoding === undefined) return;
    transcoding.lostWorkers = 0;
    this.#events.reported(transcoding.streamId, report, transcoding.audioTrack);
  }

  #onStopped(id: number): void {
    const transcoding = this.#transcodings.get(id);
    if (transcoding === undefined) return;
    this.#release(transcoding);
    const { isStopping, streamId, audioTrack } = transcoding;
    if (!isStopping) this.#events.ended(streamId, audioTrack);
  }

  #fail(id: number, reason: string): void {
    const transcoding = this.#transcodings.get(id);
    if (transcoding === undefined) return;
    this.#release(transcoding);
    const { isStopping, streamId, audioTrack } = transcoding;
    if (!isStopping) this.#events.failed(streamId, reason, audioTrack);
  }

  /** Forgets a transcoding whose logs nobody touches here any more. */
  #release(transcoding: Transcoding): void {
    this.#transcodings.delete(transcoding.id);
    const key = soundKey(transcoding.streamId, transcoding.audioTrack);
    if (this.#bySound.get(key) === transcoding) this.#bySound.delete(key);
    // A worker that was lost could not tell the readers.
    new LogWriter(transcoding.target, this.#options).setState(LogState.ended);
    transcoding.released.resolve();
  }

  #onHung(slot: number, busy: Int32Array): void {
    const culprit = Atomics.load(busy, Busy.isBusy) === 1 ? Atomics.load(busy, Busy.id) : undefined;
    if (culprit !== undefined) this.#fail(culprit, "the transcoder hangs on it");
    this.#workers.discard(slot, new Error("it does nothing any more"));
  }

  #onLost(slot: number, error: Error): boolean {
    logger.error("Transcoder {slot} died and is started again: {error}", { slot, error });
    for (const transcoding of this.#ofSlot(slot)) {
      if (transcoding.isStopping) this.#release(transcoding);
      else if (++transcoding.lostWorkers >= MAX_LOST_WORKERS) {
        this.#fail(transcoding.id, error.message);
      }
    }
    return true;
  }

  #ofSlot(slot: number): Transcoding[] {
    return [...this.#transcodings.values()].filter((transcoding) => transcoding.slot === slot);
  }

  #sendStart({ id, source, audioTrack, target, slot }: Transcoding): void {
    const { windowMs, opusBitrateBps } = this.#options;
    this.#workers.send(slot, {
      kind: "start",
      id,
      source,
      audioTrack,
      target,
      windowMs,
      opusBitrateBps,
    });
  }
}

function soundKey(streamId: number, audioTrack: number | undefined): string {
  return `${streamId} ${audioTrack}`;
}
