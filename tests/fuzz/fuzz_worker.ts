/** Fuzzes one target after the other, as it is told: one of the threads of `fuzz.ts`. */
import { FuzzRun } from "./fuzz_run.ts";
import type { FuzzAnswer, FuzzOrder, FuzzResult } from "./fuzz_messages.ts";
import { LastInput } from "./last_input.ts";
import { FUZZ_TARGETS } from "./targets.ts";

/** Part of the time in which code is compiled and caches fill, before memory is measured. */
const WARM_UP_SHARE = 0.3;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<FuzzOrder>) => void;
  postMessage(answer: FuzzAnswer): void;
};

scope.onmessage = ({ data }) => {
  obey(data).then((result) => scope.postMessage(result));
};
scope.postMessage({ kind: "ready" });

async function obey({ name, seed, durationMs, memory }: FuzzOrder): Promise<FuzzResult> {
  const target = FUZZ_TARGETS.find((candidate) => candidate.name === name)!;
  const lastInput = new LastInput(memory);
  const run = new FuzzRun(target, seed, (input) => lastInput.set(input));
  const startMs = performance.now();
  run.run(durationMs * WARM_UP_SHARE);
  const bytesBefore = await usedBytes();
  run.run(durationMs * (1 - WARM_UP_SHARE));
  const elapsedMs = performance.now() - startMs;
  const bytesAfter = await usedBytes();
  const { escape, ...report } = run.report();
  return {
    kind: "result",
    ...report,
    elapsedMs,
    grownBytes: bytesBefore === undefined || bytesAfter === undefined
      ? undefined
      : bytesAfter - bytesBefore,
    escape: escape && { error: Deno.inspect(escape.error), input: escape.input },
  };
}

/** Bytes that cannot be collected; `undefined` if collection cannot be asked for. */
async function usedBytes(): Promise<number | undefined> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return undefined;
  // Buffers are let go a moment after what held them.
  for (let round = 0; round < 3; round++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
