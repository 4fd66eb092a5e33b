import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import {
  type HandshakeFragment,
  HandshakeReassembler,
  MAX_HANDSHAKE_MESSAGE_LENGTH,
  readHandshakeFragment,
  writeHandshakeRecord,
} from "../../../src/webrtc/dtls/fragments.ts";
import { parseDtlsAlert, readDtlsRecord } from "../../../src/webrtc/dtls/record.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { fromHex, seededRandom, surviveMutations, toHex } from "../../../testing/mutation.ts";

const RECORD = fromHex("16 fefd 0001 000200000003 0004 aabbccdd");
const FRAGMENT = fromHex("01 000006 0001 000002 000003 aabbcc");

function readRecord(bytes: Uint8Array) {
  return readDtlsRecord(new ByteReader(bytes, WebrtcError));
}

function readFragment(bytes: Uint8Array) {
  return readHandshakeFragment(new ByteReader(bytes, WebrtcError));
}

Deno.test("a record's fields", () => {
  assertEquals(readRecord(RECORD), {
    contentType: 22,
    minorVersion: 253,
    epoch: 1,
    sequenceNumber: 0x2_0000_0003,
    fragment: fromHex("aabbccdd"),
  });
});

Deno.test("a record or fragment that is cut off anywhere is refused; what follows is left", () => {
  for (let length = 0; length < RECORD.length; length++) {
    assertThrows(() => readRecord(RECORD.subarray(0, length)), WebrtcError);
  }
  for (let length = 0; length < FRAGMENT.length; length++) {
    assertThrows(() => readFragment(FRAGMENT.subarray(0, length)), WebrtcError);
  }
  const reader = new ByteReader(Uint8Array.from([...RECORD, 1, 2]), WebrtcError);
  readDtlsRecord(reader);
  assertEquals(reader.remaining, 2);
});

Deno.test("what is no record, fragment or alert is refused, with its value", () => {
  const cases: [string, () => void, string][] = [
    ["type", () => readRecord(fromHex("13 fefd 0000 000000000000 0000")), "got 19"],
    ["type", () => readRecord(fromHex("18 fefd 0000 000000000000 0000")), "got 24"],
    ["TLS", () => readRecord(fromHex("16 0303 0000 000000000000 0000")), "got 3"],
    ["size", () => readRecord(fromHex("16 fefd 0000 000000000000 4801")), "got 18433"],
    ["size", () => readFragment(fromHex("01 002001 0000 000000 000000")), "got 8193"],
    ["range", () => readFragment(fromHex("01 000004 0000 000003 000002 aabb")), "got 5"],
    ["range", () => readFragment(fromHex("01 000004 0000 ffffff 000001 aa")), "got 16777216"],
    ["alert", () => parseDtlsAlert(fromHex("01")), "got 1"],
    ["alert", () => parseDtlsAlert(fromHex("010203")), "got 3"],
    ["alert", () => parseDtlsAlert(fromHex("0000")), "level 0"],
  ];
  for (const [name, run, message] of cases) assertThrows(run, WebrtcError, message, name);
  assertEquals(parseDtlsAlert(fromHex("0228")), { isFatal: true, description: 40 });
});

/** A message of bytes 0, 1, 2 …, in fragments of `size`. */
function fragments(messageSeq: number, messageLength: number, size: number): HandshakeFragment[] {
  const body = Uint8Array.from({ length: messageLength }, (_, at) => at);
  const list = [];
  for (let offset = 0; offset === 0 || offset < messageLength; offset += size) {
    const bytes = body.subarray(offset, offset + size);
    list.push({ messageType: 1, messageLength, messageSeq, offset, bytes });
  }
  return list;
}

function takeAll(reassembler: HandshakeReassembler): string[] {
  const taken = [];
  for (let message; (message = reassembler.next()) !== undefined;) {
    taken.push(`${message.messageSeq} ${message.messageType} ${message.body.length}`);
    assertEquals(message.body, Uint8Array.from(message.body, (_, at) => at));
  }
  return taken;
}

Deno.test("messages come in order, whole and once, whatever order and overlap they have", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const pieces = [0, 1, 2, 3].flatMap((seq) => [
      ...fragments(seq, 60 + seq, 1 + Math.floor(random() * 70)),
      ...fragments(seq, 60 + seq, 1 + Math.floor(random() * 70)),
    ]).sort(() => random() - 0.5);
    const reassembler = new HandshakeReassembler();
    const taken: string[] = [];
    for (const piece of pieces) {
      reassembler.push(piece);
      taken.push(...takeAll(reassembler));
    }
    assertEquals(taken, ["0 1 60", "1 1 61", "2 1 62", "3 1 63"]);
  }
});

Deno.test("an empty message is whole at once", () => {
  const reassembler = new HandshakeReassembler();
  reassembler.push(fragments(0, 0, 1)[0]!);
  assertEquals(takeAll(reassembler), ["0 1 0"]);
});

Deno.test("a gap is not filled by repeats; what is too far ahead is not held", () => {
  const reassembler = new HandshakeReassembler();
  const [first, second] = fragments(0, 10, 5);
  reassembler.push(first!);
  reassembler.push(first!);
  assertEquals(takeAll(reassembler), []);
  for (const seq of [4, 5, 65_535]) {
    for (const piece of fragments(seq, 3, 3)) reassembler.push(piece);
  }
  for (const piece of fragments(3, 3, 3)) reassembler.push(piece);
  reassembler.push(second!);
  assertEquals(takeAll(reassembler), ["0 1 10"]);
  for (const seq of [1, 2]) for (const piece of fragments(seq, 3, 3)) reassembler.push(piece);
  assertEquals(takeAll(reassembler), ["1 1 3", "2 1 3", "3 1 3"]);
  assertEquals(reassembler.nextSeq, 4);
});

Deno.test("a contradiction replaces what is held, so that a forged fragment does not stay", () => {
  const reassembler = new HandshakeReassembler();
  const [first, second] = fragments(0, 10, 5);
  reassembler.push({ ...first!, messageType: 16 });
  reassembler.push({ ...first!, messageLength: MAX_HANDSHAKE_MESSAGE_LENGTH });
  reassembler.push(second!);
  reassembler.push(first!);
  assertEquals(takeAll(reassembler), ["0 1 10"]);
});

Deno.test("what is written can be read", () => {
  const body = Uint8Array.of(1, 2, 3);
  const record = readRecord(writeHandshakeRecord({ messageType: 16, messageSeq: 2, body }));
  assertEquals([record.contentType, record.epoch, record.sequenceNumber], [22, 0, 0]);
  const fragment = readFragment(record.fragment);
  assertEquals(toHex(fragment.bytes), "010203");
  assertEquals([fragment.messageType, fragment.messageSeq, fragment.messageLength], [16, 2, 3]);
});

Deno.test("mutations of records and fragments", () => {
  surviveMutations([RECORD], readRecord, WebrtcError);
  const reassembler = new HandshakeReassembler();
  surviveMutations([FRAGMENT], (bytes) => reassembler.push(readFragment(bytes)), WebrtcError);
});
