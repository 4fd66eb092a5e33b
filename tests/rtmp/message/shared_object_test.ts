import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import {
  answerSharedObject,
  encodeSharedObject,
  MAX_SHARED_OBJECT_EVENTS,
  MAX_SHARED_OBJECT_NAME_SIZE,
  parseSharedObject,
  refuseSharedObject,
  SHARED_OBJECT_EVENT,
  type SharedObjectMessage,
} from "../../../src/rtmp/message/shared_object.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

const message = (...types: number[]): SharedObjectMessage => ({
  name: "room",
  version: 7,
  isPersistent: false,
  events: types.map((type) => ({ type, data: new Uint8Array(0) })),
});

const MESSAGES: [string, SharedObjectMessage, string][] = [
  ["use", message(1), "0004 726f6f6d 00000007 00000000 00000000 01 00000000"],
  [
    "a change of a property",
    { ...message(), events: [{ type: 3, data: fromHex("0001 61 0101") }] },
    "0004 726f6f6d 00000007 00000000 00000000 03 00000005 0001 61 0101",
  ],
  [
    "several events of an object that persists",
    { ...message(1, 99), isPersistent: true },
    "0004 726f6f6d 00000007 00000002 00000000 01 00000000 63 00000000",
  ],
  ["no event", message(), "0004 726f6f6d 00000007 00000000 00000000"],
];

for (const [name, value, digits] of MESSAGES) {
  Deno.test(`shared object: ${name} is read and written`, () => {
    const payload = fromHex(digits);
    assertEquals(toHex(encodeSharedObject(value)), toHex(payload));
    assertEquals(parseSharedObject(payload), value);
    for (let length = 0; length < payload.length; length++) {
      // Between two events it is only shorter.
      if (length === 18 || (length === 23 && value.isPersistent)) continue;
      assertThrows(() => parseSharedObject(payload.subarray(0, length)), RtmpError, "Cannot read");
    }
  });
}

Deno.test("names and events of shared objects are limited", () => {
  const named = (length: number) => encodeSharedObject({ ...message(), name: "x".repeat(length) });
  const events = (count: number) => encodeSharedObject(message(...Array(count).fill(1)));
  for (const less of [0, 1]) {
    parseSharedObject(named(MAX_SHARED_OBJECT_NAME_SIZE - less));
    parseSharedObject(events(MAX_SHARED_OBJECT_EVENTS - less));
  }
  assertThrows(
    () => parseSharedObject(named(MAX_SHARED_OBJECT_NAME_SIZE + 1)),
    RtmpError,
    "must be up to 1024 bytes, got 1025",
  );
  assertThrows(
    () => parseSharedObject(events(MAX_SHARED_OBJECT_EVENTS + 1)),
    RtmpError,
    "at most 256 events",
  );
});

Deno.test("data longer than what has come is refused before it is allocated", () => {
  const payload = fromHex("0000 00000000 00000000 00000000 03 ffffffff 00");
  assertThrows(() => parseSharedObject(payload), RtmpError, "needs 4294967295 bytes");
});

/** The texts of a refusal's only event. */
function refusalTexts(refusal: SharedObjectMessage | undefined): string[] {
  if (refusal === undefined) return [];
  assertEquals(refusal.events.map(({ type }) => type), [SHARED_OBJECT_EVENT.STATUS]);
  const reader = new ByteReader(refusal.events[0]!.data);
  return [reader.utf8(reader.u16()), reader.utf8(reader.u16())];
}

Deno.test("a server without shared objects gives no access, once per message", () => {
  const cases: [number[], string[]][] = [
    [[], []],
    [[2], []],
    [[4, 5, 7, 8, 9, 11, 77], []],
    [[1], ["SharedObject.NoReadAccess", "error"]],
    [[3, 1, 3], ["SharedObject.NoReadAccess", "error"]],
    [[3], ["SharedObject.NoWriteAccess", "error"]],
    [[6], ["SharedObject.NoWriteAccess", "error"]],
    [[10, 10], ["SharedObject.NoWriteAccess", "error"]],
  ];
  for (const [types, texts] of cases) {
    const refusal = refuseSharedObject({ ...message(...types), isPersistent: true });
    assertEquals(refusalTexts(refusal), texts);
    if (refusal === undefined) continue;
    assertEquals([refusal.name, refusal.version, refusal.isPersistent], ["room", 7, true]);
  }
});

Deno.test("a shared object that cannot be read gets no answer", () => {
  assertEquals(answerSharedObject(fromHex("00")), undefined);
  assertEquals(answerSharedObject(new Uint8Array(0)), undefined);
  assertEquals(refusalTexts(answerSharedObject(encodeSharedObject(message(1)))).length, 2);
});

Deno.test("a name that is not UTF-8 grows, and still can be answered", () => {
  const name = new Uint8Array(MAX_SHARED_OBJECT_NAME_SIZE).fill(0xff);
  const payload = new ByteWriter().u16(name.length).bytes(name).u32(0).u32(0).u32(0).u8(1).u32(0);
  const refusal = answerSharedObject(payload.take());
  assertEquals(new ByteReader(encodeSharedObject(refusal!)).u16(), 3 * name.length);
});

Deno.test("shared objects survive mutations", () => {
  const samples = MESSAGES.map(([, , digits]) => fromHex(digits));
  const roundTrip = (bytes: Uint8Array) => {
    const parsed = parseSharedObject(bytes);
    const again = encodeSharedObject(parsed);
    assertEquals(toHex(encodeSharedObject({ ...parsed })), toHex(again));
    answerSharedObject(bytes);
  };
  surviveMutations(samples, roundTrip, RtmpError, { count: 500 });
});
