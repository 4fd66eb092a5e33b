import type { ServerCertificate } from "../config/server_certificate.ts";
import type { Counters } from "../metrics/counters.ts";
import { ThreadMeter } from "../metrics/thread_meter.ts";
import type { LogStore } from "../stream/log_store.ts";
import { MEMORY_USES, type MemoryBudget } from "../stream/memory_budget.ts";
import type { Directory } from "./directory.ts";

/** How old what is measured may be. */
const INTERVAL_MS = 1000;

/** What is measured. */
export interface Measured {
  readonly directory: Pick<Directory, "size" | "waiting">;
  readonly logs: LogStore;
  readonly memory: MemoryBudget;
  readonly shards: { readonly restarts: number };
  readonly transcoders: { readonly restarts: number; readonly size: number };
}

/** Measures what the main thread knows of the process, for the metrics. */
export class ControlMetrics {
  readonly #counters: Counters;
  readonly #measured: Measured;
  readonly #meter: ThreadMeter;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Measures now, and every second until {@linkcode close}. */
  constructor(counters: Counters, measured: Measured) {
    this.#counters = counters;
    this.#measured = measured;
    this.#meter = new ThreadMeter(counters);
    counters.measure("processStartTime", performance.timeOrigin / 1000);
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS);
    this.#tick();
  }

  /** The certificate that clients are shown from now on, if there is one. */
  setCertificate(facts: ServerCertificate["facts"] | undefined): void {
    this.#counters.measure("certificateExpiry", facts === undefined ? NaN : facts.validToMs / 1000);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#meter.stop();
  }

  #tick(): void {
    const { directory, shards, transcoders } = this.#measured;
    this.#meter.tick();
    this.#meter.tickProcess();
    const { waiting } = directory;
    this.#counters.measure("liveStreams", directory.size - waiting);
    this.#counters.measure("waitingStreams", waiting);
    this.#counters.measure("shardRestarts", shards.restarts);
    this.#counters.measure("transcoderRestarts", transcoders.restarts);
    this.#counters.measure("transcodings", transcoders.size);
    this.#measureMemory();
  }

  #measureMemory(): void {
    const { logs: { arena }, memory } = this.#measured;
    this.#counters.measure("logsMemory", arena.usedBytes);
    this.#counters.measure("logsMemoryLimit", arena.totalBytes);
    for (const use of MEMORY_USES) {
      this.#counters.measure(`${use}Memory`, memory.used(use));
      this.#counters.measure(`${use}MemoryLimit`, memory.limit(use));
    }
  }
}
