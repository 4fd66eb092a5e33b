/** How much is logged of what others can make us log. */
export interface FoldingLimits {
  /** Lines are counted over this time, and what was left out is told at its end. */
  readonly windowMs: number;
  /** Lines of one kind about one source in that time. */
  readonly linesPerSource: number;
  /** Lines of one kind in that time, about whomever. */
  readonly linesPerKind: number;
  /** Sources that are told apart in that time; all further ones count as one. */
  readonly sourcesPerKind: number;
  /** Kinds that are told apart; all further ones count as one. They are few: the code has them. */
  readonly kinds: number;
}

/** Beyond what any healthy gateway logs; a source that makes all it can is bounded to some 20 KB/s. */
export const FOLDING_LIMITS: FoldingLimits = {
  windowMs: 10_000,
  linesPerSource: 16,
  linesPerKind: 300,
  sourcesPerKind: 256,
  kinds: 256,
};

/** What was left out of one kind in one window. */
export interface LeftOut {
  readonly kind: string;
  readonly lines: number;
  readonly seconds: number;
  /** Whom most of it was about, the first the most, with its number. */
  readonly sources: readonly { readonly source: string; readonly lines: number }[];
}

/** Sources that are named of what was left out. */
const NAMED_SOURCES = 3;

interface Tally {
  written: number;
  leftOut: number;
}

interface Window {
  readonly endsAtMs: number;
  readonly all: Tally;
  readonly bySource: Map<string, Tally>;
}

const OTHER_KINDS = "(of other kinds)";
const OTHER_SOURCES = "others";

/**
 * Decides which lines of a log are written, so that nobody fills a disk by doing something again and
 * again, over one connection or many: so many of a kind and a source are, the others are counted.
 */
export class LogFolding {
  readonly #limits: FoldingLimits;
  readonly #windows = new Map<string, Window>();
  /** Of windows that were over when the next line came. */
  readonly #left: LeftOut[] = [];

  constructor(limits = FOLDING_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Counts a line; whether it is to be written.
   *
   * @param kind the line without what changes from one to the next
   * @param source whom it is about; `undefined` if that is nobody from outside
   */
  admit(kind: string, source: string | undefined, nowMs: number): boolean {
    const { linesPerKind, linesPerSource } = this.#limits;
    const { all, bySource } = this.#window(kind, nowMs);
    const one = source === undefined ? undefined : this.#tally(bySource, source);
    const isWritten = all.written < linesPerKind &&
      (one === undefined || one.written < linesPerSource);
    for (const tally of [all, one]) {
      if (tally === undefined) continue;
      if (isWritten) tally.written++;
      else tally.leftOut++;
    }
    return isWritten;
  }

  /** What was left out in windows that are over, and was not told yet. */
  due(nowMs: number): readonly LeftOut[] {
    for (const [kind, window] of this.#windows) {
      if (window.endsAtMs <= nowMs) this.#close(kind, window);
    }
    return this.#left.splice(0);
  }

  /** Whether something was left out that {@linkcode due} will tell. */
  get isHolding(): boolean {
    return this.#left.length > 0 || this.#windows.values().some(({ all }) => all.leftOut > 0);
  }

  #window(kind: string, nowMs: number): Window {
    const known = this.#windows.get(kind);
    if (known !== undefined && nowMs < known.endsAtMs) return known;
    if (known !== undefined) this.#close(kind, known);
    else if (this.#windows.size >= this.#limits.kinds && kind !== OTHER_KINDS) {
      return this.#window(OTHER_KINDS, nowMs);
    }
    const window = {
      endsAtMs: nowMs + this.#limits.windowMs,
      all: { written: 0, leftOut: 0 },
      bySource: new Map(),
    };
    this.#windows.set(kind, window);
    return window;
  }

  #tally(bySource: Map<string, Tally>, source: string): Tally {
    const isFull = bySource.size >= this.#limits.sourcesPerKind;
    const key = isFull && !bySource.has(source) ? OTHER_SOURCES : source;
    const tally = bySource.get(key) ?? { written: 0, leftOut: 0 };
    bySource.set(key, tally);
    return tally;
  }

  #close(kind: string, { all, bySource }: Window): void {
    this.#windows.delete(kind);
    if (all.leftOut === 0 || this.#left.length >= this.#limits.kinds) return;
    const sources = [...bySource]
      .filter(([, { leftOut }]) => leftOut > 0)
      .toSorted(([, one], [, other]) => other.leftOut - one.leftOut)
      .slice(0, NAMED_SOURCES)
      .map(([source, { leftOut }]) => ({ source, lines: leftOut }));
    this.#left.push({ kind, lines: all.leftOut, seconds: this.#limits.windowMs / 1000, sources });
  }
}
