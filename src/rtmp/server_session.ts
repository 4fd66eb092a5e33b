import { Amf0Reader } from "../amf/amf0_reader.ts";
import { AmfError } from "../amf/amf_error.ts";
import { amfProperty, type AmfValue } from "../amf/amf_value.ts";
import { ByteWriter } from "../bytes/byte_writer.ts";
import { type ChunkLimits, ChunkReader, DEFAULT_MAX_MESSAGE_LENGTH } from "./chunk_reader.ts";
import { ChunkWriter } from "./chunk_writer.ts";
import { type Command, decodeCommand } from "./command.ts";
import { type RandomBytes, ServerHandshake } from "./handshake.ts";
import {
  type ControlMessage,
  parseMessage,
  type StreamMessage,
  toRawMessage,
  USER_CONTROL_EVENT,
} from "./message.ts";
import { MessageStreams } from "./message_streams.ts";
import { RtmpError } from "./rtmp_error.ts";
import {
  callResult,
  connectionSettings,
  connectResult,
  fcStatus,
  onStatus,
  type Reply,
  streamBegin,
} from "./server_replies.ts";
import type {
  ConnectEvent,
  MediaEvent,
  PublishType,
  SessionCounters,
  SessionEvent,
} from "./session_event.ts";
import {
  MAX_NAME_LENGTH,
  MAX_QUERY_LENGTH,
  splitQuery,
  type StreamTarget,
  targetProblem,
} from "./stream_name.ts";

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
  readonly #chunkWriter = new ChunkWriter();
  readonly #out = new ByteWriter(512);
  readonly #streams: MessageStreams;
  readonly #maxMessageLength: number;
  #connection: ConnectEvent | undefined;
  #counters: SessionCounters = { ignoredMedia: 0, ignoredCommands: 0, unknownMessages: 0 };
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

  /** What has been passed over so far. */
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
      if (answer !== undefined) this.#out.bytes(answer);
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
          this.#count("unknownMessages");
          break;
        default:
          this.#onControl(message);
      }
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /** Bytes to send to the peer, which the caller owns; `undefined` if there are none. */
  takeOutput(): Uint8Array<ArrayBuffer> | undefined {
    return this.#out.length === 0 ? undefined : this.#out.take();
  }

  /** Lets the peer publish. Does nothing if the stream does not await a decision any more. */
  acceptPublish(streamId: number): void {
    const name = this.#streams.accept(streamId);
    if (name === undefined) return;
    this.#chunks.setMaxMessageLength(this.#maxMessageLength);
    this.#send(streamBegin(streamId));
    const description = `${name} is now published.`;
    this.#send(
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
    this.#fail(streamId, code, description);
  }

  /** Tells the peer that it cannot play; `code` is for example `NetStream.Play.StreamNotFound`. */
  refusePlay(streamId: number, code: string, description: string): void {
    this.#fail(streamId, code, description);
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
        return this.#send({ ...message, eventType: USER_CONTROL_EVENT.PING_RESPONSE });
      case "acknowledgement":
      case "setPeerBandwidth":
        // What the peer has received, and how much it wants, is for TCP to regulate.
    }
  }

  #onMedia(message: StreamMessage, kind: MediaEvent["kind"]): MediaEvent | undefined {
    const { streamId, timestampMs, payload } = message;
    if (this.#streams.kindOf(streamId) !== "publishing") {
      this.#count("ignoredMedia");
      return undefined;
    }
    return { kind, streamId, timestampMs, payload };
  }

  #onData(message: StreamMessage): MediaEvent | undefined {
    const data = namedData(message.payload);
    if (data === undefined) {
      this.#count("ignoredMedia");
      return undefined;
    }
    const kind = data.name === "onMetaData" ? "metadata" : "data";
    return this.#onMedia({ ...message, payload: data.payload }, kind);
  }

  #onCommand(streamId: number, command: Command): SessionEvent | undefined {
    if ((this.#connection === undefined) !== (command.name === "connect")) {
      this.#count("ignoredCommands");
      return undefined;
    }
    const { transactionId, args } = command;
    switch (command.name) {
      case "connect":
        return this.#onConnect(command);
      case "createStream":
        this.#send(callResult(transactionId, this.#streams.open()));
        return undefined;
      case "publish":
        return this.#onPublish(streamId, args);
      case "play":
        return this.#onPlay(streamId, args);
      case "FCPublish":
        this.#answer(transactionId);
        this.#send(fcStatus("onFCPublish", "NetStream.Publish.Start"));
        return undefined;
      case "FCUnpublish":
        this.#answer(transactionId);
        this.#send(fcStatus("onFCUnpublish", "NetStream.Unpublish.Success"));
        return this.#unpublish(this.#streams.idOf(splitQuery(text(args[1])).name));
      case "closeStream":
        return this.#unpublish(streamId);
      case "deleteStream": {
        const deleted = typeof args[1] === "number" ? args[1] : streamId;
        const event = this.#unpublish(deleted);
        this.#streams.delete(deleted);
        return event;
      }
      case "getStreamLength":
        // What ffmpeg asks before it plays; a live stream has no length.
        this.#send(callResult(transactionId, 0));
        return undefined;
      case "_result":
      case "_error":
      case "onStatus":
        return undefined;
      default:
        // releaseStream, _checkbw and calls not known: encoders take an error for the end.
        this.#answer(transactionId);
        return undefined;
    }
  }

  #onConnect({ transactionId, args }: Command): ConnectEvent {
    const tcUrl = text(amfProperty(args[0], "tcUrl"));
    const flashVersion = text(amfProperty(args[0], "flashVer"));
    const { name: app, query: appQuery } = splitQuery(text(amfProperty(args[0], "app")));
    const query = appQuery || splitQuery(tcUrl).query;
    checkLength("application name", app, MAX_NAME_LENGTH);
    checkLength("flashVer", flashVersion, MAX_NAME_LENGTH);
    checkLength("query", query, MAX_QUERY_LENGTH);
    checkLength("tcUrl", tcUrl, MAX_NAME_LENGTH + MAX_QUERY_LENGTH);
    this.#connection = { kind: "connect", app, query, tcUrl, flashVersion };
    for (const setting of connectionSettings()) this.#send(setting);
    this.#send(connectResult(transactionId));
    return this.#connection;
  }

  #onPublish(streamId: number, args: readonly AmfValue[]): SessionEvent | undefined {
    const target = this.#targetOf(text(args[1]));
    const problem = this.#streams.kindOf(streamId) === "open"
      ? targetProblem(target)
      : `Stream ${streamId} was not created, or is published already.`;
    if (problem !== undefined) {
      this.#fail(streamId, "NetStream.Publish.BadName", problem);
      return { kind: "publish-refused", reason: problem };
    }
    this.#streams.request(streamId, target.name);
    return { kind: "publish", streamId, ...target, publishType: publishTypeOf(text(args[2])) };
  }

  #onPlay(streamId: number, args: readonly AmfValue[]): SessionEvent | undefined {
    const target = this.#targetOf(text(args[1]));
    const problem = targetProblem(target);
    if (problem !== undefined) {
      this.#fail(streamId, "NetStream.Play.StreamNotFound", problem);
      return undefined;
    }
    return { kind: "play", streamId, ...target };
  }

  #unpublish(streamId: number | undefined): SessionEvent | undefined {
    if (streamId === undefined || !this.#streams.end(streamId)) return undefined;
    return { kind: "unpublish", streamId };
  }

  #targetOf(target: string): StreamTarget {
    const { name, query } = splitQuery(target);
    const app = this.#connection?.app ?? "";
    return { app, name, query: query || (this.#connection?.query ?? "") };
  }

  /** Answers a call that returns nothing; transaction id 0 asks for no answer. */
  #answer(transactionId: number): void {
    if (transactionId !== 0) this.#send(callResult(transactionId));
  }

  #fail(streamId: number, code: string, description: string): void {
    this.#send(onStatus(streamId, { level: "error", code, description }));
  }

  #send(reply: Reply): void {
    this.#chunkWriter.write(toRawMessage(reply), this.#out);
    if (reply.kind === "setChunkSize") this.#chunkWriter.setChunkSize(reply.size);
  }

  /** Acknowledges what has arrived, once a window is full (RTMP 5.4.3, 5.4.4). */
  #acknowledge(): void {
    if (this.#receivedBytes - this.#acknowledgedBytes < this.#acknowledgementWindow) return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.#send({ kind: "acknowledgement", receivedBytes: this.#receivedBytes % 2 ** 32 });
  }

  #count(counter: keyof SessionCounters): void {
    this.#counters = { ...this.#counters, [counter]: this.#counters[counter] + 1 };
  }
}

/**
 * The name of a data message, and its payload from there on. `undefined` if that cannot be read: it
 * is no reason to end a stream, whose pictures and sound do not depend on it.
 */
function namedData(
  payload: Uint8Array,
): { readonly name: AmfValue; readonly payload: Uint8Array } | undefined {
  try {
    const reader = new Amf0Reader(payload);
    const name = reader.value();
    if (name !== "@setDataFrame") return { name, payload };
    const rest = reader.rest();
    return { name: new Amf0Reader(rest).value(), payload: rest };
  } catch (error) {
    if (!(error instanceof AmfError)) throw error;
    return undefined;
  }
}

function checkLength(what: string, value: string, limit: number): void {
  if (value.length <= limit) return;
  throw new RtmpError(
    `Cannot connect: ${what} must be up to ${limit} characters, got ${value.length}`,
  );
}

function publishTypeOf(value: string): PublishType {
  return value === "record" || value === "append" ? value : "live";
}

function text(value: AmfValue): string {
  return typeof value === "string" ? value : "";
}
