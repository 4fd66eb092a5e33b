import { getLogger } from "@logtape/logtape";
import { RtmpError } from "../rtmp/rtmp_error.ts";
import { ServerSession } from "../rtmp/server_session.ts";
import type { MediaEvent, PublishEvent, SessionEvent } from "../rtmp/session_event.ts";
import { LogWriter } from "../stream/log_writer.ts";
import { Publication, type SkippedMessage } from "../stream/publication.ts";
import { closeQuietly, type Connection, type PeerConn } from "./connection_listener.ts";
import type { ControlLink } from "./control_link.ts";
import type { Counters } from "./counters.ts";
import type { ShardSettings } from "./messages.ts";
import { RepeatLog } from "./repeat_log.ts";
import { streamPath } from "../stream/stream_path.ts";
import type { Streams } from "./streams.ts";

const logger = getLogger(["sluice", "rtmp"]);

/** One read takes what has come meanwhile: at 10 Mbit/s some 50 ms of a stream. */
const READ_BUFFER_SIZE = 64 * 1024;

/** What a connection needs of its shard. */
export interface RtmpContext {
  readonly settings: ShardSettings;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
}

/** Where a connection stands, and so how long it may take. */
type Phase = "connecting" | "setup" | "publishing";

interface Published {
  readonly controlId: number;
  readonly path: string;
  readonly publication: Publication;
  readonly acceptedAtMs: number;
}

/** An RTMP connection: carries bytes between its socket and its session, and media to the logs. */
export class RtmpConnection implements Connection {
  readonly #conn: PeerConn;
  readonly #context: RtmpContext;
  readonly #session: ServerSession;
  readonly #peer: string;
  /** By message stream id. */
  readonly #published = new Map<number, Published>();
  readonly #skips = new RepeatLog();
  #phase: Phase = "connecting";
  #phaseSinceMs: number;
  #heardAtMs: number;
  #closeReason: string | undefined;
  /** Messages that the session has passed over, as far as they are counted. */
  #ignored = 0;

  constructor(conn: PeerConn, context: RtmpContext, nowMs: number) {
    this.#conn = conn;
    this.#context = context;
    this.#peer = `${conn.remoteAddr.hostname}:${conn.remoteAddr.port}`;
    this.#phaseSinceMs = nowMs;
    this.#heardAtMs = nowMs;
    this.#session = new ServerSession({
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      limits: { maxMessageLength: context.settings.maxMessageBytes },
    });
  }

  /** Serves the connection until either side ends it. Never throws for what the peer does. */
  async serve(): Promise<void> {
    try {
      this.#conn.setNoDelay();
      await this.#readAll(new Uint8Array(READ_BUFFER_SIZE));
      this.#log("closed by the peer");
    } catch (error) {
      if (this.#closeReason !== undefined) this.#log(this.#closeReason);
      else if (error instanceof RtmpError) this.#onProtocolError(error);
      else this.#log(`lost: ${error instanceof Error ? error.message : error}`);
    } finally {
      for (const streamId of [...this.#published.keys()]) this.#unpublish(streamId);
      closeQuietly(this.#conn);
    }
  }

  /** There is nothing that an encoder waits for. */
  stop(): void {
    this.abort();
  }

  abort(): void {
    this.#close("closed: the server stops");
  }

  /** Ends the connection if it has taken too long for what it is at. */
  enforceTimeouts(nowMs: number): void {
    const reason = this.#timeoutReason(nowMs);
    if (reason === undefined) return;
    this.#context.counters.add("rtmpTimeouts");
    this.#close(reason);
  }

  async #readAll(buffer: Uint8Array<ArrayBuffer>): Promise<void> {
    for (;;) {
      const length = await this.#conn.read(buffer);
      if (length === null) return;
      this.#heardAtMs = performance.now();
      try {
        this.#session.push(buffer.subarray(0, length));
        for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
          const decision = this.#handle(event);
          if (decision !== undefined) await decision;
        }
      } finally {
        this.#countIgnored();
        await this.#writeOutput();
      }
      for (const { publication } of this.#published.values()) publication.flush(this.#heardAtMs);
    }
  }

  #countIgnored(): void {
    const { ignoredMedia, ignoredCommands, unknownMessages } = this.#session.counters;
    const ignored = ignoredMedia + ignoredCommands + unknownMessages;
    if (ignored === this.#ignored) return;
    this.#context.counters.add("messagesIgnored", ignored - this.#ignored);
    this.#ignored = ignored;
  }

  async #writeOutput(): Promise<void> {
    let output = this.#session.takeOutput();
    if (output === undefined) return;
    while (output.length > 0) output = output.subarray(await this.#conn.write(output));
  }

  /** Handles an event; a promise means that the session must wait for it. */
  #handle(event: SessionEvent): Promise<void> | undefined {
    switch (event.kind) {
      case "audio":
      case "video":
      case "metadata":
      case "data":
        this.#takeMedia(event);
        return undefined;
      case "connect":
        this.#enter("setup");
        logger.debug("{peer} connects to {app} with {flashVersion}", {
          peer: this.#peer,
          app: event.app,
          flashVersion: event.flashVersion,
        });
        return undefined;
      case "publish":
        return this.#publish(event);
      case "publish-refused":
        return void this.#noteRefusal(event.reason);
      case "play":
        this.#session.refusePlay(
          event.streamId,
          "NetStream.Play.StreamNotFound",
          "This server does not serve RTMP players; watch over HTTP-FLV or WebSocket-FLV.",
        );
        return undefined;
      case "unpublish":
        this.#unpublish(event.streamId);
        return undefined;
    }
  }

  async #publish({ streamId, app, name }: PublishEvent): Promise<void> {
    const target = streamPath(app, name);
    if ("problem" in target) return this.#refuse(streamId, target.problem);
    const decision = await this.#context.control.requestPublish(target.path);
    if (decision.kind === "refused") return this.#refuse(streamId, decision.reason);

    const stream = this.#context.streams.byId(decision.streamId);
    if (stream === undefined || this.#closeReason !== undefined) {
      this.#context.control.send({ kind: "unpublish", streamId: decision.streamId });
      return;
    }
    const { windowMs, timeouts } = this.#context.settings;
    const publication = new Publication(new LogWriter(stream.entry.log, { windowMs }), timeouts);
    stream.publication = publication;
    const acceptedAtMs = performance.now();
    const { path } = target;
    this.#published.set(streamId, {
      controlId: decision.streamId,
      path,
      publication,
      acceptedAtMs,
    });
    this.#enter("publishing");
    this.#context.counters.add("publishesAccepted");
    logger.info("{peer} publishes {path}", { peer: this.#peer, path });
    this.#session.acceptPublish(streamId);
  }

  #refuse(streamId: number, reason: string): void {
    this.#noteRefusal(reason);
    this.#session.refusePublish(streamId, "NetStream.Publish.BadName", reason);
  }

  #noteRefusal(reason: string): void {
    this.#context.counters.add("publishesRefused");
    logger.warn("{peer} may not publish: {reason}", { peer: this.#peer, reason });
  }

  #unpublish(streamId: number): void {
    const published = this.#published.get(streamId);
    if (published === undefined) return;
    this.#published.delete(streamId);
    const stream = this.#context.streams.byId(published.controlId);
    if (stream?.publication === published.publication) stream.publication = undefined;
    this.#context.control.send({ kind: "unpublish", streamId: published.controlId });
    logger.info("{peer} ends {path}", { peer: this.#peer, path: published.path });
    if (this.#published.size === 0) this.#enter("setup");
  }

  #takeMedia({ kind, streamId, timestampMs, payload }: MediaEvent): void {
    const published = this.#published.get(streamId);
    if (published === undefined) return;
    const { publication, path } = published;
    const nowMs = this.#heardAtMs;
    const skipped = kind === "video"
      ? publication.video(timestampMs, payload, nowMs)
      : kind === "audio"
      ? publication.audio(timestampMs, payload, nowMs)
      : kind === "metadata"
      ? publication.metadata(payload, nowMs)
      : publication.data(payload, nowMs);
    if (skipped !== undefined) this.#onSkipped(path, kind, skipped);
  }

  #onSkipped(path: string, kind: string, { reason, detail }: SkippedMessage): void {
    this.#context.counters.add("messagesSkipped");
    if (reason === "redundant" || reason === "empty") return;
    const count = this.#skips.note(`${kind} ${reason}`, this.#heardAtMs);
    if (count === undefined) return;
    logger.warn("{path}: {kind} skipped, {reason}{detail} ({count} so far)", {
      path,
      kind,
      reason,
      detail: detail === undefined ? "" : `: ${detail}`,
      count,
    });
  }

  /** Ends the connection from outside, with the reason for the log. */
  #close(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    closeQuietly(this.#conn);
  }

  #enter(phase: Phase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#phaseSinceMs = performance.now();
  }

  #timeoutReason(nowMs: number): string | undefined {
    const { handshakeMs, publishMs, firstFrameMs, idleMs } = this.#context.settings.timeouts;
    switch (this.#phase) {
      case "connecting":
        if (nowMs - this.#phaseSinceMs < handshakeMs) return undefined;
        return `closed: no handshake and connect within ${handshakeMs} ms`;
      case "setup":
        if (nowMs - this.#phaseSinceMs < publishMs) return undefined;
        return `closed: nothing published within ${publishMs} ms`;
      case "publishing":
        if (nowMs - this.#heardAtMs >= idleMs) {
          return `closed: silent for ${idleMs} ms`;
        }
        for (const { publication, path, acceptedAtMs } of this.#published.values()) {
          if (publication.hasMedia || nowMs - acceptedAtMs < firstFrameMs) continue;
          return `closed: ${path} had no frame that can be decoded within ${firstFrameMs} ms`;
        }
        return undefined;
    }
  }

  #onProtocolError(error: RtmpError): void {
    this.#context.counters.add("rtmpProtocolErrors");
    this.#log(`closed: ${error.message}`);
  }

  #log(reason: string): void {
    logger.info("{peer} {reason}", { peer: this.#peer, reason });
  }
}
