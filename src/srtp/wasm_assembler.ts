/**
 * Writes WebAssembly (core specification 5): what the SIMD code of this room needs and no more.
 * Modules are made when the program starts, so that their source is all there is of them.
 */

/** A value type (core specification 5.3.1, 5.3.2). */
export type ValueType = "i32" | "v128";

/** A local variable or parameter of a function: its index. */
export type Local = number;

/** One exported function without results. */
export interface WasmFunction {
  readonly name: string;
  /** How many parameters it has, all i32; they are the locals from 0. */
  readonly parameterCount: number;
  readonly code: FunctionCode;
}

const TYPE_CODES = { i32: 0x7f, v128: 0x7b } as const;
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10 } as const;
const EMPTY_BLOCK = 0x40;
const END = 0x0b;

// deno-fmt-ignore
const I32_OPCODES = {
  store: 0x36, store8: 0x3a,
  lt_s: 0x48, gt_s: 0x4a,
  add: 0x6a, sub: 0x6b, and: 0x71, shl: 0x74, shr_u: 0x76,
} as const;

// deno-fmt-ignore
const SIMD_OPCODES = {
  "v128.load": 0, "v128.load32_splat": 9, "v128.store": 11, "v128.const": 12,
  "i8x16.shuffle": 13, "i32x4.splat": 17, "i32x4.replace_lane": 28, "i32x4.gt_s": 59,
  "v128.and": 78, "v128.or": 80, "v128.xor": 81,
  "v128.store16_lane": 89, "v128.store64_lane": 91,
  "i32x4.shl": 171, "i32x4.shr_u": 173, "i32x4.add": 174,
} as const;

/** Names of the i32 instructions without their type. */
export type I32Operation = keyof typeof I32_OPCODES;

/** SIMD instructions without immediates. */
export type SimdOperation =
  | "i32x4.splat"
  | "i32x4.gt_s"
  | "i32x4.shl"
  | "i32x4.shr_u"
  | "i32x4.add"
  | "v128.and"
  | "v128.or"
  | "v128.xor";

/**
 * Body of a function under construction. Operands go on the stack before their instruction, as in
 * the text format read from the inside out.
 */
export class FunctionCode {
  readonly #bytes: number[] = [];
  readonly #localTypes: ValueType[] = [];
  readonly #parameterCount: number;

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }

  /** Declares a local variable; it starts as zero. */
  local(type: ValueType): Local {
    return this.#parameterCount + this.#localTypes.push(type) - 1;
  }

  get(local: Local): this {
    return this.#emit(0x20, ...unsignedLeb(local));
  }

  set(local: Local): this {
    return this.#emit(0x21, ...unsignedLeb(local));
  }

  /** Sets `local` and leaves the value on the stack. */
  tee(local: Local): this {
    return this.#emit(0x22, ...unsignedLeb(local));
  }

  constant(value: number): this {
    return this.#emit(0x41, ...signedLeb(value | 0));
  }

  i32(operation: Exclude<I32Operation, "store" | "store8">): this {
    return this.#emit(I32_OPCODES[operation]);
  }

  /** Stores the i32 on the stack at the address below it plus `offset`. */
  storeI32(operation: "store" | "store8", offset: number): this {
    return this.#emit(I32_OPCODES[operation], 0, ...unsignedLeb(offset));
  }

  simd(operation: SimdOperation): this {
    return this.#simdOpcode(operation);
  }

  /** A load or store without alignment, at the address on the stack plus `offset`. */
  simdMemory(operation: "v128.load" | "v128.load32_splat" | "v128.store", offset: number): this {
    return this.#simdOpcode(operation).#emit(0, ...unsignedLeb(offset));
  }

  /** Stores one lane of the vector on the stack. */
  storeLane(
    operation: "v128.store16_lane" | "v128.store64_lane",
    offset: number,
    lane: number,
  ): this {
    return this.#simdOpcode(operation).#emit(0, ...unsignedLeb(offset), lane);
  }

  /** Replaces an i32 lane of the vector below by the i32 on the stack. */
  replaceLane(lane: number): this {
    return this.#simdOpcode("i32x4.replace_lane").#emit(lane);
  }

  /** Picks 16 bytes: 0..15 of the first operand, 16..31 of the second. */
  shuffle(lanes: readonly number[]): this {
    return this.#simdOpcode("i8x16.shuffle").#emit(...lanes);
  }

  /** A vector of four i32. */
  vector(...lanes: readonly [number, number, number, number]): this {
    this.#simdOpcode("v128.const");
    for (const lane of lanes) {
      this.#emit(lane & 0xff, (lane >>> 8) & 0xff, (lane >>> 16) & 0xff, lane >>> 24);
    }
    return this;
  }

  /** Runs `body` again for as long as it leaves a true i32 on the stack. */
  loop(body: () => void): this {
    this.#emit(0x03, EMPTY_BLOCK);
    body();
    return this.#emit(0x0d, 0, END);
  }

  /** One or the other, by the i32 on the stack. */
  choose(whenTrue: () => void, whenFalse: () => void): this {
    this.#emit(0x04, EMPTY_BLOCK);
    whenTrue();
    this.#emit(0x05);
    whenFalse();
    return this.#emit(END);
  }

  /** The function as an entry of the code section (core specification 5.5.13). */
  encode(): number[] {
    const locals = this.#localTypes.flatMap((type) => [1, TYPE_CODES[type]]);
    const entry = [...unsignedLeb(this.#localTypes.length), ...locals, ...this.#bytes, END];
    return sized(entry);
  }

  #simdOpcode(operation: keyof typeof SIMD_OPCODES): this {
    return this.#emit(0xfd, ...unsignedLeb(SIMD_OPCODES[operation]));
  }

  #emit(...bytes: readonly number[]): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }
}

/**
 * A module that exports `functions` and, as "memory", one memory of exactly `memoryPages` pages of
 * 64 KiB: it can not grow, so views on it stay valid.
 */
export function assembleModule(
  functions: readonly WasmFunction[],
  memoryPages: number,
): Uint8Array<ArrayBuffer> {
  const pages = unsignedLeb(memoryPages);
  const types = functions.map(({ parameterCount }) => [
    0x60,
    ...sized(Array<number>(parameterCount).fill(TYPE_CODES.i32), parameterCount),
    0,
  ]);
  const exports = functions.map(({ name }, at) => [...text(name), 0, ...unsignedLeb(at)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(SECTION.type, types),
    ...section(SECTION.function, functions.map((_, at) => unsignedLeb(at))),
    ...section(SECTION.memory, [[1, ...pages, ...pages]]),
    ...section(SECTION.export, [[...text("memory"), 2, 0], ...exports]),
    ...section(SECTION.code, functions.map(({ code }) => code.encode())),
  ]);
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  return [id, ...sized([...unsignedLeb(entries.length), ...entries.flat()])];
}

/** `bytes` behind their count. */
function sized(bytes: readonly number[], count = bytes.length): number[] {
  return [...unsignedLeb(count), ...bytes];
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

function unsignedLeb(value: number): number[] {
  const bytes = [];
  for (let rest = value; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push((value >>> (7 * bytes.length)) & 0x7f);
  return bytes;
}

function signedLeb(value: number): number[] {
  const bytes = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}
