import { LogWriter } from "../stream/log_writer.ts";

/** Free logs kept for new streams; more are left to the garbage collector. */
const MAX_FREE_LOGS = 32;

/**
 * Shared memory for stream logs, used again. The engine does not see how much memory a shared buffer
 * holds and frees lost ones late: measured, 200 logs of 16 MiB that nobody referred to any more.
 */
export class LogPool {
  readonly #maxBytes: number;
  readonly #windowMs: number;
  readonly #free: SharedArrayBuffer[] = [];

  constructor({ maxBytes, windowMs }: { readonly maxBytes: number; readonly windowMs: number }) {
    this.#maxBytes = maxBytes;
    this.#windowMs = windowMs;
  }

  /** An empty log. */
  take(): SharedArrayBuffer {
    return this.#free.pop() ?? LogWriter.allocate(this.#maxBytes);
  }

  /** Takes back a log that no thread reads or writes any more. */
  give(log: SharedArrayBuffer): void {
    if (this.#free.length >= MAX_FREE_LOGS) return;
    new LogWriter(log, { windowMs: this.#windowMs }).reset();
    this.#free.push(log);
  }
}
