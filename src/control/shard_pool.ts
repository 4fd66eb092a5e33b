import { getLogger } from "@logtape/logtape";
import type { ToControl, ToShard } from "../shard/messages.ts";
import { WorkerSupervisor } from "./worker_supervisor.ts";

const logger = getLogger(["sluice", "control"]);

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

/** The shards, which are started together and stop together. */
export class ShardPool {
  readonly #events: ShardPoolEvents;
  readonly #workers: WorkerSupervisor<ToShard, ToControl>;
  /** Shards that are at work, and so can stop by themselves. */
  readonly #listening = new Set<number>();
  /** The first start of all shards, which fails as a whole; `undefined` once all have listened. */
  #starting: PromiseWithResolvers<void> | undefined;
  /** Shards that are to stop, and have yet to tell who goes by that. */
  readonly #telling = new Set<number>();
  /** Resolved when none is at work any more; `undefined` until they are to stop. */
  #stopping: PromiseWithResolvers<void> | undefined;

  /** @param source the shards' bundled module */
  constructor(source: string, events: ShardPoolEvents) {
    this.#events = events;
    const kind = { name: "shard", sharedWords: 1, heartbeatWord: 0 };
    this.#workers = new WorkerSupervisor(source, kind, {
      started: (shard, heartbeat) => this.send(shard, events.startMessage(shard, heartbeat)),
      message: (shard, message) => this.#handle(shard, message),
      lost: (shard, error) => this.#onLost(shard, error),
      isWanted: () => true,
      // A busy machine may take its time to start them: that is for whoever waits for the start.
      hung: (shard) => this.#starting === undefined && events.hung(shard),
    });
  }

  /** How often a shard had to be started again. */
  get restarts(): number {
    return this.#workers.restarts;
  }

  /**
   * Starts `count` shards; resolves when all of them listen. After a failure, `stop` ends the rest.
   *
   * @throws {Error} if one cannot listen, or dies before all of them listen
   */
  async start(count: number): Promise<void> {
    this.#starting = Promise.withResolvers();
    for (let shard = 0; shard < count; shard++) this.#workers.start(shard);
    await this.#starting.promise;
    this.#starting = undefined;
  }

  /** Sends a message to a shard, and tells whether it is there. */
  send(shard: number, message: ToShard): boolean {
    return this.#workers.send(shard, message);
  }

  /** Sends a message to all shards that there are now, and returns which. */
  broadcast(message: ToShard): number[] {
    const shards = this.#workers.slots;
    for (const shard of shards) this.#workers.send(shard, message);
    return shards;
  }

  /** Stops all shards, in a bounded time. */
  async stop(): Promise<void> {
    this.#stopping ??= Promise.withResolvers();
    for (const shard of this.#listening) {
      this.#telling.add(shard);
      this.send(shard, { kind: "stop" });
    }
    if (this.#listening.size === 0) this.#stopping.resolve();
    const timer = setTimeout(this.#stopping.resolve, STOP_TIMEOUT_MS);
    await this.#stopping.promise;
    clearTimeout(timer);
    this.#workers.close();
  }

  #handle(shard: number, message: ToControl): void {
    this.#events.message(shard, message);
    if (message.kind === "listening") this.#onListening(shard);
    if (message.kind === "listen-failed") this.#workers.discard(shard, new Error(message.reason));
    if (message.kind === "emptied") this.#onTold(shard);
    if (message.kind === "stopped") this.#onStopped(shard);
  }

  #onListening(shard: number): void {
    this.#listening.add(shard);
    if (this.#workers.slots.every((slot) => this.#listening.has(slot))) this.#starting?.resolve();
  }

  /** Behind all that they have told, who follows events has seen the last of them. */
  #onTold(shard: number): void {
    if (!this.#telling.delete(shard) || this.#telling.size > 0) return;
    this.broadcast({ kind: "end-events" });
  }

  #onStopped(shard: number): void {
    this.#onTold(shard);
    this.#listening.delete(shard);
    if (this.#listening.size === 0) this.#stopping?.resolve();
  }

  #onLost(shard: number, error: Error): boolean {
    this.#onStopped(shard);
    if (this.#stopping !== undefined) return false;
    if (this.#starting !== undefined) {
      // A shard that cannot start at all would be started again for ever.
      this.#starting.reject(error);
      return false;
    }
    logger.error("Shard {shard} died and is started again: {error}", { shard, error });
    this.#events.lost(shard);
    return true;
  }
}
