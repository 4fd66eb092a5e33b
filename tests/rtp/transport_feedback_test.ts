import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import {
  MAX_TRANSPORT_STATUSES,
  readTransportFeedback,
  type TransportFeedback,
} from "../../src/rtp/transport_feedback.ts";
import { fromHex } from "../../testing/mutation.ts";

const LOST = -Infinity;

function read(statusCount: number, hex: string) {
  const body = new ByteWriter().u32(1).u32(2).u16(0xfffe).u16(statusCount).u24(0x000010).u8(3)
    .bytes(fromHex(hex)).take();
  return readTransportFeedback(new ByteReader(body, RtpError));
}

/** When each packet came, or that it did not. */
function statusesOf({ statusCount, received, arrivals }: TransportFeedback): number[] {
  const statuses: number[] = Array(statusCount).fill(LOST);
  received.forEach((at, index) => statuses[at] = arrivals[index]!);
  return statuses;
}

Deno.test("transport feedback: chunks and deltas", () => {
  const lost = (count: number): number[] => Array(count).fill(LOST);
  const cases: [string, number, string, number[]][] = [
    ["nothing", 0, "", []],
    ["a run of lost packets", 5, "0005", lost(5)],
    ["a run of small deltas", 3, "2003 010203", [1, 3, 6]],
    ["a run of large deltas", 2, "4002 ffff 0100", [-1, 255]],
    ["a run that is longer than the rest", 2, "2fff 0101", [1, 2]],
    // 1 0 10000000000001
    ["bits", 14, "a001 0508", [5, ...lost(12), 13]],
    ["bits beyond the end do not count", 1, "bfff 05", [5]],
    // 11 00 01 10 00 01 10 00
    ["pairs of bits", 7, "c618 04 ffff 02 8000", [LOST, 4, 3, LOST, 5, 5 - 32_768, LOST]],
    ["pairs beyond the end do not count", 2, "d7ff 04 05", [4, 9]],
    ["chunks behind each other", 17, "0001 2002 bfff 0101 " + "01".repeat(14), [
      LOST,
      ...Array.from({ length: 16 }, (_, at) => at + 1),
    ]],
  ];
  for (const [name, statusCount, hex, arrivals] of cases) {
    const feedback = read(statusCount, hex);
    assertEquals(statusesOf(feedback), arrivals, name);
    assertEquals([feedback.baseSequence, feedback.feedbackCount], [0xfffe, 3]);
    assertEquals(feedback.referenceTimeMs, 1024);
  }
});

Deno.test("transport feedback: reserved statuses, empty runs and missing deltas are refused", () => {
  assertThrows(() => read(1, "6001 00"), RtpError, "got 3");
  assertThrows(() => read(7, "c003"), RtpError, "got 3");
  assertThrows(() => read(1, "0000 0000"), RtpError, "run");
  assertThrows(() => read(2, "2002 01"), RtpError, "u8");
  assertThrows(() => read(2, "4002 0001 01"), RtpError, "u16");
  assertThrows(() => read(20, "200e" + "01".repeat(14)), RtpError);
  assertThrows(() => read(1, ""), RtpError);
});

Deno.test("transport feedback: packets up to the limit", () => {
  const { statusCount, arrivals, received } = read(MAX_TRANSPORT_STATUSES, "1fff");
  assertEquals(statusCount, MAX_TRANSPORT_STATUSES);
  // What takes memory is bounded by the bytes that came, not by what they claim.
  assertEquals([arrivals.buffer.byteLength, received.buffer.byteLength], [0, 0]);
  assertThrows(() => read(MAX_TRANSPORT_STATUSES + 1, "1fff"), RtpError, "got 4097");
  assertThrows(() => read(65_535, "1fff".repeat(8)), RtpError, "got 65535");
});
