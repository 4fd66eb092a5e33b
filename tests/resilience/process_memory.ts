import { delay } from "../waiting.ts";

/** Resident memory of a process, in KiB. */
export async function residentKiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]);
}

/** The smallest of some samples within `durationMs`: what garbage collection cannot give back. */
export async function settledKiB(pid: number, durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  let smallest = await residentKiB(pid);
  while (performance.now() < endMs) {
    await delay(50);
    smallest = Math.min(smallest, await residentKiB(pid));
  }
  return smallest;
}
