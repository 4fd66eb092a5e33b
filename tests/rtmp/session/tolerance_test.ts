/** What encoders get wrong, or do otherwise than most: none of it may end a session. */
import { assertEquals, assertThrows } from "@std/assert";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfObject, type AmfValue } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import { encodeCommand } from "../../../src/rtmp/message/command.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { MAX_NAME_LENGTH, MAX_QUERY_LENGTH } from "../../../src/rtmp/message/stream_name.ts";
import type { ConnectEvent } from "../../../src/rtmp/session/event.ts";
import { fromHex } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
} from "../../../testing/rtmp/client.ts";
import { Dialogue, NO_COUNTS, outline } from "./dialogue.ts";

/** A session that has shaken hands. */
function greeted(): Dialogue {
  const dialogue = new Dialogue();
  dialogue.push(clientHello());
  dialogue.push(clientAnswer());
  return dialogue;
}

/** What the server makes of a `connect` with this object. */
function connectWith(object: AmfValue, ...more: AmfValue[]): ConnectEvent {
  const dialogue = greeted();
  const replies = dialogue.push(
    new ClientMessages().command(0, "connect", 1, object, ...more).take(),
  );
  assertEquals(outline(commandsOf(replies)), [["_result", 1, "NetConnection.Connect.Success"]]);
  const [event] = dialogue.events;
  if (event?.kind !== "connect") throw new Error("Not connected");
  return event;
}

const strictArray = (...items: AmfValue[]): AmfValue => ({ kind: "strict-array", items });
const VIDEO = fromHex("17 00000000 01");

/** Application, `tcUrl`, and the application and query that they make. */
const APPLICATIONS: [string, AmfValue, AmfValue, string, string][] = [
  ["app and tcUrl", "live", "rtmp://h/live", "live", ""],
  ["tcUrl with a port", "live", "rtmp://h:1935/live", "live", ""],
  ["no tcUrl", "live", undefined, "live", ""],
  ["a tcUrl that is no text", "live", null, "live", ""],
  ["no app", undefined, "rtmp://h/live", "live", ""],
  ["no app, tcUrl with a port and a slash", undefined, "rtmp://h:1935/live/", "live", ""],
  ["no app, IPv6", undefined, "rtmp://[::1]:1935/live", "live", ""],
  ["no app, RTMPS, two levels", undefined, "RTMPS://h/a/b?t=1", "a/b", "t=1"],
  ["no app, tcUrl without path", undefined, "rtmp://h", "", ""],
  ["no app, tcUrl that is no URL", undefined, "live", "", ""],
  ["nothing", undefined, undefined, "", ""],
  ["empty app", "", "rtmp://h/", "", ""],
  ["empty app with a query", "?t=1", "rtmp://h/?t=1", "", "t=1"],
  ["app of slashes", "//", "rtmp://h//", "", ""],
  ["query on app", "live?t=1", "rtmp://h/live?t=1", "live", "t=1"],
  ["query on tcUrl only", "live", "rtmp://h/live?t=1", "live", "t=1"],
  ["app with a trailing slash", "live/", "rtmp://h/live/", "live", ""],
  ["app of two levels", "live/eu", "rtmp://h/live/eu", "live/eu", ""],
];

for (const [name, app, tcUrl, expectedApp, expectedQuery] of APPLICATIONS) {
  Deno.test(`tolerated in connect: ${name}`, () => {
    const properties: Record<string, AmfValue> = {};
    if (app !== undefined) properties.app = app;
    if (tcUrl !== undefined) properties.tcUrl = tcUrl;
    const { app: foundApp, query } = connectWith(amfObject(properties));
    assertEquals([foundApp, query], [expectedApp, expectedQuery]);
  });
}

Deno.test("tolerated in connect: no object, other kinds of it, strict arrays, more arguments", () => {
  assertEquals(connectWith(null).app, "");
  assertEquals(connectWith(strictArray("live")).app, "");
  assertEquals(connectWith(amfEcmaArray({ app: "live" })).app, "live");
  const properties = new Map<string, AmfValue>([["app", "live"]]);
  assertEquals(connectWith({ kind: "typed-object", className: "c", properties }).app, "live");
  const codecs = strictArray(1, "two", strictArray(), null);
  assertEquals(connectWith(amfObject({ videoCodecs: codecs, app: "live" })).app, "live");
  assertEquals(connectWith(amfObject({ app: "live" }), "user", strictArray("a")).app, "live");
});

Deno.test("tolerated: an object encoding that nobody knows is AMF0", () => {
  for (const objectEncoding of [0, 1, 2, 4, NaN, "3", null]) {
    assertEquals(connectWith(amfObject({ objectEncoding })).objectEncoding, 0);
  }
});

Deno.test("texts of connect are limited, at the limit and beyond", () => {
  const limits: [string, number, (text: string) => Record<string, AmfValue>][] = [
    ["flashVer", MAX_NAME_LENGTH, (flashVer) => ({ flashVer })],
    ["application name", MAX_NAME_LENGTH, (app) => ({ app })],
    ["application name", MAX_NAME_LENGTH, (app) => ({ tcUrl: `rtmp://h/${app}` })],
    ["query", MAX_QUERY_LENGTH, (query) => ({ app: `live?${query}` })],
    ["query", MAX_QUERY_LENGTH, (query) => ({ app: "live", tcUrl: `rtmp://h/live?${query}` })],
    ["tcUrl", MAX_NAME_LENGTH + MAX_QUERY_LENGTH, (tcUrl) => ({ app: "live", tcUrl })],
  ];
  for (const [what, limit, properties] of limits) {
    const connect = (length: number) => connectWith(amfObject(properties("x".repeat(length))));
    connect(limit - 1);
    connect(limit);
    assertThrows(
      () => connect(limit + 1),
      RtmpError,
      `Cannot connect: ${what} must be up to ${limit} characters, got ${limit + 1}`,
    );
  }
});

/** A session connected to an application, with `messages` for what follows. */
function connected(app: string): { dialogue: Dialogue; messages: ClientMessages } {
  const dialogue = greeted();
  const messages = new ClientMessages();
  dialogue.push(messages.connect(app, `rtmp://h/${app}`).take());
  return { dialogue, messages };
}

Deno.test("tolerated: queries on app, on name or both, empty app, slashes in names", () => {
  const cases: [string, string, string, string, string][] = [
    ["live", "a?t=1", "live", "a", "t=1"],
    ["live?t=2", "a", "live", "a", "t=2"],
    ["live?t=2", "a?t=1", "live", "a", "t=1"],
    ["", "live/a", "", "live/a", ""],
    ["", "/live/a?t=1", "", "live/a", "t=1"],
    ["live", "b/c/a", "live", "b/c/a", ""],
    ["live/", "/a/", "live", "a", ""],
  ];
  for (const [app, name, expectedApp, expectedName, expectedQuery] of cases) {
    const { dialogue, messages } = connected(app);
    dialogue.push(messages.publish(name).take());
    const publish = dialogue.publication();
    assertEquals([publish?.app, publish?.name, publish?.query], [
      expectedApp,
      expectedName,
      expectedQuery,
    ]);
  }
});

/** Stream ids: created (or not), published on, media on; and where the media comes out. */
const STREAM_IDS: [string, number, number, number, number | undefined][] = [
  ["as it should be", 1, 1, 1, 1],
  ["stream 1 guessed, never created", 0, 1, 1, 1],
  ["stream 5 guessed, never created", 0, 5, 5, 5],
  ["published on stream 0", 1, 0, 0, 0],
  ["published on stream 0, never created", 0, 0, 0, 0],
  ["published on stream 0, media on the one created", 1, 0, 1, 0],
  ["published on stream 0, media on one guessed", 0, 0, 1, 0],
  ["published on stream 1, media on stream 0", 1, 1, 0, 1],
  ["published on stream 1, media on one never created", 1, 1, 7, 1],
  ["published on stream 1, media on another one created", 2, 1, 2, undefined],
];

for (const [name, created, publishedOn, mediaOn, expected] of STREAM_IDS) {
  Deno.test(`tolerated stream ids: ${name}`, () => {
    const { dialogue, messages } = connected("live");
    for (let count = 0; count < created; count++) messages.command(0, "createStream", 2, null);
    messages.command(publishedOn, "publish", 3, null, "a", "live");
    dialogue.push(messages.video(0, VIDEO, mediaOn).take());
    const [video] = dialogue.events.filter(({ kind }) => kind === "video");
    assertEquals(video?.kind === "video" ? video.streamId : undefined, expected);
    assertEquals(dialogue.session.counters.ignoredMedia, expected === undefined ? 1 : 0);
  });
}

Deno.test("with two publications, media on a stream never created belongs to neither", () => {
  const { dialogue, messages } = connected("live");
  dialogue.push(messages.publish("a").publish("b", 2).video(0, VIDEO, 3).video(0, VIDEO, 0).take());
  assertEquals(dialogue.kinds().slice(1), ["publish", "publish"]);
  assertEquals(dialogue.session.counters.ignoredMedia, 2);
});

Deno.test("streams opened by publishing on them are limited, too", () => {
  const { dialogue, messages } = connected("live");
  for (let id = 1; id <= 16; id++) messages.command(id * 10, "publish", 0, null, `s${id}`, "live");
  dialogue.push(messages.take());
  assertEquals(dialogue.kinds().length, 17);
  const oneMore = messages.command(999, "publish", 0, null, "x", "live").take();
  assertThrows(() => dialogue.push(oneMore), RtmpError, "at most 16");
});

Deno.test("publish before createStream is answered, in one piece or byte by byte", () => {
  const pieces = (bytes: Uint8Array, size: number) =>
    Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, at) => bytes.subarray(at * size, (at + 1) * size),
    );
  for (const size of [1, 10_000]) {
    const { dialogue, messages } = connected("live");
    const bytes = messages.command(1, "publish", 5, null, "a", "live")
      .command(0, "createStream", 4, null).video(0, VIDEO).take();
    for (const piece of pieces(bytes, size)) dialogue.push(piece);
    assertEquals(dialogue.kinds(), ["connect", "publish", "video"]);
  }
});

Deno.test("tolerated: messages without payload, of every type, anywhere", () => {
  const empty = new Uint8Array(0);
  const raw = (typeId: number, streamId: number) => ({
    chunkStreamId: 8,
    typeId,
    streamId,
    timestampMs: 0,
    payload: empty,
  });
  for (let typeId = 0; typeId < 256; typeId++) {
    const dialogue = greeted();
    const messages = new ClientMessages();
    messages.raw(raw(typeId, 0)).connect("live").raw(raw(typeId, 0)).publish("a");
    dialogue.push(messages.raw(raw(typeId, 1)).video(40, VIDEO).take());
    const isMedia = typeId === 8 || typeId === 9;
    const expected = ["connect", "publish", ...(isMedia ? ["empty"] : []), "video"];
    const kinds = dialogue.events.map((event) =>
      "payload" in event && event.payload.length === 0 ? "empty" : event.kind
    );
    assertEquals(kinds, expected, `type ${typeId}`);
  }
});

Deno.test("tolerated: unknown commands with odd transaction ids", () => {
  const cases: [AmfValue, number | undefined][] = [
    [7, 7],
    [0, undefined],
    [-1, -1],
    [1e300, 1e300],
    [0.5, 0.5],
    [Infinity, Infinity],
    [NaN, NaN],
    [null, undefined],
    [undefined, undefined],
    ["7", undefined],
    [amfObject({}), undefined],
  ];
  for (const [id, answered] of cases) {
    const { dialogue, messages } = connected("live");
    const payload = encodeAmf0("someCall", id, null, "x");
    const replies = dialogue.push(
      messages.send({ kind: "command", streamId: 0, timestampMs: 0, payload }).publish("a").take(),
    );
    const [first] = outline(commandsOf(replies));
    if (answered === undefined) assertEquals(first?.[1], 2, `${id}: the answer to releaseStream`);
    else assertEquals(first, ["_result", answered, undefined]);
    assertEquals(dialogue.kinds(), ["connect", "publish"]);
  }
});

Deno.test("tolerated: commands that are a name and nothing else", () => {
  const names = [
    ...["publish", "play", "createStream", "deleteStream", "closeStream", "FCPublish"],
    ...["FCUnpublish", "releaseStream", "_checkbw", "getStreamLength", "connect", "_result", ""],
  ];
  for (const name of names) {
    const { dialogue, messages } = connected("live");
    const payload = encodeAmf0(name);
    messages.send({ kind: "command", streamId: 9, timestampMs: 0, payload });
    dialogue.push(messages.publish("a", name === "createStream" ? 2 : 1).take());
    assertEquals(dialogue.publication()?.name, "a", name);
  }
});

Deno.test("tolerated: arguments of other types than they should be", () => {
  for (const argument of [7, null, undefined, true, amfObject({}), strictArray("a")]) {
    const { dialogue, messages } = connected("live");
    for (const name of ["publish", "play", "FCPublish", "FCUnpublish", "releaseStream"]) {
      messages.command(0, name, 3, null, argument, argument);
    }
    messages.command(0, "deleteStream", 3, null, argument);
    dialogue.push(messages.publish("a").take());
    assertEquals(dialogue.kinds(), ["connect", "publish-refused", "play-refused", "publish"]);
  }
});

/** Orders in which encoders send what surrounds `publish`. */
const ORDERS: string[][] = [
  ["createStream", "publish"],
  ["publish"],
  ["createStream", "releaseStream", "FCPublish", "publish"],
  ["releaseStream", "createStream", "publish", "FCPublish"],
  ["FCPublish", "createStream", "_checkbw", "publish", "releaseStream"],
  ["_checkbw", "createStream", "createStream", "publish"],
  ["FCUnpublish", "releaseStream", "createStream", "publish"],
  ["deleteStream", "closeStream", "createStream", "publish"],
  ["createStream", "closeStream", "publish"],
  ["createStream", "deleteStream", "publish"],
];

for (const order of ORDERS) {
  Deno.test(`tolerated order: ${order.join(", ")}`, () => {
    const { dialogue, messages } = connected("live");
    order.forEach((name, index) => {
      const onStream = name === "publish" || name === "closeStream";
      const argument = name === "deleteStream" ? 1 : "a";
      messages.command(onStream ? 1 : 0, name, index + 2, null, argument, "live");
    });
    const replies = dialogue.push(messages.video(0, VIDEO).take());
    assertEquals(dialogue.kinds(), ["connect", "publish", "video"]);
    const answered = commandsOf(replies).filter(({ name }) => name === "_result");
    const calls = order.flatMap((name, index) =>
      ["publish", "deleteStream", "closeStream"].includes(name) ? [] : [index + 2]
    );
    assertEquals(answered.map(({ transactionId }) => transactionId), calls);
  });
}

/** Data messages, and the script tag body that they make. */
const METADATA: [string, AmfValue[], AmfValue[] | undefined][] = [
  ["as it should be", ["@setDataFrame", "onMetaData", amfEcmaArray({ width: 1 })], [
    "onMetaData",
    amfEcmaArray({ width: 1 }),
  ]],
  ["@setDataFrame missing", ["onMetaData", amfEcmaArray({ width: 1 })], [
    "onMetaData",
    amfEcmaArray({ width: 1 }),
  ]],
  ["an object for an array", ["@setDataFrame", "onMetaData", amfObject({ width: 1 })], [
    "onMetaData",
    amfObject({ width: 1 }),
  ]],
  ["strict arrays within", [
    "@setDataFrame",
    "onMetaData",
    amfObject({ keyframes: amfObject({ times: strictArray(0, 1), filepositions: strictArray() }) }),
  ], [
    "onMetaData",
    amfObject({ keyframes: amfObject({ times: strictArray(0, 1), filepositions: strictArray() }) }),
  ]],
  ["a strict array for metadata", ["onMetaData", strictArray(1, "x")], [
    "onMetaData",
    strictArray(1, "x"),
  ]],
  ["no metadata behind the name", ["@setDataFrame", "onMetaData"], ["onMetaData"]],
  ["metadata taken back", ["@clearDataFrame", "onMetaData"], undefined],
];

for (const [name, values, expected] of METADATA) {
  Deno.test(`tolerated metadata: ${name}`, () => {
    for (const typeId of [18, 15]) {
      const { dialogue, messages } = connected("live");
      const body = encodeAmf0(...values);
      // Of type 15 some have the format byte, and some have not.
      const payloads = typeId === 18 ? [body] : [Uint8Array.of(0, ...body), body];
      dialogue.push(messages.publish("a").take());
      for (const payload of payloads) {
        messages.raw({ chunkStreamId: 5, typeId, streamId: 1, timestampMs: 0, payload });
      }
      dialogue.push(messages.take());
      const found = dialogue.events.flatMap((event) =>
        event.kind === "metadata" ? [event.payload] : []
      );
      assertEquals(
        found,
        expected === undefined ? [] : payloads.map(() => encodeAmf0(...expected)),
      );
      assertEquals(dialogue.session.counters, NO_COUNTS);
    }
  });
}

Deno.test("commands of type 17 with and without the format byte are the same", () => {
  for (const prefix of [[0], []]) {
    const { dialogue, messages } = connected("live");
    const amf3 = (streamId: number, name: string, id: number, ...args: AmfValue[]) => {
      const payload = encodeCommand({ name, transactionId: id, args: [null, ...args] });
      messages.raw({
        chunkStreamId: 3,
        typeId: 17,
        streamId,
        timestampMs: 0,
        payload: Uint8Array.of(...prefix, ...payload),
      });
    };
    amf3(0, "createStream", 2);
    amf3(1, "publish", 3, "a", "live");
    const replies = dialogue.push(messages.take());
    assertEquals(outline(commandsOf(replies)), [
      ["_result", 2, 1],
      ["onStatus", 0, "NetStream.Publish.Start"],
    ]);
  }
});

Deno.test("chunk sizes that encoders announce: 1, and more than a message can be long", () => {
  for (const size of [1, 0xffffff, 0x1000000, 0x1000001, 0x7fffffff]) {
    const { dialogue, messages } = connected("live");
    dialogue.push(messages.send({ kind: "setChunkSize", size }).take());
    const after = new ClientMessages();
    if (size < 0x1000000) after.chunkSize(size).take();
    else after.chunkSize(0xffffff).take();
    dialogue.push(after.publish("a").video(0, new Uint8Array(300)).take());
    assertEquals(dialogue.kinds(), ["connect", "publish", "video"], `${size}`);
  }
});

Deno.test("publish types: live, record and append are told, others are live", () => {
  for (
    const [type, expected] of [
      ["live", "live"],
      ["record", "record"],
      ["append", "append"],
      ["LIVE", "live"],
      ["", "live"],
      [null, "live"],
    ] as const
  ) {
    const { dialogue, messages } = connected("live");
    dialogue.push(messages.command(1, "publish", 5, null, "a", type).take());
    assertEquals(dialogue.publication()?.publishType, expected);
  }
});
