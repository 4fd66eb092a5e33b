/**
 * The client's side of RTMP as bytes, for tests and benchmarks: no sockets, no waiting. Everything
 * an encoder sends up to the first frame can be made in one call, since a server that answers in
 * order needs no pauses.
 */
import { amfObject, type AmfValue } from "../../src/amf/amf_value.ts";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { ChunkReader, type RawMessage } from "../../src/rtmp/chunk/reader.ts";
import { ChunkWriter } from "../../src/rtmp/chunk/writer.ts";
import { type Command, decodeCommand, encodeCommand } from "../../src/rtmp/message/command.ts";
import {
  CLIENT_KEY,
  type DigestScheme,
  HANDSHAKE_PACKET_LENGTH,
  placeDigest,
} from "../../src/rtmp/handshake/digest.ts";
import {
  type ControlMessage,
  parseMessage,
  type RtmpMessage,
  type StreamMessage,
  toRawMessage,
} from "../../src/rtmp/message/message.ts";

/** S0, S1 and S2 together. */
export const SERVER_HANDSHAKE_LENGTH = 1 + 2 * HANDSHAKE_PACKET_LENGTH;

/** C0 and C1 of the simple handshake; `fill` stands for the random bytes. */
export function clientHello(fill = 0x5a): Uint8Array<ArrayBuffer> {
  const hello = new Uint8Array(1 + HANDSHAKE_PACKET_LENGTH).fill(fill);
  hello[0] = 3;
  hello.fill(0, 1, 9);
  return hello;
}

/** C0 and C1 with a digest, as Flash Player and `rtmpdump -w` send. */
export function clientDigestHello(
  scheme: DigestScheme,
  random: () => number,
): Uint8Array<ArrayBuffer> {
  const hello = Uint8Array.from(clientHello(), () => Math.floor(random() * 256));
  hello.set([3, 0, 0, 0, 0, 10, 0, 45, 2]);
  placeDigest(hello.subarray(1), scheme, CLIENT_KEY);
  return hello;
}

/** A C2 that answers nothing in particular, as many encoders send. */
export function clientAnswer(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(HANDSHAKE_PACKET_LENGTH);
}

/** Collects what a client sends after the handshake. */
export class ClientMessages {
  readonly #chunks = new ChunkWriter();
  readonly #out: ByteWriter;

  constructor(initialCapacity = 4096) {
    this.#out = new ByteWriter(initialCapacity);
  }

  /** Tells the server a chunk size and uses it from here on. */
  chunkSize(size: number): this {
    this.send({ kind: "setChunkSize", size });
    this.#chunks.setChunkSize(size);
    return this;
  }

  command(
    streamId: number,
    name: string,
    transactionId: number,
    ...args: readonly AmfValue[]
  ): this {
    const payload = encodeCommand({ name, transactionId, args });
    return this.send({ kind: "command", streamId, timestampMs: 0, payload });
  }

  audio(timestampMs: number, payload: Uint8Array, streamId = 1): this {
    return this.send({ kind: "audio", streamId, timestampMs, payload });
  }

  video(timestampMs: number, payload: Uint8Array, streamId = 1): this {
    return this.send({ kind: "video", streamId, timestampMs, payload });
  }

  /** A data message of the values given. */
  data(timestampMs: number, ...values: readonly AmfValue[]): this {
    return this.send({ kind: "data", streamId: 1, timestampMs, payload: encodeAmf0(...values) });
  }

  send(message: ControlMessage | StreamMessage): this {
    return this.raw(toRawMessage(message));
  }

  raw(message: RawMessage): this {
    this.#chunks.write(message, this.#out);
    return this;
  }

  connect(app: string, tcUrl = `rtmp://localhost/${app}`): this {
    const flashVer = "FMLE/3.0 (compatible; test)";
    return this.command(0, "connect", 1, amfObject({ app, type: "nonprivate", flashVer, tcUrl }));
  }

  /** What an encoder sends once it is connected. */
  publish(name: string, streamId = 1): this {
    return this.command(0, "releaseStream", 2, null, name)
      .command(0, "FCPublish", 3, null, name)
      .command(0, "createStream", 4, null)
      .command(streamId, "publish", 5, null, name, "live");
  }

  /** Everything collected so far, which leaves. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#out.take();
  }
}

/** What {@linkcode publisherPreamble} publishes. */
export interface PublisherOptions {
  readonly app: string;
  /** Stream name, with its query if it has one. */
  readonly name: string;
  /** Chunk size of the messages, which `messages` keeps. */
  readonly chunkSize?: number;
  /** Where further messages will be collected; holds nothing afterwards. */
  readonly messages?: ClientMessages;
}

/** All that an encoder sends from C0 to `publish`, on message stream 1. */
export function publisherPreamble(options: PublisherOptions): Uint8Array<ArrayBuffer> {
  const { app, name, chunkSize = 4096, messages = new ClientMessages() } = options;
  const commands = messages.chunkSize(chunkSize).connect(app).publish(name).take();
  return new ByteWriter(8192).bytes(clientHello()).bytes(clientAnswer()).bytes(commands).take();
}

/** A message from the server; payloads are copies. */
export type ServerReply =
  | Exclude<RtmpMessage, StreamMessage>
  | StreamMessage & {
    readonly command?: Command;
  };

/** Reads what a server session has sent since the handshake's end. */
export class ServerReplies {
  readonly #chunks = new ChunkReader();

  /** The messages in `output`, which must follow S2; `onType` sees the type of each. */
  read(output: Uint8Array, onType?: (typeId: number) => void): ServerReply[] {
    const replies: ServerReply[] = [];
    this.#chunks.push(output);
    for (let raw = this.#chunks.next(); raw !== undefined; raw = this.#chunks.next()) {
      onType?.(raw.typeId);
      const message = parseMessage({ ...raw, payload: raw.payload.slice() });
      if (message.kind === "setChunkSize") this.#chunks.setChunkSize(message.size);
      replies.push(
        message.kind === "command"
          ? { ...message, command: decodeCommand(message.payload) }
          : message,
      );
    }
    return replies;
  }
}

/** The commands among `replies`. */
export function commandsOf(replies: readonly ServerReply[]): Command[] {
  return replies.flatMap((reply) =>
    reply.kind === "command" && reply.command !== undefined ? [reply.command] : []
  );
}
