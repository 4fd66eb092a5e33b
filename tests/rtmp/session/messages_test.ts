import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfObject } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import { encodeAggregate } from "../../../testing/rtmp/aggregate_writer.ts";
import { encodeCommand } from "../../../src/rtmp/message/command.ts";
import { LIMIT_TYPE, type StreamMessage } from "../../../src/rtmp/message/message.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { ServerSession } from "../../../src/rtmp/session/server_session.ts";
import { encodeSharedObject, parseSharedObject } from "../../../src/rtmp/message/shared_object.ts";
import { userControl } from "../../../src/rtmp/message/user_control.ts";
import { fromHex, seededRandom } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
  publisherPreamble,
} from "../../../testing/rtmp/client.ts";
import { Dialogue, NO_COUNTS, outline } from "./dialogue.ts";

/** A session with a publication on stream 1, and the messages that go on with it. */
function published(): { dialogue: Dialogue; messages: ClientMessages } {
  const messages = new ClientMessages();
  const dialogue = new Dialogue();
  dialogue.push(publisherPreamble({ app: "live", name: "a", messages }));
  dialogue.events.length = 0;
  return { dialogue, messages };
}

const raw = (typeId: number, payload: Uint8Array, streamId = 1, timestampMs = 0) => ({
  chunkStreamId: 7,
  typeId,
  streamId,
  timestampMs,
  payload,
});

Deno.test("messages within an aggregate are events as if they came alone", () => {
  const { dialogue, messages } = published();
  const metadata = encodeAmf0("@setDataFrame", "onMetaData", amfEcmaArray({ width: 1 }));
  const inner = [
    { typeId: 18, timestampMs: 500, payload: metadata },
    { typeId: 8, timestampMs: 510, payload: fromHex("af01") },
    { typeId: 9, timestampMs: 540, payload: fromHex("17") },
    {
      typeId: 20,
      timestampMs: 0,
      payload: encodeCommand({ name: "deleteStream", transactionId: 0, args: [null, 1] }),
    },
  ];
  dialogue.push(messages.raw(raw(22, encodeAggregate(inner), 1, 9000)).take());
  assertEquals(dialogue.events, [
    {
      kind: "metadata",
      streamId: 1,
      timestampMs: 9000,
      payload: encodeAmf0("onMetaData", amfEcmaArray({ width: 1 })),
    },
    { kind: "audio", streamId: 1, timestampMs: 9010, payload: fromHex("af01") },
    { kind: "video", streamId: 1, timestampMs: 9040, payload: fromHex("17") },
    { kind: "unpublish", streamId: 1 },
  ]);
  assertEquals(dialogue.session.counters, NO_COUNTS);
});

Deno.test("an aggregate that cannot be read further ends there, and the publisher goes on", () => {
  const audio = { typeId: 8, timestampMs: 0, payload: fromHex("af01") };
  const good = encodeAggregate([audio]);
  const control = encodeAggregate([
    { typeId: 1, timestampMs: 0, payload: fromHex("00000001") },
    audio,
  ]);
  const nested = encodeAggregate([audio, { typeId: 22, timestampMs: 0, payload: good }, audio]);
  const cases: [string, Uint8Array, string[], number][] = [
    ["empty", new Uint8Array(0), [], 0],
    ["cut short", Uint8Array.of(...good, 9, 0, 0), ["audio"], 1],
    ["control message within", control, ["audio"], 1],
    ["aggregate within", nested, ["audio"], 1],
  ];
  for (const [what, payload, kinds, unknownMessages] of cases) {
    const { dialogue, messages } = published();
    dialogue.push(messages.raw(raw(22, payload)).video(0, fromHex("17")).take());
    assertEquals(dialogue.kinds(), [...kinds, "video"], what);
    assertEquals(dialogue.session.counters, { ...NO_COUNTS, unknownMessages }, what);
  }
});

Deno.test("payloads of an aggregate that arrived in pieces hold until the next event", () => {
  const { dialogue, messages } = published();
  const inner = [1, 2, 3].map((fill) => ({
    typeId: 9,
    timestampMs: fill,
    payload: new Uint8Array(5000).fill(fill),
  }));
  for (const byte of messages.raw(raw(22, encodeAggregate(inner))).take()) {
    dialogue.push(Uint8Array.of(byte));
  }
  const payloads = dialogue.events.map((event) => "payload" in event && event.payload);
  assertEquals(payloads, inner.map(({ payload }) => payload));
});

Deno.test("shared objects are refused in the type that they came in, and nothing ends", () => {
  const message = {
    name: "chat",
    version: 0,
    isPersistent: true,
    events: [{ type: 1, data: new Uint8Array(0) }],
  };
  const payload = encodeSharedObject(message);
  const { dialogue, messages } = published();
  const replies = dialogue.push(
    messages.raw(raw(19, payload, 0)).raw(raw(16, Uint8Array.of(0, ...payload), 0)).take(),
  );
  assertEquals(replies.map(({ kind }) => kind), ["sharedObject", "sharedObject"]);
  for (const reply of replies as StreamMessage[]) {
    const { name, events } = parseSharedObject(reply.payload);
    assertEquals([name, ...events.map(({ type }) => type)], ["chat", 7]);
  }
  assertEquals(dialogue.push(messages.raw(raw(19, fromHex("ffff"), 0)).take()), []);
  assertEquals(dialogue.push(messages.raw(raw(16, new Uint8Array(0), 0)).take()), []);
  dialogue.push(messages.video(0, fromHex("17")).take());
  assertEquals(dialogue.kinds(), ["video"]);
  assertEquals(dialogue.session.counters, { ...NO_COUNTS, sharedObjects: 4 });
});

Deno.test("a shared object before connect gets no answer", () => {
  const dialogue = new Dialogue();
  dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
  const use = {
    name: "x",
    version: 0,
    isPersistent: false,
    events: [{ type: 1, data: new Uint8Array(0) }],
  };
  assertEquals(
    dialogue.push(new ClientMessages().raw(raw(19, encodeSharedObject(use))).take()),
    [],
  );
});

Deno.test("user control events of all kinds are taken; only a ping is answered", () => {
  const { dialogue, messages } = published();
  for (
    const kind of [
      "streamBegin",
      "streamEof",
      "streamDry",
      "streamIsRecorded",
      "bufferEmpty",
      "bufferReady",
    ] as const
  ) {
    messages.send(userControl({ kind, streamId: 1 }));
  }
  messages.send(userControl({ kind: "setBufferLength", streamId: 1, bufferMs: 3000 }));
  messages.send(userControl({ kind: "pingResponse", timestampMs: 1 }));
  assertEquals(dialogue.push(messages.take()), []);
  assertEquals(dialogue.session.counters, NO_COUNTS);
  const ping = dialogue.push(
    messages.send(userControl({ kind: "pingRequest", timestampMs: 9 })).take(),
  );
  assertEquals(ping, [userControl({ kind: "pingResponse", timestampMs: 9 })]);
  for (const eventType of [5, 26, 99, 6]) {
    messages.send({ kind: "userControl", eventType, data: new Uint8Array(0) });
  }
  assertEquals(dialogue.push(messages.take()), []);
  assertEquals(dialogue.session.counters, { ...NO_COUNTS, unknownMessages: 4 });
});

Deno.test("a ping is answered with its time, however long it is", () => {
  const { dialogue, messages } = published();
  const data = new Uint8Array(60_000).fill(1);
  const replies = dialogue.push(messages.send({ kind: "userControl", eventType: 6, data }).take());
  assertEquals(replies, [userControl({ kind: "pingResponse", timestampMs: 0x01010101 })]);
});

Deno.test("a bandwidth that differs from our window is answered with that window", () => {
  const { dialogue, messages } = published();
  const set = (size: number, limitType: number) =>
    dialogue.push(messages.send({ kind: "setPeerBandwidth", size, limitType }).take());
  const window = (size: number) => [{ kind: "windowAcknowledgementSize", size } as const];
  assertEquals(set(3_000_000, LIMIT_TYPE.DYNAMIC), []);
  assertEquals(set(5_000_000, LIMIT_TYPE.HARD), []);
  assertEquals(set(3_000_000, LIMIT_TYPE.HARD), window(3_000_000));
  assertEquals(set(3_000_000, LIMIT_TYPE.HARD), []);
  assertEquals(set(4_000_000, LIMIT_TYPE.SOFT), []);
  assertEquals(set(1_000_000, LIMIT_TYPE.SOFT), window(1_000_000));
  assertEquals(set(0, LIMIT_TYPE.HARD), window(1024));
});

Deno.test("media waits for the peer's window if the peer acknowledges", () => {
  const { dialogue, messages } = published();
  const { session } = dialogue;
  dialogue.push(messages.send({ kind: "setPeerBandwidth", size: 100_000, limitType: 0 }).take());
  session.noteSent(500_000);
  assert(session.maySendMedia(0), "it has never acknowledged");
  dialogue.push(messages.send({ kind: "acknowledgement", receivedBytes: 450_000 }).take());
  assert(session.maySendMedia(0));
  session.noteSent(60_000);
  assertEquals([session.maySendMedia(0), session.maySendMedia(999), session.maySendMedia(1000)], [
    false,
    false,
    true,
  ]);
});

Deno.test("answers that nobody takes end the session before they fill the memory", () => {
  const { dialogue, messages } = published();
  const calls = messages.command(0, "whatever", 8, null).take();
  assertThrows(
    () => {
      for (let round = 0; round < 100_000; round++) {
        dialogue.session.push(calls);
        assertEquals(dialogue.session.next(), undefined);
      }
    },
    RtmpError,
    "Cannot answer: 10485",
  );
});

/** What ends a session whose client asks for `version`, and then sends noise for chunks. */
function insistOn(version: number, seed: number): string {
  const random = seededRandom(seed);
  const noise = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const session = new ServerSession({ random: noise });
  const hello = clientHello();
  hello[0] = version;
  try {
    session.push(hello);
    session.push(noise(1536 + 200_000));
    while (session.next() !== undefined);
  } catch (error) {
    if (error instanceof RtmpError) return error.message;
    throw error;
  }
  return "goes on";
}

Deno.test("a client that insists on RTMPE is told so", () => {
  for (let seed = 1; seed <= 30; seed++) {
    for (const version of [6, 8, 9]) {
      const message = insistOn(version, seed);
      assert(message.includes(`asked for version ${version} (RTMPE`), message);
      assert(message.includes("was offered 3, and does not keep to it: Cannot"), message);
    }
    assert(insistOn(4, seed).includes("asked for version 4 (unknown)"));
    assert(!insistOn(3, seed).includes("version"));
  }
});

Deno.test("a client that takes the version offered is served", () => {
  for (const version of [0, 6, 31]) {
    const dialogue = new Dialogue();
    const preamble = publisherPreamble({ app: "live", name: "a" });
    preamble[0] = version;
    dialogue.push(preamble);
    assertEquals(dialogue.kinds(), ["connect", "publish"]);
  }
});

Deno.test("a C2 that proves nothing is counted, and the client served", () => {
  const dialogue = new Dialogue();
  const preamble = publisherPreamble({ app: "live", name: "a" });
  preamble.fill(0x77, 1537, 3073);
  dialogue.push(preamble);
  assertEquals(dialogue.kinds(), ["connect", "publish"]);
  assertEquals(dialogue.session.counters, { ...NO_COUNTS, handshakeMismatches: 1 });
});

Deno.test("a client that asks for AMF3 is spoken to in its types, but for the answer to connect", () => {
  const dialogue = new Dialogue();
  dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
  const messages = new ClientMessages();
  const { session } = dialogue;
  session.push(
    messages.command(0, "connect", 1, amfObject({ app: "live", objectEncoding: 3 })).take(),
  );
  const connect = session.next();
  assertEquals(connect?.kind === "connect" && connect.objectEncoding, 3);
  const amf3 = (name: string, transactionId: number) =>
    raw(17, Uint8Array.of(0, ...encodeCommand({ name, transactionId, args: [null] })), 0);
  session.push(messages.raw(amf3("createStream", 2)).take());
  assertEquals(session.next(), undefined);
  const types: number[] = [];
  const replies = dialogue.read(session.takeOutput()!, (typeId) => types.push(typeId));
  assertEquals(outline(commandsOf(replies)), [
    ["_result", 1, "NetConnection.Connect.Success"],
    ["_result", 2, 1],
  ]);
  assertEquals(types, [5, 6, 1, 20, 17]);
});
