/** The viewers' process: opens viewers as its parent commands and reports what they received. */
import { answerLines } from "./child_process.ts";
import { Viewer, type ViewerAddress } from "./viewer.ts";

/** What the parent may ask, one at a time. */
export type ViewersCommand =
  | {
    readonly kind: "open";
    readonly address: ViewerAddress;
    readonly count: number;
    readonly joinsPerSecond: number;
    /** A viewer empties its socket this often; 0: whenever something arrives. */
    readonly readIntervalMs: number;
  }
  /** Counts of the next report start here. */
  | { readonly kind: "mark" }
  | { readonly kind: "report" };

/** Sums over all viewers since the mark; errors since they joined. */
export interface ViewersReport {
  readonly viewers: number;
  /** Viewers that got no byte of FLV at all. */
  readonly withoutBytes: number;
  readonly ms: number;
  readonly bytes: number;
  readonly videoFrames: number;
  readonly fewestVideoFrames: number;
  readonly gaps: number;
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** Viewers read in turns, so that a turn's reads do not come all at once. */
const TURNS = 10;

interface Watched {
  readonly viewer: Viewer;
  bytesAtMark: number;
  framesAtMark: number;
  gapsAtMark: number;
}

const watched: Watched[] = [];
const waiting: (() => void)[][] = Array.from({ length: TURNS }, () => []);
let markedMs = performance.now();

function startTurns(readIntervalMs: number): void {
  let turn = 0;
  setInterval(() => {
    turn = (turn + 1) % TURNS;
    const wake = waiting[turn]!;
    waiting[turn] = [];
    for (const resume of wake) resume();
  }, readIntervalMs / TURNS);
}

function pauseInTurn(turn: number): (emptied: boolean) => Promise<boolean> | boolean {
  return (emptied) =>
    !emptied || new Promise((resolve) => waiting[turn]!.push(() => resolve(true)));
}

async function open(command: ViewersCommand & { kind: "open" }): Promise<void> {
  if (command.readIntervalMs > 0) startTurns(command.readIntervalMs);
  for (let index = 0; index < command.count; index++) {
    const viewer = new Viewer(command.address);
    watched.push({ viewer, bytesAtMark: 0, framesAtMark: 0, gapsAtMark: 0 });
    void viewer.run(command.readIntervalMs > 0 ? pauseInTurn(index % TURNS) : () => true);
    await new Promise((resolve) => setTimeout(resolve, 1000 / command.joinsPerSecond));
  }
}

function mark(): void {
  markedMs = performance.now();
  for (const entry of watched) {
    entry.bytesAtMark = entry.viewer.check.bytes;
    entry.framesAtMark = entry.viewer.check.videoFrames;
    entry.gapsAtMark = entry.viewer.check.gaps;
  }
}

function report(): ViewersReport {
  const frames = watched.map(({ viewer, framesAtMark }) => viewer.check.videoFrames - framesAtMark);
  const failed = watched.filter(({ viewer }) => viewer.failure !== undefined);
  const faulty = watched.filter(({ viewer }) => viewer.check.errors > 0);
  return {
    viewers: watched.length,
    withoutBytes: watched.filter(({ viewer }) => viewer.check.bytes === 0).length,
    ms: performance.now() - markedMs,
    bytes: sum(watched.map(({ viewer, bytesAtMark }) => viewer.check.bytes - bytesAtMark)),
    videoFrames: sum(frames),
    fewestVideoFrames: Math.min(...frames),
    gaps: sum(watched.map(({ viewer, gapsAtMark }) => viewer.check.gaps - gapsAtMark)),
    errors: failed.length + sum(faulty.map(({ viewer }) => viewer.check.errors)),
    firstError: failed[0]?.viewer.failure ?? faulty[0]?.viewer.check.firstError,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

if (import.meta.main) {
  await answerLines<ViewersCommand, ViewersReport>(async (command) => {
    switch (command.kind) {
      case "open":
        await open(command);
        break;
      case "mark":
        mark();
        break;
      case "report":
        break;
    }
    return report();
  });
  Deno.exit(0);
}
