import { assert, assertEquals } from "@std/assert";
import { ThreadMeter } from "../../src/metrics/thread_meter.ts";
import { until } from "../../testing/waiting.ts";

/** What a meter told. */
function collect() {
  const measured = new Map<string, number>();
  const delaysS: number[] = [];
  const measures = {
    measure: (name: string, value: number) => void measured.set(name, value),
    observe: (_name: "eventLoopDelay", _labels: Record<never, string>, seconds: number) =>
      void delaysS.push(seconds),
  };
  return { measured, delaysS, measures };
}

/** Keeps the thread from everything else. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

Deno.test("ThreadMeter: a thread that is kept from its timers is late by that", async () => {
  const { measures, delaysS } = collect();
  const meter = new ThreadMeter(measures);
  block(400);
  await until("a delay is told", () => delaysS.length > 0);
  meter.stop();
  assert(delaysS[0]! >= 0.25, `${delaysS[0]} s`);
});

Deno.test("ThreadMeter: processor time grows with work, and memory is there", () => {
  const { measures, measured } = collect();
  const meter = new ThreadMeter(measures);
  meter.tick();
  const before = measured.get("threadCpuSeconds")!;
  const endMs = performance.now() + 5000;
  // What the system counts in ticks of 10 ms, and gives to others as well.
  while (measured.get("threadCpuSeconds")! < before + 0.1 && performance.now() < endMs) {
    block(20);
    meter.tick();
  }
  meter.tickProcess();
  meter.stop();
  assert(measured.get("threadCpuSeconds")! >= before + 0.1);
  assert(measured.get("processCpuSeconds")! >= 0.1);
  assert(measured.get("threadHeapBytes")! > 1e5);
  assert(measured.get("processResidentBytes")! > 1e7);
  assertEquals(measured.size, 4);
});
