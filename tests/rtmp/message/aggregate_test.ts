import { assert, assertEquals, assertThrows } from "@std/assert";
import { AggregateReader, MAX_AGGREGATED_MESSAGES } from "../../../src/rtmp/message/aggregate.ts";
import { encodeAggregate } from "../../../testing/rtmp/aggregate_writer.ts";
import type { RawMessage } from "../../../src/rtmp/chunk/reader.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { fromHex, surviveMutations, toHex } from "../../../testing/mutation.ts";

const raw = (payload: Uint8Array, timestampMs = 1000): RawMessage => ({
  chunkStreamId: 6,
  typeId: 22,
  streamId: 3,
  timestampMs,
  payload,
});

/** Messages as type@time:payload. */
function readAll(payload: Uint8Array, timestampMs?: number): string[] {
  const reader = new AggregateReader(raw(payload, timestampMs));
  const messages: string[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) {
    assertEquals([message.streamId, message.chunkStreamId], [3, 6]);
    messages.push(`${message.typeId}@${message.timestampMs}:${toHex(message.payload)}`);
  }
  return messages;
}

const AUDIO = "08 000002 000014 00 000000 af01 0000000d";
const VIDEO = "09 000001 000028 00 000000 17 0000000c";

const CASES: [string, string, number, string[]][] = [
  ["nothing", "", 0, []],
  ["the first stands for the aggregate's time", AUDIO + VIDEO, 1000, ["8@1000:af01", "9@1020:17"]],
  ["times that count from elsewhere", VIDEO + AUDIO, 1000, ["9@1000:17", "8@980:af01"]],
  [
    "the fourth byte of a timestamp comes last",
    "08 000000 000001 02 000000 0000000b 08 000000 000002 02 000000 0000000b",
    5,
    ["8@5:", "8@6:"],
  ],
  [
    "wrap within the aggregate",
    "08 000000 fffffe ff 000000 0000000b 08 000000 000003 00 000000 0000000b",
    0xfffffffc,
    ["8@4294967292:", "8@1:"],
  ],
  ["back pointers of nonsense", "08 000001 000014 00 000000 aa ffffffff" + VIDEO, 0, [
    "8@0:aa",
    "9@20:17",
  ]],
  ["the last back pointer missing", AUDIO + "09 000001 000028 00 000000 17", 0, [
    "8@0:af01",
    "9@20:17",
  ]],
  ["the last back pointer cut short", "09 000001 000028 00 000000 17 0000", 0, ["9@0:17"]],
  ["stream ids within", "08 000001 000014 00 000007 aa 0000000c", 0, ["8@0:aa"]],
  ["data and commands", "12 000000 000000 00 000000 0000000b 14 000000 000000 00 000000", 0, [
    "18@0:",
    "20@0:",
  ]],
];

for (const [name, digits, timestampMs, expected] of CASES) {
  Deno.test(`aggregate: ${name}`, () => {
    assertEquals(readAll(fromHex(digits), timestampMs), expected);
  });
}

Deno.test("an aggregate cut short anywhere gives the messages before, and an error", () => {
  const whole = fromHex(AUDIO + VIDEO);
  for (let length = 1; length < whole.length; length++) {
    const reader = new AggregateReader(raw(whole.subarray(0, length)));
    if (length >= 13) assertEquals(reader.next()?.typeId, 8);
    // Behind a message, part of its back pointer may be missing.
    if (length >= 13 && length <= 17) assertEquals(reader.next(), undefined);
    else if (length < 17 + 12) assertThrows(() => reader.next(), RtmpError, "Cannot read");
    else assertEquals(reader.next()?.typeId, 9);
  }
});

Deno.test("an aggregate within an aggregate is refused", () => {
  const reader = new AggregateReader(raw(fromHex("16 000000 000000 00 000000 0000000b")));
  assertThrows(() => reader.next(), RtmpError, "must not hold another aggregate");
});

Deno.test("the messages of an aggregate are limited in number", () => {
  const empty = { typeId: 8, timestampMs: 0, payload: new Uint8Array(0) };
  const count = (messages: number) => readAll(encodeAggregate(Array(messages).fill(empty))).length;
  assertEquals(count(MAX_AGGREGATED_MESSAGES - 1), MAX_AGGREGATED_MESSAGES - 1);
  assertEquals(count(MAX_AGGREGATED_MESSAGES), MAX_AGGREGATED_MESSAGES);
  assertThrows(() => count(MAX_AGGREGATED_MESSAGES + 1), RtmpError, "at most 4096 messages");
});

Deno.test("what is encoded is read again, without a copy", () => {
  const messages = [8, 9, 18, 8].map((typeId, index) => ({
    typeId,
    timestampMs: 0xffffff + index * 20,
    payload: new Uint8Array(index * 10).fill(index),
  }));
  const payload = encodeAggregate(messages);
  const reader = new AggregateReader(raw(payload, 0xffffff));
  for (const message of messages) {
    const read = reader.next()!;
    assertEquals({ ...message }, {
      typeId: read.typeId,
      timestampMs: read.timestampMs,
      payload: read.payload,
    });
    assert(read.payload.buffer === payload.buffer);
  }
  assertEquals(reader.next(), undefined);
});

Deno.test("aggregates survive mutations", () => {
  const samples = CASES.map(([, digits]) => fromHex(digits));
  surviveMutations(samples, (bytes) => void readAll(bytes), RtmpError, { count: 500 });
});
