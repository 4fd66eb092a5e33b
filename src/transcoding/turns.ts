/** Work that is done in one go before the thread looks at what else has come. */
const SLICE_MS = 8;

/**
 * What a newcomer is taken to have used when it comes: so it comes behind those who are there, and
 * whoever comes again and again gains nothing.
 */
const NEWCOMER_MS = 8;

/** What one stream has used, beside the others of its owner. */
interface StreamUse {
  /** Only how much less or more it is than that of others means anything. */
  usedMs: number;
}

/** What all streams of one owner have used, beside those of others. */
interface OwnerUse {
  usedMs: number;
  /** What that of its streams has used which had the last turn: at least. */
  floorMs: number;
  readonly waiting: Set<Waiting>;
  shares: number;
}

/** One stream's part of the thread, and that of the address that it came from. */
export interface TurnShare {
  readonly stream: StreamUse;
  readonly owner: OwnerUse;
  readonly ownerNumber: number;
}

interface Waiting {
  readonly share: TurnShare;
  readonly work: () => void;
}

/**
 * How streams share one thread: of those that have something to do, the one is next whose owner has
 * used least, and of an owner's streams the one that has. So sound that takes long, and that of many
 * streams of one address, delays itself and not that of others.
 *
 * Who had nothing to do has saved nothing up: it is taken to have used as much as whoever had the
 * last turn, at least. That puts it before all who have waited meanwhile, and no further: a stream
 * that uses less than an equal part of the thread waits for one turn of another at most.
 *
 * @example
 * ```ts
 * import { Turns } from "./turns.ts";
 *
 * const turns = new Turns();
 * const share = turns.join(1);
 * await turns.take(share, () => "done, and counted to the share"); // "done, and …"
 * turns.leave(share);
 * ```
 */
export class Turns {
  /** Those who share with others of theirs, by their number, as long as they have a share. */
  readonly #owners = new Map<number, OwnerUse>();
  /** Those with something to do. */
  readonly #busy = new Set<OwnerUse>();
  /** What the owner has used who had the last turn: at least. */
  #floorMs = 0;
  readonly #used: (ms: number) => void;
  readonly #nowMs: () => number;
  #isServing = false;

  /**
   * @param used told of the time that each piece of work took
   * @param nowMs the clock that it is measured by
   */
  constructor(
    used: (ms: number) => void = () => {},
    nowMs: () => number = () => performance.now(),
  ) {
    this.#used = used;
    this.#nowMs = nowMs;
  }

  /** @param owner whose stream it is; 0 for nobody's, which shares with no other */
  join(owner: number): TurnShare {
    const use = this.#owners.get(owner) ??
      { usedMs: this.#floorMs + NEWCOMER_MS, floorMs: 0, waiting: new Set(), shares: 0 };
    if (owner !== 0) this.#owners.set(owner, use);
    use.shares++;
    return { stream: { usedMs: use.floorMs + NEWCOMER_MS }, owner: use, ownerNumber: owner };
  }

  /** The share is not used any more. */
  leave({ owner, ownerNumber }: TurnShare): void {
    if (--owner.shares === 0) this.#owners.delete(ownerNumber);
  }

  /**
   * Does some work when it is the share's turn, and gives what it gives, or throws. A share takes one
   * turn after the other.
   */
  take<T>(share: TurnShare, work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue({
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

  #queue(waiting: Waiting): void {
    const { stream, owner } = waiting.share;
    stream.usedMs = Math.max(stream.usedMs, owner.floorMs);
    if (owner.waiting.add(waiting).size > 1) return;
    owner.usedMs = Math.max(owner.usedMs, this.#floorMs);
    this.#busy.add(owner);
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    do {
      const sinceMs = this.#nowMs();
      let nowMs = sinceMs;
      while (this.#busy.size > 0 && nowMs - sinceMs < SLICE_MS) {
        const { share, work } = this.#takeNext();
        work();
        const doneMs = this.#nowMs();
        share.stream.usedMs += doneMs - nowMs;
        share.owner.usedMs += doneMs - nowMs;
        this.#used(doneMs - nowMs);
        nowMs = doneMs;
        // Whoever has more to do asks for its next turn before the others are compared.
        await undefined;
      }
      // By a timer: what wakes streams up comes between two of them.
      await new Promise((resolve) => setTimeout(resolve, 0));
    } while (this.#busy.size > 0);
    this.#isServing = false;
  }

  #takeNext(): Waiting {
    const owner = leastOf(this.#busy, ({ usedMs }) => usedMs);
    const next = leastOf(owner.waiting, ({ share }) => share.stream.usedMs);
    owner.waiting.delete(next);
    if (owner.waiting.size === 0) this.#busy.delete(owner);
    this.#floorMs = Math.max(this.#floorMs, owner.usedMs);
    owner.floorMs = Math.max(owner.floorMs, next.share.stream.usedMs);
    return next;
  }
}

/** The first of those that have least; there must be one. */
function leastOf<T>(all: Iterable<T>, measure: (one: T) => number): T {
  let least: T | undefined;
  let leastMeasure = Infinity;
  for (const one of all) {
    const measured = measure(one);
    if (measured >= leastMeasure) continue;
    least = one;
    leastMeasure = measured;
  }
  return least!;
}
