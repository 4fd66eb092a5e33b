/** What a viewer was shown while its link was as wide. */
export interface ShownPhase {
  readonly kbps: number;
  readonly lengthMs: number;
  /** When each picture was shown, since the phase began, and how wide it was. */
  readonly pictures: readonly { readonly atMs: number; readonly width: number }[];
  /** Of the sound. */
  readonly concealedFraction: number;
  /** By the browser's own count. */
  readonly freezes: number;
  readonly freezesS: number;
  /** What the gateway knew at the end. */
  readonly link: unknown;
}

/** The longest time without a new picture. */
export function longestPauseMs(phase: ShownPhase): number {
  return Math.max(...pausesOf(phase).map(({ lengthMs }) => lengthMs));
}

/** The times between one picture and the next, and when each began. */
function pausesOf({ pictures, lengthMs }: ShownPhase) {
  const times = [0, ...pictures.map(({ atMs }) => atMs), lengthMs];
  return times.slice(1).map((atMs, at) => ({ atMs: times[at]!, lengthMs: atMs - times[at]! }));
}

/** When the first picture was shown that is so wide; Infinity if none was. */
export function firstOfWidthMs({ pictures }: ShownPhase, isIt: (width: number) => boolean): number {
  return pictures.find(({ atMs, width }) => atMs >= 0 && isIt(width))?.atMs ?? Infinity;
}

/** How wide the pictures were, one after the other. */
export function widthsOf({ pictures }: ShownPhase): number[] {
  const widths = pictures.map(({ width }) => width);
  return widths.filter((width, at) => width !== widths[at - 1]);
}

/** For messages of tests: without the pictures. */
export function inShort(phases: readonly ShownPhase[]): string {
  return JSON.stringify(phases.map((phase) => ({
    ...phase,
    pictures: phase.pictures.length,
    widths: widthsOf(phase),
    longPauses: pausesOf(phase).filter(({ lengthMs }) => lengthMs > 250)
      .map(({ atMs, lengthMs }) => `${Math.round(lengthMs)} ms from ${Math.round(atMs)} ms on`),
    longestPauseMs: Math.round(longestPauseMs(phase)),
  })));
}
