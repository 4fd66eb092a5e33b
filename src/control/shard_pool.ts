import { getLogger } from "@logtape/logtape";
import type { ToControl, ToShard } from "../shard/messages.ts";
import { deathError, type WorkerDeath, workerModuleUrl } from "./worker_module.ts";

const logger = getLogger(["sluice", "control"]);

/** How often shards are looked after; they show as often that they are alive. */
const WATCH_INTERVAL_MS = 1000;

/** Intervals without a sign of life after which a shard counts as hung. */
const MAX_SILENT_INTERVALS = 10;

/** The wait before a shard that died is started again: a shard that cannot run must not spin. */
const RESTART_DELAY_MS = 200;

/** The time that shards have to stop by themselves. */
const STOP_TIMEOUT_MS = 3000;

/** What the pool tells its owner. */
export interface ShardPoolEvents {
  /** What a new shard is to be told first; the word of shared memory is for its signs of life. */
  readonly startMessage: (shard: number, heartbeat: SharedArrayBuffer) => ToShard;
  readonly message: (shard: number, message: ToControl) => void;
  /** The shard died, with all that it had; it is started again soon. */
  readonly lost: (shard: number) => void;
  /**
   * The shard does nothing any more. It can not be ended either: a thread in an endless loop goes on
   * after `terminate`, holds its sockets and is given its share of new connections.
   */
  readonly hung: (shard: number) => void;
}

interface Member {
  readonly worker: Worker;
  /** The shard changes it as long as it is not hung: from within long work, too. */
  readonly heartbeat: Int32Array<SharedArrayBuffer>;
  /** What it was when it was looked at last. */
  lastBeat: number;
  silentIntervals: number;
  /** Whether it is at work, and so can stop by itself. */
  isListening: boolean;
}

/**
 * Starts shards from the text of their module, without reading a file, starts again those that die,
 * and tells of those that hang.
 */
export class ShardPool {
  readonly #events: ShardPoolEvents;
  readonly #moduleUrl: string;
  readonly #members = new Map<number, Member>();
  readonly #restartTimers = new Set<ReturnType<typeof setTimeout>>();
  /** The first start of all shards, which fails as a whole; `undefined` once all have listened. */
  #starting: PromiseWithResolvers<void> | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #isStopping = false;
  #restarts = 0;

  constructor(source: string, events: ShardPoolEvents) {
    this.#events = events;
    this.#moduleUrl = workerModuleUrl(source);
  }

  /** How often a shard had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts `count` shards; resolves when all of them listen. After a failure, `stop` ends the rest.
   *
   * @throws {Error} if one cannot listen, or dies before all of them listen
   */
  async start(count: number): Promise<void> {
    this.#starting = Promise.withResolvers();
    for (let shard = 0; shard < count; shard++) this.#spawn(shard);
    await this.#starting.promise;
    this.#starting = undefined;
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
  }

  /** Sends a message to a shard, and tells whether it is there. */
  send(shard: number, message: ToShard): boolean {
    const member = this.#members.get(shard);
    member?.worker.postMessage(message);
    return member !== undefined;
  }

  /** Sends a message to all shards that there are now, and returns which. */
  broadcast(message: ToShard): number[] {
    for (const { worker } of this.#members.values()) worker.postMessage(message);
    return [...this.#members.keys()];
  }

  /** Stops all shards, in a bounded time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watchTimer);
    for (const timer of this.#restartTimers) clearTimeout(timer);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    });
    const stopped = [...this.#members.values()]
      .filter(({ isListening }) => isListening)
      .map(({ worker }) => stopWorker(worker));
    await Promise.race([Promise.all(stopped), timeout]);
    clearTimeout(timer);
    for (const { worker } of this.#members.values()) worker.terminate();
    this.#members.clear();
    URL.revokeObjectURL(this.#moduleUrl);
  }

  #spawn(shard: number): void {
    const worker = new Worker(this.#moduleUrl, { type: "module", name: `shard ${shard}` });
    const heartbeat = new Int32Array(new SharedArrayBuffer(4));
    const member = { worker, heartbeat, lastBeat: 0, silentIntervals: 0, isListening: false };
    this.#members.set(shard, member);
    worker.addEventListener("message", ({ data }: MessageEvent<ToControl | WorkerDeath>) => {
      if (this.#members.get(shard) !== member) return;
      if (data.kind === "died") return this.#onFailed(shard, member, deathError(data));
      member.silentIntervals = 0;
      this.#events.message(shard, data);
      if (data.kind === "listening") this.#onListening(member);
      if (data.kind === "listen-failed") this.#onFailed(shard, member, new Error(data.reason));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#onFailed(shard, member, new Error(event.message));
    });
    worker.postMessage(this.#events.startMessage(shard, heartbeat.buffer));
  }

  #onListening(member: Member): void {
    member.isListening = true;
    const areAllListening = [...this.#members.values()].every(({ isListening }) => isListening);
    if (areAllListening) this.#starting?.resolve();
  }

  #onFailed(shard: number, member: Member, error: Error): void {
    if (this.#isStopping || this.#members.get(shard) !== member) return;
    this.#members.delete(shard);
    member.worker.terminate();
    // A shard that cannot start at all would be started again for ever.
    if (this.#starting !== undefined) return this.#starting.reject(error);
    logger.error("Shard {shard} died and is started again: {error}", { shard, error });
    this.#startAgain(shard);
  }

  #watch(): void {
    for (const [shard, member] of this.#members) {
      const beat = Atomics.load(member.heartbeat, 0);
      if (beat !== member.lastBeat) member.silentIntervals = 0;
      member.lastBeat = beat;
      member.silentIntervals++;
      if (member.silentIntervals === MAX_SILENT_INTERVALS) this.#events.hung(shard);
    }
  }

  #startAgain(shard: number): void {
    this.#restarts++;
    this.#events.lost(shard);
    const timer = setTimeout(() => {
      this.#restartTimers.delete(timer);
      this.#spawn(shard);
    }, RESTART_DELAY_MS);
    this.#restartTimers.add(timer);
  }
}

function stopWorker(worker: Worker): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  worker.addEventListener("message", ({ data }: MessageEvent<ToControl>) => {
    if (data.kind === "stopped") resolve();
  });
  worker.postMessage({ kind: "stop" } satisfies ToShard);
  return promise;
}
