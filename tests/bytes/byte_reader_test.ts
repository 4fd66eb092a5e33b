import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { fromHex } from "../../testing/mutation.ts";

class RoomError extends Error {}

type Field = "u8" | "u16" | "u24" | "u32" | "i16" | "i24" | "i32" | "u32le" | "f64";

const FIELDS: readonly (readonly [field: Field, hex: string, value: number])[] = [
  ["u8", "00", 0],
  ["u8", "ff", 255],
  ["u16", "0102", 0x0102],
  ["u16", "ffff", 65_535],
  ["i16", "7fff", 32_767],
  ["i16", "8000", -32_768],
  ["i16", "ffff", -1],
  ["u24", "010203", 0x010203],
  ["u24", "ffffff", 0xffffff],
  ["i24", "000028", 40],
  ["i24", "7fffff", 8_388_607],
  ["i24", "800000", -8_388_608],
  ["i24", "ffffff", -1],
  ["u32", "01020304", 0x01020304],
  ["u32", "80000000", 0x80000000],
  ["u32", "ffffffff", 0xffffffff],
  ["i32", "7fffffff", 0x7fffffff],
  ["i32", "80000000", -0x80000000],
  ["i32", "ffffffff", -1],
  ["u32le", "01000000", 1],
  ["u32le", "04030201", 0x01020304],
  ["u32le", "000000ff", 0xff000000],
  ["f64", "3ff0000000000000", 1],
  ["f64", "c059000000000000", -100],
  ["f64", "7ff0000000000000", Infinity],
];

Deno.test("ByteReader: fields, alone, in the middle of an array and in a view of one", () => {
  for (const [field, hex, value] of FIELDS) {
    const bytes = fromHex(hex);
    assertEquals(new ByteReader(bytes)[field](), value, `${field} ${hex}`);
    const padded = Uint8Array.of(0xaa, 0xbb, ...bytes, 0xcc);
    const reader = new ByteReader(padded, RoomError, 2);
    assertEquals([reader[field](), reader.offset, reader.remaining], [value, 2 + bytes.length, 1]);
    assertEquals(new ByteReader(padded.subarray(2))[field](), value);
  }
});

Deno.test("ByteReader: fields that a byte is missing of are refused, and nothing is read", () => {
  for (const [field, hex] of FIELDS) {
    const bytes = Uint8Array.of(0, ...fromHex(hex)).subarray(0, -1);
    const reader = new ByteReader(bytes, RoomError);
    reader.u8();
    const size = hex.length / 2;
    const name = field.replace("i", "u");
    assertThrows(
      () => reader[field](),
      RoomError,
      `Cannot read ${name}: needs ${size} bytes at offset 1, has ${size - 1}`,
    );
    assertEquals([reader.offset, reader.remaining], [1, size - 1]);
  }
});

Deno.test("ByteReader: bytes, rest, skip and text up to the end, and no further", () => {
  const bytes = fromHex("c3a9 efbbbf 41 ff");
  const reader = new ByteReader(bytes, RoomError);
  assertEquals(reader.utf8(2), "é");
  assertEquals(reader.utf8(4), "\ufeffA");
  assertEquals(reader.utf8(1), "\ufffd");
  assertEquals([reader.remaining, reader.utf8(0), reader.rest().length], [0, "", 0]);
  for (const read of ["bytes", "skip", "utf8"] as const) {
    const at5 = new ByteReader(bytes, RoomError, 5);
    assertThrows(() => at5[read](3), RoomError, "needs 3 bytes at offset 5, has 2");
    assertThrows(() => at5[read](-1), RoomError);
    at5[read](2);
    assertEquals(at5.remaining, 0);
  }
  const view = new ByteReader(bytes, RoomError, 1).bytes(3);
  assertStrictEquals(view.buffer, bytes.buffer);
  assertEquals(view, bytes.slice(1, 4));
  assertEquals(new ByteReader(bytes, RoomError, 6).rest(), Uint8Array.of(0xff));
});

Deno.test("ByteReader: without an error class of its own, throws RangeError", () => {
  assertThrows(() => new ByteReader(new Uint8Array(0)).u8(), RangeError);
});

Deno.test("ByteWriter: writes what ByteReader reads, in a buffer that grows", () => {
  for (const capacity of [0, 1, 3, 64]) {
    const writer = new ByteWriter(capacity);
    let hex = "";
    for (const [field, digits, value] of FIELDS) {
      if (field === "i16") writer.u16(value);
      else if (field === "i24") writer.u24(value);
      else if (field === "i32") writer.u32(value);
      else writer[field](value);
      hex += digits;
      assertEquals(writer.length, hex.length / 2);
    }
    writer.bytes(Uint8Array.of(1, 2, 3)).utf8("é€");
    assertEquals(writer.take(), fromHex(`${hex} 010203 c3a9 e282ac`), `capacity ${capacity}`);
  }
});

Deno.test("ByteWriter: what is taken is a copy, and the writer is empty", () => {
  const writer = new ByteWriter(4);
  const first = writer.u16(0x0102).take();
  assertEquals([writer.length, writer.take().length], [0, 0]);
  const second = writer.u32(0xffffffff).take();
  assertEquals([first, second], [Uint8Array.of(1, 2), new Uint8Array(4).fill(255)]);
  assertEquals(first.buffer.byteLength, 2);
});

Deno.test("ByteWriter: numbers too large for a field are truncated", () => {
  const written = new ByteWriter().u8(0x1ff).u16(0x1ffff).u24(0x1ffffff).u32(2 ** 32 + 5).take();
  assertEquals(written, fromHex("ff ffff ffffff 00000005"));
});

/** In the fewest bytes: written so, and read so. */
const INTEGERS_29: readonly (readonly [hex: string, unsigned: number, signed: number])[] = [
  ["00", 0, 0],
  ["7f", 0x7f, 0x7f],
  ["8100", 0x80, 0x80],
  ["ff7f", 0x3fff, 0x3fff],
  ["818000", 0x4000, 0x4000],
  ["ffff7f", 0x1f_ffff, 0x1f_ffff],
  ["80c08000", 0x20_0000, 0x20_0000],
  ["bfffffff", 0xfff_ffff, 0xfff_ffff],
  ["c0808000", 0x1000_0000, -0x1000_0000],
  ["81828304", 0x410304, 0x410304],
  ["ffffffff", 0x1fff_ffff, -1],
];

Deno.test("ByteReader and ByteWriter: integers of 29 bits in one to four bytes", () => {
  for (const [hex, unsigned, signed] of INTEGERS_29) {
    const bytes = fromHex(hex);
    assertEquals(new ByteReader(bytes).u29(), unsigned, hex);
    assertEquals(new ByteReader(bytes).i29(), signed, hex);
    assertEquals(new ByteWriter().u29(unsigned).take(), bytes);
    assertEquals(new ByteWriter().u29(signed).take(), bytes);
    const reader = new ByteReader(Uint8Array.of(...bytes, 1), RoomError);
    reader.u29();
    assertEquals(reader.remaining, 1, hex);
    assertThrows(() => new ByteReader(bytes.subarray(0, -1), RoomError).u29(), RoomError);
  }
  // More bytes than needed say the same.
  assertEquals(new ByteReader(fromHex("8005")).u29(), 5);
  assertEquals(new ByteReader(fromHex("80808005")).u29(), 5);
});
