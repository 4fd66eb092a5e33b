import { type ChunkLimits, ChunkReader, DEFAULT_MAX_MESSAGE_LENGTH } from "./chunk_reader.ts";
import { type Command, decodeCommand } from "./command.ts";
import { readConnect } from "./connect_command.ts";
import { namedData } from "./data_message.ts";
import { type RandomBytes, ServerHandshake } from "./handshake.ts";
import {
  type ControlMessage,
  parseMessage,
  type StreamMessage,
  USER_CONTROL_EVENT,
} from "./message.ts";
import { MessageStreams } from "./message_streams.ts";
import { playAccepted, type PlayChange, playChanged } from "./play_replies.ts";
import { connectionSettings, connectResult, onStatus, streamBegin } from "./server_replies.ts";
import { runCommand } from "./session_commands.ts";
import type { ConnectEvent, MediaEvent, SessionCounters, SessionEvent } from "./session_event.ts";
import { SessionOutput } from "./session_output.ts";

/** Encoders use one stream; some tools publish several over one connection. */
export const DEFAULT_MAX_STREAMS = 16;

/** What a peer may send in one message before it is known to be allowed to publish. */
export const SETUP_MESSAGE_LENGTH = 64 * 1024;

/** When to acknowledge if the peer does not say: what Flash Media Server uses. */
const DEFAULT_ACKNOWLEDGEMENT_WINDOW = 2_500_000;

/** Limits on what a peer can make a {@linkcode ServerSession} hold. */
export interface SessionLimits extends ChunkLimits {
  /** Message streams open at a time. */
  readonly maxStreams?: number;
}

/** What a session is made of. */
export interface SessionOptions {
  /** Source of the handshake's random bytes. */
  readonly random: RandomBytes;
  readonly limits?: SessionLimits;
}

/**
 * A server's side of one RTMP connection, from the first byte: handshake, commands and media.
 *
 * `push` borrows its piece until `next` has returned `undefined`; payloads of events hold until the
 * next call of `push` or `next`. Send what {@linkcode takeOutput} has after every round.
 *
 * At a `publish` event, decide and call {@linkcode acceptPublish} or {@linkcode refusePublish}
 * before the next `next`, however long that takes (keep the piece meanwhile, and read no more):
 * encoders that send media without awaiting the answer then lose nothing. Media on a stream that is
 * not being published is dropped and counted.
 *
 * Any {@linkcode RtmpError} ends the session: send what `takeOutput` has, and close.
 *
 * @example
 * ```ts
 * import { ServerSession } from "./server_session.ts";
 *
 * const session = new ServerSession({ random: (length) => new Uint8Array(length) });
 * session.push(new Uint8Array(1537).fill(3, 0, 1)); // C0 and C1
 * for (let event = session.next(); event !== undefined; event = session.next()) {
 *   if (event.kind === "publish") session.acceptPublish(event.streamId);
 * }
 * const output = session.takeOutput(); // S0, S1 and S2
 * ```
 */
export class ServerSession {
  readonly #handshake: ServerHandshake;
  readonly #chunks: ChunkReader;
  readonly #output = new SessionOutput();
  readonly #streams: MessageStreams;
  readonly #maxMessageLength: number;
  #connection: ConnectEvent | undefined;
  readonly #counters = { ignoredMedia: 0, ignoredCommands: 0, unknownMessages: 0 };
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #acknowledgementWindow = DEFAULT_ACKNOWLEDGEMENT_WINDOW;

  constructor({ random, limits = {} }: SessionOptions) {
    this.#handshake = new ServerHandshake(random);
    this.#streams = new MessageStreams(limits.maxStreams ?? DEFAULT_MAX_STREAMS);
    this.#maxMessageLength = limits.maxMessageLength ?? DEFAULT_MAX_MESSAGE_LENGTH;
    const maxMessageLength = Math.min(SETUP_MESSAGE_LENGTH, this.#maxMessageLength);
    this.#chunks = new ChunkReader({ ...limits, maxMessageLength });
  }

  /** What has been passed over so far: one record, whose numbers grow. */
  get counters(): SessionCounters {
    return this.#counters;
  }

  /**
   * Takes bytes from the peer, borrowed until {@linkcode next} returns `undefined`.
   *
   * @throws {RtmpError} if the peer does not speak RTMP.
   */
  push(piece: Uint8Array): void {
    this.#receivedBytes += piece.length;
    let chunks = piece;
    if (!this.#handshake.done) {
      chunks = piece.subarray(this.#handshake.push(piece));
      const answer = this.#handshake.takeOutput();
      if (answer !== undefined) this.#output.bytes(answer);
    }
    if (chunks.length === 0) return;
    this.#chunks.push(chunks);
    this.#acknowledge();
  }

  /**
   * The next event, or `undefined` if more bytes are needed.
   *
   * @throws {RtmpError} if the peer breaks the protocol or exceeds a limit.
   */
  next(): SessionEvent | undefined {
    for (let raw = this.#chunks.next(); raw !== undefined; raw = this.#chunks.next()) {
      const message = parseMessage(raw);
      let event: SessionEvent | undefined;
      switch (message.kind) {
        case "audio":
        case "video":
          event = this.#onMedia(message, message.kind);
          break;
        case "data":
          event = this.#onData(message);
          break;
        case "command":
          event = this.#onCommand(message.streamId, decodeCommand(message.payload));
          break;
        case "unknown":
          this.#counters.unknownMessages++;
          break;
        default:
          this.#onControl(message);
      }
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /** How many bytes {@linkcode takeOutput} has. */
  get outputLength(): number {
    return this.#output.length;
  }

  /** Bytes to send to the peer, which the caller owns; `undefined` if there are none. */
  takeOutput(): Uint8Array<ArrayBuffer> | undefined {
    return this.#output.take();
  }

  /** Lets the peer publish. Does nothing if the stream does not await a decision any more. */
  acceptPublish(streamId: number): void {
    const name = this.#streams.accept(streamId);
    if (name === undefined) return;
    this.#chunks.setMaxMessageLength(this.#maxMessageLength);
    this.#output.send(streamBegin(streamId));
    const description = `${name} is now published.`;
    this.#output.send(
      onStatus(streamId, { level: "status", code: "NetStream.Publish.Start", description }),
    );
  }

  /**
   * Tells the peer that it may not publish; `code` is for example `NetStream.Publish.BadName`. Does
   * nothing if the stream does not await a decision any more.
   */
  refusePublish(streamId: number, code: string, description: string): void {
    if (this.#streams.kindOf(streamId) !== "awaiting decision") return;
    this.#streams.end(streamId);
    this.#output.fail(streamId, code, description);
  }

  /** Lets the peer play, before anything of the stream is sent. Does nothing if it does not ask. */
  acceptPlay(streamId: number): void {
    const request = this.#streams.acceptPlay(streamId);
    if (request === undefined) return;
    for (const reply of playAccepted(streamId, request)) this.#output.send(reply);
  }

  /**
   * Tells the peer that it cannot play; `code` is for example `NetStream.Play.StreamNotFound`. Does
   * nothing if it does not ask any more.
   */
  refusePlay(streamId: number, code: string, description: string): void {
    if (this.#streams.refusePlay(streamId) !== undefined) {
      this.#output.fail(streamId, code, description);
    }
  }

  /** Tells the peer what has become of the stream that it plays; over, it is played no more. */
  notifyPlay(streamId: number, change: PlayChange): void {
    const name = this.#streams.playedName(streamId);
    if (name === undefined) return;
    for (const reply of playChanged(streamId, name, change)) this.#output.send(reply);
    if (change === "over") this.#streams.finishPlay(streamId);
  }

  #onControl(message: ControlMessage): void {
    switch (message.kind) {
      case "setChunkSize":
        return this.#chunks.setChunkSize(message.size);
      case "abort":
        return this.#chunks.abort(message.chunkStreamId);
      case "windowAcknowledgementSize":
        this.#acknowledgementWindow = message.size || DEFAULT_ACKNOWLEDGEMENT_WINDOW;
        return;
      case "userControl":
        if (message.eventType !== USER_CONTROL_EVENT.PING_REQUEST) return;
        return this.#output.send({ ...message, eventType: USER_CONTROL_EVENT.PING_RESPONSE });
      case "acknowledgement":
      case "setPeerBandwidth":
        // What the peer has received, and how much it wants, is for TCP to regulate.
    }
  }

  #onMedia(message: StreamMessage, kind: MediaEvent["kind"]): MediaEvent | undefined {
    const { streamId, timestampMs, payload } = message;
    if (this.#streams.kindOf(streamId) !== "publishing") {
      this.#counters.ignoredMedia++;
      return undefined;
    }
    return { kind, streamId, timestampMs, payload };
  }

  #onData(message: StreamMessage): MediaEvent | undefined {
    const data = namedData(message.payload);
    if (data === undefined) {
      this.#counters.ignoredMedia++;
      return undefined;
    }
    const kind = data.name === "onMetaData" ? "metadata" : "data";
    return this.#onMedia({ ...message, payload: data.payload }, kind);
  }

  #onCommand(streamId: number, command: Command): SessionEvent | undefined {
    const connection = this.#connection;
    if ((connection === undefined) !== (command.name === "connect")) {
      this.#counters.ignoredCommands++;
      return undefined;
    }
    if (connection === undefined) return this.#onConnect(command);
    const context = { connection, streams: this.#streams, output: this.#output };
    return runCommand(context, { ...command, streamId });
  }

  #onConnect(command: Command): ConnectEvent {
    this.#connection = readConnect(command);
    for (const setting of connectionSettings()) this.#output.send(setting);
    this.#output.send(connectResult(command.transactionId));
    return this.#connection;
  }

  /** Acknowledges what has arrived, once a window is full (RTMP 5.4.3, 5.4.4). */
  #acknowledge(): void {
    if (this.#receivedBytes - this.#acknowledgedBytes < this.#acknowledgementWindow) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#output.send({ kind: "acknowledgement", receivedBytes: this.#receivedBytes % 2 ** 32 });
  }
}
