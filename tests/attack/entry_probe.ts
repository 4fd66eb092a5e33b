import type { Finding } from "./attack.ts";

/** Time between two who want to come in. */
const INTERVAL_MS = 250;

/** Tries over and over to come in as somebody from another address would, while an attack runs. */
export class EntryProbe implements AsyncDisposable {
  readonly #enter: (attempt: number) => Promise<void>;
  readonly #latenciesMs: number[] = [];
  readonly #failures: string[] = [];
  readonly #running: Promise<void>;
  #isStopping = false;

  /** @param enter comes in and leaves; rejects if it is not let in */
  constructor(enter: (attempt: number) => Promise<void>) {
    this.#enter = enter;
    this.#running = this.#run();
  }

  /**
   * Ends the probe and tells what it found.
   *
   * @param who in a few words: "viewer"
   * @param barMs how long coming in may take
   */
  async finish(who: string, barMs: number): Promise<Finding[]> {
    await this[Symbol.asyncDispose]();
    const [failure] = this.#failures;
    const reason = failure === undefined ? "" : ` (${failure})`;
    return [
      { what: `${who}s not let in${reason}`, value: this.#failures.length, bar: 0 },
      { what: `${who} let in, longest, ms`, value: Math.max(...this.#latenciesMs), bar: barMs },
      { what: `${who}s let in`, value: this.#latenciesMs.length },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let attempt = 0; !this.#isStopping; attempt++) {
      const startedMs = performance.now();
      try {
        await this.#enter(attempt);
        this.#latenciesMs.push(Math.round(performance.now() - startedMs));
      } catch (error) {
        this.#failures.push(error instanceof Error ? error.message : `${error}`);
      }
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}
