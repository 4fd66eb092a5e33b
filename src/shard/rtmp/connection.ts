import { freeBuffer } from "../../bytes/free_buffer.ts";
import type { Logger } from "@logtape/logtape";
import { RtmpError } from "../../rtmp/rtmp_error.ts";
import { ServerSession } from "../../rtmp/session/server_session.ts";
import type { SessionEvent } from "../../rtmp/session/event.ts";
import {
  type Accepted,
  closeQuietly,
  type Connection,
  type PeerConn,
} from "../net/connection_listener.ts";
import type { PublishEnd } from "../live/publish_source.ts";
import { peerHolderOf } from "../net/memory_holder.ts";
import type { Place } from "../net/places.ts";
import { MessageTurn } from "./message_turn.ts";
import { PlayerPing } from "./player_ping.ts";
import { PublisherSilence } from "./publisher_silence.ts";
import type { RtmpContext } from "./context.ts";
import { logConnect } from "./connect_log.ts";
import { IgnoredMessages } from "./ignored_messages.ts";
import { RtmpOutput } from "./output.ts";
import { PartialMessages } from "./partial_messages.ts";
import { PeerInput } from "./peer_input.ts";
import { PhaseClock, reasonOf, type RtmpPhase } from "./phase.ts";
import { RtmpPlaying } from "./playing.ts";
import { RtmpPublishing } from "./publishing.ts";
import { type SlowWriter, slowWriter } from "../net/slow_writers.ts";
import { timeSlice } from "../time_slice.ts";

/** Commands are small, and players send nothing else. */
const COMMAND_BUFFER_SIZE = 4096;

/** One read takes what has come meanwhile: at 10 Mbit/s some 50 ms of a stream. */
const MEDIA_BUFFER_SIZE = 64 * 1024;

/**
 * What is read at once of a peer that makes much work: a piece may be made so that it is worked off in
 * few and long steps.
 */
const HEAVY_READ_SIZE = 16 * 1024;

/** An RTMP connection: carries bytes between its socket and its session, and does what that says. */
export class RtmpConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #context: RtmpContext;
  readonly #session: ServerSession;
  readonly #input: PeerInput;
  readonly #output: RtmpOutput;
  readonly #publishing: RtmpPublishing;
  readonly #playing: RtmpPlaying;
  readonly #logger: Logger;
  readonly #share = timeSlice.share("one peer");
  /** One of those that neither publish nor play; it is left while this one does. */
  readonly #place: Place;
  readonly writer: SlowWriter;
  /** What messages have that have not come whole. */
  readonly #partial: PartialMessages;
  #buffer = new Uint8Array(COMMAND_BUFFER_SIZE);
  readonly #clock: PhaseClock;
  #heardAtMs: number;
  readonly #playerPing: PlayerPing;
  readonly #silence: PublisherSilence;
  /** Settles when all that was read last is done, decisions on publishers included. */
  #taking: Promise<void> | undefined;
  #closeReason: string | undefined;
  /** Why it cannot be written to. */
  #lost: unknown;
  readonly #ignored: IgnoredMessages;

  constructor(conn: PeerConn, context: RtmpContext, nowMs: number, accepted: Accepted) {
    const { id, place, log } = accepted;
    this.#conn = conn;
    this.#input = new PeerInput(conn);
    this.#place = place;
    place.offer(() => this.#giveWay());
    this.#context = context;
    this.#ignored = new IgnoredMessages(context.counters);
    this.#logger = log;
    this.#clock = new PhaseClock(nowMs);
    this.#heardAtMs = nowMs;
    const session = new ServerSession({
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      limits: {
        maxMessageLength: context.settings.maxMessageBytes,
        hold: (bytes) => this.#partial.hold(bytes + this.#publishing.heldBytes),
      },
    });
    const output = new RtmpOutput(conn, session, {
      lost: (error) => this.#onLost(error),
      sent: (bytes) => context.counters.add("rtmpBytesSent", bytes),
    });
    const say = (words: (session: ServerSession) => void) => this.#say(words);
    const from = conn.remoteAddr;
    const holder = peerHolderOf(context.memory, context.proxies, from.hostname);
    const protocol = accepted.isSecure ? "rtmps" as const : "rtmp" as const;
    const link = { ...context, session, output, say, id, protocol, log, from, holder };
    this.#partial = new PartialMessages(context.memory, holder, context.counters);
    this.writer = slowWriter(output, holder, () => {
      context.counters.add("memoryEnded");
      this.#close("closed: no memory is left for what it does not take");
    });
    const ping = (nowMs: number) => this.#say((session) => session.ping(nowMs));
    this.#silence = new PublisherSilence(ping);
    this.#playerPing = new PlayerPing(ping, nowMs);
    this.#session = session;
    this.#output = output;
    this.#publishing = new RtmpPublishing(link, {
      failed: (end) => this.#onPublishFailed(end),
      over: () => void this.#finish(),
    });
    this.#playing = new RtmpPlaying(link, () => void this.#finish());
  }

  /** Serves the connection until either side ends it. Never throws for what the peer does. */
  async serve(): Promise<void> {
    let why = "closed by the peer";
    try {
      this.#conn.setNoDelay();
      await this.#readAll();
      this.#logEnd(why);
    } catch (error) {
      why = this.#closeReason ?? reasonOf(this.#lost ?? error);
      const isPeersFault = this.#closeReason === undefined && error instanceof RtmpError;
      if (isPeersFault) this.#context.counters.add("rtmpProtocolErrors");
      if (isPeersFault || this.#closeReason !== undefined) this.#log(why);
      else this.#logEnd(why);
    } finally {
      // A decision may come that nobody waits for any more.
      this.#enter("closing");
      this.#publishing.close(why);
      this.#playing.close(why);
      this.#partial.close();
      this.#session.close();
      freeBuffer(this.#buffer);
      closeQuietly(this.#conn);
    }
  }

  drain(): void {
    this.#askToReconnect("The server is about to end.");
  }

  /**
   * Players are about to be told that their streams are over. An encoder that understands is asked
   * to connect again: it may go on until it has, which {@linkcode abort} bounds. Others are not
   * waited for.
   */
  stop(): void {
    if (this.#clock.phase === "closing") return;
    const isAsked = this.#askToReconnect("The server stops.");
    if (!isAsked && !this.#playing.hasPlayers) this.abort();
  }

  abort(): void {
    this.#close("closed: the server stops");
  }

  /** Ends the connection if it has taken too long for what it is at. */
  enforceTimeouts(nowMs: number): void {
    // It is ended once, though it may take until a decision is there that it waits for.
    if (this.#closeReason !== undefined) return;
    this.#publishing.sweep(nowMs);
    if (this.#clock.phase === "active") this.#playing.sweep(nowMs);
    // A stream may have come that was waited for.
    this.#settlePlace();
    if (this.#playing.hasPlayers) this.#playerPing.sweep(nowMs);
    // A player that acknowledges no more has held its stream back for long enough.
    this.#output.wake();
    const reason = this.#stallReason(nowMs) ?? this.#timeoutReason(nowMs);
    if (reason !== undefined) this.#close(reason);
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const { isHeavy } = this.#share;
      const length = await this.#input.read(
        isHeavy ? this.#buffer.subarray(0, HEAVY_READ_SIZE) : this.#buffer,
      );
      if (length === null) return;
      this.#context.counters.add("rtmpBytesReceived", length);
      this.#heardAtMs = performance.now();
      this.#share.begin(this.#heardAtMs);
      if (this.#clock.phase === "closing") {
        await this.#share.pause();
        continue;
      }
      try {
        this.#taking = this.#take(this.#buffer.subarray(0, length));
        await this.#taking;
      } catch (error) {
        // The peer is told what is wrong, if it listens; what it plays would never be all sent.
        this.#playing.close(reasonOf(error));
        await this.#output.idle();
        throw error;
      }
      this.#publishing.flush(this.#heardAtMs);
      await this.#share.pause();
      await this.#output.room();
    }
  }

  async #take(piece: Uint8Array): Promise<void> {
    try {
      this.#session.push(piece);
      const turn = new MessageTurn();
      for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
        const decision = this.#handle(event);
        if (decision !== undefined) {
          await this.#input.during(decision);
          // Nobody is there any more for whom the decision would count.
          if (this.#input.isOver) return;
          this.#share.begin(performance.now());
        }
        if (!turn.isOverAfter(event)) continue;
        const pause = this.#share.pause();
        if (pause !== undefined) await pause;
      }
    } finally {
      this.#ignored.note(this.#session.counters);
      this.#output.wake();
    }
  }

  /** Handles an event; a promise means that the session must wait for it. */
  #handle(event: SessionEvent): Promise<void> | undefined {
    switch (event.kind) {
      case "audio":
      case "video":
      case "metadata":
      case "data":
        return void this.#publishing.take(event, this.#heardAtMs);
      case "connect":
        this.#enter("setup");
        return void logConnect(this.#logger, event, this.#session.counters);
      case "publish":
        return this.#publishing.publish(event).then(() => this.#onDecided());
      case "publish-refused":
        return void this.#publishing.noteRefusal(event.reason);
      case "unpublish":
        this.#publishing.unpublish(event.streamId);
        return void this.#settle();
      case "play":
        return this.#playing.play(event, this.#heardAtMs)?.then(() => this.#onDecided()) ??
          void this.#settle();
      case "play-refused":
        return void this.#playing.noteRefusal(event.reason);
      case "pause":
        return void this.#playing.pause(event);
      case "receive":
        return void this.#playing.receive(event);
      case "stop":
        this.#playing.stop(event.streamId);
        return void this.#settle();
      case "nothing":
        return undefined;
    }
  }

  #onDecided(): void {
    if (this.#publishing.isActive && this.#buffer.length < MEDIA_BUFFER_SIZE) {
      this.#buffer = new Uint8Array(MEDIA_BUFFER_SIZE);
    }
    this.#settle();
  }

  #onPublishFailed({ cause, reason }: PublishEnd): void {
    const { counters } = this.#context;
    if (cause === "malformed") counters.add("rtmpProtocolErrors");
    if (cause === "no media") counters.add("rtmpTimeouts");
    this.#close(`closed: ${reason}`);
  }

  /** Asks an encoder that understands it to connect again; whether it does. */
  #askToReconnect(description: string): boolean {
    const isAsked = this.#publishing.isActive && this.#session.requestReconnect({ description });
    if (isAsked) this.#output.wake();
    return isAsked;
  }

  #say(words: (session: ServerSession) => void): void {
    try {
      words(this.#session);
    } catch (error) {
      if (!(error instanceof RtmpError)) throw error;
      this.#close(`closed: ${error.message}`);
    }
    this.#output.wake();
  }

  /** Ends the connection if there is nothing left that it is for, as players expect. */
  async #finish(): Promise<void> {
    // The peer may ask for something else in the same breath, which may be half taken now.
    await undefined;
    await this.#taking?.catch(() => {});
    if (this.#isActive || this.#clock.phase === "closing") return;
    this.#enter("closing");
    this.#output.wake();
    await this.#output.idle();
    // The client closes: doing so here might drop what it has not taken yet.
    await this.#conn.closeWrite().catch(() => {});
  }

  get #isActive(): boolean {
    return this.#publishing.isActive || this.#playing.isActive;
  }

  #settle(): void {
    if (this.#clock.phase !== "closing") this.#enter(this.#isActive ? "active" : "setup");
    this.#settlePlace();
  }

  /** Who publishes has a stream's place, who plays a player's; who does neither has this one. */
  #settlePlace(): void {
    if (this.#publishing.isActive || this.#playing.hasPlayers) return this.#place.leave();
    if (this.#clock.phase === "closing" || this.#closeReason !== undefined) return;
    const refusal = this.#place.retake();
    if (refusal !== undefined) return this.#close(`closed: ${refusal.reason}`);
    this.#place.offer(() => this.#giveWay());
  }

  #giveWay(): void {
    // It may have begun a moment ago what this would end.
    if (this.#publishing.isActive || this.#playing.hasPlayers) return;
    this.#context.counters.add("rtmpConnectionsRefused");
    this.#close("closed: gave way to a new connection, as it neither publishes nor plays");
  }

  /** Ends the connection from outside, with the reason for the log. */
  #close(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    closeQuietly(this.#conn);
  }

  #onLost(error: unknown): void {
    this.#lost ??= error;
    closeQuietly(this.#conn);
  }

  #enter(phase: RtmpPhase): void {
    this.#clock.enter(phase, performance.now());
  }

  /** Why a peer is ended that does not take what it is sent. */
  #stallReason(nowMs: number): string | undefined {
    const { counters, settings: { timeouts: { stallMs } } } = this.#context;
    if (this.#output.stuckMs(nowMs) < stallMs) return undefined;
    counters.add(this.#playing.hasPlayers ? "viewersStalled" : "rtmpTimeouts");
    return `closed: has taken nothing for ${stallMs} ms`;
  }

  #timeoutReason(nowMs: number): string | undefined {
    const reason = this.#overdue(nowMs);
    if (reason !== undefined && this.#clock.phase !== "closing") {
      this.#context.counters.add("rtmpTimeouts");
    }
    return reason;
  }

  #overdue(nowMs: number): string | undefined {
    const { timeouts } = this.#context.settings;
    if (this.#clock.phase !== "active") return this.#clock.overdueReason(nowMs, timeouts);
    if (!this.#publishing.isActive) return undefined;
    return this.#silence.reason(nowMs, this.#heardAtMs, timeouts.idleMs);
  }

  /** Of players that come and go there are many, and some end by a reset: that is nothing to see to. */
  #logEnd(reason: string): void {
    if (!this.#playing.hasPlayed) return this.#log(reason);
    this.#logger.debug("{peer} {reason}", { reason });
  }

  #log(reason: string): void {
    this.#logger.info("{peer} {reason}", { reason });
  }
}
