/**
 * HMAC-SHA1 (RFC 2104, FIPS 180-4) over four messages at once, one in each lane of SIMD vectors,
 * as WebAssembly: about a third of the time that one after the other takes.
 */
import { ROUND_CONSTANTS } from "./sha1_block.ts";
import { FunctionCode, type Local, type WasmFunction } from "./wasm_assembler.ts";

const STATE_WORDS = 5;

/** Bits hashed by the outer hash: the key's block and an inner digest of 20 bytes. */
const OUTER_BITS = (64 + 20) * 8;
const SWAP_BYTES = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];
const ALWAYS = 0x7fff_ffff;

/** Where the function finds the states of SHA-1 after the key's inner and outer pad: 10 u32. */
export interface HmacLanesLayout {
  readonly keyStatesAt: number;
}

interface HashLocals {
  readonly code: FunctionCode;
  /** Words of the message, a ring: word `t` lives in `t % 16`. */
  readonly words: readonly Local[];
  readonly hash: readonly Local[];
  readonly state: readonly Local[];
  readonly scratch: readonly Local[];
}

/**
 * `hmacLanes(at0..at3, length0..length3)`: for each lane, the message at `at` of `length` bytes,
 * which SHA-1's padding must follow already (with the length of the inner pad counted in), is
 * hashed, and the first 10 bytes of its HMAC are written behind the message less 4 bytes: on the
 * rollover counter, which is hashed but not sent (RFC 3711 4.2).
 */
export function hmacLanesFunction({ keyStatesAt }: HmacLanesLayout): WasmFunction {
  const parameterCount = 8;
  const code = new FunctionCode(parameterCount);
  const locals: HashLocals = {
    code,
    words: vectors(code, 16),
    hash: vectors(code, STATE_WORDS),
    state: vectors(code, STATE_WORDS),
    scratch: vectors(code, 4),
  };
  const messages = [0, 1, 2, 3].map((lane) => ({ at: lane, length: lane + 4 }));
  const counts = code.local("v128");
  const last = code.local("i32");
  const block = code.local("i32");
  const reading = messages.map(() => code.local("i32"));

  messages.forEach(({ at, length }, lane) => {
    code.get(at).set(reading[lane]!);
    code.get(counts).get(length).constant(8 + 1 + 63).i32("add").constant(6).i32("shr_u");
    code.replaceLane(lane).set(counts);
    // The longest message says how many blocks are read.
    code.get(length).constant(8 + 1 + 63).i32("add").constant(6).i32("shr_u").set(block);
    code.get(block).get(last).i32("gt_s").choose(() => code.get(block).set(last), () => {});
  });
  code.constant(0).set(block);
  loadStates(locals, keyStatesAt);
  code.loop(() => {
    code.get(block).get(last).i32("lt_s").choose(
      () => readWords(locals, reading),
      () => {
        hashDigest(locals);
        loadStates(locals, keyStatesAt + 4 * STATE_WORDS);
        code.vector(ALWAYS, ALWAYS, ALWAYS, ALWAYS).set(counts);
      },
    );
    compress(locals, () => code.get(counts).get(block).simd("i32x4.splat").simd("i32x4.gt_s"));
    code.get(block).get(last).i32("lt_s");
    code.get(block).constant(1).i32("add").set(block);
  });
  writeTags(locals, messages);
  return { name: "hmacLanes", parameterCount, code };
}

function vectors(code: FunctionCode, count: number): Local[] {
  return Array.from({ length: count }, () => code.local("v128"));
}

function loadStates({ code, hash }: HashLocals, at: number): void {
  hash.forEach((word, n) => {
    code.constant(0).simdMemory("v128.load32_splat", at + 4 * n).set(word);
  });
}

/** Reads 64 bytes of each message and turns rows, one a message, into columns, one a word. */
function readWords({ code, words, scratch }: HashLocals, reading: readonly Local[]): void {
  for (let row = 0; row < 4; row++) {
    reading.forEach((at, lane) => {
      code.get(at).simdMemory("v128.load", 16 * row).set(scratch[lane]!);
    });
    transpose({ code, from: scratch, to: words.slice(4 * row, 4 * row + 4) });
  }
  for (const at of reading) code.get(at).constant(64).i32("add").set(at);
}

interface Transposition {
  readonly code: FunctionCode;
  readonly from: readonly Local[];
  readonly to: readonly Local[];
}

/** Four vectors of four words, as a matrix; each word changes its byte order. `from` is spoiled. */
function transpose({ code, from, to }: Transposition): void {
  const pick = (left: Local, right: Local, lanes: readonly number[]) =>
    code.get(left).get(right).shuffle(
      lanes.flatMap((lane) => [0, 1, 2, 3].map((n) => lane * 4 + n)),
    );
  pick(from[0]!, from[1]!, [0, 4, 1, 5]).set(to[0]!);
  pick(from[0]!, from[1]!, [2, 6, 3, 7]).set(from[0]!);
  pick(from[2]!, from[3]!, [0, 4, 1, 5]).set(from[1]!);
  pick(from[2]!, from[3]!, [2, 6, 3, 7]).set(from[2]!);
  // Both byte orders and pairs of words at once.
  const merge = (left: Local, right: Local, half: 0 | 1) => {
    const bytes = SWAP_BYTES.slice(8 * half, 8 * half + 8);
    return code.get(left).get(right).shuffle([...bytes, ...bytes.map((byte) => byte + 16)]);
  };
  merge(to[0]!, from[1]!, 1).set(to[1]!);
  merge(to[0]!, from[1]!, 0).set(to[0]!);
  merge(from[0]!, from[2]!, 0).set(to[2]!);
  merge(from[0]!, from[2]!, 1).set(to[3]!);
}

/** The message of the outer hash: the inner digest with its padding. */
function hashDigest({ code, words, hash }: HashLocals): void {
  hash.forEach((word, n) => code.get(word).set(words[n]!));
  for (let n = STATE_WORDS; n < 16; n++) {
    const value = n === STATE_WORDS ? 0x8000_0000 : n === 15 ? OUTER_BITS : 0;
    code.vector(value, value, value, value).set(words[n]!);
  }
}

/** SHA-1 of one block, 80 rounds; only lanes of the mask that `pushMask` leaves take it over. */
function compress(locals: HashLocals, pushMask: () => void): void {
  const { code, hash, state, words } = locals;
  hash.forEach((word, n) => code.get(word).set(state[n]!));
  for (let round = 0; round < 80; round++) {
    if (round >= 16) expandWord(locals, round);
    // Instead of moving words, their names move.
    const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((n) => state[(n + 4 * round) % STATE_WORDS]!);
    const constant = ROUND_CONSTANTS[Math.floor(round / 20)]!;
    code.get(e!).get(words[round % 16]!).simd("i32x4.add");
    code.vector(constant, constant, constant, constant).simd("i32x4.add");
    mix(code, round, [b!, c!, d!]);
    code.simd("i32x4.add");
    rotate(code, a!, 5).simd("i32x4.add").set(e!);
    rotate(code, b!, 30).set(b!);
  }
  const mask = locals.scratch[0]!;
  pushMask();
  code.set(mask);
  hash.forEach((word, n) => {
    code.get(word).get(state[n]!).get(mask).simd("v128.and").simd("i32x4.add").set(word);
  });
}

/** FIPS 180-4 4.1.1: choose, parity, majority, parity. */
function mix(code: FunctionCode, round: number, [b, c, d]: readonly [Local, Local, Local]): void {
  if (round < 20) {
    code.get(c).get(d).simd("v128.xor").get(b).simd("v128.and").get(d).simd("v128.xor");
  } else if (round >= 40 && round < 60) {
    code.get(c).get(d).simd("v128.xor").get(b).simd("v128.and");
    code.get(c).get(d).simd("v128.and").simd("v128.or");
  } else {
    code.get(b).get(c).simd("v128.xor").get(d).simd("v128.xor");
  }
}

function expandWord({ code, words, scratch }: HashLocals, round: number): void {
  const word = words[round % 16]!;
  code.get(word);
  for (const back of [3, 8, 14]) code.get(words[(round - back) % 16]!).simd("v128.xor");
  code.set(scratch[0]!);
  rotate(code, scratch[0]!, 1).set(word);
}

function rotate(code: FunctionCode, local: Local, bits: number): FunctionCode {
  code.get(local).constant(bits).simd("i32x4.shl");
  return code.get(local).constant(32 - bits).simd("i32x4.shr_u").simd("v128.or");
}

function writeTags(
  { code, hash, words }: HashLocals,
  messages: readonly { readonly at: Local; readonly length: Local }[],
): void {
  const rows = words.slice(0, 4);
  transpose({ code, from: hash.slice(0, 4), to: rows });
  messages.forEach(({ at, length }, lane) => {
    const end = () => code.get(at).get(length).i32("add").constant(4).i32("sub");
    end().get(rows[lane]!).storeLane("v128.store64_lane", 0, 0);
    end().get(rows[lane]!).storeLane("v128.store16_lane", 8, 4);
  });
}
