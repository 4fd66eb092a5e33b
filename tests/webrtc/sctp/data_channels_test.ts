import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { crc32c } from "../../../src/webrtc/sctp/crc32c.ts";
import { parseChannelRequest } from "../../../src/webrtc/sctp/dcep.ts";
import { CHUNK, writeChunk } from "../../../src/webrtc/sctp/packet.ts";
import { WebrtcError } from "../../../src/webrtc/webrtc_error.ts";
import { openMessage, SctpClient } from "./sctp_client.ts";

const types = (client: SctpClient) => client.arrived().map(({ type }) => type);

Deno.test("SCTP: the checksum is that of RFC 9260", () => {
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe306_9283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a91_36aa);
});

Deno.test("data channels: one is opened, acknowledged, and told texts", () => {
  const client = new SctpClient().connect();
  assertEquals(types(client), [CHUNK.cookieAck]);
  client.open(7, "events");
  assertEquals(client.opened, ["events"]);
  const [acknowledgement] = client.data();
  assertEquals([acknowledgement!.streamId, acknowledgement!.protocolId], [7, 50]);
  assertEquals(acknowledgement!.text, "\u0002");
  assertEquals(client.channels.sendText("events", "hello", 0), 0);
  assertEquals(client.channels.sendText("others", "hello", 0), 0);
  const told = client.data();
  assertEquals(told.map(({ streamId, protocolId, text }) => [streamId, protocolId, text]), [
    [7, 51, "hello"],
  ]);
});

Deno.test("data channels: what comes again, out of order or in pieces is acknowledged once it is complete", () => {
  const client = new SctpClient().connect();
  const part = new Uint8Array(3);
  client.arrived();
  const sacks = () =>
    client.arrived().filter(({ type }) => type === CHUNK.sack).map(({ value }) => {
      const reader = new ByteReader(value);
      const cumulative = reader.u32();
      reader.skip(4);
      const runs = Array.from({ length: reader.u16() }, () => 0);
      reader.skip(2);
      return [cumulative, ...runs.flatMap(() => [reader.u16(), reader.u16()])];
    });
  client.give([client.dataChunk(0, 1, 51, part), client.dataChunk(2, 1, 51, part)]);
  assertEquals(sacks(), [[0xffff_fffd, 3, 3, 5, 5]]);
  client.give([client.dataChunk(0xffff_fffe, 1, 51, part, 2), client.dataChunk(0, 1, 51, part)]);
  assertEquals(sacks(), [[0xffff_fffe, 2, 2, 4, 4]]);
  client.give([client.dataChunk(0xffff_ffff, 1, 51, part, 1)]);
  assertEquals(sacks(), [[0, 2, 2]]);
  client.give([client.dataChunk(100_000, 1, 51, part)]);
  assertEquals(sacks(), [[0, 2, 2]], "what is far beyond is not noted");
  const skip = new ByteWriter().u32(5).take();
  client.give([writeChunk(CHUNK.forwardTsn, 0, skip)]);
  assertEquals(sacks(), [[5]]);
});

Deno.test("data channels: long texts come in pieces, and what is lost comes again", () => {
  const client = new SctpClient().connect();
  client.open(1, "events");
  const first = client.data()[0]!.number;
  client.acknowledge(first);
  const text = Array.from({ length: 3000 }, (_, at) => at % 10).join("");
  client.channels.sendText("events", text, 0);
  const pieces = client.data();
  assertEquals(pieces.map(({ flags }) => flags), [2, 0, 1]);
  assertEquals(pieces.map(({ text }) => text).join(""), text);
  for (let told = 0; told < 3; told++) client.acknowledge(first, [[2, 3]]);
  assertEquals(client.data().map(({ number }) => number), [first + 1], "others came after it");
  client.channels.handleTimeout(300);
  assertEquals(client.data(), []);
  client.channels.handleTimeout(2000);
  assertEquals(client.data().map(({ number }) => number), [first + 1], "nothing was answered");
  client.acknowledge(first + 3, [], 2100);
  client.channels.handleTimeout(60_000);
  assertEquals(client.data(), []);
});

Deno.test("data channels: what may be lost is given up, and the other side told", () => {
  const client = new SctpClient().connect();
  client.open(1, "cues", 0x81, 0);
  const first = client.data()[0]!.number;
  client.acknowledge(first);
  client.channels.sendText("cues", "gone", 0);
  assertEquals(client.data().map(({ flags }) => flags & 4), [4], "not in order");
  client.channels.handleTimeout(5000);
  const [forward, ...rest] = client.arrived();
  assertEquals([forward!.type, rest.length], [CHUNK.forwardTsn, 0]);
  assertEquals(new ByteReader(forward!.value).u32(), first + 1);
  client.acknowledge(first + 1, [], 5000);
  client.channels.sendText("cues", "next", 5000);
  assertEquals(client.data().map(({ text }) => text), ["next"]);
});

Deno.test("data channels: what is too late before it is sent leaves no gap in the order", () => {
  const client = new SctpClient().connect();
  client.open(1, "cues", 2, 100);
  const first = client.data()[0]!.number;
  client.acknowledge(first);
  for (let at = 0; at < 8; at++) client.channels.sendText("cues", `${at}`.repeat(1000), 0);
  const sent = client.data();
  assert(sent.length < 8);
  client.channels.sendText("cues", "later", 500);
  client.acknowledge(first + sent.length, [], 500);
  const [later, ...rest] = client.data();
  assertEquals([later!.text, later!.sequence, rest.length], [
    "later",
    sent.at(-1)!.sequence + 1,
    0,
  ]);
});

Deno.test("data channels: what waits is bounded, and one who answers nothing is given up", () => {
  const client = new SctpClient().connect();
  client.open(1, "events");
  let dropped = 0;
  for (let at = 0; at < 1000; at++) {
    dropped += client.channels.sendText("events", "x".repeat(1000), 0);
  }
  assert(dropped > 900, `${dropped} were dropped`);
  assert(client.data().length < 10, "only so much is under way");
  for (let second = 0; second < 120; second++) client.channels.handleTimeout(1000 * second);
  assert(client.data().length < 40);
  assertEquals(client.channels.sendText("events", "x", 0), 0, "there is no such channel");
});

Deno.test("data channels: a thousand of them are sixteen, and closed ones make room", () => {
  const client = new SctpClient().connect();
  for (let at = 0; at < 1000; at++) {
    if (at < 16) client.open(at, `channel ${at}`);
    else assertThrows(() => client.open(at, `channel ${at}`), WebrtcError, "up to 16");
  }
  assertEquals(client.opened.length, 16);
  assertEquals(client.arrived().at(-1)!.type, CHUNK.sack, "they are not to be sent again");
  const reset = new ByteWriter().u16(13).u16(18).u32(9).u32(0).u32(0xffff_fffe).u16(3).take();
  const wish = writeChunk(CHUNK.reconfig, 0, reset);
  client.give([wish]);
  const [answer] = client.arrived();
  assertEquals(answer!.type, CHUNK.reconfig);
  client.give([wish]);
  assertEquals(client.arrived(), [answer!], "it is answered again as it was");
  client.channels.sendText("channel 3", "x", 0);
  assertEquals(client.arrived(), []);
  client.open(3, "another");
  assertEquals(client.opened.at(-1), "another");
});

Deno.test("data channels: a wish that lists no channels closes all of them", () => {
  const client = new SctpClient().connect();
  client.open(1, "events");
  client.open(2, "others");
  client.channels.sendText("events", "first", 0);
  client.arrived();
  const wish = new ByteWriter().u16(13).u16(16).u32(9).u32(0).u32(0xffff_fffe).take();
  client.give([writeChunk(CHUNK.reconfig, 0, wish)]);
  const [answer] = client.arrived();
  assertEquals(answer!.type, CHUNK.reconfig);
  // Done; and its own wish, which lists none either.
  assertEquals(answer!.value.subarray(0, 12), Uint8Array.of(0, 16, 0, 12, 0, 0, 0, 9, 0, 0, 0, 1));
  assertEquals(answer!.value.subarray(12, 16), Uint8Array.of(0, 13, 0, 16));
  client.channels.sendText("events", "x", 0);
  client.channels.sendText("others", "x", 0);
  assertEquals(client.arrived(), []);
  client.open(1, "again");
  assertEquals(client.opened.at(-1), "again");
});

Deno.test("data channels: one that is opened and closed again and again is not opened each time", () => {
  const client = new SctpClient().connect();
  const openAndClose = (number: number) => {
    client.open(1, "events");
    const reset = new ByteWriter().u16(13).u16(18).u32(number).u32(0).u32(0xffff_fffe).u16(1);
    client.give([writeChunk(CHUNK.reconfig, 0, reset.take())]);
  };
  for (let at = 1; at <= 1000; at++) {
    if (at <= 32) openAndClose(at);
    else assertThrows(() => openAndClose(at), WebrtcError, "up to 32 a second");
  }
  assertEquals(client.opened.length, 32);
  client.channels.handleTimeout(1000);
  openAndClose(1001);
  assertEquals(client.opened.length, 33);
});

Deno.test("data channels: foreign tags, wrong checksums and endings", () => {
  const client = new SctpClient().connect();
  client.open(1, "events");
  client.arrived();
  assertThrows(() => client.give([], { tag: 1 }), WebrtcError, "tag");
  assertThrows(() => client.channels.receive(new Uint8Array(12), 0), WebrtcError, "checksum");
  client.give([writeChunk(CHUNK.heartbeat, 0, Uint8Array.of(0, 1, 0, 8, 1, 2, 3, 4))]);
  assertEquals(types(client), [CHUNK.heartbeatAck]);
  client.give([writeChunk(CHUNK.shutdown, 0, new Uint8Array(4))]);
  assertEquals(types(client), [CHUNK.shutdownAck]);
  client.channels.sendText("events", "x", 0);
  assertEquals(client.arrived(), []);
});

Deno.test("DCEP: what a channel is opened with", () => {
  const reliable = { isOrdered: true, maxResends: Infinity, lifetimeMs: Infinity };
  const cases = [
    [0x00, { ...reliable }],
    [0x80, { ...reliable, isOrdered: false }],
    [0x01, { ...reliable, maxResends: 9 }],
    [0x82, { ...reliable, isOrdered: false, lifetimeMs: 9 }],
  ] as const;
  for (const [channelType, expected] of cases) {
    assertEquals(parseChannelRequest(openMessage("höhe", channelType, 9)), {
      label: "höhe",
      ...expected,
    });
  }
  assertEquals(parseChannelRequest(Uint8Array.of(2)), undefined);
  const bad: readonly (readonly [Uint8Array, string])[] = [
    [Uint8Array.of(4), "must be 3, got 4"],
    [openMessage("a", 3), "must be 0..2, got 3"],
    [openMessage("a".repeat(65)), "got 65 and 0"],
    [openMessage("abc").subarray(0, 13), "13"],
  ];
  for (const [message, told] of bad) {
    assertThrows(() => parseChannelRequest(message), WebrtcError, told === "13" ? "" : told);
  }
});
