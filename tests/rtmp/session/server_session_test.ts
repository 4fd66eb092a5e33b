import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfObject } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import { ByteWriter } from "../../../src/bytes/byte_writer.ts";
import { MAX_ANNOUNCED_CHUNK_SIZE } from "../../../src/rtmp/chunk/reader.ts";
import { MESSAGE_TYPE } from "../../../src/rtmp/message/message.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import {
  ServerSession,
  SETUP_MESSAGE_LENGTH,
  SETUP_PARTIAL_BYTES,
} from "../../../src/rtmp/session/server_session.ts";
import { MAX_NAME_LENGTH, MAX_QUERY_LENGTH } from "../../../src/rtmp/message/stream_name.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  commandsOf,
  publisherPreamble,
} from "../../../testing/rtmp/client.ts";
import { Dialogue, NO_COUNTS, outline } from "./dialogue.ts";

const METADATA = amfEcmaArray({ width: 1280, encoder: "test" });
const readFixture = (name: string) =>
  Deno.readFileSync(new URL(`../../../testing/fixtures/${name}`, import.meta.url));

Deno.test("an encoder publishes without waiting for answers", () => {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name: "test?token=a", messages });
  const media = messages.data(0, "@setDataFrame", "onMetaData", METADATA)
    .audio(0, Uint8Array.of(0xaf, 0)).video(40, new Uint8Array(10_000).fill(7))
    .data(50, "onTextData", METADATA)
    .command(0, "FCUnpublish", 6, null, "test").command(0, "deleteStream", 7, null, 1).take();
  const dialogue = new Dialogue();
  const replies = dialogue.push(Uint8Array.of(...preamble, ...media));

  const stream = { streamId: 1 };
  assertEquals(dialogue.events, [
    {
      kind: "connect",
      app: "live",
      query: "",
      tcUrl: "rtmp://localhost/live",
      flashVersion: "FMLE/3.0 (compatible; test)",
      objectEncoding: 0,
      capabilities: {
        fourCcList: undefined,
        videoFourCcs: undefined,
        audioFourCcs: undefined,
        capsEx: undefined,
      },
    },
    {
      kind: "publish",
      ...stream,
      app: "live",
      name: "test",
      query: "token=a",
      publishType: "live",
    },
    { kind: "metadata", ...stream, timestampMs: 0, payload: encodeAmf0("onMetaData", METADATA) },
    { kind: "audio", ...stream, timestampMs: 0, payload: Uint8Array.of(0xaf, 0) },
    { kind: "video", ...stream, timestampMs: 40, payload: new Uint8Array(10_000).fill(7) },
    { kind: "data", ...stream, timestampMs: 50, payload: encodeAmf0("onTextData", METADATA) },
    { kind: "unpublish", ...stream },
  ]);
  assertEquals(
    replies.filter(({ kind }) => kind !== "command").map(({ kind }) => kind),
    ["windowAcknowledgementSize", "setPeerBandwidth", "setChunkSize", "userControl"],
  );
  assertEquals(outline(commandsOf(replies)), [
    ["_result", 1, "NetConnection.Connect.Success"],
    ["_result", 2, undefined],
    ["_result", 3, undefined],
    ["onFCPublish", 0, "NetStream.Publish.Start"],
    ["_result", 4, 1],
    ["onStatus", 0, "NetStream.Publish.Start"],
    ["_result", 6, undefined],
    ["onFCUnpublish", 0, "NetStream.Unpublish.Success"],
  ]);
  assertEquals(dialogue.session.counters, NO_COUNTS);
});

Deno.test("nothing is lost while a publish waits for its decision", () => {
  const messages = new ClientMessages();
  const preamble = publisherPreamble({ app: "live", name: "test", messages });
  const session = new ServerSession({ random: (length) => new Uint8Array(length) });
  const media = messages.video(0, new Uint8Array(200_000)).take();
  session.push(new ByteWriter().bytes(preamble).bytes(media).take());
  assertEquals(session.next()?.kind, "connect");
  assertEquals(session.next()?.kind, "publish");
  session.acceptPublish(1);
  assertEquals(session.next()?.kind, "video");
  assertEquals(session.next(), undefined);
});

Deno.test("a refused publish may be tried again, and its media is dropped", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue();
  let refusals = 1;
  dialogue.decide = (streamId) => {
    if (refusals-- === 0) return dialogue.session.acceptPublish(streamId);
    dialogue.session.refusePublish(streamId, "NetStream.Publish.BadName", "taken");
  };
  dialogue.push(publisherPreamble({ app: "live", name: "a", messages }));
  const replies = dialogue.push(
    messages.video(0, Uint8Array.of(1)).command(1, "publish", 6, null, "b", "record").take(),
  );
  assertEquals(outline(commandsOf(replies)).at(-1)?.[2], "NetStream.Publish.Start");
  assertEquals(dialogue.kinds(), ["connect", "publish", "publish"]);
  assertEquals(dialogue.session.counters.ignoredMedia, 1);
  // Neither call finds a publish that waits: nothing happens.
  dialogue.session.refusePublish(1, "NetStream.Publish.Denied", "late");
  dialogue.session.acceptPublish(9);
  assertEquals(dialogue.session.takeOutput(), undefined);
});

Deno.test("bad names are refused, and that is told", () => {
  const cases: [string, boolean][] = [
    ["", false],
    ["/?token=x", false],
    ["x".repeat(MAX_NAME_LENGTH), true],
    ["x".repeat(MAX_NAME_LENGTH + 1), false],
    [`x?${"q".repeat(MAX_QUERY_LENGTH)}`, true],
    [`x?${"q".repeat(MAX_QUERY_LENGTH + 1)}`, false],
  ];
  for (const [name, isGood] of cases) {
    const dialogue = new Dialogue();
    const replies = dialogue.push(publisherPreamble({ app: "live", name }));
    const code = isGood ? "NetStream.Publish.Start" : "NetStream.Publish.BadName";
    assertEquals(outline(commandsOf(replies)).at(-1)?.[2], code);
    assertEquals(dialogue.kinds(), ["connect", isGood ? "publish" : "publish-refused"]);
  }
});

Deno.test("an application name that is absurd ends the connection", () => {
  new Dialogue().push(publisherPreamble({ app: "x".repeat(MAX_NAME_LENGTH), name: "a" }));
  assertThrows(
    () =>
      new Dialogue().push(publisherPreamble({ app: "x".repeat(MAX_NAME_LENGTH + 1), name: "a" })),
    RtmpError,
    "application name must be up to 256 characters, got 257",
  );
});

Deno.test("queries are found wherever encoders put them", () => {
  const cases: [string, string, string, string][] = [
    ["live", "rtmp://h/live", "a?t=1", "t=1"],
    ["live?t=2", "rtmp://h/live?t=2", "a", "t=2"],
    ["/live/", "rtmp://h/live?t=3", "/a/", "t=3"],
    ["live?t=4", "rtmp://h/live", "a?t=5", "t=5"],
    ["live", "", "a", ""],
  ];
  for (const [app, tcUrl, name, query] of cases) {
    const dialogue = new Dialogue();
    dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
    dialogue.push(new ClientMessages().connect(app, tcUrl).publish(name).take());
    const publish = dialogue.publication();
    assertEquals([publish?.app, publish?.name, publish?.query], ["live", "a", query]);
  }
});

Deno.test("data that nobody may publish is not even read", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  const payload = encodeAmf0("@clearDataFrame", "onMetaData");
  const data = { kind: "data", streamId: 1, timestampMs: 0, payload } as const;
  dialogue.push(messages.send(data).take());
  assertEquals(dialogue.session.counters.ignoredMedia, 1);
  dialogue.push(messages.publish("a").send(data).take());
  assertEquals(dialogue.session.counters.ignoredMedia, 1);
  assertEquals(dialogue.kinds(), ["connect", "publish"]);
});

Deno.test("several streams are published on one connection, up to a limit", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue({ maxStreams: 2 }).connect(messages);
  dialogue.push(messages.publish("a").publish("b", 2).take());
  dialogue.push(messages.video(0, Uint8Array.of(1), 1).audio(0, Uint8Array.of(2), 2).take());
  dialogue.push(messages.command(2, "closeStream", 0, null).video(0, Uint8Array.of(3), 2).take());
  dialogue.push(messages.command(0, "deleteStream", 0, null, 1).publish("c", 1).take());
  assertEquals(
    dialogue.events.slice(1).map((event) =>
      `${event.kind} ${(event as { streamId: number }).streamId}`
    ),
    ["publish 1", "publish 2", "video 1", "audio 2", "unpublish 2", "unpublish 1", "publish 1"],
  );
  assertEquals(dialogue.session.counters.ignoredMedia, 1);
  const oneMore = messages.command(0, "createStream", 9, null).take();
  assertThrows(() => dialogue.push(oneMore), RtmpError, "at most 2");
});

Deno.test("a stream is published once at a time", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  dialogue.push(messages.publish("a").take());
  const again = dialogue.push(messages.command(1, "publish", 5, null, "b", "live").take());
  assertEquals(outline(commandsOf(again)), [["onStatus", 0, "NetStream.Publish.BadName"]]);
  assertEquals(dialogue.kinds(), ["connect", "publish", "publish-refused"]);
});

Deno.test("what is out of turn or unknown is counted, not fatal", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue();
  dialogue.push(Uint8Array.of(...clientHello(), ...clientAnswer()));
  const early = messages.publish("a").video(0, Uint8Array.of(1)).take();
  assertEquals(dialogue.push(early), []);
  dialogue.push(messages.connect("live").connect("other").take());
  const unknown = { chunkStreamId: 7, typeId: 7, streamId: 1, timestampMs: 0 };
  dialogue.push(messages.raw({ ...unknown, payload: Uint8Array.of(1) }).take());
  assertEquals(dialogue.kinds(), ["connect"]);
  assertEquals(dialogue.session.counters, {
    ...NO_COUNTS,
    ignoredMedia: 1,
    ignoredCommands: 5,
    unknownMessages: 1,
  });
});

Deno.test("calls that are not known are answered, notes are not", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  const replies = dialogue.push(
    messages.command(0, "_checkbw", 7, null).command(0, "whatever", 0, null)
      .command(0, "onStatus", 3, null).command(0, "getStreamLength", 8, null, "x").take(),
  );
  assertEquals(outline(commandsOf(replies)), [["_result", 7, undefined], ["_result", 8, 0]]);
});

Deno.test("a player is told that it cannot play", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  dialogue.push(messages.command(0, "createStream", 2, null).take());
  dialogue.push(messages.command(1, "play", 3, null, "a?t=1").take());
  assertEquals(dialogue.events.at(-1), {
    ...{ kind: "play", streamId: 1, app: "live", name: "a", query: "t=1" },
    ...{ audio: true, video: true, isTransition: false },
  });
  dialogue.session.refusePlay(1, "NetStream.Play.StreamNotFound", "Not here.");
  const replies = dialogue.push(new Uint8Array(0));
  assertEquals(outline(commandsOf(replies)), [["onStatus", 0, "NetStream.Play.StreamNotFound"]]);
  assertEquals(replies[0]?.kind === "command" && replies[0].streamId, 1);
});

Deno.test("bytes are acknowledged once per window, pings answered", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  dialogue.push(messages.send({ kind: "windowAcknowledgementSize", size: 10_000 }).take());
  const acknowledgements: number[] = [];
  let sent = 0;
  while (acknowledgements.length < 2) {
    const bytes = messages.audio(0, new Uint8Array(100)).take();
    sent += bytes.length;
    for (const reply of dialogue.push(bytes)) {
      if (reply.kind === "acknowledgement") acknowledgements.push(reply.receivedBytes);
    }
  }
  assert(sent < 20_100 && acknowledgements[1]! - acknowledgements[0]! >= 10_000);

  const ping = { kind: "userControl", eventType: 6, data: Uint8Array.of(1, 2, 3, 4) } as const;
  assertEquals(dialogue.push(messages.send(ping).take()), [{ ...ping, eventType: 7 }]);
});

Deno.test("chunk sizes out of bounds end the session", () => {
  for (const size of [0, MAX_ANNOUNCED_CHUNK_SIZE + 1, 0xffffffff]) {
    const messages = new ClientMessages();
    const dialogue = new Dialogue().connect(messages);
    const bytes = messages.send({ kind: "setChunkSize", size }).take();
    assertThrows(() => dialogue.push(bytes), RtmpError, "Cannot set chunk size");
  }
});

Deno.test("before a publish is accepted, messages must be short", () => {
  const long = new Uint8Array(SETUP_MESSAGE_LENGTH + 1);
  const messages = new ClientMessages();
  const early = new Dialogue().connect(messages);
  early.push(messages.video(0, long.subarray(1)).take());
  assertThrows(
    () => early.push(messages.video(0, long).take()),
    RtmpError,
    "65536 bytes, got 65537",
  );

  const later = new ClientMessages();
  const dialogue = new Dialogue({ maxMessageLength: 70_000 });
  dialogue.push(publisherPreamble({ app: "live", name: "a", messages: later }));
  dialogue.push(later.video(0, long).video(0, new Uint8Array(70_000)).take());
  assertEquals(dialogue.kinds().slice(2), ["video", "video"]);
  const tooLong = later.video(0, new Uint8Array(70_001)).take();
  assertThrows(() => dialogue.push(tooLong), RtmpError, "70000 bytes, got 70001");
});

Deno.test("before a publish is accepted, few messages may be under way", () => {
  const size = 60_000;
  const begun = new Uint8Array(12 + size);
  begun.set([0, 0, 0, 0, 1, 0, 0, 9, 1, 0, 0, 0]);
  const begin = (dialogue: Dialogue, count: number) => {
    for (let at = 0; at < count; at++) {
      begun[0] = 10 + at;
      dialogue.push(begun);
    }
  };
  const player = new Dialogue().connect(new ClientMessages());
  player.push(new ClientMessages().chunkSize(size).take());
  const most = Math.floor(SETUP_PARTIAL_BYTES / size);
  assertThrows(() => begin(player, most + 1), RtmpError, `got ${size * (most + 1)}`);

  const later = new ClientMessages();
  const publisher = new Dialogue();
  publisher.push(publisherPreamble({ app: "live", name: "a", messages: later }));
  publisher.push(later.chunkSize(size).take());
  begin(publisher, most + 1);
});

Deno.test("a malformed command ends the session", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  const payload = Uint8Array.of(3, 0);
  const bytes = messages.send({ kind: "command", streamId: 1, timestampMs: 0, payload }).take();
  assertThrows(() => dialogue.push(bytes), RtmpError, "Cannot read command: ");
});

Deno.test("data that cannot be read is counted, and the publisher goes on", () => {
  const setDataFrame = encodeAmf0("@setDataFrame");
  const unreadable: readonly (readonly [what: string, payload: Uint8Array])[] = [
    ["nothing at all", new Uint8Array(0)],
    ["an object cut short", Uint8Array.of(3, 0)],
    ["a type that AMF0 has not", Uint8Array.of(0x7f)],
    ["no name after @setDataFrame", setDataFrame],
    ["no AMF after @setDataFrame", Uint8Array.of(...setDataFrame, 0x7f)],
  ];
  for (const [what, payload] of unreadable) {
    for (const typeId of [MESSAGE_TYPE.DATA_AMF0, MESSAGE_TYPE.DATA_AMF3]) {
      const messages = new ClientMessages();
      const dialogue = new Dialogue().connect(messages);
      dialogue.push(messages.publish("a").take());
      const data = { chunkStreamId: 5, typeId, streamId: 1, timestampMs: 0, payload };
      dialogue.push(messages.raw(data).video(0, Uint8Array.of(1)).take());
      assertEquals(dialogue.kinds(), ["connect", "publish", "video"], what);
      assertEquals(dialogue.session.counters.ignoredMedia, 1, what);
    }
  }
});

const RECORDED: [string, number, string][] = [
  ["rtmp_ffmpeg_publish.bin", 1021, "test?token=a"],
  ["rtmp_ffmpeg_publish_late.bin", 16_778_498, "late?"],
];

for (const [name, lastMs, target] of RECORDED) {
  const bytes = readFixture(name);

  Deno.test(`${name} is understood whole and byte by byte`, () => {
    const whole = new Dialogue();
    whole.push(bytes);
    const { events } = whole;
    const count = (kind: string) => events.filter((event) => event.kind === kind).length;
    assertEquals(["metadata", "audio", "video"].map(count), [1, 46, 12]);
    const publish = whole.publication();
    assertEquals(`${publish?.name}?${publish?.query}`, target);
    assertEquals(events.at(-1), { kind: "unpublish", streamId: 1 });
    const times = events.flatMap((event) => "timestampMs" in event ? [event.timestampMs] : []);
    assertEquals(Math.max(...times), lastMs);

    const single = new Dialogue();
    for (const byte of bytes) single.push(Uint8Array.of(byte));
    assertEquals(single.events, events);
    for (let at = 1; at < bytes.length; at += 97) {
      const halves = new Dialogue();
      halves.push(bytes.subarray(0, at));
      halves.push(bytes.subarray(at));
      assertEquals(halves.events.length, events.length);
    }
  });

  Deno.test(`${name} survives mutations`, () => {
    // The handshake's random bytes would take most of the mutations.
    const commands = bytes.subarray(3073, 3073 + 1500);
    const play = (mutated: Uint8Array) => {
      const dialogue = new Dialogue();
      dialogue.push(bytes.subarray(0, 3073));
      dialogue.push(mutated);
    };
    surviveMutations([commands], play, RtmpError, { count: 600 });
  });
}

Deno.test("recorded players ask to play", () => {
  for (const name of ["rtmp_ffmpeg_play_digest.bin", "rtmp_rtmpdump_play_digest.bin"]) {
    const dialogue = new Dialogue();
    dialogue.push(readFixture(name));
    assertEquals(dialogue.kinds(), ["connect", "play"]);
  }
});

Deno.test("a second connect does not replace the first", () => {
  const messages = new ClientMessages();
  const dialogue = new Dialogue().connect(messages);
  dialogue.push(
    messages.command(0, "connect", 9, amfObject({ app: "other" })).publish("a").take(),
  );
  assertEquals(dialogue.publication()?.app, "live");
});
