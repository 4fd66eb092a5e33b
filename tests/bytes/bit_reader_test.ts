import { assertEquals, assertThrows } from "@std/assert";
import { BitReader } from "../../src/bytes/bit_reader.ts";
import { BitWriter } from "../../testing/media/bit_writer.ts";
import { fromHex, seededRandom } from "../../testing/mutation.ts";

class RoomError extends Error {}

/** Bits as H.264 table 9-2 has them, and the values of ue(v) and se(v). */
const CODES: readonly (readonly [bits: string, ue: number, se: number])[] = [
  ["1", 0, 0],
  ["010", 1, 1],
  ["011", 2, -1],
  ["00100", 3, 2],
  ["00101", 4, -2],
  ["00110", 5, 3],
  ["00111", 6, -3],
  ["0001000", 7, 4],
  ["0001001", 8, -4],
  ["0001010", 9, 5],
  ["0000000000000001000000000000000", 32_767, 16_384],
  ["0".repeat(31) + "1" + "0".repeat(31), 2 ** 31 - 1, 2 ** 30],
  ["0".repeat(31) + "1" + "1".repeat(31), 2 ** 32 - 2, -(2 ** 31 - 1)],
];

function bytesOf(bits: string): Uint8Array {
  const writer = new BitWriter();
  for (const bit of bits) writer.bits(Number(bit), 1);
  return writer.take();
}

Deno.test("BitReader: Exp-Golomb codes, at every position within a byte", () => {
  for (const [bits, ue, se] of CODES) {
    for (let shift = 0; shift < 8; shift++) {
      const bytes = bytesOf("1".repeat(shift) + bits + "01");
      for (const [read, value] of [["ue", ue], ["se", se]] as const) {
        const reader = new BitReader(bytes, RoomError);
        reader.skip(shift);
        // `-0` and `0` are the same here.
        assertEquals(reader[read]() + 0, value, `${read} ${bits}`);
        assertEquals([reader.bit(), reader.bit()], [0, 1]);
      }
    }
  }
});

Deno.test("BitReader: codes of more than 31 zeros, or cut short, are refused", () => {
  assertThrows(
    () => new BitReader(bytesOf("0".repeat(32) + "1" + "0".repeat(32)), RoomError).ue(),
    RoomError,
    "at most 31 leading zeros",
  );
  for (const bits of ["00000000", "00001000", "00000001"]) {
    assertThrows(() => new BitReader(bytesOf(bits), RoomError).ue(), RoomError, "Cannot read");
    assertThrows(() => new BitReader(bytesOf(bits), RoomError).se(), RoomError, "Cannot read");
  }
});

Deno.test("BitReader: fields of 0 to 32 bits", () => {
  const reader = new BitReader(fromHex("a5 ffffffff 80000001 0f"), RoomError);
  assertEquals([reader.bits(0), reader.bits(3), reader.bits(5)], [0, 0b101, 0b00101]);
  assertEquals([reader.bits(32), reader.bits(32)], [0xffffffff, 0x80000001]);
  assertEquals([reader.remaining, reader.bits(4), reader.bit(), reader.bits(3)], [8, 0, 1, 7]);
  assertEquals([reader.remaining, reader.bits(0)], [0, 0]);
});

Deno.test("BitReader: random fields come out as they went in", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 100; round++) {
    const fields = Array.from({ length: 50 }, () => {
      const count = 1 + Math.floor(random() * 32);
      return { count, value: Math.floor(random() * 2 ** count) };
    });
    const writer = new BitWriter();
    for (const { count, value } of fields) writer.bits(value, count);
    const reader = new BitReader(writer.take(), RoomError);
    for (const { count, value } of fields) assertEquals(reader.bits(count), value);
  }
});

Deno.test("BitReader: at the end, and beyond it", () => {
  const at15 = () => {
    const reader = new BitReader(fromHex("0001"), RoomError);
    reader.skip(15);
    return reader;
  };
  assertEquals([at15().remaining, at15().bit(), at15().bits(1)], [1, 1, 1]);
  at15().skip(1);
  assertThrows(() => at15().bits(2), RoomError, "Cannot read 2 bits: at 15, has 1");
  assertThrows(() => at15().skip(2), RoomError, "Cannot skip 2 bits: at 15, has 1");
  const empty = new BitReader(new Uint8Array(0), RoomError);
  assertThrows(() => empty.bit(), RoomError, "Cannot read a bit: needs 1 bit at 0, has 0");
  assertThrows(() => new BitReader(new Uint8Array(0)).bit(), RangeError);
});
