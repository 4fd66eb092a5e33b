/** What encoders say from C0 to their end: recorded ones, and the ways of others, message by message. */
import { assertEquals } from "@std/assert";
import { amfObject, type AmfValue } from "../../../src/amf/amf_value.ts";
import { amfEcmaArray } from "../../../testing/amf/ecma_array.ts";
import { encodeCommand } from "../../../src/rtmp/message/command.ts";
import type { MediaEvent } from "../../../src/rtmp/session/event.ts";
import { userControl } from "../../../src/rtmp/message/user_control.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import {
  clientAnswer,
  clientDigestHello,
  clientHello,
  ClientMessages,
  commandsOf,
  type ServerReply,
} from "../../../testing/rtmp/client.ts";
import { Dialogue, outline } from "./dialogue.ts";
import { seededRandom } from "../../../testing/mutation.ts";

/** Recorded from a session that accepted them; a second of pictures of 64 by 48. */
interface Recording {
  readonly file: string;
  readonly query: string;
  readonly flashVersion: string;
  readonly fourCcList: readonly string[] | undefined;
  readonly counts: readonly [metadata: number, audio: number, video: number];
}

const RECORDINGS: readonly Recording[] = [
  {
    // gst-launch-1.0 (1.22) … x264enc … avenc_aac … flvmux streamable=true ! rtmp2sink
    file: "rtmp_gstreamer_rtmp2sink_publish.bin",
    query: "token=g",
    flashVersion: "LNX 10,0,32,18",
    fourCcList: undefined,
    counts: [1, 22, 12],
  },
  {
    // The same by rtmpsink, which is librtmp 2.4, as OBS has it at heart.
    file: "rtmp_librtmp_publish.bin",
    query: "token=l",
    flashVersion: "",
    fourCcList: undefined,
    counts: [1, 22, 12],
  },
  {
    // ffmpeg 7.1 -c:v libx265 -c:a aac -rtmp_enhanced_codecs hvc1,av01,vp09 -f flv
    file: "rtmp_ffmpeg7_hevc_publish.bin",
    query: "token=f",
    flashVersion: "FMLE/3.0 (compatible; Lavf61.7.103)",
    fourCcList: ["hvc1", "av01", "vp09"],
    counts: [1, 49, 12],
  },
];

for (const { file, query, flashVersion, fourCcList, counts } of RECORDINGS) {
  const bytes = Deno.readFileSync(new URL(`../../../testing/fixtures/${file}`, import.meta.url));

  Deno.test(`${file} is understood, whole and in pieces`, () => {
    const whole = new Dialogue();
    whole.push(bytes);
    const [connect] = whole.events;
    if (connect?.kind !== "connect") throw new Error("Not connected");
    assertEquals([connect.app, connect.flashVersion], ["live", flashVersion]);
    assertEquals(connect.capabilities.fourCcList, fourCcList);
    const publish = whole.publication();
    assertEquals([publish?.name, publish?.query, publish?.publishType], ["test", query, "live"]);
    const count = (kind: string) => whole.events.filter((event) => event.kind === kind).length;
    assertEquals([count("metadata"), count("audio"), count("video")], counts);
    assertEquals(whole.events.at(-1), { kind: "unpublish", streamId: 1 });
    const { ignoredCommands, ignoredMedia, unknownMessages } = whole.session.counters;
    assertEquals([ignoredCommands, ignoredMedia, unknownMessages], [0, 0, 0]);

    for (const size of [1, 13, 1000]) {
      const pieces = new Dialogue();
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      assertEquals(pieces.events, whole.events);
    }
  });

  Deno.test(`${file} survives mutations`, () => {
    const play = (mutated: Uint8Array) => {
      const dialogue = new Dialogue();
      dialogue.push(bytes.subarray(0, 3073));
      dialogue.push(mutated);
    };
    surviveMutations([bytes.subarray(3073, 3073 + 1500)], play, RtmpError, { count: 300 });
  });
}

const AVC = fromHex("17 00000000 014d400affe1000167010001 68");
const FRAME = fromHex("17 01000000 00000001 65");
const AAC = fromHex("af00 1210");
const SOUND = fromHex("af01 21");
const METADATA = amfEcmaArray({ width: 1280, height: 720, videocodecid: 7 });
const strictArray = (...items: AmfValue[]): AmfValue => ({ kind: "strict-array", items });

/** Sends the messages one by one, and awaits the answers as an encoder does that looks at them. */
class Conversation {
  readonly dialogue = new Dialogue();
  readonly messages = new ClientMessages();
  readonly replies: ServerReply[] = [];

  constructor(hello = clientHello()) {
    this.dialogue.push(hello);
    this.dialogue.push(clientAnswer());
  }

  /** Sends what `messages` has collected. */
  send(): this {
    this.replies.push(...this.dialogue.push(this.messages.take()));
    return this;
  }

  /** The code or value of the last answer. */
  lastAnswer(): [string, number, AmfValue] | undefined {
    return outline(commandsOf(this.replies)).at(-1);
  }

  /** Kinds and times of the media that came out. */
  media(): string[] {
    return this.dialogue.events.filter((event): event is MediaEvent => "payload" in event)
      .map(({ kind, timestampMs }) => `${kind} ${timestampMs}`);
  }

  sendMedia(): this {
    this.messages.data(0, "@setDataFrame", "onMetaData", METADATA)
      .video(0, AVC).audio(0, AAC).video(40, FRAME).audio(41, SOUND);
    return this.send();
  }
}

const MEDIA = ["metadata 0", "video 0", "audio 0", "video 40", "audio 41"];

Deno.test("as Flash Media Live Encoder 3: digest, FCPublish awaited, _checkbw, ends in order", () => {
  const talk = new Conversation(clientDigestHello(1, seededRandom(8)));
  const { messages } = talk;
  messages.command(
    0,
    "connect",
    1,
    amfObject({
      app: "live",
      flashVer: "FMLE/3.0 (compatible; FMSc/1.0)",
      swfUrl: "rtmp://h/live",
      tcUrl: "rtmp://h/live",
      type: "nonprivate",
    }),
  );
  talk.send();
  assertEquals(talk.lastAnswer(), ["_result", 1, "NetConnection.Connect.Success"]);
  messages.send({ kind: "windowAcknowledgementSize", size: 2_500_000 })
    .command(0, "releaseStream", 2, null, "a").command(0, "FCPublish", 3, null, "a");
  talk.send();
  assertEquals(talk.lastAnswer(), ["onFCPublish", 0, "NetStream.Publish.Start"]);
  messages.command(0, "createStream", 4, null);
  talk.send();
  assertEquals(talk.lastAnswer(), ["_result", 4, 1]);
  messages.command(0, "_checkbw", 5, null).command(1, "publish", 0, null, "a", "live");
  talk.send();
  assertEquals(talk.lastAnswer(), ["onStatus", 0, "NetStream.Publish.Start"]);
  talk.sendMedia();
  assertEquals(talk.media(), MEDIA);
  messages.command(0, "FCUnpublish", 6, null, "a").command(1, "closeStream", 0, null)
    .command(0, "deleteStream", 7, null, 1);
  talk.send();
  assertEquals(talk.dialogue.kinds().filter((kind) => kind === "unpublish").length, 1);
});

Deno.test("as phones publish: maps of Enhanced RTMP, chunk size late, strict arrays", () => {
  const talk = new Conversation();
  talk.messages.command(
    0,
    "connect",
    1,
    amfObject({
      app: "live",
      flashVer: "FMLE/3.0 (compatible; FMSc/1.0)",
      swfUrl: null,
      tcUrl: "rtmp://h:1935/live",
      fpad: false,
      capabilities: 239,
      audioCodecs: 1024,
      videoCodecs: 128,
      videoFunction: 1,
      pageUrl: null,
      objectEncoding: 0,
      fourCcList: strictArray("hvc1", "av01"),
      videoFourCcInfoMap: amfObject({ "*": 4, hvc1: 7 }),
      audioFourCcInfoMap: amfObject({ Opus: 7 }),
      capsEx: 15,
    }),
  );
  talk.send();
  talk.messages.command(0, "FCPublish", 2, null, "a").command(0, "createStream", 3, null);
  talk.send();
  talk.messages.chunkSize(8192).command(1, "publish", 4, null, "a", "live");
  talk.send().sendMedia();
  assertEquals(talk.media(), MEDIA);
});

Deno.test("as cameras that guess: no tcUrl, everything at once, no metadata, deltas by type 3", () => {
  const talk = new Conversation();
  const { messages } = talk;
  messages.command(0, "connect", 1, amfObject({ app: "live" }))
    .command(0, "createStream", 2, null).command(1, "publish", 3, null, "a", "live")
    .video(0, AVC);
  for (const timestampMs of [33, 66, 99]) messages.video(timestampMs, FRAME);
  talk.send();
  assertEquals(talk.media(), ["video 0", "video 33", "video 66", "video 99"]);
});

Deno.test("as servers that push on: FMLE's name, empty events, streams numbered their own way", () => {
  const talk = new Conversation();
  const { messages } = talk;
  messages.chunkSize(60_000).connect("live");
  talk.send();
  messages.send(userControl({ kind: "setBufferLength", streamId: 0, bufferMs: 100 }))
    .send(userControl({ kind: "bufferReady", streamId: 1 }))
    .command(0, "createStream", 2, null);
  talk.send();
  messages.command(1, "publish", 3, null, "a?token=1", "live");
  talk.send().sendMedia();
  assertEquals([talk.media(), talk.dialogue.publication()?.query], [MEDIA, "token=1"]);
});

Deno.test("as software that logs in first: rejected calls do not stop it", () => {
  const talk = new Conversation();
  talk.messages.connect("live?authmod=adobe&user=u").command(0, "authenticate", 2, null, "u", "p");
  talk.send();
  assertEquals(talk.lastAnswer(), ["_result", 2, undefined]);
  talk.messages.publish("a");
  talk.send().sendMedia();
  assertEquals(talk.media(), MEDIA);
});

Deno.test("as applications of Flash: AMF3 commands, audio first, then aggregates", () => {
  const talk = new Conversation(clientDigestHello(0, seededRandom(2)));
  const { messages } = talk;
  messages.command(0, "connect", 1, amfObject({ app: "live", objectEncoding: 3, fpad: false }));
  talk.send();
  const amf3 = (streamId: number, name: string, id: number, ...args: AmfValue[]) => {
    const payload = encodeCommand({ name, transactionId: id, args: [null, ...args] });
    messages.raw({
      chunkStreamId: 3,
      typeId: 17,
      streamId,
      timestampMs: 0,
      payload: Uint8Array.of(0, ...payload),
    });
    talk.send();
  };
  amf3(0, "createStream", 2);
  assertEquals(talk.lastAnswer(), ["_result", 2, 1]);
  amf3(1, "publish", 3, "a", "record");
  assertEquals(talk.dialogue.publication()?.publishType, "record");
  messages.audio(0, AAC).audio(23, SOUND);
  talk.send();
  assertEquals(talk.media(), ["audio 0", "audio 23"]);
});
