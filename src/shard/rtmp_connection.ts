import type { Logger } from "@logtape/logtape";
import { RtmpError } from "../rtmp/rtmp_error.ts";
import { ServerSession } from "../rtmp/server_session.ts";
import type { ConnectEvent, SessionEvent } from "../rtmp/session_event.ts";
import {
  type Accepted,
  closeQuietly,
  type Connection,
  type PeerConn,
} from "./connection_listener.ts";
import type { Place } from "./places.ts";
import type { RtmpContext } from "./rtmp_context.ts";
import { RtmpOutput } from "./rtmp_output.ts";
import { RtmpPlaying } from "./rtmp_playing.ts";
import { RtmpPublishing } from "./rtmp_publishing.ts";
import { timeSlice } from "./time_slice.ts";

/** Commands are small, and players send nothing else. */
const COMMAND_BUFFER_SIZE = 4096;

/** One read takes what has come meanwhile: at 10 Mbit/s some 50 ms of a stream. */
const MEDIA_BUFFER_SIZE = 64 * 1024;

/** Messages after which a publisher's connection asks whether others are to have the thread. */
const MESSAGES_A_PAUSE = 32;

/** A message with so many bytes counts twice, and so on. */
const BYTES_A_MESSAGE = 4096;

/** How long a player has to take the end of what it was sent, and to close. */
const LINGER_MS = 2000;

/**
 * How often a player is asked whether it is there. One that pauses is sent nothing else, so that the
 * kernel would never find out that its machine is gone.
 */
const PING_INTERVAL_MS = 30_000;

/** Where a connection stands, and so how long it may take. */
type Phase = "connecting" | "setup" | "active" | "closing";

/** An RTMP connection: carries bytes between its socket and its session, and does what that says. */
export class RtmpConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #context: RtmpContext;
  readonly #session: ServerSession;
  readonly #output: RtmpOutput;
  readonly #publishing: RtmpPublishing;
  readonly #playing: RtmpPlaying;
  readonly #logger: Logger;
  readonly #share = timeSlice.share();
  /** One of those that neither publish nor play; it is left while this one does. */
  readonly #place: Place;
  #buffer = new Uint8Array(COMMAND_BUFFER_SIZE);
  #phase: Phase = "connecting";
  #phaseSinceMs: number;
  #heardAtMs: number;
  #pingedAtMs: number;
  /** When a publisher that was silent was asked whether it is there. */
  #askedAtMs = -Infinity;
  /** Settles when all that was read last is done, decisions on publishers included. */
  #taking: Promise<void> | undefined;
  #closeReason: string | undefined;
  /** Why it cannot be written to. */
  #lost: unknown;
  /** Messages that the session has passed over, as far as they are counted. */
  #ignored = 0;

  constructor(conn: PeerConn, context: RtmpContext, nowMs: number, { place, log }: Accepted) {
    this.#conn = conn;
    this.#place = place;
    place.offer(() => this.#giveWay());
    this.#context = context;
    this.#logger = log;
    this.#phaseSinceMs = nowMs;
    this.#heardAtMs = nowMs;
    this.#pingedAtMs = nowMs;
    const session = new ServerSession({
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      limits: { maxMessageLength: context.settings.maxMessageBytes },
    });
    const output = new RtmpOutput(conn, session, (error) => this.#onLost(error));
    const say = (words: (session: ServerSession) => void) => this.#say(words);
    const { hostname } = conn.remoteAddr;
    const link = { ...context, session, output, say, log, hostname };
    this.#session = session;
    this.#output = output;
    this.#publishing = new RtmpPublishing(link);
    this.#playing = new RtmpPlaying(link, () => void this.#onPlayEnded());
  }

  /** Serves the connection until either side ends it. Never throws for what the peer does. */
  async serve(): Promise<void> {
    try {
      this.#conn.setNoDelay();
      await this.#readAll();
      this.#logEnd("closed by the peer");
    } catch (error) {
      if (this.#closeReason !== undefined) this.#log(this.#closeReason);
      else if (error instanceof RtmpError) this.#onProtocolError(error);
      else this.#logEnd(lost(this.#lost ?? error));
    } finally {
      this.#publishing.close();
      this.#playing.close();
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
    if (this.#phase === "closing") return;
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
    if (this.#phase === "active") this.#playing.sweep(nowMs);
    // A stream may have come that was waited for.
    this.#settlePlace();
    if (this.#playing.hasPlayers) this.#ping(nowMs);
    // A player that acknowledges no more has held its stream back for long enough.
    this.#output.wake();
    const reason = this.#stallReason(nowMs) ?? this.#timeoutReason(nowMs);
    if (reason !== undefined) this.#close(reason);
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const length = await this.#conn.read(this.#buffer);
      if (length === null) return;
      this.#heardAtMs = performance.now();
      this.#share.begin(this.#heardAtMs);
      if (this.#phase === "closing") {
        await this.#share.pause();
        continue;
      }
      try {
        this.#taking = this.#take(this.#buffer.subarray(0, length));
        await this.#taking;
      } catch (error) {
        // The peer is told what is wrong, if it listens; what it plays would never be all sent.
        this.#playing.close();
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
      let messages = 0;
      for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
        const decision = this.#handle(event);
        if (decision !== undefined) {
          await decision;
          this.#share.begin(performance.now());
        }
        messages += weightOf(event);
        if (messages < MESSAGES_A_PAUSE) continue;
        messages = 0;
        const pause = this.#share.pause();
        if (pause !== undefined) await pause;
      }
    } finally {
      this.#countIgnored();
      this.#output.wake();
    }
  }

  /** Notes what the handshake showed of the client, for who looks into its troubles. */
  #logConnect({ app, flashVersion, objectEncoding, capabilities }: ConnectEvent): void {
    this.#logger.debug(
      "{peer} connects to {app} with {flashVersion} (AMF{objectEncoding}, {capsEx}, {proof})",
      {
        app,
        flashVersion,
        objectEncoding,
        capsEx: `capsEx ${capabilities.capsEx ?? "none"}`,
        proof: this.#session.counters.handshakeMismatches > 0 ? "C2 matches nothing" : "C2 matches",
      },
    );
  }

  #countIgnored(): void {
    const { counters } = this.#session;
    const ignored = counters.ignoredMedia + counters.ignoredCommands + counters.unknownMessages +
      counters.sharedObjects;
    if (ignored === this.#ignored) return;
    this.#context.counters.add("messagesIgnored", ignored - this.#ignored);
    this.#ignored = ignored;
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
        return void this.#logConnect(event);
      case "publish":
        return this.#publishing.publish(event).then(() => this.#onPublish());
      case "publish-refused":
        return void this.#publishing.noteRefusal(event.reason);
      case "unpublish":
        this.#publishing.unpublish(event.streamId);
        return void this.#settle();
      case "play":
        this.#playing.play(event, this.#heardAtMs);
        return void this.#settle();
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

  #onPublish(): void {
    if (this.#publishing.isActive && this.#buffer.length < MEDIA_BUFFER_SIZE) {
      this.#buffer = new Uint8Array(MEDIA_BUFFER_SIZE);
    }
    this.#settle();
  }

  /** Asks an encoder that understands it to connect again; whether it does. */
  #askToReconnect(description: string): boolean {
    const isAsked = this.#publishing.isActive && this.#session.requestReconnect({ description });
    if (isAsked) this.#output.wake();
    return isAsked;
  }

  #ping(nowMs: number): void {
    if (nowMs - this.#pingedAtMs < PING_INTERVAL_MS) return;
    this.#pingedAtMs = nowMs;
    this.#say((session) => session.ping(Math.floor(nowMs)));
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
  async #onPlayEnded(): Promise<void> {
    // The peer may ask for something else in the same breath, which may be half taken now.
    await undefined;
    await this.#taking?.catch(() => {});
    if (this.#isActive || this.#phase === "closing") return;
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
    if (this.#phase !== "closing") this.#enter(this.#isActive ? "active" : "setup");
    this.#settlePlace();
  }

  /** Who publishes has a stream's place, who plays a player's; who does neither has this one. */
  #settlePlace(): void {
    if (this.#publishing.isActive || this.#playing.hasPlayers) return this.#place.leave();
    if (this.#phase === "closing") return;
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

  #enter(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#phaseSinceMs = performance.now();
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
    if (reason !== undefined && this.#phase !== "closing") {
      this.#context.counters.add("rtmpTimeouts");
    }
    return reason;
  }

  #overdue(nowMs: number): string | undefined {
    const { handshakeMs, publishMs, idleMs } = this.#context.settings.timeouts;
    const phaseMs = nowMs - this.#phaseSinceMs;
    switch (this.#phase) {
      case "connecting":
        if (phaseMs < handshakeMs) return undefined;
        return `closed: no handshake and connect within ${handshakeMs} ms`;
      case "setup":
        if (phaseMs < publishMs) return undefined;
        return `closed: nothing published or played within ${publishMs} ms`;
      case "active":
        if (!this.#publishing.isActive) return undefined;
        return this.#silenceReason(nowMs, idleMs) ?? this.#publishing.timeoutReason(nowMs);
      case "closing":
        return phaseMs < LINGER_MS ? undefined : "closed: has played to the end";
    }
  }

  /**
   * Why a publisher is ended that says nothing: it may have nothing to say, as of a screen on which
   * nothing changes, so it is asked first. Encoders that do not answer may still send a picture.
   */
  #silenceReason(nowMs: number, idleMs: number): string | undefined {
    const silentMs = nowMs - this.#heardAtMs;
    if (silentMs >= 2 * idleMs) return `closed: silent for ${2 * idleMs} ms, a ping unanswered`;
    if (silentMs >= idleMs && this.#askedAtMs < this.#heardAtMs) {
      this.#askedAtMs = nowMs;
      this.#say((session) => session.ping(Math.floor(nowMs)));
    }
    return undefined;
  }

  #onProtocolError(error: RtmpError): void {
    this.#context.counters.add("rtmpProtocolErrors");
    this.#log(`closed: ${error.message}`);
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

/** Of an event, beside small media. All others may be much work, and come seldom. */
function weightOf(event: SessionEvent): number {
  if (event.kind !== "audio" && event.kind !== "video") return MESSAGES_A_PAUSE;
  return 1 + Math.floor(event.payload.length / BYTES_A_MESSAGE);
}

function lost(error: unknown): string {
  return `lost: ${error instanceof Error ? error.message : error}`;
}
