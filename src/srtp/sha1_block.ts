/** SHA-1 of single blocks (FIPS 180-4 6.1.2), for what happens once per key. */

const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0] as const;
/** K of FIPS 180-4 4.2.1, each for 20 rounds. */
export const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const;
const BLOCK_LENGTH = 64;

/**
 * The states of SHA-1 after the inner and after the outer pad of an HMAC's key (RFC 2104): 10
 * words, the inner state first. Hashes that go on from there save two blocks per message.
 *
 * @param key up to 64 bytes
 */
export function hmacSha1States(key: Uint8Array): Int32Array<ArrayBuffer> {
  const states = new Int32Array(10);
  for (const [n, padByte] of [0x36, 0x5c].entries()) {
    const pad = new Uint8Array(BLOCK_LENGTH).fill(padByte);
    key.forEach((byte, at) => pad[at] = byte ^ padByte);
    states.set(hashFirstBlock(pad), 5 * n);
  }
  return states;
}

/** The state of SHA-1 after a first block of 64 bytes. */
function hashFirstBlock(block: Uint8Array): number[] {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_LENGTH);
  const words = Array.from({ length: 16 }, (_, n) => view.getInt32(4 * n));
  let [a, b, c, d, e] = INITIAL_STATE as readonly number[] as [
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 80; t++) {
    if (t >= 16) {
      words.push(rotate(words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^ words[t - 16]!, 1));
    }
    const constant = ROUND_CONSTANTS[Math.floor(t / 20)]!;
    const sum = (rotate(a, 5) + mix(t, b, c, d) + e + constant + words[t]!) | 0;
    [a, b, c, d, e] = [sum, a, rotate(b, 30), c, d];
  }
  return [a, b, c, d, e].map((word, n) => (word + INITIAL_STATE[n]!) | 0);
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return (b & c) | (~b & d);
  if (round >= 40 && round < 60) return (b & c) | (b & d) | (c & d);
  return b ^ c ^ d;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
