import { assertEquals, assertThrows } from "@std/assert";
import {
  BodyError,
  type ByteSink,
  ChunkedDecoder,
  HeadReader,
  WebSocketDecoder,
} from "./body_decoder.ts";
import { everySplit, surviveMutations } from "../testing/mutation.ts";

const utf8 = new TextEncoder();

class Collector implements ByteSink {
  readonly bytes: number[] = [];
  consume(bytes: Uint8Array, from: number, to: number): void {
    this.bytes.push(...bytes.subarray(from, to));
  }
}

function unchunk(pieces: Uint8Array[]): string {
  const collector = new Collector();
  const decoder = new ChunkedDecoder(collector);
  for (const piece of pieces) decoder.consume(piece, 0, piece.length);
  return String.fromCharCode(...collector.bytes);
}

function unframe(pieces: Uint8Array[]): { bytes: number[]; pings: number } {
  const collector = new Collector();
  let pings = 0;
  const decoder = new WebSocketDecoder(collector, () => pings++);
  for (const piece of pieces) decoder.consume(piece, 0, piece.length);
  return { bytes: collector.bytes, pings };
}

const chunked = utf8.encode(
  "3\r\nabc\r\nA;x=1\r\n0123456789\r\n0b\r\nhello world\r\n0\r\n\r\nrest",
);

Deno.test("chunks are joined, however they are split, up to the last chunk", () => {
  for (const pieces of everySplit(chunked)) {
    assertEquals(unchunk(pieces), "abc0123456789hello world");
  }
});

for (const text of ["3\r\nabcd\r\n", "g\r\n"]) {
  Deno.test(`broken chunks are refused: ${JSON.stringify(text)}`, () => {
    assertThrows(() => unchunk([utf8.encode(text)]), BodyError);
  });
}

const long = Array.from({ length: 126 }, (_, at) => at);
const longest = Array.from({ length: 0x10000 }, (_, at) => at & 0xff);
const frames = Uint8Array.of(
  ...[0x02, 2, 7, 8, 0x89, 1, 99, 0x80, 1, 9, 0x8a, 0, 0x82, 0],
  ...[0x82, 126, 0, 126, ...long],
);

Deno.test("frames are joined and pings reported, however they are split", () => {
  for (const pieces of everySplit(frames)) {
    assertEquals(unframe(pieces), { bytes: [7, 8, 9, ...long], pings: 1 });
  }
});

Deno.test("a frame with a 64-bit length is read", () => {
  const frame = Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, ...longest);
  assertEquals(unframe([frame]).bytes, longest);
});

for (const [what, start] of [["close", [0x88, 0]], ["text", [0x81, 1]], ["masked", [0x82, 0x81]]]) {
  Deno.test(`a frame no viewer wants is refused: ${what}`, () => {
    assertThrows(() => unframe([Uint8Array.from(start as number[])]), BodyError);
  });
}

Deno.test("nothing but BodyError escapes on mutated input", () => {
  surviveMutations([chunked], (bytes) => unchunk([bytes]), BodyError);
  surviveMutations([frames], (bytes) => unframe([bytes]), BodyError);
});

Deno.test("a head ends at its empty line, and the body starts behind it", () => {
  const response = utf8.encode("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody");
  for (const pieces of everySplit(response)) {
    const reader = new HeadReader();
    let body = "";
    let head: string | undefined;
    for (const piece of pieces) {
      if (head !== undefined) body += String.fromCharCode(...piece);
      else {
        const read = reader.push(piece);
        if (read === undefined) continue;
        head = read.head;
        body = String.fromCharCode(...piece.subarray(read.bodyAt));
      }
    }
    assertEquals([head, body], ["HTTP/1.1 200 OK\r\nA: b", "body"]);
  }
});

Deno.test("a head is bounded", () => {
  const reader = new HeadReader();
  assertEquals(reader.push(new Uint8Array(16 * 1024 - 1)), undefined);
  assertThrows(() => reader.push(new Uint8Array(1)), BodyError, "at most 16384 bytes");
});
