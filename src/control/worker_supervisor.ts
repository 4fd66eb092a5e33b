import { deathError, type WorkerDeath, workerModuleUrl } from "./worker_module.ts";

/** How often workers are looked after; they show as often that they are alive. */
const WATCH_INTERVAL_MS = 1000;

/** Intervals without a sign of life after which a worker counts as hung. */
const MAX_SILENT_INTERVALS = 10;

/** The wait before a worker that died is started again: one that cannot run must not spin. */
const RESTART_DELAY_MS = 200;

/** What kind of worker is looked after. */
export interface WorkerKind {
  /** What threads are called, in front of their number. */
  readonly name: string;
  /** Int32 words of memory that each shares with its supervisor. */
  readonly sharedWords: number;
  /** Which of the words a worker changes as long as it is not hung: from within long work, too. */
  readonly heartbeatWord: number;
}

/** What a supervisor tells its owner. */
export interface SupervisorEvents<FromWorker> {
  /** The worker was started with new shared memory: it is to be told what to do. */
  readonly started: (slot: number, shared: SharedArrayBuffer) => void;
  readonly message: (slot: number, message: FromWorker) => void;
  /** The worker is no more. Returns whether it is to be started again, in a while. */
  readonly lost: (slot: number, error: Error) => boolean;
  /** Whether a worker that was lost a while ago is still wanted. */
  readonly isWanted: (slot: number) => boolean;
  /** The worker has given no sign of life for long. Told once; nothing else is done about it. */
  readonly hung: (slot: number, shared: Int32Array<SharedArrayBuffer>) => void;
}

interface Member {
  readonly worker: Worker;
  readonly shared: Int32Array<SharedArrayBuffer>;
  /** The heartbeat when it was looked at last. */
  lastBeat: number;
  silentIntervals: number;
}

/**
 * Starts workers of one kind from the text of their module, without reading a file, starts again
 * those that are lost, and tells of those that hang. A worker's number is its slot: the one that
 * comes after it has the same.
 */
export class WorkerSupervisor<ToWorker, FromWorker> {
  readonly #moduleText: string;
  readonly #kind: WorkerKind;
  readonly #events: SupervisorEvents<FromWorker>;
  readonly #members = new Map<number, Member>();
  readonly #restartTimers = new Map<number, ReturnType<typeof setTimeout>>();
  #moduleUrl: string | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #restarts = 0;

  /** @param moduleText nothing is done with it before the first start */
  constructor(moduleText: string, kind: WorkerKind, events: SupervisorEvents<FromWorker>) {
    this.#moduleText = moduleText;
    this.#kind = kind;
    this.#events = events;
  }

  /** How often a worker had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The workers that there are now. */
  get slots(): number[] {
    return [...this.#members.keys()];
  }

  /** Whether the worker is there. */
  has(slot: number): boolean {
    return this.#members.has(slot);
  }

  /** Starts a worker, unless it is there or about to be started again. */
  start(slot: number): void {
    if (!this.#members.has(slot) && !this.#restartTimers.has(slot)) this.#spawn(slot);
  }

  /** Sends a message to a worker, and tells whether it is there. */
  send(slot: number, message: ToWorker): boolean {
    const member = this.#members.get(slot);
    member?.worker.postMessage(message);
    return member !== undefined;
  }

  /** Ends a worker that is of no use any more, as if it had died. */
  discard(slot: number, error: Error): void {
    const member = this.#members.get(slot);
    if (member !== undefined) this.#onLost(slot, member, error);
  }

  /** Ends all workers at once. */
  close(): void {
    clearInterval(this.#watchTimer);
    this.#watchTimer = undefined;
    for (const timer of this.#restartTimers.values()) clearTimeout(timer);
    this.#restartTimers.clear();
    for (const { worker } of this.#members.values()) worker.terminate();
    this.#members.clear();
    if (this.#moduleUrl !== undefined) URL.revokeObjectURL(this.#moduleUrl);
    this.#moduleUrl = undefined;
  }

  #spawn(slot: number): void {
    this.#moduleUrl ??= workerModuleUrl(this.#moduleText);
    this.#watchTimer ??= setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    const { name, sharedWords } = this.#kind;
    const worker = new Worker(this.#moduleUrl, { type: "module", name: `${name} ${slot}` });
    const memory = new SharedArrayBuffer(sharedWords * Int32Array.BYTES_PER_ELEMENT);
    const member = { worker, shared: new Int32Array(memory), lastBeat: 0, silentIntervals: 0 };
    this.#members.set(slot, member);
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker | WorkerDeath>) => {
      if (this.#members.get(slot) !== member) return;
      if (isDeath(data)) return this.#onLost(slot, member, deathError(data));
      member.silentIntervals = 0;
      this.#events.message(slot, data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#onLost(slot, member, new Error(event.message));
    });
    this.#events.started(slot, memory);
  }

  #onLost(slot: number, member: Member, error: Error): void {
    if (this.#members.get(slot) !== member) return;
    this.#members.delete(slot);
    member.worker.terminate();
    const timer = setTimeout(() => {
      this.#restartTimers.delete(slot);
      if (this.#events.isWanted(slot)) this.#spawn(slot);
    }, RESTART_DELAY_MS);
    // Before the owner is told: what it then wants of this worker is to wait for the next one.
    this.#restartTimers.set(slot, timer);
    if (this.#events.lost(slot, error)) {
      this.#restarts++;
      return;
    }
    clearTimeout(timer);
    this.#restartTimers.delete(slot);
  }

  #watch(): void {
    for (const [slot, member] of this.#members) {
      const beat = Atomics.load(member.shared, this.#kind.heartbeatWord);
      if (beat !== member.lastBeat) member.silentIntervals = 0;
      member.lastBeat = beat;
      member.silentIntervals++;
      if (member.silentIntervals === MAX_SILENT_INTERVALS) this.#events.hung(slot, member.shared);
    }
  }
}

function isDeath<FromWorker>(message: FromWorker | WorkerDeath): message is WorkerDeath {
  return (message as { readonly kind?: unknown }).kind === "died";
}
