import { assertEquals, assertThrows } from "@std/assert";
import { AV1_OBU, MAX_OBUS, splitObus } from "../../../src/codec/av1/obu.ts";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { AV1_STREAMS } from "../../../testing/media/bitstreams.ts";

const typesOf = (data: Uint8Array) => splitObus(data).map(({ type }) => type);

// Types as `ffmpeg -i … -c copy -bsf:v trace_headers -f null -` names them.
Deno.test("OBUs of libaom and SVT-AV1", () => {
  const { SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, FRAME } = AV1_OBU;
  assertEquals(typesOf(AV1_STREAMS.realtime[0]!), [TEMPORAL_DELIMITER, SEQUENCE_HEADER, FRAME]);
  assertEquals(AV1_STREAMS.hiddenFrames.slice(0, 4).map(typesOf), [
    [TEMPORAL_DELIMITER, SEQUENCE_HEADER, FRAME],
    [TEMPORAL_DELIMITER, FRAME, FRAME, FRAME],
    [TEMPORAL_DELIMITER, FRAME_HEADER],
    [TEMPORAL_DELIMITER, FRAME],
  ]);
});

Deno.test("OBUs: what is split makes up the whole, and borrows from it", () => {
  for (const temporalUnit of [...AV1_STREAMS.realtime, ...AV1_STREAMS.hiddenFrames]) {
    const obus = splitObus(temporalUnit);
    assertEquals(obus.map(({ bytes }) => toHex(bytes)).join(""), toHex(temporalUnit));
    for (const { bytes, payload } of obus) {
      assertEquals([bytes.buffer, payload.buffer], [temporalUnit.buffer, temporalUnit.buffer]);
      assertEquals(toHex(bytes).endsWith(toHex(payload)), true);
    }
  }
});

Deno.test("OBUs: header extensions, sizes written wastefully, none on the last", () => {
  const data = fromHex("1200 36 68 02 1000 3e d8 8380808000 aabbcc 2a 00 34 b8 0102");
  const rows = splitObus(data).map(({ bytes, payload, ...fields }) => ({
    ...fields,
    bytes: toHex(bytes),
    payload: toHex(payload),
  }));
  const plain = { temporalId: 0, spatialId: 0, headerSize: 1, hasExtension: false };
  const extended = { headerSize: 2, hasExtension: true };
  assertEquals(rows as unknown[], [
    { type: 2, ...plain, bytes: "1200", payload: "" },
    { type: 6, temporalId: 3, spatialId: 1, ...extended, bytes: "3668021000", payload: "1000" },
    {
      type: 7,
      temporalId: 6,
      spatialId: 3,
      ...extended,
      bytes: "3ed88380808000aabbcc",
      payload: "aabbcc",
    },
    { type: 5, ...plain, bytes: "2a00", payload: "" },
    { type: 6, temporalId: 5, spatialId: 3, ...extended, bytes: "34b80102", payload: "0102" },
  ]);
});

Deno.test("OBUs: an empty temporal unit, and one byte of header", () => {
  assertEquals(splitObus(new Uint8Array(0)), []);
  const [obu] = splitObus(fromHex("30"));
  assertEquals([obu!.type, obu!.payload.length, obu!.bytes.length], [6, 0, 1]);
});

Deno.test("OBUs: refused", () => {
  const rows: readonly (readonly [hex: string, message: string])[] = [
    ["b200", "forbidden bit of the header must be 0, got 178"],
    ["32", "obu_size must end within 8 bytes"],
    ["328080", "obu_size must end within 8 bytes"],
    ["32 808080808080808000", "obu_size must end within 8 bytes"],
    ["3203 aabb", "OBU must end within the data, got 5"],
    ["1200 32 ffffffffffffff7f 00", "OBU must end within the data, got 72057594037927950"],
    ["34", "OBU must end within the data, got 2"],
    ["36 00", "obu_size must end within 8 bytes"],
  ];
  for (const [hex, message] of rows) {
    assertThrows(() => splitObus(fromHex(hex)), CodecError, message);
  }
});

Deno.test("OBUs: as many as the limit, and one more", () => {
  assertEquals(splitObus(fromHex("1200".repeat(MAX_OBUS))).length, MAX_OBUS);
  const more = fromHex("1200".repeat(MAX_OBUS + 1));
  assertThrows(() => splitObus(more), CodecError, `up to ${MAX_OBUS}`);
});

Deno.test("OBUs: cut short anywhere but between two", () => {
  const temporalUnit = AV1_STREAMS.hiddenFrames[1]!;
  const ends = new Set([0]);
  for (const { bytes } of splitObus(temporalUnit)) ends.add([...ends].at(-1)! + bytes.length);
  for (let length = 0; length < temporalUnit.length; length++) {
    const cut = temporalUnit.subarray(0, length);
    if (ends.has(length)) splitObus(cut);
    else assertThrows(() => splitObus(cut), CodecError);
  }
});

Deno.test("OBUs survive mutations", () => {
  surviveMutations(AV1_STREAMS.hiddenFrames, splitObus, CodecError, { count: 300 });
});
