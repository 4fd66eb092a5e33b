/**
 * How many of something an address has, over all shards, in shared memory: one row for each shard,
 * written by that shard alone.
 *
 * A table with a line for each address would need a lock. So an address counts in two cells that its
 * hash chooses, and has what the smaller one says (a count-min sketch): never too few, and too many
 * only if others share both cells. The seed is secret, so that nobody can choose to.
 */
import { parseIpAddress } from "../webrtc/transport_address.ts";

/** What is counted by address. */
export const COUNTED = [
  "httpConnections",
  "listListeners",
  "rtmpNewcomers",
  "rtmpPlayers",
  "webrtcNewcomers",
  "webrtcViewers",
  "webrtcTcpConnections",
] as const;

export type Counted = (typeof COUNTED)[number];

/** Bytes of an IPv6 address that a network has: whoever has one address has all of it (RFC 6177). */
const IPV6_NETWORK_LENGTH = 8;

/** Two addresses share both cells once in 16 million. */
const CELLS = 4096;
const HASHES = 2;
const ROW_LENGTH = COUNTED.length * HASHES * CELLS;

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

  constructor(shared: SharedArrayBuffer, shard: number, counted: Counted) {
    this.#words = new Int32Array(shared);
    this.#first = SEED_LENGTH + COUNTED.indexOf(counted) * HASHES * CELLS;
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
    const network = networkBytes(hostname);
    const cells: number[] = [];
    for (let hash = 0; hash < HASHES; hash++) {
      cells.push(hash * CELLS + hashOf(network, this.#words[hash]!) % CELLS);
    }
    return cells;
  }
}

/** What counts as one address: an IPv4 address, or an IPv6 network; as text without meaning. */
export function networkOf(hostname: string): string {
  return networkBytes(hostname).toHex();
}

function networkBytes(hostname: string): Uint8Array {
  const bytes = parseIpAddress(hostname) ?? new TextEncoder().encode(hostname);
  return bytes.length === 16 ? bytes.subarray(0, IPV6_NETWORK_LENGTH) : bytes;
}

/** Without a sign. Each byte is mixed with all before it and the seed (MurmurHash3's finaliser). */
function hashOf(bytes: Uint8Array, seed: number): number {
  let hash = seed;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
