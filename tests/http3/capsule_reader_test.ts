import { assertEquals, assertStrictEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import {
  CAPSULE,
  CapsuleReader,
  encodeSessionClose,
  MAX_REASON_LENGTH,
  type SessionEvent,
} from "../../src/http3/capsule_reader.ts";
import { encodeFrame } from "../../src/http3/frame.ts";
import { Http3FrameReader } from "../../src/http3/frame_reader.ts";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { MAX_SKIPPED_BYTES } from "../../src/http3/record_queue.ts";
import { everySplit, fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";

function readAll(reader: CapsuleReader, pieces: readonly Uint8Array[]): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
  }
  return events;
}

const read = (...pieces: readonly Uint8Array[]) => readAll(new CapsuleReader(), pieces);
const drain = { kind: "drain" } as const;
const close = (code: number, reason: string) => ({ kind: "close", code, reason }) as const;

const DATA: readonly (readonly [hex: string, events: readonly SessionEvent[]])[] = [
  ["", []],
  ["800078ae 00", [drain]],
  ["800078ae 00 c0000000000078ae 4000", [drain, drain]],
  ["6843 04 00000000", [close(0, "")]],
  ["6843 06 deadbeef 6f6b", [close(0xdeadbeef, "ok")]],
  ["80002843 4009 00000007 efbbbf c3a9", [close(7, "\ufeff\u00e9")]],
  // DATAGRAM, what means nothing, flow control of sessions.
  ["00 03 010203 ffffffffffffffdf 00 990b4d3d 02 7fff 800078ae 00 21 01 aa 6843 04 00000001", [
    drain,
    close(1, ""),
  ]],
];

Deno.test("CapsuleReader: whole, in every split, byte by byte", () => {
  for (const [hex, events] of DATA) {
    for (const pieces of everySplit(fromHex(hex))) {
      const reader = new CapsuleReader();
      assertEquals(readAll(reader, pieces), events, hex);
      assertEquals(reader.isInCapsule, false);
    }
  }
});

Deno.test("CapsuleReader: whether a capsule is cut off", () => {
  const bytes = fromHex("800078ae 00 21 02 0102 6843 06 00000001 6f6b");
  const between = new Set([0, 5, 9, bytes.length]);
  for (let length = 0; length <= bytes.length; length++) {
    const reader = new CapsuleReader();
    readAll(reader, [bytes.subarray(0, length)]);
    assertEquals(reader.isInCapsule, !between.has(length), `${length}`);
  }
});

Deno.test("CapsuleReader: what is wrong, whole and byte by byte", () => {
  const bad: readonly (readonly [what: string, hex: string])[] = [
    ["a close without a code", "6843 00"],
    ["a close with half a code", "6843 03 000000"],
    ["a reason that is no UTF-8", "6843 05 00000000 ff"],
    ["a reason that is cut within a character", "6843 05 00000000 c3"],
    ["a drain with something in it", "800078ae 01 00"],
    ["a capsule behind the close", "6843 04 00000000 800078ae 00"],
    ["a byte behind the close", "6843 04 00000000 21"],
  ];
  for (const [what, hex] of bad) {
    const bytes = fromHex(hex);
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      assertEquals(codeOf(() => read(...pieces)), Http3Code.messageError, what);
    }
  }
  assertEquals(read(fromHex("6843 04 00000000"), new Uint8Array(0)), [close(0, "")]);
  const long = fromHex("21 e000000000000000");
  assertEquals(codeOf(() => read(long)), Http3Code.excessiveLoad);
});

Deno.test("CapsuleReader: the longest reason, and one byte more, before it has come", () => {
  const closing = (length: number) =>
    encodeFrame(CAPSULE.closeSession, new Uint8Array(4 + length).fill(0x61, 4));
  assertEquals(read(closing(MAX_REASON_LENGTH)), [close(0, "a".repeat(MAX_REASON_LENGTH))]);
  const head = closing(MAX_REASON_LENGTH + 1).subarray(0, 4);
  assertEquals(codeOf(() => read(head)), Http3Code.messageError);
});

Deno.test("CapsuleReader: as much that is unknown as may be, and one byte more", () => {
  const half = encodeFrame(0, new Uint8Array(MAX_SKIPPED_BYTES / 2 - 5));
  const more = encodeFrame(0, new Uint8Array(MAX_SKIPPED_BYTES / 2 - 4));
  const drained = fromHex("800078ae 00");
  assertEquals(read(half, half, fromHex("6843 04 00000000")), [close(0, "")]);
  assertEquals(codeOf(() => read(half, more.subarray(0, 5))), Http3Code.excessiveLoad);
  assertEquals(codeOf(() => read(half, half, drained)), Http3Code.excessiveLoad);
});

Deno.test("encodeSessionClose: as a client reads it", () => {
  const longest = "a".repeat(MAX_REASON_LENGTH);
  const cases: readonly (readonly [code: number, reason: string, read: string])[] = [
    [0, "", ""],
    [7, "the stream has ended", "the stream has ended"],
    [0xffffffff, "\u00e9\u{1f600}\ufeff", "\u00e9\u{1f600}\ufeff"],
    [1, longest, longest],
    [1, `${longest}b`, longest],
    // No character is cut.
    [1, `${longest.slice(3)}\u{1f600}`, longest.slice(3)],
    [1, `${longest.slice(4)}\u{1f600}`, `${longest.slice(4)}\u{1f600}`],
  ];
  for (const [code, reason, expected] of cases) {
    const frames = new Http3FrameReader("request");
    frames.push(concat([fromHex("0100"), encodeSessionClose(code, reason)]));
    frames.next();
    const data = frames.next();
    if (data?.kind !== "data") throw new Error("No data were read");
    assertEquals(read(data.piece), [close(code, expected)]);
    assertEquals(frames.isInFrame, false);
  }
  assertStrictEquals(toHex(encodeSessionClose(7, "ok")), "0009" + "684306" + "00000007" + "6f6b");
});

Deno.test("CapsuleReader: mutations, and the same in pieces as in one", () => {
  const outcome = (pieces: readonly Uint8Array[]) => {
    try {
      return JSON.stringify(read(...pieces));
    } catch (error) {
      if (error instanceof Http3Error) return `error ${error.code}`;
      throw error;
    }
  };
  surviveMutations(
    DATA.map(([hex]) => fromHex(hex)),
    (bytes) => {
      const half = Math.floor(bytes.length / 2);
      assertEquals(outcome([bytes]), outcome([bytes.subarray(0, half), bytes.subarray(half)]));
    },
    Http3Error,
    { count: 500 },
  );
});
