import type { GatewayProcess } from "../../testing/gateway_process.ts";
import type { Finding } from "./attack.ts";

/** Time between two questions, unless the answer takes longer. */
const INTERVAL_MS = 10;

/** What an answer may take before the gateway counts as gone. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Asks `/healthz` over and over, each time by a connection of its own, so that every shard is asked. */
export class HealthProbe implements AsyncDisposable {
  readonly #url: string;
  readonly #latenciesMs: number[] = [];
  readonly #running: Promise<void>;
  #failures = 0;
  #isStopping = false;

  private constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  static start(gateway: Pick<GatewayProcess, "httpUrl">): HealthProbe {
    return new HealthProbe(gateway.httpUrl("/healthz"));
  }

  /** Ends the probe and tells what it found, beside the bars. */
  async finish(): Promise<Finding[]> {
    await this[Symbol.asyncDispose]();
    const sorted = this.#latenciesMs.toSorted((one, other) => one - other);
    const part = (share: number) =>
      round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity);
    return [
      { what: "healthz median, ms", value: part(0.5) },
      { what: "healthz p99, ms", value: part(0.99), bar: 100 },
      { what: "healthz longest, ms", value: round(sorted.at(-1) ?? Infinity), bar: 500 },
      { what: "healthz not answered", value: this.#failures, bar: 0 },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const askedMs = performance.now();
      try {
        const response = await fetch(this.#url, {
          headers: { connection: "close" },
          signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        });
        await response.body?.cancel();
        if (!response.ok) this.#failures++;
      } catch {
        this.#failures++;
      }
      const tookMs = performance.now() - askedMs;
      this.#latenciesMs.push(tookMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, INTERVAL_MS - tookMs)));
    }
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
