import { concat } from "@std/bytes/concat";
import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { RequestHead } from "../../../http/request_head.ts";
import type { HttpRequest } from "../../../http/request_reader.ts";
import {
  CONTINUE,
  type HttpResponse,
  LAST_CHUNK,
  type StreamResponse,
  type WebSocketResponse,
} from "../../../http/response.ts";
import { CloseCode, encodeCloseFrame } from "../../../http/websocket.ts";
import { WebSocketReader } from "../../../http/websocket_reader.ts";
import type { MemoryBudget } from "../../../stream/memory_budget.ts";
import { BodySender, cancelBody } from "../../net/body_sender.ts";
import { RequestIntake } from "./request_intake.ts";
import { heedWebSocket } from "./websocket_client.ts";
import {
  type Accepted,
  closeQuietly,
  type Connection,
  type PeerConn,
} from "../../net/connection_listener.ts";
import { addressesOf, type ConnectionAddresses } from "../../net/connection_addresses.ts";
import type { Counters } from "../../../metrics/counters.ts";
import { answerHead } from "./answer_head.ts";
import { ANY_PAGE, noPlace, problem } from "../routing/answers.ts";
import { ConnectionWriter } from "../../net/connection_writer.ts";
import { isLost } from "../../net/lost_connection.ts";
import { peerHolderOf } from "../../net/memory_holder.ts";
import type { Place } from "../../net/places.ts";
import { SharedPieces } from "../../live/shared_pieces.ts";
import { type SlowWriter, slowWriter } from "../../net/slow_writers.ts";
import { timeSlice } from "../../time_slice.ts";
import type { NetworkList } from "../../../address/network_list.ts";

/** What sending an answer may cost: head and body are two writes. */
const MAX_SEND_MS = 0.3;

/** Bytes of a body that is sent with its head: to copy it costs less than to write twice. */
const MAX_JOINED_BODY = 4096;

/**
 * How long an answer may take that a client gets which sends nothing more: it may have left, or only
 * have ended its side, as scripts do that pipe a request.
 */
const LEFT_MS = 1000;

/** How long a client has to take the end of what it was sent, and to close. */
const LINGER_MS = 2000;

/** For the viewers of a shard together: they are given the same pieces. */
const CHUNKS = SharedPieces.chunks();
const MESSAGES = SharedPieces.messages();

/** What connections need of their shard. */
export interface HttpConnectionContext {
  readonly counters: Counters;
  /** Whose X-Forwarded-For is believed. */
  readonly proxies: NetworkList;
  readonly memory: MemoryBudget;
  readonly timeouts: {
    /** For a whole request, from its first byte or the connection's begin. */
    readonly httpRequestMs: number;
    /** Between two requests. */
    readonly httpIdleMs: number;
    /** How long a client may take nothing of what it is sent. */
    readonly stallMs: number;
  };
  /** What refuses a request by its head: asked before a large body is taken. */
  readonly refusal?: (
    head: RequestHead,
    addresses: ConnectionAddresses,
  ) => Promise<HttpResponse | undefined>;
  readonly answer: (
    request: HttpRequest,
    addresses: ConnectionAddresses,
  ) => HttpResponse | Promise<HttpResponse>;
}

/** What a connection is at. */
type Phase = "request" | "idle" | "answer" | "linger";

/** An HTTP/1.1 connection: reads requests one after another and sends their responses. */
export class HttpConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #context: HttpConnectionContext;
  readonly #place: Place;
  readonly #writer: ConnectionWriter;
  readonly #body: BodySender;
  readonly writer: SlowWriter;
  readonly #intake: RequestIntake;
  readonly #addresses: ConnectionAddresses;
  #phase: Phase = "request";
  #phaseSinceMs: number;
  #isStopping = false;
  /** Since the client was seen to go. */
  #hasLeft = false;
  /** There as soon as somebody asks for it: hardly a request does. */
  #left: AbortController | undefined;
  /** When that was, as long as its request is decided on. */
  #leftAtMs: number | undefined;
  /** Why it was ended from here. */
  #abortReason: string | undefined;
  /** The body during which it is to be noticed that the client is gone. */
  #watched: ReadableStream | undefined;
  readonly #share = timeSlice.share("one peer");

  constructor(
    conn: PeerConn,
    context: HttpConnectionContext,
    nowMs: number,
    { id, isProxied, place, log }: Accepted,
  ) {
    const { localAddr, remoteAddr } = conn;
    const abort = (why: string) => this.#abortFor(why);
    const peer = isProxied ? undefined : remoteAddr.hostname;
    const hasLeft = () => this.#hasLeft;
    const left = () => this.#leftSignal();
    this.#addresses = { id, localAddr, remoteAddr, log, peer, hasLeft, left, abort };
    this.#conn = conn;
    this.#context = context;
    this.#place = place;
    place.offer(() => this.abort());
    const { counters, memory } = context;
    this.#writer = new ConnectionWriter(conn, (bytes) => counters.add("httpBytesSent", bytes));
    this.#body = new BodySender(this.#writer);
    this.#phaseSinceMs = nowMs;
    const holder = peerHolderOf(memory, context.proxies, remoteAddr.hostname);
    this.#intake = new RequestIntake({
      conn,
      share: this.#share,
      counters,
      memory,
      holder,
      begun: () => {
        if (this.#phase === "idle") this.#enter("request");
      },
      goOn: () => this.#writer.write(CONTINUE),
      permits: (head) => this.#permits(head),
    });
    this.writer = slowWriter(this.#writer, holder, () => {
      counters.add("memoryEnded");
      this.#abortFor("no memory is left for what it does not take");
    });
  }

  /** Never throws for what the peer does. */
  async serve(): Promise<void> {
    try {
      this.#conn.setNoDelay();
      while (await this.#serveNext());
    } catch (error) {
      if (!isLost(error)) throw error;
    } finally {
      this.#intake.close();
      closeQuietly(this.#conn);
    }
  }

  enforceTimeouts(nowMs: number): void {
    const { timeouts, counters } = this.#context;
    const { stuckSinceMs } = this.#writer;
    if (stuckSinceMs !== undefined && nowMs - stuckSinceMs >= timeouts.stallMs) {
      counters.add(this.#body.isSending ? "viewersStalled" : "httpTimeouts");
      this.#abortFor(`it has taken nothing for ${timeouts.stallMs} ms`);
    } else if (this.#leftAtMs !== undefined && nowMs - this.#leftAtMs >= LEFT_MS) {
      // Others need not wait for its place until a hook has answered about it.
      this.#place.leave();
      this.#abortFor("it has left");
    } else if (this.#phase !== "answer") {
      const { httpRequestMs: request, httpIdleMs: idle } = timeouts;
      const limitMs = { request, idle, linger: LINGER_MS }[this.#phase];
      if (nowMs - this.#phaseSinceMs < limitMs) return;
      if (this.#phase === "request") counters.add("httpTimeouts");
      this.abort();
    }
  }

  /** Ends after the response that is being sent, or the next one: who waits to ask may still ask. */
  readonly drain = () => void (this.#isStopping = true);

  /** Ends after the response that is being sent. */
  stop(): void {
    this.#isStopping = true;
    if (this.#phase === "request" || this.#phase === "idle") this.abort();
  }

  readonly abort = () => this.#abortFor("the server stops");

  #abortFor(reason: string): void {
    this.#abortReason ??= reason;
    this.#body.cancel();
    closeQuietly(this.#conn);
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseSinceMs = performance.now();
    // Only who is being answered has shown what it is there for.
    if (phase === "answer") this.#place.keep();
    else this.#place.offer(() => this.abort());
  }

  /** Answers a request; false if none can follow. */
  async #serveNext(): Promise<boolean> {
    let request: HttpRequest | undefined;
    try {
      request = await this.#intake.next();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#context.counters.add("httpBadRequests");
      this.#addresses.log.debug("{peer} sends what is no request: {reason}", {
        reason: error.message,
      });
      await this.#sendWhole(problem(error.status, error.message, ANY_PAGE), undefined);
      await this.#linger();
      return false;
    }
    if (request === undefined) return false;
    this.#enter("answer");
    this.#share.begin(this.#phaseSinceMs);
    let isAnswered = false;
    const answering = this.#answer(request).finally(() => isAnswered = true);
    // Requests may come by the hundred in one piece: each is asked about, before it is waited for.
    await this.#share.pause();
    if (!isAnswered) void this.#heedClient(() => isAnswered);
    const response = await answering;
    this.#leftAtMs = undefined;
    this.#share.begin(performance.now());
    const isKept = await this.#send(response, request) && !this.#isStopping;
    // What a client takes slowly, or a stream that it watches, is no work.
    await this.#share.pause(MAX_SEND_MS);
    if (isKept) {
      this.#place.rename(this.#conn.remoteAddr.hostname);
      // A request that has begun behind this one may not take as long as one that has not.
      this.#enter(this.#intake.isInRequest ? "request" : "idle");
      return true;
    }
    await this.#linger();
    return false;
  }

  /** Whether a large body may come; else the client is told why not, and no more is read. */
  async #permits(head: RequestHead): Promise<boolean> {
    const { refusal: refusalOf, proxies } = this.#context;
    const refusal = await refusalOf?.(head, addressesOf(head, this.#addresses, proxies));
    if (refusal?.kind !== "whole") return true;
    await this.#sendWhole(refusal, undefined);
    await this.#linger();
    return false;
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    try {
      const addresses = addressesOf(request, this.#addresses, this.#context.proxies);
      const refusal = this.#place.rename(addresses.remoteAddr.hostname);
      if (refusal !== undefined) {
        this.#context.counters.add("httpConnectionsRefused");
        return noPlace(refusal.reason);
      }
      return await this.#context.answer(request, addresses);
    } catch (error) {
      if (error instanceof HttpError) {
        return problem(error.status, error.message, { ...ANY_PAGE, ...error.headers });
      }
      const { method, target } = request;
      const facts = { method, path: target.replace(/\?.*$/s, ""), error };
      this.#addresses.log.error("Cannot answer {method} {path} of {peer}: {error}", facts);
      const message = "Cannot answer: something is wrong here";
      return problem(STATUS_CODE.InternalServerError, message, ANY_PAGE);
    }
  }

  /** Sends a response; whether another request may follow. */
  async #send(response: HttpResponse, request: HttpRequest): Promise<boolean> {
    switch (response.kind) {
      case "whole":
        return await this.#sendWhole(response, request);
      case "stream":
        return await this.#sendStream(response, request);
      case "websocket":
        await this.#sendMessages(response);
        return false;
    }
  }

  async #sendWhole(
    response: Extract<HttpResponse, { kind: "whole" }>,
    request: HttpRequest | undefined,
  ): Promise<boolean> {
    const keepsAlive = request !== undefined && request.keepsAlive && !this.#isStopping;
    const head = answerHead(response, "length", keepsAlive, this.#context.counters);
    const pieces = request?.method === "HEAD" ? [head] : [head, response.body];
    const isJoined = response.body.length <= MAX_JOINED_BODY;
    for (const piece of isJoined ? [concat(pieces)] : pieces) await this.#writer.write(piece);
    return keepsAlive;
  }

  async #sendStream(response: StreamResponse, request: HttpRequest): Promise<boolean> {
    const { body, onOver } = response;
    const isChunked = request.version === "1.1";
    const framing = isChunked ? "chunked" : "close";
    const keepsAlive = request.keepsAlive && !this.#isStopping;
    try {
      await this.#writer.write(answerHead(response, framing, keepsAlive, this.#context.counters));
      if (request.method === "HEAD") return keepsAlive;
      this.#watched = body;
      void this.#watchClient(body);
      await this.#body.send(body, isChunked ? (piece) => CHUNKS.encoded(piece) : (piece) => piece);
      if (isChunked) await this.#writer.write(LAST_CHUNK);
      return keepsAlive;
    } finally {
      this.#watched = undefined;
      cancelBody(body);
      onOver(this.#abortReason);
    }
  }

  async #sendMessages(response: WebSocketResponse): Promise<void> {
    const { messages, onOver } = response;
    try {
      // RFC 6455 4.1: a client waits for the answer before it sends anything.
      if (this.#intake.hasMore) return;
      // Before the answer: a read that is going on may bring what the client says to it.
      const frames = new WebSocketReader();
      this.#intake.input.giveTo((piece) => frames.push(piece));
      await this.#writer.write(answerHead(response, "upgrade", true, this.#context.counters));
      let closeCode: number = CloseCode.normal;
      void heedWebSocket(frames, this.#intake.input, this.#writer, this.#share).then((code) => {
        closeCode = code;
        this.#body.cancel();
      }).catch(() => this.#abortFor("it has left"));
      await this.#body.send(messages, (piece) => MESSAGES.encoded(piece));
      await this.#writer.write(encodeCloseFrame(closeCode));
    } finally {
      cancelBody(messages);
      onOver(this.#abortReason);
    }
  }

  /** Notices while a request is decided on that the client is gone: nothing is to begin for it. */
  async #heedClient(isAnswered: () => boolean): Promise<void> {
    const isThere = await this.#intake.watch(() => !isAnswered() && !this.#hasLeft);
    if (isThere) return;
    this.#hasLeft = true;
    this.#left?.abort();
    if (!isAnswered()) this.#leftAtMs = performance.now();
  }

  #leftSignal(): AbortSignal {
    this.#left ??= new AbortController();
    if (this.#hasLeft) this.#left.abort();
    return this.#left.signal;
  }

  /** Notices while a response is sent that the client is gone. */
  async #watchClient(body: ReadableStream): Promise<void> {
    const isThere = await this.#intake.watch(() => this.#watched === body);
    // The last read may have outlived the response: then it is for others to see what came of it.
    if (!isThere && this.#watched === body) this.#abortFor("it has left");
  }

  /**
   * Tells the client that nothing more comes and waits until it has closed: closing with something
   * unread would make the kernel drop what the client has not taken yet.
   */
  async #linger(): Promise<void> {
    this.#enter("linger");
    await this.#conn.closeWrite();
    await this.#intake.drain();
  }
}
