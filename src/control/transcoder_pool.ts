import { getLogger } from "@logtape/logtape";
import type { FromTranscoder, ToTranscoder } from "../transcoding/messages.ts";
import { Busy } from "../transcoding/busy_words.ts";
import type { TranscodingReport } from "../transcoding/transcoding_report.ts";
import type { SharedLog } from "../stream/log_arena.ts";
import { LogState } from "../stream/log_layout.ts";
import { LogWriter } from "../stream/log_writer.ts";
import { type LogStore, ownerOf } from "../stream/log_store.ts";
import { deathError, type WorkerDeath, workerModuleUrl } from "./worker_module.ts";

const logger = getLogger(["sluice", "control"]);

/** How often workers are looked after; they report as often. */
const WATCH_INTERVAL_MS = 1000;

/** Intervals without a sign of life after which a worker counts as hung. */
const MAX_SILENT_INTERVALS = 10;

/** The wait before a worker that died is started again. */
const RESTART_DELAY_MS = 200;

/** Workers that a stream may lose without a report in between, before it is given up. */
const MAX_LOST_WORKERS = 3;

/** What the pool is made with. */
export interface TranscoderPoolOptions {
  /** Workers that are started at most, each when the ones before it have a stream. */
  readonly workers?: number;
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

interface Member {
  readonly worker: Worker;
  readonly busy: Int32Array<SharedArrayBuffer>;
  /** {@linkcode Busy.beats} when it was looked at last. */
  lastBeat: number;
  silentIntervals: number;
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
 * Has audio tracks of streams transcoded in workers, which are started from the text of their module when the first
 * stream needs one. A worker that dies or hangs is started again with all its streams but the one
 * that did it, which fails.
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
  readonly #moduleText: string;
  readonly #options: Required<TranscoderPoolOptions>;
  readonly #events: TranscoderPoolEvents;
  readonly #logs: LogStore;
  readonly #members = new Map<number, Member>();
  readonly #transcodings = new Map<number, Transcoding>();
  /** By {@linkcode soundKey}. */
  readonly #bySound = new Map<string, Transcoding>();
  readonly #restartTimers = new Map<number, ReturnType<typeof setTimeout>>();
  #moduleUrl: string | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #lastId = 0;
  #restarts = 0;

  /** @param moduleText the worker's bundled module; nothing is done with it before it is needed */
  constructor(
    moduleText: string,
    { logs, ...options }: TranscoderPoolOptions & { readonly logs: LogStore },
    events: TranscoderPoolEvents,
  ) {
    this.#moduleText = moduleText;
    this.#options = { workers: 1, ...options };
    this.#events = events;
    this.#logs = logs;
  }

  /** How often a worker had to be started again. */
  get restarts(): number {
    return this.#restarts;
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
    if (this.#members.has(slot)) this.#sendStart(transcoding);
    else if (!this.#restartTimers.has(slot)) this.#spawn(slot);
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
    if (this.#members.has(slot)) this.#send(slot, { kind: "stop", id });
    else this.#release(transcoding);
    return released.promise;
  }

  /** Takes back a target log that no thread reads or writes any more. */
  giveBack(target: SharedLog): void {
    this.#logs.close(target);
  }

  /** Ends all workers at once. */
  close(): void {
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
    for (const timer of this.#restartTimers.values()) clearTimeout(timer);
    this.#restartTimers.clear();
    for (const { worker } of this.#members.values()) worker.terminate();
    this.#members.clear();
    for (const transcoding of this.#transcodings.values()) this.#release(transcoding);
    if (this.#moduleUrl !== undefined) URL.revokeObjectURL(this.#moduleUrl);
    this.#moduleUrl = undefined;
  }

  #leastLoadedSlot(): number {
    const loads = new Array<number>(this.#options.workers).fill(0);
    for (const { slot } of this.#transcodings.values()) loads[slot]!++;
    return loads.indexOf(Math.min(...loads));
  }

  #spawn(slot: number): void {
    this.#moduleUrl ??= workerModuleUrl(this.#moduleText);
    this.#watchTimer ??= setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    const worker = new Worker(this.#moduleUrl, { type: "module", name: `transcoder ${slot}` });
    const busy = new SharedArrayBuffer(Object.keys(Busy).length * Int32Array.BYTES_PER_ELEMENT);
    const member = { worker, busy: new Int32Array(busy), lastBeat: 0, silentIntervals: 0 };
    this.#members.set(slot, member);
    worker.addEventListener("message", ({ data }: MessageEvent<FromTranscoder | WorkerDeath>) => {
      if (this.#members.get(slot) !== member) return;
      if (data.kind === "died") this.#lose(slot, member, deathError(data));
      else this.#handle(slot, member, data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (this.#members.get(slot) === member) this.#lose(slot, member, new Error(event.message));
    });
    this.#send(slot, { kind: "open", busy });
    for (const transcoding of this.#ofSlot(slot)) this.#sendStart(transcoding);
  }

  #handle(slot: number, member: Member, message: FromTranscoder): void {
    member.silentIntervals = 0;
    switch (message.kind) {
      case "started":
        return;
      case "failed":
        return this.#fail(message.id, message.reason);
      case "stopped":
        return this.#onStopped(message.id);
      case "broken":
        this.#fail(message.id, message.reason);
        return this.#lose(slot, member, new Error(message.reason));
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

  #watch(): void {
    for (const [slot, member] of this.#members) {
      const beat = Atomics.load(member.busy, Busy.beats);
      if (beat !== member.lastBeat) member.silentIntervals = 0;
      member.lastBeat = beat;
      if (++member.silentIntervals < MAX_SILENT_INTERVALS) continue;
      const culprit = Atomics.load(member.busy, Busy.isBusy) === 1
        ? Atomics.load(member.busy, Busy.id)
        : undefined;
      if (culprit !== undefined) this.#fail(culprit, "the transcoder hangs on it");
      this.#lose(slot, member, new Error("it does nothing any more"));
    }
  }

  /** Replaces a worker, in a while: one that cannot run must not spin. */
  #lose(slot: number, member: Member, error: Error): void {
    this.#members.delete(slot);
    member.worker.terminate();
    this.#restarts++;
    logger.error("Transcoder {slot} died and is started again: {error}", { slot, error });
    for (const transcoding of this.#ofSlot(slot)) {
      if (transcoding.isStopping) this.#release(transcoding);
      else if (++transcoding.lostWorkers >= MAX_LOST_WORKERS) {
        this.#fail(transcoding.id, error.message);
      }
    }
    const timer = setTimeout(() => {
      this.#restartTimers.delete(slot);
      if (this.#ofSlot(slot).length > 0) this.#spawn(slot);
    }, RESTART_DELAY_MS);
    this.#restartTimers.set(slot, timer);
  }

  #ofSlot(slot: number): Transcoding[] {
    return [...this.#transcodings.values()].filter((transcoding) => transcoding.slot === slot);
  }

  #sendStart({ id, source, audioTrack, target, slot }: Transcoding): void {
    const { windowMs, opusBitrateBps } = this.#options;
    this.#send(slot, { kind: "start", id, source, audioTrack, target, windowMs, opusBitrateBps });
  }

  #send(slot: number, message: ToTranscoder): void {
    this.#members.get(slot)?.worker.postMessage(message);
  }
}

function soundKey(streamId: number, audioTrack: number | undefined): string {
  return `${streamId} ${audioTrack}`;
}
