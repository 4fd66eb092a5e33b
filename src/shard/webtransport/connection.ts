import type { Access, AccessDecision, Refused } from "../../access/access.ts";
import type { NetworkList } from "../../address/network_list.ts";
import { encodeSessionClose } from "../../http3/capsule_reader.ts";
import { type ConnectRequest, parseRequest } from "../../http3/connect_request.ts";
import { Http3Code, Http3Error } from "../../http3/http3_error.ts";
import { decodeFieldSection } from "../../http3/qpack/field_section.ts";
import { DRAFT02_ANSWER, encodeResponse } from "../../http3/response.ts";
import { SERVER_SETTINGS } from "../../http3/settings.ts";
import { controlStreamHead, webTransportStreamHead } from "../../http3/stream_type.ts";
import type { Counters } from "../../metrics/counters.ts";
import type { FlvSession, FlvViews } from "../live/flv_views.ts";
import { BodySender, cancelBody } from "../net/body_sender.ts";
import type { Accepted, Connection } from "../net/connection_listener.ts";
import { ConnectionWriter } from "../net/connection_writer.ts";
import { isLost } from "../net/lost_connection.ts";
import { type SlowWriter, slowWriter } from "../net/slow_writers.ts";
import { timeSlice } from "../time_slice.ts";
import { Http3Intake, type RequestStream } from "./http3_intake.ts";
import { playQuestion, targetOf } from "./play_question.ts";
import type { QuicPeer } from "./quic_source.ts";

/** What connections need of their shard. */
export interface WebtransportContext {
  readonly access: Access;
  readonly counters: Counters;
  readonly views: FlvViews;
  readonly proxies: NetworkList;
  /** Whose share of the memory counts what a client does not take. */
  readonly holderOf: (hostname: string) => number;
  readonly timeouts: {
    /** From the first packet to a whole request. */
    readonly httpRequestMs: number;
    /** How long a viewer may take nothing of what it is sent. */
    readonly stallMs: number;
  };
}

/** Why a session is refused: the code is the status that HTTP would answer. */
interface SessionRefusal {
  readonly code: number;
  readonly reason: string;
}

/** The end of a stream that was watched. */
const ENDED = 0;

const LEFT = "it has left";

/** A client may let no stream begin yet: it has as long as for its request. */
const PATIENT = { waitUntilAvailable: true };

/** In front of other streams, so that the session's end is not told before the last of them. */
const MEDIA = { ...PATIENT, sendOrder: 1 };

/** How long a client has to take the end of its session, and to close the connection. */
const LINGER_MS = 1000;

/** As HTTP answers. */
const STATUSES: Readonly<Record<Refused["status"], number>> = {
  unauthorized: 401,
  forbidden: 403,
  unavailable: 503,
};

/** What a connection is at: the first two have to be over in time. */
type Phase = "request" | "answer" | "watch" | "linger";

/** A connection of WebTransport over HTTP/3: one session, which is sent one stream. */
export class WebtransportConnection implements Connection {
  readonly #peer: QuicPeer;
  readonly #context: WebtransportContext;
  readonly #accepted: Accepted;
  readonly #intake: Http3Intake;
  readonly #askedAtMs: number;
  readonly #sink = new MediaSink();
  readonly #writer: ConnectionWriter;
  readonly #body: BodySender;
  readonly writer: SlowWriter;
  /** Held, since one that is collected ends: browsers end the connection then (RFC 9114 6.2.1). */
  #control: WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>> | undefined;
  #phase: Phase = "request";
  #phaseSinceMs: number;
  #isOver = false;
  #hasLeft = false;
  #endReason: string | undefined;

  constructor(peer: QuicPeer, context: WebtransportContext, nowMs: number, accepted: Accepted) {
    this.#peer = peer;
    this.#context = context;
    this.#accepted = accepted;
    this.#askedAtMs = this.#phaseSinceMs = nowMs;
    this.#intake = new Http3Intake(peer.conn, timeSlice.share("one peer"));
    const { counters, holderOf } = context;
    this.#writer = new ConnectionWriter(
      this.#sink,
      (bytes) => counters.add("webtransportBytesSent", bytes),
    );
    this.#body = new BodySender(this.#writer);
    this.writer = slowWriter(this.#writer, holderOf(peer.remoteAddr.hostname), () => {
      counters.add("memoryEnded");
      this.#end("there is no memory for what it does not take");
    });
    // Others may have its place until it has shown that it can be reached, and what it is there for.
    accepted.place.offer(() => this.abort());
  }

  async serve(): Promise<void> {
    const { conn } = this.#peer;
    // It rejects as well as it resolves, by who has closed it, and how.
    const closed = conn.closed.catch(() => {}).then(() => {
      this.#isOver = true;
      this.#body.cancel();
    });
    const work = this.#work().catch((error) => this.#fail(error));
    const [worked] = await Promise.allSettled([work, closed]);
    if (worked.status === "rejected") throw worked.reason;
  }

  enforceTimeouts(nowMs: number): void {
    if (this.#isOver || this.#endReason !== undefined) return;
    const { counters, timeouts } = this.#context;
    const forMs = nowMs - this.#phaseSinceMs;
    const isWaitedFor = this.#phase === "request" || this.#phase === "answer";
    if (isWaitedFor && forMs >= timeouts.httpRequestMs) {
      counters.add("webtransportTimeouts");
      return this.#end("it has not asked for a stream, or does not take one");
    }
    if (this.#phase === "linger" && forMs >= LINGER_MS) return this.abort();
    const { stuckSinceMs } = this.#writer;
    if (stuckSinceMs === undefined || nowMs - stuckSinceMs < timeouts.stallMs) return;
    counters.add("viewersStalled");
    this.#end(`it has taken nothing for ${timeouts.stallMs} ms`);
  }

  stop(): void {
    if (this.#phase === "request") this.abort();
  }

  abort(): void {
    this.#end("the server stops");
  }

  /** Ends the connection at once. */
  #end(reason: string): void {
    this.#endReason ??= reason;
    this.#body.cancel();
    this.#peer.close();
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseSinceMs = performance.now();
  }

  async #work(): Promise<void> {
    await this.#peer.conn.handshake;
    const intake = this.#intake;
    // From the beginning on: what is not read waits in memory that nobody counts.
    const always = Promise.all([intake.takeStreams(), intake.takeDatagrams()]);
    await Promise.race([this.#openControl().then(() => this.#serveSession()), always]);
  }

  async #openControl(): Promise<void> {
    const stream = await this.#peer.conn.createUnidirectionalStream(PATIENT);
    this.#control = stream.getWriter();
    await this.#control.write(controlStreamHead(SERVER_SETTINGS));
  }

  async #serveSession(): Promise<void> {
    const { value: stream } = await this.#peer.conn.incomingBidirectionalStreams.getReader().read();
    if (stream === undefined) return;
    const answers = stream.writable.getWriter();
    const taken = await this.#intake.takeRequest(stream.readable.getReader());
    const request = parseRequest(decodeFieldSection(taken.fields));
    this.#enter("answer");
    if (request.kind === "other") {
      this.#enter("linger");
      await answers.write(encodeResponse(request.status));
      return await answers.close();
    }
    // A status would be told to nobody: pages learn of a refusal by the end of their session alone.
    await answers.write(encodeResponse(200, request.speaksDraft02 ? [DRAFT02_ANSWER] : []));
    // It cannot be asked for of a stream that is gone by then.
    const sessionId = Number(stream.readable.id);
    const session = await this.#sessionFor(request);
    const isRefused = "code" in session;
    if (!isRefused) await this.#send(session, sessionId, taken);
    // Who has left waits for nothing.
    if (this.#hasLeft) return this.#end(LEFT);
    this.#enter("linger");
    const { code, reason } = isRefused ? session : { code: ENDED, reason: "the stream is over" };
    await answers.write(encodeSessionClose(code, reason));
    await answers.close();
  }

  /** Whoever may watch, what is there. */
  async #sessionFor(request: ConnectRequest): Promise<FlvSession | SessionRefusal> {
    const { access, views, proxies } = this.#context;
    const { id, log, place } = this.#accepted;
    const target = targetOf(request);
    if (target === undefined) return { code: 404, reason: "There is nothing at this path" };
    const { remoteAddr: from } = this.#peer;
    const asked = playQuestion(request, target, { id, hostname: from.hostname, proxies });
    const decision: AccessDecision = await access.decide(asked);
    if (decision.kind === "refuse") {
      views.noteRefusal(asked);
      return { code: STATUSES[decision.status], reason: decision.reason };
    }
    const session = views.open(target.query, asked, decision, {
      from,
      askedAtMs: this.#askedAtMs,
      hasLeft: () => this.#isOver,
      abort: (why) => this.#end(why),
    });
    if (session.kind === "session") {
      place.keep();
      return session;
    }
    const { status: code, reason } = session;
    if (code === 503) log.info("{peer} cannot play: {reason}", { reason });
    return { code, reason };
  }

  /** Sends a stream to its end, or until the client closes the session. */
  async #send(session: FlvSession, sessionId: number, taken: RequestStream): Promise<void> {
    try {
      const stream = await this.#peer.conn.createUnidirectionalStream(MEDIA);
      this.#sink.use(stream.getWriter());
      await this.#writer.write(webTransportStreamHead(sessionId));
      this.#enter("watch");
      const left = this.#intake.sessionEnd(taken).then(() => {
        this.#hasLeft = true;
      });
      const sent = this.#body.send(session.stream, (piece) => piece).then(() => this.#sink.end());
      await Promise.race([sent, left]);
    } finally {
      // Also of one that was never sent.
      this.#body.cancel();
      cancelBody(session.stream);
      session.over(this.#endReason ?? (this.#hasLeft ? LEFT : undefined));
    }
  }

  /** What is wrong with the connection ends it, if it has not ended by that. */
  #fail(error: unknown): void {
    if (this.#isOver || this.#endReason !== undefined) return;
    const { log } = this.#accepted;
    if (error instanceof Http3Error) {
      this.#context.counters.add("webtransportErrors");
      log.debug("{peer} does not speak HTTP/3: {reason}", { reason: error.message });
      this.#endReason = error.message;
      return this.#peer.conn.close({ closeCode: error.code, reason: "" });
    }
    // quinn's errors have no class of their own.
    const isOfPeer = isLost(error) || (error instanceof Error && error.constructor === Error);
    this.#peer.conn.close({ closeCode: Http3Code.internalError, reason: "" });
    if (!isOfPeer) throw error;
  }
}

/** The stream that media leave by, once there is one. */
class MediaSink {
  #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>> | undefined;

  use(writer: WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>>): void {
    this.#writer = writer;
  }

  /** Nothing comes behind what was written. */
  async end(): Promise<void> {
    await this.#writer?.close();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#writer!.write(bytes);
    return bytes.length;
  }
}
