import type { LockoutOrder, LockoutResult } from "./lockout_worker.ts";

/** Peers who want to lock others out; what they hold they hold until it is disposed of. */
export class Lockout implements Disposable {
  readonly #worker: Worker;
  readonly #result: Promise<LockoutResult>;

  constructor(order: LockoutOrder) {
    const url = new URL("./lockout_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module", name: "lockout" });
    this.#result = new Promise((resolve, reject) => {
      this.#worker.addEventListener(
        "message",
        ({ data }: MessageEvent<LockoutResult>) => resolve(data),
        { once: true },
      );
      this.#worker.addEventListener("error", (event) => reject(new Error(event.message)));
    });
    this.#worker.postMessage(order);
  }

  /** Resolves when their time is over. */
  finish(): Promise<LockoutResult> {
    return this.#result;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
