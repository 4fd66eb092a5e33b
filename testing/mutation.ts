/**
 * Seeded mutation of byte arrays: the same seed gives the same inputs on every machine, so that a
 * failure can be repeated from its message.
 */

/** A small deterministic generator (mulberry32): numbers from 0 up to, not including, 1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const INTERESTING_BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** A changed copy of `original`: bytes replaced, flipped, inserted, removed, repeated or cut off. */
export function mutate(original: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  let bytes = [...original];
  const below = (limit: number) => Math.floor(random() * limit);
  const changes = 1 + below(4);
  for (let change = 0; change < changes; change++) {
    const at = below(bytes.length + 1);
    switch (below(6)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
        bytes[at] = INTERESTING_BYTES[below(INTERESTING_BYTES.length)]!;
        break;
      case 3:
        bytes.splice(at, 0, below(256));
        break;
      case 4:
        bytes.splice(at, 1 + below(4));
        break;
      default:
        bytes = random() < 0.5 ? bytes.slice(0, at) : [...bytes, ...bytes.slice(at)];
    }
  }
  return Uint8Array.from(bytes);
}

/**
 * Runs `decode` on `count` seeded mutations of every sample; anything it throws that is not an
 * `allowed` error is rethrown with the input in its message, ready to become a fixture.
 */
export function surviveMutations(
  samples: readonly Uint8Array[],
  decode: (bytes: Uint8Array<ArrayBuffer>) => void,
  allowed: new (...parameters: never[]) => Error,
  { seed = 1, count = 2000 }: { seed?: number; count?: number } = {},
): void {
  const random = seededRandom(seed);
  for (const sample of samples) {
    for (let round = 0; round < count; round++) {
      const input = mutate(sample, random);
      try {
        decode(input);
      } catch (error) {
        if (error instanceof allowed) continue;
        throw new Error(`Escaped with ${error} on input ${toHex(input)} (seed ${seed})`, {
          cause: error,
        });
      }
    }
  }
}

/** Every way to cut `bytes` in two, and the bytes one by one. */
export function* everySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes from hexadecimal digits; white space between them is for the reader. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  const pairs = digits.replaceAll(/\s/g, "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
