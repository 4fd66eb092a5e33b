import { CapsuleReader, encodeSessionClose } from "../../src/http3/capsule_reader.ts";
import type { SessionClose } from "../../src/http3/capsule_reader.ts";
import { Http3FrameReader } from "../../src/http3/frame_reader.ts";
import { decodeFieldSection } from "../../src/http3/qpack/field_section.ts";
import { readStreamHead } from "../../src/http3/stream_type.ts";
import { clientControlHead, connectFrame, type ConnectOptions } from "./client.ts";

/** Where a server is, and what it shows. */
export interface SessionServer {
  readonly port: number;
  /** PEM of what signs its certificate: a self-signed one does so itself. */
  readonly certificate: string;
}

/** A QUIC connection to a server, on which nothing has been sent yet. */
export async function connectQuic(
  { port, certificate }: SessionServer,
  limits: Pick<Deno.QuicTransportOptions, "maxConcurrentUnidirectionalStreams"> = {},
): Promise<Deno.QuicConn> {
  return await Deno.connectQuic({
    ...limits,
    hostname: "127.0.0.1",
    port,
    serverName: "localhost",
    caCerts: [certificate],
    alpnProtocols: ["h3"],
  });
}

/**
 * A client of WebTransport that is made of QUIC's streams: it sees what browsers keep to themselves,
 * and can do what they do not.
 */
export class SessionClient implements Disposable {
  readonly conn: Deno.QuicConn;
  readonly #request: WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>>;
  readonly #answers: AsyncIterator<Answer>;
  readonly #media = Promise.withResolvers<AsyncGenerator<Uint8Array>>();

  private constructor(conn: Deno.QuicConn, stream: Deno.QuicBidirectionalStream) {
    this.conn = conn;
    this.#request = stream.writable.getWriter();
    this.#answers = answersOf(stream.readable);
    this.#media.promise.catch(() => {});
    this.#takeStreams().catch((error) => this.#media.reject(error));
  }

  /** Connects and asks for a session. */
  static async ask(server: SessionServer, options?: ConnectOptions): Promise<SessionClient> {
    const conn = await connectQuic(server);
    const control = (await conn.createUnidirectionalStream()).getWriter();
    await control.write(clientControlHead());
    const client = new SessionClient(conn, await conn.createBidirectionalStream());
    await client.#request.write(connectFrame(options));
    return client;
  }

  /** The status of the answer; `undefined` if there was none. */
  async status(): Promise<number | undefined> {
    const { value } = await this.#answers.next();
    return value?.kind === "status" ? value.status : undefined;
  }

  /** Waits until the server ends the session; with what it says, if it says so. */
  async ended(): Promise<SessionClose | undefined> {
    for (;;) {
      const { done, value } = await this.#answers.next();
      if (done) return undefined;
      if (value.kind === "close") return value;
    }
  }

  /** What comes on the session's stream, once there is one. */
  media(): Promise<AsyncGenerator<Uint8Array>> {
    return this.#media.promise;
  }

  /** Ends the session as a client does that leaves. */
  async leave(): Promise<void> {
    await this.#request.write(encodeSessionClose(0, ""));
  }

  [Symbol.dispose](): void {
    this.conn.close({ closeCode: 0x100, reason: "" });
  }

  async #takeStreams(): Promise<void> {
    for await (const stream of this.conn.incomingUnidirectionalStreams) {
      void this.#takeStream(stream).catch(() => {});
    }
  }

  async #takeStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const pieces = stream[Symbol.asyncIterator]();
    const { value } = await pieces.next();
    if (value === undefined) return;
    // A head comes in one piece with what is behind it, or alone.
    const head = readStreamHead(value)!;
    if (head.kind === "web-transport") this.#media.resolve(behind(value, head.length, pieces));
    else for (;;) if ((await pieces.next()).done) return;
  }
}

type Answer = { readonly kind: "status"; readonly status: number } | SessionClose;

async function* answersOf(
  readable: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Answer> {
  const frames = new Http3FrameReader("request");
  const capsules = new CapsuleReader();
  for await (const piece of readable) {
    frames.push(piece);
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
      if (frame.kind === "headers") {
        const status = decodeFieldSection(frame.payload).find(([name]) => name === ":status");
        yield { kind: "status", status: Number(status?.[1]) };
      }
      if (frame.kind !== "data") continue;
      capsules.push(frame.piece);
      for (let event = capsules.next(); event !== undefined; event = capsules.next()) {
        if (event.kind === "close") yield event;
      }
    }
  }
}

async function* behind(
  first: Uint8Array,
  length: number,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > length) yield first.subarray(length);
  for (;;) {
    const { done, value } = await rest.next();
    if (done) return;
    yield value;
  }
}
