/** A session under test with its peer: for dialogues, without sockets. */
import { amfProperty, type AmfValue } from "../../../src/amf/amf_value.ts";
import type { Command } from "../../../src/rtmp/message/command.ts";
import { ServerSession, type SessionLimits } from "../../../src/rtmp/session/server_session.ts";
import type {
  PublishEvent,
  SessionCounters,
  SessionEvent,
} from "../../../src/rtmp/session/event.ts";
import {
  clientAnswer,
  clientHello,
  type ClientMessages,
  SERVER_HANDSHAKE_LENGTH,
  ServerReplies,
  type ServerReply,
} from "../../../testing/rtmp/client.ts";

/** Counters of a session that has passed over nothing. */
export const NO_COUNTS: Readonly<SessionCounters> = {
  ignoredMedia: 0,
  ignoredCommands: 0,
  unknownMessages: 0,
  sharedObjects: 0,
  handshakeMismatches: 0,
};

/** A session, what it said and what it was told, with every publish accepted. */
export class Dialogue {
  readonly session: ServerSession;
  readonly events: SessionEvent[] = [];
  readonly #replies = new ServerReplies();
  #handshakeLeft = SERVER_HANDSHAKE_LENGTH;

  constructor(limits: SessionLimits = {}) {
    this.session = new ServerSession({ random: (length) => new Uint8Array(length), limits });
  }

  /** Pushes `bytes`, which are overwritten afterwards, and returns what the server sends. */
  push(bytes: Uint8Array): ServerReply[] {
    const own = bytes.slice();
    this.session.push(own);
    for (let event = this.session.next(); event !== undefined; event = this.session.next()) {
      this.events.push("payload" in event ? { ...event, payload: event.payload.slice() } : event);
      if (event.kind === "publish") this.decide(event.streamId);
    }
    own.fill(0xee);
    return this.read(this.session.takeOutput() ?? new Uint8Array(0));
  }

  /** The messages in `output`, the session's next bytes; `onType` sees their types. */
  read(output: Uint8Array, onType?: (typeId: number) => void): ServerReply[] {
    const handshake = Math.min(this.#handshakeLeft, output.length);
    this.#handshakeLeft -= handshake;
    return this.#replies.read(output.subarray(handshake), onType);
  }

  /** Answers a publish event. */
  decide(streamId: number): void {
    this.session.acceptPublish(streamId);
  }

  /** Does the handshake and connects. */
  connect(messages: ClientMessages): this {
    this.push(clientHello());
    this.push(clientAnswer());
    this.push(messages.connect("live").take());
    return this;
  }

  /** The last event that asks to publish. */
  publication(): PublishEvent | undefined {
    return this.events.findLast((event) => event.kind === "publish");
  }

  /** The kinds of the events so far. */
  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }
}

/** Commands by name with their last argument, which says what they mean. */
export function outline(commands: readonly Command[]): [string, number, AmfValue][] {
  return commands.map(({ name, transactionId, args }) => {
    const last = args.at(-1);
    return [name, transactionId, amfProperty(last, "code") ?? last];
  });
}
