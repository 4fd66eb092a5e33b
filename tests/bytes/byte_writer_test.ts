import { assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";

Deno.test("writer: a length is patched in where it was left out, and nowhere else", () => {
  const writer = new ByteWriter(2).u8(7).u16(0).u32(1);
  assertEquals(writer.peek(), Uint8Array.of(7, 0, 0, 0, 0, 0, 1));
  writer.patchU16(1, 0xabcd);
  assertEquals(writer.length, 7);
  for (const offset of [-1, 6, 7]) {
    assertThrows(() => writer.patchU16(offset, 0), RangeError, `got ${offset}`);
  }
  writer.patchU16(5, 0x0203);
  assertEquals(writer.take(), Uint8Array.of(7, 0xab, 0xcd, 0, 0, 2, 3));
  assertEquals(writer.peek(), new Uint8Array(0));
});
