import { assertEquals, assertThrows } from "@std/assert";
import { assembleModule, FunctionCode } from "../../src/srtp/wasm_assembler.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  run(...values: number[]): void;
}

function build(parameterCount: number, write: (code: FunctionCode) => void): Exports {
  const code = new FunctionCode(parameterCount);
  write(code);
  const bytes = assembleModule([{ name: "run", parameterCount, code }], 1);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return exports as unknown as Exports;
}

function wordAt({ memory }: Exports, at: number): number {
  return new DataView(memory.buffer).getInt32(at, true);
}

Deno.test("constants of every length keep their sign", () => {
  for (let shift = 0; shift < 32; shift++) {
    for (const near of [-1, 0, 1]) {
      for (const value of [(1 << shift) + near, -(1 << shift) + near]) {
        const built = build(0, (code) => code.constant(0).constant(value).storeI32("store", 0));
        built.run();
        assertEquals(wordAt(built, 0), value | 0);
      }
    }
  }
});

Deno.test("loops run until their condition is false, and choices choose", () => {
  const built = build(1, (code) => {
    const sum = code.local("i32");
    code.loop(() => {
      code.get(sum).get(0).i32("add").set(sum);
      code.get(0).constant(1).i32("sub").tee(0).constant(0).i32("gt_s");
    });
    code.get(sum).constant(10).i32("gt_s").choose(
      () => code.constant(200).get(sum).storeI32("store", 300),
      () => code.constant(0).constant(-1).storeI32("store", 500),
    );
  });
  built.run(5);
  assertEquals([wordAt(built, 500)], [15]);
  built.run(4);
  assertEquals([wordAt(built, 500)], [-1]);
});

Deno.test("vectors are of four words, lowest first", () => {
  const built = build(0, (code) => {
    code.constant(0).vector(1, -2, 0x7fff_ffff, 4).simdMemory("v128.store", 16);
  });
  built.run();
  assertEquals([16, 20, 24, 28].map((at) => wordAt(built, at)), [1, -2, 0x7fff_ffff, 4]);
});

Deno.test("the memory can not grow", () => {
  const { memory } = build(0, () => {});
  assertEquals(memory.buffer.byteLength, 65_536);
  assertThrows(() => memory.grow(1), RangeError);
});
