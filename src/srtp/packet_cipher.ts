/** Counter blocks and encryption of RTP packets in place (RFC 3711 4.1.1), as WebAssembly. */
import { FunctionCode, type WasmFunction } from "./wasm_assembler.ts";

const VECTOR_LENGTH = 16;
const REVERSED = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/** What `padPacket` clears behind a packet: the hash's padding reaches up to 76 bytes. */
export const PADDING_LENGTH = 80;

/**
 * `writeCounters(at, end, word0..word3)`: counter blocks of 16 bytes at `at`, until `end` is
 * reached, one at least; the words are the first block's, and the last byte counts. A packet has
 * at most 93 blocks, so that no carry can be.
 */
export function writeCountersFunction(): WasmFunction {
  const parameterCount = 6;
  const code = new FunctionCode(parameterCount);
  const [at, end] = [0, 1];
  const counter = code.local("v128");
  for (let word = 0; word < 4; word++) {
    code.get(counter).get(2 + word).replaceLane(word).set(counter);
  }
  code.get(counter).get(counter).shuffle(REVERSED).set(counter);
  code.loop(() => {
    code.get(at).get(counter).simdMemory("v128.store", 0);
    code.get(counter).vector(0, 0, 0, 1 << 24).simd("i32x4.add").set(counter);
    code.get(at).constant(VECTOR_LENGTH).i32("add").tee(at).get(end).i32("lt_s");
  });
  return { name: "writeCounters", parameterCount, code };
}

/**
 * `cryptPacket(at, length, headerLength, keystreamAt)`: encrypts or decrypts what follows the header
 * of the packet at `at`. Up to 15 bytes behind the packet are spoiled.
 */
export function cryptPacketFunction(): WasmFunction {
  const parameterCount = 4;
  const code = new FunctionCode(parameterCount);
  const [at, length, headerLength, keystream] = [0, 1, 2, 3] as const;
  const payload = code.local("i32");
  const end = code.local("i32");

  code.get(at).get(headerLength).i32("add").set(payload);
  code.get(at).get(length).i32("add").set(end);
  code.loop(() => {
    code.get(payload);
    code.get(payload).simdMemory("v128.load", 0).get(keystream).simdMemory("v128.load", 0);
    code.simd("v128.xor").simdMemory("v128.store", 0);
    code.get(keystream).constant(VECTOR_LENGTH).i32("add").set(keystream);
    code.get(payload).constant(VECTOR_LENGTH).i32("add").tee(payload).get(end).i32("lt_s");
  });
  return { name: "cryptPacket", parameterCount, code };
}

/**
 * `padPacket(at, length, rollover)`: makes the encrypted packet at `at` ready to be hashed: the
 * rollover counter behind it (RFC 3711 4.2), then the padding of SHA-1, which counts the inner pad in.
 */
export function padPacketFunction(): WasmFunction {
  const parameterCount = 3;
  const code = new FunctionCode(parameterCount);
  const [at, length, rollover] = [0, 1, 2] as const;
  const end = code.local("i32");
  const bits = code.local("i32");

  code.get(at).get(length).i32("add").set(end);
  for (let cleared = 0; cleared < PADDING_LENGTH; cleared += VECTOR_LENGTH) {
    code.get(end).vector(0, 0, 0, 0).simdMemory("v128.store", cleared);
  }
  for (let byte = 0; byte < 4; byte++) {
    code.get(end).get(rollover).constant(24 - 8 * byte).i32("shr_u").storeI32("store8", byte);
  }
  code.get(end).constant(0x80).storeI32("store8", 4);
  code.get(length).constant(64 + 4).i32("add").constant(3).i32("shl").set(bits);
  // The end of the last block: length + 4 bytes, one of 0x80 and 8 of the length, rounded up.
  code.get(at).get(length).constant(4 + 9 + 63).i32("add").constant(-64).i32("and").i32("add")
    .set(end);
  code.get(end).constant(2).i32("sub").get(bits).constant(8).i32("shr_u").storeI32("store8", 0);
  code.get(end).constant(1).i32("sub").get(bits).storeI32("store8", 0);
  return { name: "padPacket", parameterCount, code };
}
