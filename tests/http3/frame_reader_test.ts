import { assertEquals, assertNotEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeFrame, FRAME } from "../../src/http3/frame.ts";
import {
  type FrameStreamKind,
  Http3FrameReader,
  MAX_HEADERS_LENGTH,
  MAX_SETTINGS_LENGTH,
} from "../../src/http3/frame_reader.ts";
import { Http3Code, Http3Error } from "../../src/http3/http3_error.ts";
import { MAX_SKIPPED_BYTES } from "../../src/http3/record_queue.ts";
import { encodeVarint } from "../../src/http3/varint.ts";
import { everySplit, fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { codeOf } from "./errors.ts";

/** What comes of pieces, in words; the data of frames in a row are one. */
function readAll(reader: Http3FrameReader, pieces: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  let isData = false;
  for (const piece of pieces) {
    reader.push(piece);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === "data") assertNotEquals(frame.piece.length, 0);
      if (frame.kind === "data" && isData) frames.push(frames.pop() + toHex(frame.piece));
      else if (frame.kind === "data") frames.push(`data ${toHex(frame.piece)}`);
      else if (frame.kind === "other") frames.push(`other ${frame.type}`);
      else frames.push(`${frame.kind} ${toHex(frame.payload)}`);
      isData = frame.kind === "data";
    }
  }
  return frames;
}

const read = (stream: FrameStreamKind, ...pieces: readonly Uint8Array[]) =>
  readAll(new Http3FrameReader(stream), pieces);

/** Frames on a stream, and what is read of them. */
const STREAMS: readonly (readonly [FrameStreamKind, hex: string, frames: readonly string[]])[] = [
  ["control", "04 00", ["settings "]],
  ["control", "04 03 330161", ["settings 330161"]],
  ["control", "04 00 07 01 05 0d 02 4005 03 08 ffffffffffffffff", [
    "settings ",
    "other 7",
    "other 13",
    "other 3",
  ]],
  // Of types that mean nothing, the last of them above 2^53; and PRIORITY_UPDATE.
  ["control", "04 00 21 00 4040 03 aabbcc fffffffffffffffe 01 aa 800f0700 02 0075 07 01 00", [
    "settings ",
    "other 7",
  ]],
  ["request", "01 00", ["headers "]],
  ["request", "01 02 abcd 00 03 010203", ["headers abcd", "data 010203"]],
  ["request", "21 01 ff 01 01 ab 4040 00 00 01 01 00 00 21 01 ff 00 02 0203", [
    "headers ab",
    "data 010203",
  ]],
  // Type and length longer than they must be.
  ["request", "4001 80000001 ab c000000000000000 c000000000000002 cdef", [
    "headers ab",
    "data cdef",
  ]],
];

Deno.test("Http3FrameReader: whole, in every split, byte by byte, with a beginning behind", () => {
  for (const [stream, hex, frames] of STREAMS) {
    const bytes = fromHex(hex);
    for (const pieces of everySplit(bytes)) {
      const reader = new Http3FrameReader(stream);
      assertEquals(readAll(reader, pieces), frames, hex);
      assertEquals(reader.isInFrame, false);
    }
    const reader = new Http3FrameReader(stream);
    assertEquals(readAll(reader, [concat([bytes, fromHex("21")])]), frames);
    assertEquals(reader.isInFrame, true);
  }
});

Deno.test("Http3FrameReader: whether a frame is cut off", () => {
  const bytes = fromHex("01 02 abcd 00 02 0102 21 03 010203");
  const between = new Set([0, 4, 8, bytes.length]);
  for (let length = 0; length <= bytes.length; length++) {
    const reader = new Http3FrameReader("request");
    readAll(reader, [bytes.subarray(0, length)]);
    assertEquals(reader.isInFrame, !between.has(length), `${length}`);
  }
});

Deno.test("Http3FrameReader: payloads belong to the receiver, pieces are copied", () => {
  const reader = new Http3FrameReader("request");
  const bytes = fromHex("01 02 abcd 00 02 0102");
  reader.push(bytes);
  bytes.fill(0);
  const headers = reader.next();
  const data = reader.next();
  if (headers?.kind !== "headers" || data?.kind !== "data") throw new Error("Not both were read");
  assertEquals(toHex(data.piece), "0102");
  reader.push(encodeFrame(FRAME.data, new Uint8Array(4000)));
  assertEquals(toHex(headers.payload), "abcd");
  assertEquals(headers.payload.buffer.byteLength, 2);
});

Deno.test("Http3FrameReader: data come as they come, however long the frame is", () => {
  const reader = new Http3FrameReader("request");
  readAll(reader, [fromHex("01 00 00"), encodeVarint(2 ** 53 - 1)]);
  assertEquals(readAll(reader, [fromHex("01"), new Uint8Array(0), fromHex("0203")]), [
    "data 010203",
  ]);
  assertEquals(reader.isInFrame, true);
  const tooLong = fromHex("01 00 00 e000000000000000");
  assertEquals(codeOf(() => read("request", tooLong)), Http3Code.excessiveLoad);
});

/** What is wrong on a stream, with the code to end it or the connection. */
const BAD: readonly (readonly [FrameStreamKind, what: string, hex: string, code: number])[] = [
  ["control", "no settings", "07 01 00", Http3Code.missingSettings],
  ["control", "settings behind what means nothing", "21 00 04 00", Http3Code.missingSettings],
  ["control", "headers first", "01 00", Http3Code.missingSettings],
  ["control", "settings twice", "04 00 04 00", Http3Code.frameUnexpected],
  ["control", "data", "04 00 00 00", Http3Code.frameUnexpected],
  ["control", "headers", "04 00 01 00", Http3Code.frameUnexpected],
  ["control", "push promise", "04 00 05 00", Http3Code.frameUnexpected],
  ["control", "a stream", "04 00 4041 00", Http3Code.frameError],
  ["control", "no number", "04 00 07 00", Http3Code.frameError],
  ["control", "half a number", "04 00 07 01 40", Http3Code.frameError],
  ["control", "a number and more", "04 00 0d 02 0000", Http3Code.frameError],
  ["control", "more than a number has", "04 00 03 09", Http3Code.frameError],
  ["request", "data first", "00 00", Http3Code.frameUnexpected],
  ["request", "headers twice", "01 00 01 00", Http3Code.frameUnexpected],
  ["request", "trailers", "01 00 00 01 ff 01 00", Http3Code.frameUnexpected],
  ["request", "settings", "04 00", Http3Code.frameUnexpected],
  ["request", "settings behind", "01 00 04 00", Http3Code.frameUnexpected],
  ["request", "cancel push", "01 00 03 01 00", Http3Code.frameUnexpected],
  ["request", "push promise", "05 00", Http3Code.frameUnexpected],
  ["request", "goaway", "07 01 00", Http3Code.frameUnexpected],
  ["request", "max push id", "0d 01 00", Http3Code.frameUnexpected],
  ["request", "a stream", "4041 00", Http3Code.streamCreationError],
  ["request", "a stream, behind what means nothing", "2100 4041 04", Http3Code.streamCreationError],
  ["request", "a stream within", "01 00 4041 00", Http3Code.frameError],
  ...["02", "06", "08", "09"].flatMap((type) =>
    [
      ["control", "of HTTP/2", `0400 ${type} 00`, Http3Code.frameUnexpected],
      ["request", "of HTTP/2", `${type} 00`, Http3Code.frameUnexpected],
      ["request", "of HTTP/2", `0100 ${type} 00`, Http3Code.frameUnexpected],
    ] as const
  ),
];

Deno.test("Http3FrameReader: what must not come, whole and byte by byte", () => {
  for (const [stream, what, hex, code] of BAD) {
    const bytes = fromHex(hex);
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      assertEquals(codeOf(() => read(stream, ...pieces)), code, `${stream}: ${what}`);
    }
  }
});

Deno.test("Http3FrameReader: the longest payloads, and one byte more, before it has come", () => {
  const limits = [
    ["request", FRAME.headers, MAX_HEADERS_LENGTH],
    ["control", FRAME.settings, MAX_SETTINGS_LENGTH],
  ] as const;
  for (const [stream, type, limit] of limits) {
    const frame = encodeFrame(type, new Uint8Array(limit));
    assertEquals(read(stream, frame).length, 1);
    assertEquals(read(stream, frame.subarray(0, -1)), []);
    const head = concat([Uint8Array.of(type), encodeVarint(limit + 1)]);
    assertEquals(codeOf(() => read(stream, head)), Http3Code.excessiveLoad);
  }
});

Deno.test("Http3FrameReader: as much that is unknown as may be, and one byte more", () => {
  const headers = fromHex("01 00");
  // Five bytes each of type and length.
  const half = encodeFrame(0x21, new Uint8Array(MAX_SKIPPED_BYTES / 2 - 5));
  const more = encodeFrame(0x21, new Uint8Array(MAX_SKIPPED_BYTES / 2 - 4));
  assertEquals(read("request", half, headers, half), ["headers "]);
  assertEquals(codeOf(() => read("request", half, headers, more)), Http3Code.excessiveLoad);
  // Before it has come, and by frames of nothing.
  const reader = new Http3FrameReader("request");
  readAll(reader, [half]);
  assertEquals(codeOf(() => readAll(reader, [more.subarray(0, 5)])), Http3Code.excessiveLoad);
  const empty = new Uint8Array(MAX_SKIPPED_BYTES).map((_, at) => at % 2 === 0 ? 0x21 : 0);
  assertEquals(read("request", empty, headers), ["headers "]);
  assertEquals(codeOf(() => read("request", empty, fromHex("2100"))), Http3Code.excessiveLoad);
});

Deno.test("Http3FrameReader: what is of no interest counts as unknown", () => {
  const goaways = new Uint8Array(MAX_SKIPPED_BYTES - 1).map((_, at) => [7, 1, 0][at % 3]!);
  assertEquals(MAX_SKIPPED_BYTES % 3, 1);
  const settings = fromHex("04 00");
  assertEquals(read("control", settings, goaways).length, 1 + goaways.length / 3);
  const code = codeOf(() => read("control", settings, goaways, fromHex("07 01 00")));
  assertEquals(code, Http3Code.excessiveLoad);
});

Deno.test("Http3FrameReader: mutations, and the same in pieces as in one", () => {
  for (const stream of ["control", "request"] as const) {
    const samples = STREAMS.filter(([kind]) => kind === stream).map(([, hex]) => fromHex(hex));
    const outcome = (pieces: readonly Uint8Array[]) => {
      try {
        return read(stream, ...pieces).join();
      } catch (error) {
        if (error instanceof Http3Error) return `error ${error.code}`;
        throw error;
      }
    };
    surviveMutations(
      samples,
      (bytes) => {
        const half = Math.floor(bytes.length / 2);
        assertEquals(outcome([bytes]), outcome([bytes.subarray(0, half), bytes.subarray(half)]));
      },
      Http3Error,
      { count: 500 },
    );
  }
});
