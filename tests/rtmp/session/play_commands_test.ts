import { assertEquals } from "@std/assert";
import { decodeAmf0 } from "../../../src/amf/amf0.ts";
import { amfObject, amfProperty } from "../../../src/amf/amf_value.ts";
import { ServerSession } from "../../../src/rtmp/session/server_session.ts";
import type { SessionEvent } from "../../../src/rtmp/session/event.ts";
import { surviveMutations } from "../../../testing/mutation.ts";
import { RtmpError } from "../../../src/rtmp/rtmp_error.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../../../testing/rtmp/client.ts";

/** A connected client with message streams 1 and 2; what it is answered is told in short. */
class PlayDialogue {
  readonly session = new ServerSession({ random: (length) => new Uint8Array(length) });
  readonly client = new ClientMessages();
  events: SessionEvent[] = [];
  readonly #replies = new ServerReplies();

  constructor(app = "live") {
    this.session.push(clientHello());
    this.session.push(clientAnswer());
    this.session.takeOutput()!.subarray(SERVER_HANDSHAKE_LENGTH);
    this.client.connect(app).command(0, "createStream", 2, null)
      .command(0, "createStream", 3, null);
    this.push();
    this.events = [];
  }

  /** Sends what the client has collected; the answers, each in a word or two. */
  push(): string[] {
    this.session.push(this.client.take());
    for (let event = this.session.next(); event !== undefined; event = this.session.next()) {
      this.events.push(event);
    }
    return this.answers();
  }

  answers(): string[] {
    const output = this.session.takeOutput();
    if (output === undefined) return [];
    return this.#replies.read(output).map((reply) => {
      const on = "streamId" in reply ? ` on ${reply.streamId}` : "";
      if (reply.kind === "command") {
        const { name, args } = reply.command!;
        const code = amfProperty(args[1], "code");
        return `${typeof code === "string" ? code : `${name} ${String(args[1])}`}${on}`;
      }
      if (reply.kind !== "data") return reply.kind;
      const [name, value] = decodeAmf0(reply.payload);
      const code = amfProperty(value, "code");
      return `${String(name)} ${typeof code === "string" ? code : String(value)}${on}`;
    });
  }

  /** Plays a name on a stream, and returns what that is answered. */
  play(name: string, streamId = 1): string[] {
    this.client.command(streamId, "play", 0, null, name);
    this.push();
    this.session.acceptPlay(streamId);
    return this.answers();
  }
}

const PLAY = {
  ...{ kind: "play", streamId: 1, app: "live", name: "a", query: "" },
  ...{ audio: true, video: true, isTransition: false },
} as const;

const ACCEPTED = [
  "userControl",
  "NetStream.Play.Reset on 1",
  "NetStream.Play.Start on 1",
  "|RtmpSampleAccess true on 1",
];

const NAMES = [
  { asked: "a", name: "a", query: "" },
  { asked: "mp4:a", name: "a", query: "" },
  { asked: "FLV:a?token=x", name: "a", query: "token=x" },
  { asked: "mp3:dir/a", name: "dir/a", query: "" },
  { asked: "f4v:/a/", name: "a", query: "" },
  { asked: "mp5:a", name: "mp5:a", query: "" },
  { asked: "a?token=mp4:b&audio=0", name: "a", query: "token=mp4:b&audio=0" },
];

for (const { asked, name, query } of NAMES) {
  Deno.test(`play: ${asked} is ${name}`, () => {
    const dialogue = new PlayDialogue();
    assertEquals(dialogue.play(asked), ACCEPTED);
    assertEquals(dialogue.events, [{ ...PLAY, name, query }]);
  });
}

Deno.test("play: start, duration and reset as clients send them", () => {
  const forms = [
    { args: [], resets: true },
    { args: [-2000], resets: true },
    { args: [-1, -1, true], resets: true },
    { args: [0, -1, 1], resets: true },
    { args: [-2, -1, false], resets: false },
    { args: [-2, -1, 0], resets: false },
  ];
  for (const { args, resets } of forms) {
    const dialogue = new PlayDialogue();
    dialogue.client.command(1, "play", 4, null, "a", ...args);
    dialogue.push();
    dialogue.session.acceptPlay(1);
    const reset = dialogue.answers().includes("NetStream.Play.Reset on 1");
    assertEquals(reset, resets, `${args}`);
  }
});

Deno.test("play: refused, the stream may be used again", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(1, "play", 4, null, "a");
  assertEquals(dialogue.push(), []);
  dialogue.session.refusePlay(1, "NetStream.Play.StreamNotFound", "Not live.");
  assertEquals(dialogue.answers(), ["NetStream.Play.StreamNotFound on 1"]);
  dialogue.session.acceptPlay(1);
  dialogue.session.refusePlay(1, "NetStream.Play.StreamNotFound", "Not live.");
  dialogue.session.notifyPlay(1, "over");
  assertEquals(dialogue.answers(), []);
  assertEquals(dialogue.play("b"), ACCEPTED);
});

Deno.test("play: on streams that are not there, or are published, and without a name", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(9, "play", 4, null, "a");
  assertEquals(dialogue.push(), ["NetStream.Play.Failed on 9"]);
  dialogue.client.command(1, "play", 4, null, "").command(1, "play", 4, null, 7);
  const notFound = "NetStream.Play.StreamNotFound on 1";
  assertEquals(dialogue.push(), [notFound, notFound]);
  dialogue.client.command(2, "publish", 4, null, "a", "live").command(2, "play", 4, null, "b");
  assertEquals(dialogue.push(), ["NetStream.Play.Failed on 2"]);
  assertEquals(
    dialogue.events.map((event) => event.kind === "play-refused" ? event.reason : event.kind),
    [
      "Stream 9 was not created, or is being published on.",
      "The stream name is empty.",
      "The stream name is empty.",
      "publish",
      "Stream 2 was not created, or is being published on.",
    ],
  );
  dialogue.play("b");
  dialogue.client.command(1, "publish", 4, null, "c", "live");
  assertEquals(dialogue.push(), ["NetStream.Publish.BadName on 1"]);
});

Deno.test("play: what becomes of a stream is told to who plays it", () => {
  const dialogue = new PlayDialogue();
  const told = (change: "dry" | "unpublished" | "published" | "over") => {
    dialogue.session.notifyPlay(1, change);
    return dialogue.answers();
  };
  assertEquals(told("over"), []);
  dialogue.play("a");
  assertEquals(told("dry"), ["userControl"]);
  assertEquals(told("unpublished"), ["NetStream.Play.UnpublishNotify on 1"]);
  assertEquals(told("published"), ["userControl", "NetStream.Play.PublishNotify on 1"]);
  assertEquals(told("over"), ["userControl", "NetStream.Play.Stop on 1"]);
  assertEquals(told("over"), []);
  assertEquals(dialogue.play("b"), ACCEPTED);
});

Deno.test("play: several streams over one connection, closed and played again", () => {
  const dialogue = new PlayDialogue();
  dialogue.play("a", 1);
  dialogue.play("b", 2);
  dialogue.client.command(1, "closeStream", 0, null);
  dialogue.push();
  assertEquals(dialogue.play("c", 1), ACCEPTED);
  dialogue.client.command(0, "deleteStream", 0, null, 2).command(0, "deleteStream", 0, null, 2);
  dialogue.push();
  assertEquals(
    dialogue.events.map((event) => `${event.kind} ${"streamId" in event && event.streamId}`),
    ["play 1", "play 2", "stop 1", "play 1", "stop 2"],
  );
  // Withdrawn before it was decided on.
  dialogue.client.command(1, "play", 0, null, "d").command(1, "closeStream", 0, null);
  dialogue.push();
  dialogue.session.acceptPlay(1);
  assertEquals(dialogue.answers(), []);
  assertEquals(dialogue.events.at(-1), { kind: "stop", streamId: 1 });
});

Deno.test("play: false ends what is played", () => {
  const dialogue = new PlayDialogue();
  dialogue.play("a");
  dialogue.client.command(1, "play", 0, null, false).command(1, "play", 0, null, false);
  assertEquals(dialogue.push(), ["NetStream.Play.Stop on 1"]);
  assertEquals(dialogue.events.at(-1), { kind: "stop", streamId: 1 });
});

Deno.test("pause and seek: answered while something is played", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(1, "pause", 0, null, true, 0).command(1, "seek", 0, null, 1000);
  assertEquals(dialogue.push(), ["NetStream.Failed on 1", "NetStream.Failed on 1"]);
  dialogue.play("a");
  dialogue.events = [];
  dialogue.client.command(1, "pause", 0, null, true, 0).command(1, "pauseRaw", 0, null, false, 0)
    .command(1, "seek", 0, null, 1000);
  assertEquals(dialogue.push(), [
    "NetStream.Pause.Notify on 1",
    "NetStream.Unpause.Notify on 1",
    "NetStream.Seek.Notify on 1",
  ]);
  assertEquals(dialogue.events, [
    { kind: "pause", streamId: 1, isPaused: true },
    { kind: "pause", streamId: 1, isPaused: false },
  ]);
});

Deno.test("receiveAudio and receiveVideo: before and while something is played", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(1, "receiveVideo", 0, null, false)
    .command(9, "receiveVideo", 0, null, false);
  assertEquals(dialogue.push(), []);
  dialogue.play("a");
  assertEquals(dialogue.events, [{ ...PLAY, video: false }]);
  dialogue.events = [];
  dialogue.client.command(1, "receiveAudio", 0, null, true) // as it was
    .command(1, "receiveVideo", 0, null, true)
    .command(1, "receiveAudio", 0, null, false);
  assertEquals(dialogue.push(), ["NetStream.Seek.Notify on 1", "NetStream.Play.Start on 1"]);
  assertEquals(dialogue.events, [
    { kind: "receive", streamId: 1, audio: true, video: true },
    { kind: "receive", streamId: 1, audio: false, video: true },
  ]);
  // A stream that is made anew wants everything.
  dialogue.client.command(0, "deleteStream", 0, null, 1).command(0, "createStream", 9, null);
  dialogue.push();
  dialogue.events = [];
  dialogue.play("a");
  assertEquals(dialogue.events, [PLAY]);
});

Deno.test("pause and tracks: may be chosen before it is decided whether to play", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(1, "play", 0, null, "a").command(1, "receiveAudio", 0, null, false)
    .command(1, "receiveAudio", 0, null, true).command(1, "pause", 0, null, true, 0);
  assertEquals(dialogue.push(), ["NetStream.Pause.Notify on 1"]);
  assertEquals(dialogue.events, [
    PLAY,
    { kind: "receive", streamId: 1, audio: false, video: true },
    { kind: "receive", streamId: 1, audio: true, video: true },
    { kind: "pause", streamId: 1, isPaused: true },
  ]);
});

Deno.test("play2: goes over to another stream, or plays it", () => {
  const options = (streamName: string, transition: string) =>
    amfObject({ streamName, oldStreamName: "a", start: -2, len: -1, transition });
  const dialogue = new PlayDialogue();
  dialogue.client.command(1, "play2", 0, null, options("a", "switch"));
  dialogue.push();
  dialogue.session.acceptPlay(1);
  assertEquals(dialogue.answers(), ACCEPTED);
  dialogue.client.command(1, "play2", 0, null, options("mp4:b", "switch"));
  dialogue.push();
  assertEquals(dialogue.events.at(-1), { ...PLAY, name: "b", isTransition: true });
  dialogue.session.acceptPlay(1);
  assertEquals(dialogue.answers(), [
    "NetStream.Play.Transition on 1",
    "onPlayStatus NetStream.Play.TransitionComplete on 1",
  ]);
  // One that fails leaves what is played.
  dialogue.client.command(1, "play2", 0, null, options("c", "swap"));
  dialogue.push();
  dialogue.session.refusePlay(1, "NetStream.Play.Failed", "Not live.");
  dialogue.session.notifyPlay(1, "published");
  assertEquals(dialogue.answers(), [
    "NetStream.Play.Failed on 1",
    "userControl",
    "NetStream.Play.PublishNotify on 1",
  ]);
  dialogue.client.command(1, "play2", 0, null, options("d", "reset"))
    .command(1, "play2", 0, null, null);
  assertEquals(dialogue.push(), ["NetStream.Play.StreamNotFound on 1"]);
  assertEquals(dialogue.events.slice(-2), [
    { ...PLAY, name: "d" },
    { kind: "play-refused", reason: "The stream name is empty." },
  ]);
});

Deno.test("play2: what was played may end while another is asked for", () => {
  const dialogue = new PlayDialogue();
  dialogue.play("a");
  dialogue.client.command(
    1,
    "play2",
    0,
    null,
    amfObject({ streamName: "b", transition: "switch" }),
  );
  dialogue.push();
  dialogue.session.notifyPlay(1, "over");
  dialogue.answers();
  dialogue.session.refusePlay(1, "NetStream.Play.Failed", "Not live.");
  dialogue.session.notifyPlay(1, "published");
  assertEquals(dialogue.answers(), ["NetStream.Play.Failed on 1"]);
});

Deno.test("FCSubscribe, FCUnsubscribe and getStreamLength are answered", () => {
  const dialogue = new PlayDialogue();
  dialogue.client.command(0, "FCSubscribe", 4, null, "a").command(0, "FCUnsubscribe", 0, null, "a")
    .command(0, "getStreamLength", 5, null, "a");
  assertEquals(dialogue.push(), [
    "_result undefined on 0",
    "NetStream.Play.Start on 0",
    "NetStream.Play.Stop on 0",
    "_result 0 on 0",
  ]);
});

Deno.test("players that break off anywhere, or send garbage, get an RtmpError and nothing else", () => {
  const client = new ClientMessages();
  const bytes = client.connect("live").command(0, "createStream", 2, null)
    .command(1, "receiveVideo", 0, null, false).command(
      1,
      "play",
      0,
      null,
      "mp4:a?t=1",
      -2,
      -1,
      true,
    )
    .command(1, "pause", 0, null, true, 0).command(1, "seek", 0, null, 5)
    .command(1, "play2", 0, null, amfObject({ streamName: "b", transition: "switch" }))
    .command(0, "FCSubscribe", 4, null, "a").command(0, "deleteStream", 0, null, 1).take();
  surviveMutations([bytes], (mutated) => {
    const session = new ServerSession({ random: (length) => new Uint8Array(length) });
    session.push(clientHello());
    session.push(clientAnswer());
    session.push(mutated);
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind !== "play") continue;
      session.acceptPlay(event.streamId);
      session.notifyPlay(event.streamId, "dry");
    }
    session.takeOutput();
  }, RtmpError);
});
