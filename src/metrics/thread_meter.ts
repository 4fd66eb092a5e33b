import process from "node:process";
import type { MeasureName } from "./measured.ts";

/** How often it is looked how late a timer comes. */
const DELAY_INTERVAL_MS = 100;

/** What a thread tells of itself. */
export interface ThreadMeasures {
  measure(name: MeasureName, value: number): void;
  observe(name: "eventLoopDelay", labels: Record<never, string>, seconds: number): void;
}

/** What the whole process has used of the processors. */
export function processCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Measures a thread, from within: how late its timers come, and what it uses of the machine. */
export class ThreadMeter {
  readonly #measures: ThreadMeasures;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Measures at once, and delays until {@linkcode stop}. */
  constructor(measures: ThreadMeasures) {
    this.#measures = measures;
    this.#order();
    this.tick();
  }

  /** Measures what is only measured when it is asked for. To be called every second. */
  tick(): void {
    const { user, system } = process.threadCpuUsage();
    this.#measures.measure("threadCpuSeconds", (user + system) / 1e6);
    this.#measures.measure("threadHeapBytes", Deno.memoryUsage().heapUsed);
  }

  /** The same of the whole process; one thread is to do that. */
  tickProcess(): void {
    this.#measures.measure("processCpuSeconds", processCpuSeconds());
    this.#measures.measure("processResidentBytes", Deno.memoryUsage().rss);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #order(): void {
    const dueMs = performance.now() + DELAY_INTERVAL_MS;
    this.#timer = setTimeout(() => {
      const lateMs = Math.max(0, performance.now() - dueMs);
      this.#measures.observe("eventLoopDelay", {}, lateMs / 1000);
      this.#order();
    }, DELAY_INTERVAL_MS);
    // It must not keep a thread that has nothing else to do.
    Deno.unrefTimer(this.#timer as unknown as number);
  }
}
