import { assertEquals, assertThrows } from "@std/assert";
import { BitReader } from "../../src/bytes/bit_reader.ts";
import { putBits } from "../../src/bytes/put_bits.ts";

Deno.test("bits that are put are read again, and all others stay", () => {
  for (const filler of [0x00, 0xff]) {
    for (let from = 0; from <= 16; from++) {
      for (
        const [count, value] of [[0, 0], [1, 1], [1, 0], [7, 0x55], [12, 0x301], [
          24,
          0xabcdef,
        ]] as const
      ) {
        const bytes = new Uint8Array(5).fill(filler);
        putBits(bytes, from, count, value);
        const bits = new BitReader(bytes);
        const before = bits.bits(from);
        assertEquals(bits.bits(count), value);
        const after = bits.bits(Math.min(32, bits.remaining));
        const isFull = filler === 0xff;
        assertEquals(before, isFull ? 2 ** from - 1 : 0);
        assertEquals(after, isFull ? 2 ** Math.min(32, 40 - from - count) - 1 : 0);
      }
    }
  }
  const whole = new Uint8Array(4);
  putBits(whole, 0, 32, 0xfedcba98);
  assertEquals([...whole], [0xfe, 0xdc, 0xba, 0x98]);
});

Deno.test("bits are put nowhere else than in the bytes", () => {
  assertThrows(() => putBits(new Uint8Array(2), 9, 8, 0), RangeError, "at 9: there are 16");
});
