import { delay } from "./waiting.ts";

/** Resident memory of a process, in KiB. */
export async function residentKiB(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]);
}

/**
 * Resident memory once it grows no more: an engine takes what it needs for its garbage in steps, in
 * the first quarter of a minute of any load.
 */
export async function steadyKiB(pid: number): Promise<number> {
  const windows: number[] = [];
  for (let window = 0; window < 40; window++) {
    windows.push(await settledKiB(pid, 1000));
    const [before, now] = [windows.at(-6), windows.at(-1)!];
    if (before !== undefined && Math.abs(now - before) < now * 0.01) return now;
  }
  throw new Error(`Memory does not come to rest: ${windows} KiB`);
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
