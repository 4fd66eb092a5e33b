import {
  type ChunkLimits,
  ChunkReader,
  DEFAULT_MAX_MESSAGE_LENGTH,
  DEFAULT_MAX_PARTIAL_BYTES,
  type RawMessage,
} from "../chunk/reader.ts";
import { type Command, decodeCommand } from "../message/command.ts";
import { readConnect } from "./connect_command.ts";
import { ConnectionControl } from "./connection_control.ts";
import { DATA_FRAME, namedData } from "../message/data_message.ts";
import { EXTENDED_CAPABILITY, hasExtendedCapability } from "../message/enhanced_capabilities.ts";
import { type RandomBytes, ServerHandshake, withVersion } from "../handshake/handshake.ts";
import { MESSAGE_TYPE, parseMessage, type StreamMessage } from "../message/message.ts";
import { MessageSource } from "./message_source.ts";
import { MessageStreams } from "./message_streams.ts";
import { playAccepted, type PlayChange, playChanged } from "./play_replies.ts";
import { startPublication } from "./publish_commands.ts";
import { RtmpError } from "../rtmp_error.ts";
import {
  connectionSettings,
  connectResult,
  type ReconnectRequest,
  reconnectRequest,
  sharedObject,
} from "./server_replies.ts";
import { runCommand } from "./commands.ts";
import type {
  ConnectEvent,
  MediaEvent,
  NothingEvent,
  SessionCounters,
  SessionEvent,
} from "./event.ts";
import { SessionOutput } from "./output.ts";
import { userControl } from "../message/user_control.ts";
import { answerSharedObject } from "../message/shared_object.ts";

/** Encoders use one stream; some tools publish several over one connection. */
const DEFAULT_MAX_STREAMS = 16;

/** What a peer may send in one message before it is known to be allowed to publish. */
export const SETUP_MESSAGE_LENGTH = 64 * 1024;

/**
 * What may be held of messages that such a peer never ends: a player may stay for as long as it likes,
 * and has but a few commands under way.
 */
export const SETUP_PARTIAL_BYTES: number = 4 * SETUP_MESSAGE_LENGTH;

/** What a data message may have: metadata have some kilobytes. */
const MAX_DATA_LENGTH = 64 * 1024;

/** Messages that may come to nothing before that is told. */
const MAX_NOTHINGS = 64;

/** A message with so many bytes, which may all be read, counts twice, and so on. */
const BYTES_A_NOTHING = 256;

const NOTHING: NothingEvent = { kind: "nothing" };

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
  readonly #counters = noCounts();
  readonly #messages: MessageSource;
  readonly #control: ConnectionControl;
  readonly #streams: MessageStreams;
  readonly #maxMessageLength: number;
  readonly #maxPartialBytes: number;
  #connection: ConnectEvent | undefined;

  constructor({ random, limits = {} }: SessionOptions) {
    this.#handshake = new ServerHandshake(random);
    this.#streams = new MessageStreams(limits.maxStreams ?? DEFAULT_MAX_STREAMS);
    this.#maxMessageLength = limits.maxMessageLength ?? DEFAULT_MAX_MESSAGE_LENGTH;
    this.#maxPartialBytes = limits.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES;
    const maxMessageLength = Math.min(SETUP_MESSAGE_LENGTH, this.#maxMessageLength);
    const maxPartialBytes = Math.min(SETUP_PARTIAL_BYTES, this.#maxPartialBytes);
    this.#chunks = new ChunkReader({ ...limits, maxMessageLength, maxPartialBytes });
    this.#messages = new MessageSource(this.#chunks, this.#counters);
    this.#control = new ConnectionControl(this.#chunks, this.#output, this.#counters);
  }

  /** What the peer has said of itself and its application; `undefined` before it has. */
  get connection(): ConnectEvent | undefined {
    return this.#connection;
  }

  /** What has been passed over so far: one record, whose numbers grow. */
  get counters(): Readonly<SessionCounters> {
    return this.#counters;
  }

  /**
   * Takes bytes from the peer, borrowed until {@linkcode next} returns `undefined`.
   *
   * @throws {RtmpError} if the peer does not speak RTMP.
   */
  push(piece: Uint8Array): void {
    this.#control.addReceived(piece.length);
    const chunks = this.#handshake.done ? piece : piece.subarray(this.#shakeHands(piece));
    if (chunks.length === 0) return;
    this.#chunks.push(chunks);
    this.#control.acknowledge();
  }

  /**
   * The next event, or `undefined` if more bytes are needed. It is bounded work: among many messages
   * that come to nothing, "nothing" is told.
   *
   * @throws {RtmpError} if the peer breaks the protocol or exceeds a limit.
   */
  next(): SessionEvent | undefined {
    try {
      for (let nothings = 0; nothings < MAX_NOTHINGS;) {
        const raw = this.#messages.next();
        if (raw === undefined) return undefined;
        const event = this.#onMessage(raw);
        if (event !== undefined) return event;
        nothings += 1 + Math.floor(raw.payload.length / BYTES_A_NOTHING);
      }
      return NOTHING;
    } catch (error) {
      if (this.#connection !== undefined || !(error instanceof RtmpError)) throw error;
      throw withVersion(this.#handshake.version, error);
    }
  }

  /** How many bytes {@linkcode takeOutput} has. */
  get outputLength(): number {
    return this.#output.length;
  }

  /** Bytes to send to the peer, which the caller owns; `undefined` if there are none. */
  takeOutput(): Uint8Array<ArrayBuffer> | undefined {
    const output = this.#output.take();
    if (output !== undefined) this.#control.addSent(output.length);
    return output;
  }

  /** Notes bytes that the owner sends past {@linkcode takeOutput}: media in chunks made elsewhere. */
  noteSent(byteCount: number): void {
    this.#control.addSent(byteCount);
  }

  /**
   * Whether the window that the peer has set by Set Peer Bandwidth leaves room for media. Never
   * false for longer than {@linkcode MAX_ACKNOWLEDGEMENT_WAIT_MS}, nor for a peer that has never
   * acknowledged anything.
   */
  maySendMedia(nowMs: number): boolean {
    return this.#control.maySend(nowMs);
  }

  /** The connection is gone, and nothing more is asked of the session. */
  close(): void {
    this.#chunks.close();
  }

  /** Lets the peer publish. Does nothing if the stream does not await a decision any more. */
  acceptPublish(streamId: number): void {
    if (!startPublication(this.#streams, this.#output, streamId)) return;
    this.#chunks.setMaxMessageLength(this.#maxMessageLength);
    this.#chunks.setMaxPartialBytes(this.#maxPartialBytes);
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

  /** Tells the peer that what it publishes has been ended. Does nothing if it publishes nothing there. */
  endPublish(streamId: number, code: string, description: string): void {
    if (this.#streams.kindOf(streamId) !== "publishing") return;
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

  /** Asks the peer whether it is there. What it answers is of no interest, but that it does. */
  ping(timestampMs: number): void {
    this.#output.send(userControl({ kind: "pingRequest", timestampMs }));
  }

  /**
   * Asks the peer to connect again, here or elsewhere: it goes on until its next key frame, connects
   * anew, and then disconnects.
   *
   * @returns false, and does nothing, if the peer has not said that it understands this
   */
  requestReconnect(request: ReconnectRequest): boolean {
    const capabilities = this.#connection?.capabilities;
    if (capabilities === undefined) return false;
    if (!hasExtendedCapability(capabilities, EXTENDED_CAPABILITY.RECONNECT)) return false;
    this.#output.send(reconnectRequest(request));
    return true;
  }

  /** Returns how many bytes of `piece` belong to the handshake. */
  #shakeHands(piece: Uint8Array): number {
    const used = this.#handshake.push(piece);
    const answer = this.#handshake.takeOutput();
    if (answer !== undefined) this.#output.bytes(answer);
    if (this.#handshake.proof === "mismatch") this.#counters.handshakeMismatches = 1;
    return used;
  }

  #onMessage(raw: RawMessage): SessionEvent | undefined {
    switch (raw.typeId) {
      case MESSAGE_TYPE.AUDIO:
        return this.#onMedia("audio", raw, raw.payload);
      case MESSAGE_TYPE.VIDEO:
        return this.#onMedia("video", raw, raw.payload);
    }
    const message = parseMessage(raw);
    switch (message.kind) {
      case "audio":
      case "video":
        return this.#onMedia(message.kind, message, message.payload);
      case "data":
        return this.#onData(message);
      case "command":
        return this.#onCommand(message);
      case "sharedObject":
        this.#onSharedObject(message);
        return undefined;
      case "aggregate":
      case "unknown":
        this.#counters.unknownMessages++;
        return undefined;
      default:
        this.#control.handle(message);
        return undefined;
    }
  }

  #onMedia(
    kind: MediaEvent["kind"],
    { streamId, timestampMs }: Pick<StreamMessage, "streamId" | "timestampMs">,
    payload: Uint8Array,
  ): MediaEvent | undefined {
    const publication = this.#streams.publicationOn(streamId);
    if (publication === undefined) {
      this.#counters.ignoredMedia++;
      return undefined;
    }
    return { kind, streamId: publication, timestampMs, payload };
  }

  #onData(message: StreamMessage): MediaEvent | undefined {
    // Before it is read, which is work: whoever may not publish cannot ask for that.
    const isWanted = this.#streams.publicationOn(message.streamId) !== undefined &&
      message.payload.length <= MAX_DATA_LENGTH;
    const data = isWanted ? namedData(message.payload) : undefined;
    if (data === undefined) {
      this.#counters.ignoredMedia++;
      return undefined;
    }
    if (data.name === DATA_FRAME.CLEAR) return undefined;
    const kind = data.name === "onMetaData" ? "metadata" : "data";
    return this.#onMedia(kind, message, data.payload);
  }

  #onCommand({ streamId, payload }: StreamMessage): SessionEvent | undefined {
    const connection = this.#connection;
    const isReadable = payload.length > 0 && payload.length <= SETUP_MESSAGE_LENGTH;
    const command = isReadable ? decodeCommand(payload) : undefined;
    if (command === undefined || (connection === undefined) !== (command.name === "connect")) {
      this.#counters.ignoredCommands++;
      return undefined;
    }
    if (connection === undefined) return this.#onConnect(command);
    const context = { connection, streams: this.#streams, output: this.#output };
    return runCommand(context, { ...command, streamId });
  }

  #onConnect(command: Command): ConnectEvent {
    const connection = readConnect(command);
    this.#connection = connection;
    for (const setting of connectionSettings()) this.#output.send(setting);
    // The answer is AMF0 whatever was asked for: it is what says how the rest will be.
    this.#output.send(connectResult(command.transactionId, connection));
    this.#output.setObjectEncoding(connection.objectEncoding);
    return connection;
  }

  #onSharedObject({ streamId, payload }: StreamMessage): void {
    this.#counters.sharedObjects++;
    if (this.#connection === undefined) return;
    const refusal = answerSharedObject(payload);
    if (refusal !== undefined) this.#output.send(sharedObject(streamId, refusal));
  }
}

function noCounts(): SessionCounters {
  return {
    ignoredMedia: 0,
    ignoredCommands: 0,
    unknownMessages: 0,
    sharedObjects: 0,
    handshakeMismatches: 0,
  };
}
