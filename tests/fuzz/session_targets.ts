/**
 * A session's state machine under commands in any order. An input is a program, two bytes a step: what
 * the peer or the owner does, and on which stream, with which name. A model of what there may be on
 * each stream watches the events.
 */
import { amfObject, type AmfValue } from "../../src/amf/amf_value.ts";
import { RtmpError } from "../../src/rtmp/rtmp_error.ts";
import { ServerSession } from "../../src/rtmp/session/server_session.ts";
import type { SessionEvent } from "../../src/rtmp/session/event.ts";
import {
  clientAnswer,
  clientHello,
  ClientMessages,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
} from "../../testing/rtmp/client.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** What is done on a stream, as an owner sees it. */
type Doing = "nothing" | "asked to publish" | "publishing" | "asked to play" | "playing";

const NAMES = ["a", "b", "", "c?token=1"];
const MEDIA = Uint8Array.of(0xaf, 1, 0x21);
const MAX_STREAMS = 4;

/** Steps of a program, by its first byte. */
const STEPS: readonly ((machine: Machine, streamId: number, name: string, bit: boolean) => void)[] =
  [
    (machine, id, name) => machine.command(id, "connect", amfObject({ app: name, capsEx: 1 })),
    (machine, id) => machine.command(id, "createStream"),
    (machine, id, name, bit) => machine.command(id, "publish", name, bit ? "live" : "record"),
    (machine, id, name) => machine.command(id, "FCPublish", name),
    (machine, id, name) => machine.command(id, "FCUnpublish", name),
    (machine, id, name) => machine.command(id, "releaseStream", name),
    (machine, id) => machine.command(id, "closeStream"),
    (machine, id, _, bit) => machine.command(0, "deleteStream", bit ? id : "x"),
    (machine, id, name, bit) => machine.command(id, "play", name, -2, -1, bit),
    (machine, id) => machine.command(id, "play", false),
    (machine, id, name, bit) => {
      const options = { streamName: name, transition: bit ? "switch" : "reset" };
      machine.command(id, "play2", amfObject(options));
    },
    (machine, id, _, bit) => machine.command(id, "pause", bit, 0),
    (machine, id) => machine.command(id, "seek", 1000),
    (machine, id, _, bit) => machine.command(id, "receiveAudio", bit),
    (machine, id, _, bit) => machine.command(id, "receiveVideo", bit),
    (machine, id, name) => machine.command(id, "getStreamLength", name),
    (machine, id, _, bit) => machine.media(bit ? "audio" : "video", id),
    (machine, id, _, bit) => machine.decide(id, bit),
    (machine, id, _, bit) => machine.decidePlay(id, bit),
    (machine, id, name) => machine.notifyPlay(id, name),
    (machine, _id, _name, bit) => machine.ask(bit),
  ];

/** A session with its peer and its owner, and what the owner must take it to be. */
class Machine {
  readonly #session = new ServerSession({
    random: (length) => new Uint8Array(length),
    limits: { maxStreams: MAX_STREAMS },
  });
  readonly #messages = new ClientMessages();
  readonly #replies = new ServerReplies();
  readonly #doing = new Map<number, Doing>();
  #isConnected = false;

  constructor() {
    this.#session.push(clientHello());
    this.#session.push(clientAnswer());
    this.#session.next();
    const handshake = this.#session.takeOutput();
    check(handshake?.length === SERVER_HANDSHAKE_LENGTH, "the handshake is not answered");
  }

  command(streamId: number, name: string, ...args: readonly AmfValue[]): void {
    const values = name === "connect" ? args : [null, ...args];
    this.#messages.command(streamId, name, 7, ...values);
    this.#feed();
  }

  media(kind: "audio" | "video", streamId: number): void {
    this.#messages[kind](0, MEDIA, streamId);
    this.#feed();
  }

  decide(streamId: number, isAccepted: boolean): void {
    if (isAccepted) this.#session.acceptPublish(streamId);
    else this.#session.refusePublish(streamId, "NetStream.Publish.BadName", "no");
    if (this.#of(streamId) !== "asked to publish") return;
    this.#doing.set(streamId, isAccepted ? "publishing" : "nothing");
  }

  decidePlay(streamId: number, isAccepted: boolean): void {
    if (isAccepted) this.#session.acceptPlay(streamId);
    else this.#session.refusePlay(streamId, "NetStream.Play.StreamNotFound", "no");
    // A transition that is refused goes on with what was played.
    if (this.#of(streamId) !== "asked to play") return;
    this.#doing.set(streamId, isAccepted ? "playing" : "nothing");
  }

  notifyPlay(streamId: number, name: string): void {
    const change = name === "a" ? "over" : name === "b" ? "dry" : "published";
    this.#session.notifyPlay(streamId, change);
    if (change === "over" && this.#of(streamId) === "playing") {
      this.#doing.set(streamId, "nothing");
    }
  }

  ask(bit: boolean): void {
    if (bit) this.#session.ping(1);
    else this.#session.requestReconnect({ description: "now" });
  }

  /** Whatever it says must be RTMP. */
  checkOutput(): void {
    const output = this.#session.takeOutput();
    if (output !== undefined) this.#replies.read(output);
  }

  #feed(): void {
    this.#session.push(this.#messages.take());
    for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
      this.#take(event);
    }
  }

  #take(event: SessionEvent): void {
    check(this.#isConnected || event.kind === "connect", `${event.kind} before connect`);
    switch (event.kind) {
      case "connect":
        check(!this.#isConnected, "a second connect");
        this.#isConnected = true;
        return;
      case "audio":
      case "video":
      case "metadata":
      case "data":
        return this.#expect(event, "publishing");
      case "publish":
        this.#expect(event, "nothing");
        check(event.name !== "", "a publication without a name");
        return void this.#doing.set(event.streamId, "asked to publish");
      case "unpublish":
        this.#expect(event, "publishing", "asked to publish");
        return void this.#doing.set(event.streamId, "nothing");
      case "play":
        this.#expect(event, "nothing", "playing", "asked to play");
        check(event.name !== "", "something without a name is played");
        return void this.#doing.set(event.streamId, "asked to play");
      case "stop":
        this.#expectPlay(event);
        return void this.#doing.set(event.streamId, "nothing");
      case "pause":
      case "receive":
        return this.#expectPlay(event);
      case "publish-refused":
      case "play-refused":
      case "nothing":
        return;
    }
  }

  /** A refused transition leaves what is played: the model does not tell that from nothing. */
  #expectPlay(event: { readonly kind: string; readonly streamId: number }): void {
    this.#expect(event, "playing", "asked to play", "nothing");
  }

  #expect({ kind, streamId }: { kind: string; streamId: number }, ...may: readonly Doing[]): void {
    const doing = this.#of(streamId);
    check(may.includes(doing), `${kind} on stream ${streamId}, which is ${doing}`);
    const busy = [...this.#doing.values()].filter((doing) => doing !== "nothing");
    check(busy.length <= MAX_STREAMS, `${busy.length} streams are in use`);
  }

  #of(streamId: number): Doing {
    return this.#doing.get(streamId) ?? "nothing";
  }
}

function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(`The session and its model disagree: ${problem}`);
}

function runProgram(bytes: Uint8Array): void {
  const machine = new Machine();
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const argument = bytes[at + 1]!;
    const step = STEPS[bytes[at]! % STEPS.length]!;
    step(machine, argument & 0b111, NAMES[(argument >> 3) & 0b11]!, (argument & 0x80) !== 0);
    machine.checkOutput();
  }
}

const program = (...steps: readonly (readonly [step: number, argument: number])[]) =>
  Uint8Array.from(steps.flat());

const LIVE_A_ON_1 = 0x81;

/** What encoders and players do, and mixtures of both. */
const PROGRAMS: readonly Uint8Array[] = [
  // connect, releaseStream, FCPublish, createStream, publish, accepted, media, FCUnpublish, deleteStream
  program(
    [0, 0],
    [5, 1],
    [3, 1],
    [1, 0],
    [2, LIVE_A_ON_1],
    [17, 0x81],
    [16, 0x81],
    [16, 1],
    [4, 1],
    [
      7,
      0x81,
    ],
  ),
  // connect, createStream, play, accepted, pause, receiveAudio, seek, play2, accepted, closeStream
  program([0, 0], [1, 0], [8, LIVE_A_ON_1], [18, 0x81], [11, 0x81], [13, 1], [12, 1], [10, 0x89], [
    18,
    0x81,
  ], [6, 1]),
  // Both over one connection, a refusal, a stream that is over, and a request to reconnect.
  program(
    [0, 0],
    [1, 0],
    [1, 0],
    [2, 0x81],
    [17, 0x81],
    [8, 0x8a],
    [18, 2],
    [8, 0x8a],
    [18, 0x82],
    [
      19,
      2,
    ],
    [20, 0],
    [16, 0x81],
    [20, 0x80],
  ),
  // A publisher on the connection's own stream, without createStream.
  program([0, 0], [2, 0x80], [17, 0x80], [16, 0x80], [16, 5], [6, 0], [16, 0]),
];

/** Sessions under commands in any order. */
export const SESSION_TARGETS: readonly FuzzTarget[] = [
  { name: "session-commands", corpus: PROGRAMS, allowed: RtmpError, run: runProgram },
];
