import { concat } from "@std/bytes/concat";
import { CapsuleReader } from "../../http3/capsule_reader.ts";
import { Http3FrameReader } from "../../http3/frame_reader.ts";
import { Http3Code, Http3Error } from "../../http3/http3_error.ts";
import { parseClientSettings } from "../../http3/settings.ts";
import { readStreamHead, type StreamHead } from "../../http3/stream_type.ts";
import type { TimeShare } from "../time_slice.ts";

/** Bytes that a client may send over all of its streams: it has a request, and says when it leaves. */
const MAX_RECEIVED_BYTES = 64 * 1024;

/** Unidirectional streams in all of a connection: browsers have three, and some that mean nothing. */
const MAX_STREAMS = 16;

/** Datagrams of which nobody wants one: browsers send none unasked. */
const MAX_DATAGRAMS = 64;

/** What is read of one stream. */
type StreamBytes = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/** A request's stream, behind the request. */
export interface RequestStream {
  readonly frames: Http3FrameReader;
  readonly bytes: StreamBytes;
}

/**
 * What the client of one connection sends over HTTP/3: all of it is read, so that none of it waits
 * here, and counted, so that it is little.
 */
export class Http3Intake {
  readonly #conn: Deno.QuicConn;
  readonly #share: TimeShare;
  #received = 0;
  #hasControl = false;

  /** @param share of the thread, for what the client makes us do */
  constructor(conn: Deno.QuicConn, share: TimeShare) {
    this.#conn = conn;
    this.#share = share;
  }

  /**
   * Takes its control stream and those of QPACK until the connection ends.
   *
   * @throws {Http3Error} for what is to end it
   */
  async takeStreams(): Promise<void> {
    const { promise: failure, reject } = Promise.withResolvers<never>();
    const takeAll = async () => {
      let count = 0;
      for await (const stream of this.#conn.incomingUnidirectionalStreams) {
        if (++count > MAX_STREAMS) throw tooMuch("streams", MAX_STREAMS, count);
        this.#takeStream(stream.getReader()).catch(reject);
      }
    };
    // Whichever fails ends all.
    await Promise.race([failure, takeAll()]);
  }

  /** Takes datagrams, of which there should be none: unread, they would stay in memory. */
  async takeDatagrams(): Promise<void> {
    for (let count = 0; count < MAX_DATAGRAMS; count++) await this.#conn.readDatagram();
    throw tooMuch("datagrams", MAX_DATAGRAMS, MAX_DATAGRAMS + 1);
  }

  /**
   * The fields of a request, encoded, from the stream that it comes on.
   *
   * @throws {Http3Error} if there is none
   */
  async takeRequest(bytes: StreamBytes): Promise<RequestStream & { readonly fields: Uint8Array }> {
    const frames = new Http3FrameReader("request");
    for (;;) {
      const frame = frames.next();
      if (frame?.kind === "headers") return { frames, bytes, fields: frame.payload };
      if (!await this.#read(bytes, (piece) => frames.push(piece))) {
        throw new Http3Error(Http3Code.requestIncomplete, "Cannot read request: it has no fields");
      }
    }
  }

  /** Resolves when a session's client has closed it; with what it says, if it says why. */
  async sessionEnd({ frames, bytes }: RequestStream): Promise<string | undefined> {
    const capsules = new CapsuleReader();
    for (;;) {
      for (let frame; (frame = frames.next()) !== undefined;) {
        if (frame.kind === "data") capsules.push(frame.piece);
        for (let event; (event = capsules.next()) !== undefined;) {
          if (event.kind === "close") return event.reason;
        }
      }
      if (!await this.#read(bytes, (piece) => frames.push(piece))) return undefined;
    }
  }

  async #takeStream(bytes: StreamBytes): Promise<void> {
    let begin: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    for (;;) {
      const head = readStreamHead(begin);
      if (head !== undefined) return await this.#takeContent(head, begin, bytes);
      const isThere = await this.#read(bytes, (piece) => {
        begin = concat([begin, piece]);
      });
      // A stream of nothing says nothing.
      if (!isThere) return;
    }
  }

  async #takeContent(
    head: StreamHead,
    begin: Uint8Array<ArrayBuffer>,
    bytes: StreamBytes,
  ): Promise<void> {
    if (head.kind === "push") {
      throw new Http3Error(
        Http3Code.streamCreationError,
        "Cannot take stream: a client pushes none",
      );
    }
    if (head.kind !== "control") {
      // Nothing is held of QPACK, whose table has no room here, and of what is not known.
      while (await this.#read(bytes, () => {}));
      return;
    }
    if (this.#hasControl) {
      throw new Http3Error(
        Http3Code.streamCreationError,
        "Cannot take stream: there is a control one",
      );
    }
    this.#hasControl = true;
    const frames = new Http3FrameReader("control");
    frames.push(begin.subarray(head.length));
    do {
      for (let frame; (frame = frames.next()) !== undefined;) {
        if (frame.kind === "settings") parseClientSettings(frame.payload);
      }
    } while (await this.#read(bytes, (piece) => frames.push(piece)));
    throw new Http3Error(
      Http3Code.closedCriticalStream,
      "Cannot go on: the control stream is closed",
    );
  }

  /** Takes what comes next on a stream; false at its end. */
  async #read(
    bytes: StreamBytes,
    take: (piece: Uint8Array<ArrayBuffer>) => void,
  ): Promise<boolean> {
    const { done, value } = await bytes.read();
    if (done) return false;
    this.#share.begin(performance.now());
    this.#received += value.length;
    if (this.#received > MAX_RECEIVED_BYTES) {
      throw tooMuch("bytes of streams", MAX_RECEIVED_BYTES, this.#received);
    }
    take(value);
    await this.#share.pause();
    return true;
  }
}

/** Of a client that sends more than anybody has to. */
function tooMuch(what: string, limit: number, got: number): Http3Error {
  const message = `Cannot take ${what}: must be up to ${limit}, got ${got}`;
  return new Http3Error(Http3Code.excessiveLoad, message);
}
