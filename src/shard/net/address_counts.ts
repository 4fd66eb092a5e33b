/**
 * How many of something an address has, over all shards, in shared memory: one row for each shard,
 * written by that shard alone.
 *
 * A table with a line for each address would need a lock. So an address counts in two cells that its
 * hash chooses, and has what the smaller one says (a count-min sketch): never too few, and too many
 * only if others share both cells. The seed is secret, so that nobody can choose to.
 */
import { addressSource } from "../../address/address_source.ts";

/** What is counted by address. */
export const COUNTED = [
  "httpConnections",
  "adminConnections",
  "listListeners",
  "eventFollowers",
  "rtmpNewcomers",
  "rtmpPlayers",
  "webrtcNewcomers",
  "webrtcViewers",
  "webrtcTcpConnections",
  "whipNewcomers",
  "webtransportConnections",
] as const;

export type Counted = (typeof COUNTED)[number];

/** With what is counted by stream: whatever is no address stands for itself. */
const ROW = [...COUNTED, "streamViewers"] as const;

/** Two addresses share both cells once in 16 million. */
const CELLS = 4096;
const HASHES = 2;
const ROW_LENGTH = ROW.length * HASHES * CELLS;

/** What the hashes begin with, before the rows. */
const SEED_LENGTH = HASHES;

/** @param random bytes that nobody can guess */
export function allocateAddressCounts(
  shards: number,
  random: (length: number) => Uint8Array,
): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(4 * (SEED_LENGTH + shards * ROW_LENGTH));
  new Uint8Array(shared).set(random(4 * SEED_LENGTH));
  return shared;
}

/** A shard is gone, and all that it had with it. */
export function clearAddressCounts(shared: SharedArrayBuffer, shard: number): void {
  const begin = SEED_LENGTH + shard * ROW_LENGTH;
  new Int32Array(shared).fill(0, begin, begin + ROW_LENGTH);
}

/** How many there are of one thing, by the address that they come from. */
export class AddressCounts {
  readonly #words: Int32Array<SharedArrayBuffer>;
  /** Of the first shard's cells of this thing, and of this shard's. */
  readonly #first: number;
  readonly #own: number;

  constructor(shared: SharedArrayBuffer, shard: number, counted: (typeof ROW)[number]) {
    this.#words = new Int32Array(shared);
    this.#first = SEED_LENGTH + ROW.indexOf(counted) * HASHES * CELLS;
    this.#own = this.#first + shard * ROW_LENGTH;
  }

  /** @param hostname an IP address; those of one IPv6 network (/64) count as one */
  of(hostname: string): number {
    let least = Infinity;
    for (const cell of this.#cells(hostname)) {
      let sum = 0;
      for (let at = this.#first + cell; at < this.#words.length; at += ROW_LENGTH) {
        sum += Atomics.load(this.#words, at);
      }
      least = Math.min(least, sum);
    }
    return least;
  }

  add(hostname: string): void {
    for (const cell of this.#cells(hostname)) Atomics.add(this.#words, this.#own + cell, 1);
  }

  remove(hostname: string): void {
    for (const cell of this.#cells(hostname)) Atomics.sub(this.#words, this.#own + cell, 1);
  }

  #cells(hostname: string): number[] {
    const source = addressSource(hostname);
    const cells: number[] = [];
    for (let hash = 0; hash < HASHES; hash++) {
      cells.push(hash * CELLS + hashOf(source, this.#words[hash]!) % CELLS);
    }
    return cells;
  }
}

/** Without a sign. Each character is mixed with all before it and the seed, as MurmurHash3 ends. */
function hashOf(source: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < source.length; at++) {
    hash = Math.imul(hash ^ source.charCodeAt(at), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
