import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import {
  type ChunkLimits,
  ChunkReader,
  MAX_ANNOUNCED_CHUNK_SIZE,
  MAX_CHUNK_SIZE,
  type RawMessage,
} from "../../../src/rtmp/chunk/reader.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { everySplit, fromHex, surviveMutations } from "../../../testing/mutation.ts";

/** Messages as text, so that tables are short: type/chunk stream/stream@time:payload. */
function describe({ typeId, chunkStreamId, streamId, timestampMs, payload }: RawMessage): string {
  const bytes = payload.length > 8 ? `${payload.length} bytes` : [...payload].join(",");
  return `${typeId}/${chunkStreamId}/${streamId}@${timestampMs}:${bytes}`;
}

/** Reads all messages, each piece overwritten once it is given back; applies control messages. */
function readAll(pieces: readonly Uint8Array[], limits: ChunkLimits = {}): string[] {
  const chunks = new ChunkReader(limits);
  const messages: string[] = [];
  for (const piece of pieces) {
    const own = piece.slice();
    chunks.push(own);
    for (let message = chunks.next(); message !== undefined; message = chunks.next()) {
      messages.push(describe(message));
      if (message.typeId === 1) chunks.setChunkSize(message.payload[3]!);
      if (message.typeId === 2) chunks.abort(message.payload[3]!);
    }
    own.fill(0xee);
  }
  return messages;
}

const zeros = (length: number) => "00".repeat(length);

/** Name, bytes (spaces between fields), and the messages they make. */
const CASES: [string, string, string[]][] = [
  ["type 0", "04 000014 000002 08 01000000 af01", ["8/4/1@20:175,1"]],
  ["empty message", "04 000014 000000 08 01000000", ["8/4/1@20:"]],
  ["two-byte id", "00 05 000014 000001 08 01000000 07", ["8/69/1@20:7"]],
  ["three-byte id", "01 05 01 000014 000001 08 01000000 07", ["8/325/1@20:7"]],
  [
    "types 1, 2 and 3 count on",
    "06 0003e8 000001 09 01000000 01  46 000021 000002 09 0102  86 000022 0304  c6 0506",
    ["9/6/1@1000:1", "9/6/1@1033:1,2", "9/6/1@1067:3,4", "9/6/1@1101:5,6"],
  ],
  [
    "type 3 after type 0 repeats its timestamp (5.3.1.2.4)",
    "04 000015 000001 08 01000000 01 c4 02",
    ["8/4/1@21:1", "8/4/1@42:2"],
  ],
  ["starts with type 1", "44 000014 000001 08 07", ["8/4/0@20:7"]],
  [
    "timestamps wrap around",
    "04 ffffff 000001 08 01000000 fffffff0 01  44 000020 000001 08 02",
    ["8/4/1@4294967280:1", "8/4/1@16:2"],
  ],
  [
    "smallest extended timestamp, largest plain one",
    "04 ffffff 000001 08 01000000 00ffffff 01  04 fffffe 000001 08 01000000 02",
    ["8/4/1@16777215:1", "8/4/1@16777214:2"],
  ],
  [
    "a message of three chunks",
    `06 000000 000105 09 01000000 ${zeros(128)} c6 ${zeros(128)} c6 ${zeros(5)}`,
    ["9/6/1@0:261 bytes"],
  ],
  [
    "interleaved chunk streams",
    `06 000000 000082 09 01000000 ${zeros(128)} 04 000000 000001 08 01000000 07 c6 ${zeros(2)}`,
    ["8/4/1@0:7", "9/6/1@0:130 bytes"],
  ],
  [
    "extended timestamp repeated on type 3",
    `06 ffffff 000082 09 01000000 01020304 ${
      zeros(128)
    } c6 01020304 aabb 04 000000 000000 08 01000000`,
    ["9/6/1@16909060:130 bytes", "8/4/1@0:"],
  ],
  [
    "extended timestamp not repeated on type 3",
    `06 ffffff 000082 09 01000000 01020304 ${zeros(128)} c6 01bb 04 000000 000000 08 01000000`,
    ["9/6/1@16909060:130 bytes", "8/4/1@0:"],
  ],
  [
    "extended timestamp repeated as the message's own on type 3",
    `06 ffffff 000001 09 01000000 01000000 aa 46 ffffff 000082 09 01000000 ${
      zeros(128)
    } c6 02000000 aabb 04 000000 000000 08 01000000`,
    ["9/6/1@16777216:170", "9/6/1@33554432:130 bytes", "8/4/1@0:"],
  ],
  [
    "payload that begins as the extended timestamp does",
    `06 ffffff 000085 09 01000000 01020304 ${zeros(128)} c6 01020305aa 04 000000 000000 08
     01000000`,
    ["9/6/1@16909060:133 bytes", "8/4/1@0:"],
  ],
  [
    "extended delta of type 2, and type 3 that starts a message with it",
    "06 000010 000001 09 01000000 01 86 ffffff 01000000 02 c6 01000000 03",
    ["9/6/1@16:1", "9/6/1@16777232:2", "9/6/1@33554448:3"],
  ],
  [
    "type 3 after type 1 repeats its delta and length, after type 2 its delta",
    "04 000001 000001 08 01000000 01 44 000002 000002 09 0203 c4 0405 84 000007 0607 c4 0809",
    ["8/4/1@1:1", "9/4/1@3:2,3", "9/4/1@5:4,5", "9/4/1@12:6,7", "9/4/1@19:8,9"],
  ],
  [
    "32-bit wrap by type 3 and by an extended delta",
    "04 ffffff 000001 08 01000000 fffffff0 01 84 ffffff 01000000 02 c4 01000000 03",
    ["8/4/1@4294967280:1", "8/4/1@16777200:2", "8/4/1@33554416:3"],
  ],
  [
    "ids at the ends of all three forms",
    `02 000000 000000 08 01000000 3f 000000 000000 08 01000000 00 00 000000 000000 08 01000000
     00 ff 000000 000000 08 01000000 01 00 00 000000 000000 08 01000000
     01 ff ff 000000 000000 08 01000000`,
    ["8/2/1@0:", "8/63/1@0:", "8/64/1@0:", "8/319/1@0:", "8/64/1@0:", "8/65599/1@0:"],
  ],
  [
    "chunk size changed in the middle of another message",
    `06 000000 00008a 09 01000000 ${zeros(128)}
     02 000000 000004 01 00000000 00000003 c6 010203 c6 040506 c6 070809
     02 000000 000004 01 00000000 000000 c2 ff c6 0a 04 000000 000004 08 01000000 01020304`,
    ["1/2/0@0:0,0,0,3", "1/2/0@0:0,0,0,255", "9/6/1@0:138 bytes", "8/4/1@0:1,2,3,4"],
  ],
  [
    "set chunk size",
    "02 000000 000004 01 00000000 00000002  04 000000 000005 08 01000000 0102 c4 0304 c4 05",
    ["1/2/0@0:0,0,0,2", "8/4/1@0:1,2,3,4,5"],
  ],
  [
    "abort, then a new message",
    `06 000000 000082 09 01000000 ${zeros(128)} 02 000000 000004 02 00000000 00000006
     06 000000 000001 09 01000000 07`,
    ["2/2/0@0:0,0,0,6", "9/6/1@0:7"],
  ],
  [
    "abort, then a message like the last by type 3",
    `06 000014 000081 09 01000000 ${zeros(128)} 02 000000 000004 02 00000000 00000006
     c6 ${zeros(128)} c6 07`,
    ["2/2/0@0:0,0,0,6", "9/6/1@40:129 bytes"],
  ],
  [
    "abort of a chunk stream that has nothing under way, and of one never seen",
    `06 000000 000001 09 01000000 07 02 000000 000004 02 00000000 00000006
     02 000000 000004 02 00000000 00000009 c6 08`,
    ["9/6/1@0:7", "2/2/0@0:0,0,0,6", "2/2/0@0:0,0,0,9", "9/6/1@0:8"],
  ],
];

for (const [name, digits, expected] of CASES) {
  Deno.test(`chunks: ${name}`, () => {
    const bytes = fromHex(digits);
    assertEquals(readAll([bytes]), expected);
    for (const pieces of everySplit(bytes)) assertEquals(readAll(pieces), expected);
    assertEquals(readAll([Uint8Array.of(...bytes, 0x04, 0x00)]), expected);
  });
}

const REFUSED: [string, string, string][] = [
  ["type 2 first", "84 000000", "chunk stream 4 must begin with type 0, got 2"],
  ["type 3 first", "c4", "chunk stream 4 must begin with type 0, got 3"],
  [
    "a message within another",
    `06 000000 000082 09 01000000 ${zeros(128)} 06 000000 000001 09 01000000 07`,
    "128 of 130 bytes",
  ],
];

for (const [name, digits, reason] of REFUSED) {
  Deno.test(`chunks refused: ${name}`, () => {
    assertThrows(() => readAll([fromHex(digits)]), RtmpError, reason);
  });
}

Deno.test("chunk sizes have 31 bits, of which 24 mean something", () => {
  for (const size of [0, -1, NaN, MAX_ANNOUNCED_CHUNK_SIZE + 1, 0xffffffff]) {
    assertThrows(() => new ChunkReader().setChunkSize(size), RtmpError, `got ${size}`);
  }
  const message = new ByteWriter().bytes(fromHex("04 000000 0186a0 08 01000000"))
    .bytes(new Uint8Array(100_000)).take();
  for (const size of [100_000, MAX_CHUNK_SIZE, MAX_CHUNK_SIZE + 1, MAX_ANNOUNCED_CHUNK_SIZE]) {
    const chunks = new ChunkReader();
    chunks.setChunkSize(size);
    chunks.push(message);
    assertEquals(chunks.next()?.payload.length, 100_000);
  }
  const chunks = new ChunkReader();
  chunks.setChunkSize(1);
  chunks.push(fromHex("04 000014 000003 08 01000000 01 c4 02 c4 03"));
  assertEquals(describe(chunks.next()!), "8/4/1@20:1,2,3");
});

Deno.test("message length is limited before the message arrives", () => {
  const header = (length: number) =>
    new ByteWriter().u8(6).u24(0).u24(length).u8(9).u32le(1).take();
  assertEquals(readAll([header(1000)], { maxMessageLength: 1000 }), []);
  assertThrows(
    () => readAll([header(1001)], { maxMessageLength: 1000 }),
    RtmpError,
    "must be up to 1000 bytes, got 1001",
  );
});

Deno.test("chunk streams are limited in number", () => {
  const open = (count: number) => {
    const out = new ByteWriter();
    for (let id = 2; id < 2 + count; id++) out.u8(id).u24(0).u24(0).u8(8).u32le(1);
    return readAll([out.take()], { maxChunkStreams: 5 }).length;
  };
  assertEquals(open(5), 5);
  assertThrows(() => open(6), RtmpError, "at most 5");
});

Deno.test("unfinished messages are limited in what they hold together", () => {
  const start = (count: number) => {
    const out = new ByteWriter();
    for (let id = 2; id < 2 + count; id++) {
      out.u8(id).u24(0).u24(0x100000).u8(9).u32le(1).bytes(new Uint8Array(128));
    }
    return readAll([out.take()], { maxPartialBytes: 64 * 1024 });
  };
  // Each holds 16 KiB though it announces 1 MiB.
  assertEquals(start(4), []);
  assertThrows(() => start(5), RtmpError, "Cannot hold unfinished messages");
});

Deno.test("memory of finished and aborted messages is given back", () => {
  const out = new ByteWriter();
  for (let round = 0; round < 20; round++) {
    out.u8(6).u24(0).u24(200).u8(9).u32le(1).bytes(new Uint8Array(128));
    out.u8(0xc6).bytes(new Uint8Array(72));
    out.u8(7).u24(0).u24(200).u8(9).u32le(1).bytes(new Uint8Array(128));
    out.u8(2).u24(0).u24(4).u8(2).u32le(0).u32(7);
  }
  assertEquals(readAll([out.take()], { maxPartialBytes: 16 * 1024 }).length, 40);
});

Deno.test("a message that lies whole in the piece is not copied", () => {
  const piece = fromHex("04 000014 000002 08 01000000 af01");
  const chunks = new ChunkReader();
  chunks.push(piece);
  assert(chunks.next()!.payload.buffer === piece.buffer);
});

Deno.test("pieces pushed before the last is read follow it", () => {
  const chunks = new ChunkReader();
  chunks.push(fromHex("04 000014 000002 08 01000000 af01 c4 02"));
  chunks.push(fromHex("03 04 000000 000000 08 01000000"));
  const messages = Array.from({ length: 3 }, () => describe(chunks.next()!));
  assertEquals(messages, ["8/4/1@20:175,1", "8/4/1@40:2,3", "8/4/1@0:"]);
  assertEquals(chunks.next(), undefined);
});

Deno.test("one byte per push costs time in proportion", () => {
  const out = new ByteWriter().u8(6).u24(0).u24(200_000).u8(9).u32le(1);
  const payload = Uint8Array.from({ length: 200_000 }, (_, index) => index * 7);
  out.bytes(payload);
  const chunks = new ChunkReader();
  chunks.setChunkSize(MAX_CHUNK_SIZE);
  let message: RawMessage | undefined;
  for (const byte of out.take()) {
    chunks.push(Uint8Array.of(byte));
    message = chunks.next();
  }
  assertEquals(message?.payload, payload);
});

Deno.test("chunks survive mutations", () => {
  const samples = CASES.map(([, digits]) => fromHex(digits));
  surviveMutations(samples, (bytes) => void readAll([bytes]), RtmpError, { count: 500 });
});
