/**
 * What the memory beside the logs is used for, each with a limit of its own: together they may not
 * have more than the budget either.
 */
export const MEMORY_USES = [
  /** What viewers are sent, made once for each form of a stream and shard. */
  "copies",
  /** What is being sent to viewers that take it slowly, and is in no copy any more. */
  "pieces",
  /** Messages and requests that have not come whole yet. */
  "messages",
  /** Connections and viewers, by what one of them takes. */
  "sessions",
] as const;

export type MemoryUse = (typeof MEMORY_USES)[number];

/** Why there is no memory: the use or all of them have what they may, or an address its share. */
export type MemoryRefusal = "full" | "share";

/** Holders that are told apart: of what others have, one that shares its number has less. */
const MEMORY_HOLDERS = 4096;

/** The holder of what counts to nobody's share. */
export const NO_HOLDER = 0;

/** What of a use one address may have. */
const HOLDER_SHARE = 1 / 2;

/** Memory is counted in units of so many bytes: what is asked for is rounded up. */
const UNIT_BYTES = 1024;

/** Words in front of the rows. */
const Word = { totalLimit: 0, seed: 1, useLimits: 2 } as const;
const HEADER_WORDS = 16;

/** For each use, the sum and what each holder has. */
const ROW_WORDS = MEMORY_USES.length * MEMORY_HOLDERS;

/** Bytes that each use may have, and all of them together. */
export interface BudgetLimits extends Readonly<Record<MemoryUse, number>> {
  readonly total: number;
}

/**
 * The budget for what grows with peers, in shared memory: a row of counts for each shard, which only
 * that one writes, so that what a dead shard had is given back with its row. Nothing is allocated
 * here; who allocates asks before, and says when it is gone.
 *
 * @example
 * ```ts
 * import { MemoryBudget } from "./memory_budget.ts";
 *
 * const limits = { copies: 1e6, pieces: 1e6, messages: 1e6, sessions: 1e6, total: 2e6 };
 * const budget = new MemoryBudget(MemoryBudget.allocate(limits, 1), 0);
 * const holder = budget.holderOf(Uint8Array.of(192, 0, 2, 1));
 * const refusal = budget.resize("messages", 0, 65_536, holder); // undefined: it may be allocated
 * budget.resize("messages", 65_536, 0, holder); // it is gone
 * ```
 */
export class MemoryBudget {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #row: number;

  constructor(shared: SharedArrayBuffer, shard: number) {
    this.#words = new Int32Array(shared);
    this.#row = HEADER_WORDS + shard * ROW_WORDS;
  }

  /** @param seed random, so that nobody can choose addresses that share a number with another's */
  static allocate(limits: BudgetLimits, shards: number, seed = 0): SharedArrayBuffer {
    const shared = new SharedArrayBuffer((HEADER_WORDS + shards * ROW_WORDS) * 4);
    const words = new Int32Array(shared);
    words[Word.totalLimit] = Math.floor(limits.total / UNIT_BYTES);
    MEMORY_USES.forEach((use, at) => {
      words[Word.useLimits + at] = Math.floor(limits[use] / UNIT_BYTES);
    });
    words[Word.seed] = seed;
    return shared;
  }

  /** Bytes that a use has, over all shards. */
  used(use: MemoryUse): number {
    return this.#sum(MEMORY_USES.indexOf(use) * MEMORY_HOLDERS) * UNIT_BYTES;
  }

  /** Bytes that a use may have. */
  limit(use: MemoryUse): number {
    return this.#words[Word.useLimits + MEMORY_USES.indexOf(use)]! * UNIT_BYTES;
  }

  /** The number of an address, or of a network that counts as one. */
  holderOf(address: Uint8Array): number {
    // FNV-1a.
    let hash = this.#words[Word.seed]!;
    for (const byte of address) hash = Math.imul(hash ^ byte, 0x01000193);
    hash ^= hash >>> 15;
    return 1 + (hash >>> 0) % (MEMORY_HOLDERS - 1);
  }

  /**
   * Has a holder have `to` bytes instead of `from`, or tells why there are none. Less it can always
   * have.
   */
  resize(use: MemoryUse, from: number, to: number, holder: number): MemoryRefusal | undefined {
    const at = MEMORY_USES.indexOf(use);
    const units = Math.ceil(to / UNIT_BYTES) - Math.ceil(from / UNIT_BYTES);
    this.#add(at, holder, units);
    const refusal = units > 0 ? this.#excess(at, holder) : undefined;
    if (refusal !== undefined) this.#add(at, holder, -units);
    return refusal;
  }

  /** This shard is gone, and all that it had with it. */
  clear(): void {
    this.#words.fill(0, this.#row, this.#row + ROW_WORDS);
  }

  /** Whoever reserves too much finds out afterwards: so two at once never get it both. */
  #excess(at: number, holder: number): MemoryRefusal | undefined {
    const limit = this.#words[Word.useLimits + at]!;
    const first = at * MEMORY_HOLDERS;
    if (this.#sum(first) > limit) return "full";
    if (holder !== NO_HOLDER && this.#sum(first + holder) > limit * HOLDER_SHARE) return "share";
    let total = 0;
    for (let use = 0; use < MEMORY_USES.length; use++) total += this.#sum(use * MEMORY_HOLDERS);
    return total > this.#words[Word.totalLimit]! ? "full" : undefined;
  }

  /** The sum of a use lies where the count of nobody would. */
  #add(at: number, holder: number, units: number): void {
    const first = this.#row + at * MEMORY_HOLDERS;
    Atomics.add(this.#words, first, units);
    if (holder !== NO_HOLDER) Atomics.add(this.#words, first + holder, units);
  }

  #sum(position: number): number {
    let sum = 0;
    for (let at = HEADER_WORDS + position; at < this.#words.length; at += ROW_WORDS) {
      sum += Atomics.load(this.#words, at);
    }
    return sum;
  }
}
