/** Work that is done in one go before the thread looks at what else has come. */
const SLICE_MS = 8;

/** The time after which half of what was used is forgotten. */
const HALF_LIFE_MS = 1000;

/** What was used lately: it fades. */
class Usage {
  #ms = 0;
  #countedToMs = 0;

  at(nowMs: number): number {
    this.#ms *= 0.5 ** (Math.max(0, nowMs - this.#countedToMs) / HALF_LIFE_MS);
    this.#countedToMs = nowMs;
    return this.#ms;
  }

  add(ms: number, nowMs: number): void {
    this.#ms = this.at(nowMs) + ms;
  }
}

/** One stream's part of the thread, and that of the address that it came from. */
export interface TurnShare {
  readonly stream: Usage;
  readonly owner: Usage;
}

interface Waiting {
  readonly share: TurnShare;
  readonly work: () => void;
}

/**
 * How streams share one thread: of those that have something to do, the one is next whose owner has
 * used least lately, and of an owner's streams the one that has. So sound that takes long, and that
 * of many streams of one address, delays itself and not that of others.
 *
 * @example
 * ```ts
 * import { Turns } from "./turns.ts";
 *
 * const turns = new Turns();
 * const share = turns.share(1);
 * await turns.take(share, () => "done, and counted to the share"); // "done, and …"
 * ```
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  /** Kept as long as a share of theirs is. */
  readonly #owners = new Map<number, WeakRef<Usage>>();
  readonly #used: (ms: number) => void;
  #isServing = false;

  /** @param used told of the time that each piece of work took */
  constructor(used: (ms: number) => void = () => {}) {
    this.#used = used;
  }

  /** @param owner whose stream it is; 0 for nobody's, which shares with no other */
  share(owner: number): TurnShare {
    const stream = new Usage();
    if (owner === 0) return { stream, owner: stream };
    let usage = this.#owners.get(owner)?.deref();
    if (usage === undefined) {
      usage = new Usage();
      this.#owners.set(owner, new WeakRef(usage));
    }
    return { stream, owner: usage };
  }

  /** Does some work when it is the share's turn, and gives what it gives, or throws. */
  take<T>(share: TurnShare, work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({
      share,
      work: () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      },
    });
    if (!this.#isServing) void this.#serve();
    return promise;
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    do {
      const sinceMs = performance.now();
      let nowMs = sinceMs;
      while (this.#waiting.length > 0 && nowMs - sinceMs < SLICE_MS) {
        const { share, work } = this.#takeNext(nowMs);
        work();
        const doneMs = performance.now();
        share.stream.add(doneMs - nowMs, doneMs);
        if (share.owner !== share.stream) share.owner.add(doneMs - nowMs, doneMs);
        this.#used(doneMs - nowMs);
        nowMs = doneMs;
      }
      // By a timer: what wakes streams up comes between two of them.
      await new Promise((resolve) => setTimeout(resolve, 0));
    } while (this.#waiting.length > 0);
    this.#isServing = false;
  }

  #takeNext(nowMs: number): Waiting {
    let least = 0;
    for (let at = 1; at < this.#waiting.length; at++) {
      if (isBefore(this.#waiting[at]!.share, this.#waiting[least]!.share, nowMs)) least = at;
    }
    return this.#waiting.splice(least, 1)[0]!;
  }
}

function isBefore(one: TurnShare, other: TurnShare, nowMs: number): boolean {
  const [used, otherUsed] = [one.owner.at(nowMs), other.owner.at(nowMs)];
  if (used !== otherUsed) return used < otherUsed;
  return one.stream.at(nowMs) < other.stream.at(nowMs);
}
