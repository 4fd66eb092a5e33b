import type { MediaEvent, PublishEvent, PublishType } from "../../rtmp/session/event.ts";
import { RtmpError } from "../../rtmp/rtmp_error.ts";
import { describeLack } from "../../stream/log_store.ts";
import { LogWriter } from "../../stream/log_writer.ts";
import { Publication } from "../../stream/publication.ts";
import { streamPath } from "../../stream/stream_path.ts";
import type { SkippedMessage } from "../../stream/track_intake.ts";
import { addressSource } from "../../address/address_source.ts";
import type { StreamPublisher } from "../live/publish_decision.ts";
import { Pace } from "./pace.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { RtmpLink } from "./context.ts";

/**
 * Malformed messages, less those that {@linkcode GOOD_WEIGHT} makes up for, after which a publisher is
 * ended: ten seconds of sound.
 */
const MAX_MALFORMED = 500;

/**
 * So many malformed messages are made up for by one that is not: sound that is all broken is no
 * reason to end the pictures beside it, of which there are half as many.
 */
const GOOD_WEIGHT = 3;

/**
 * A decision is asked of control, and one that is accepted opens a stream on all shards: a connection
 * has this many at once, as some tools need, and then two a second.
 */
const PUBLISHES_AT_ONCE = 16;
const PUBLISH_INTERVAL_MS = 500;

interface Published {
  readonly controlId: number;
  readonly path: string;
  readonly publication: Publication;
  readonly writer: LogWriter;
  readonly acceptedAtMs: number;
  /** Malformed messages that nothing has made up for yet. */
  malformed: number;
}

/** What is published over a connection: media go from its session to the streams' logs. */
export class RtmpPublishing {
  readonly #link: RtmpLink;
  /** By message stream id. */
  readonly #published = new Map<number, Published>();
  readonly #repeats = new RepeatLog();
  readonly #pace = new Pace(PUBLISHES_AT_ONCE, PUBLISH_INTERVAL_MS);
  #isClosed = false;
  /** Set while a frame is held that is to be written though nothing more comes. */
  #releaseTimer: ReturnType<typeof setTimeout> | undefined;
  #hasToldType = false;

  constructor(link: RtmpLink) {
    this.#link = link;
  }

  get isActive(): boolean {
    return this.#published.size > 0;
  }

  /** Decides on a publisher; the session must wait for it. */
  async publish({ streamId, app, name, publishType }: PublishEvent): Promise<void> {
    const { control, streams, settings, counters, session, log } = this.#link;
    const target = streamPath(app, name);
    if ("problem" in target) return this.#refuse(streamId, target.problem);
    const waitMs = this.#pace.waitMs(performance.now());
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const decision = await control.requestPublish(target.path, this.#publisher());
    if (decision.kind === "refused") return this.#refuse(streamId, decision.reason);

    const stream = streams.byId(decision.streamId);
    if (stream === undefined || this.#isClosed) {
      control.send({ kind: "unpublish", streamId: decision.streamId, sent: "nothing" });
      return;
    }
    const { windowMs, timeouts } = settings;
    const writer = new LogWriter(stream.entry.log, { windowMs });
    const publication = new Publication(writer, timeouts);
    stream.publication = publication;
    const acceptedAtMs = performance.now();
    const { path } = target;
    this.#published.set(streamId, {
      controlId: decision.streamId,
      path,
      publication,
      writer,
      acceptedAtMs,
      malformed: 0,
    });
    counters.add("publishesAccepted");
    log.info("{peer} publishes {path}", { path });
    this.#noteType(publishType, path);
    session.acceptPublish(streamId);
  }

  /** Whom what is published counts for: what a proxy serves is not one peer's. */
  #publisher(): StreamPublisher {
    const { proxies, from: { hostname }, holder } = this.#link;
    return { network: proxies.has(hostname) ? undefined : addressSource(hostname), owner: holder };
  }

  /** Counts a publisher that was refused. It may ask again and again. */
  noteRefusal(reason: string): void {
    const { counters, log } = this.#link;
    counters.add("publishesRefused");
    const count = this.#repeats.note("refused", performance.now());
    if (count === undefined) return;
    log.warn("{peer} may not publish: {reason} ({count} so far)", { reason, count });
  }

  unpublish(streamId: number): void {
    const published = this.#published.get(streamId);
    if (published === undefined) return;
    const { streams, control, log } = this.#link;
    this.#published.delete(streamId);
    const stream = streams.byId(published.controlId);
    if (stream?.publication === published.publication) stream.publication = undefined;
    published.publication.close(performance.now());
    const sent = published.publication.hasMedia ? "media" : "nothing";
    control.send({ kind: "unpublish", streamId: published.controlId, sent });
    const faults = Object.entries(published.publication.timestampFaults);
    log.info("{peer} ends {path}{mended}", {
      path: published.path,
      mended: faults.length === 0
        ? ""
        : `; timestamps mended: ${faults.map(([fault, count]) => `${fault} ${count}`).join(", ")}`,
    });
  }

  /**
   * Takes a message of a stream that is published.
   *
   * @throws {RtmpError} if the publisher's messages are mostly malformed
   */
  take({ kind, streamId, timestampMs, payload }: MediaEvent, nowMs: number): void {
    const published = this.#published.get(streamId);
    if (published === undefined) return;
    const { publication, path } = published;
    const skipped = kind === "video"
      ? publication.video(timestampMs, payload, nowMs)
      : kind === "audio"
      ? publication.audio(timestampMs, payload, nowMs)
      : kind === "metadata"
      ? publication.metadata(payload, nowMs)
      : publication.data(payload, nowMs);
    if (skipped === undefined) {
      if (published.malformed > 0) published.malformed -= GOOD_WEIGHT;
      return;
    }
    this.#onSkipped(path, kind, skipped, nowMs);
    if (skipped.reason === "malformed") noteMalformed(published, kind, skipped);
  }

  /** Has viewers sent what was taken. */
  flush(nowMs: number): void {
    for (const { publication } of this.#published.values()) {
      publication.flush(nowMs);
      if (publication.heldUntilMs !== undefined) {
        const waitMs = Math.max(0, publication.heldUntilMs - nowMs);
        this.#releaseTimer ??= setTimeout(() => this.#release(), waitMs);
      }
    }
  }

  /** Bytes of frames that wait for the rest of them. */
  get heldBytes(): number {
    // There are none unless their release is due.
    if (this.#releaseTimer === undefined) return 0;
    return this.#published.values().reduce((sum, { publication }) => {
      return sum + publication.heldBytes;
    }, 0);
  }

  /** To be called every second. */
  sweep(nowMs: number): void {
    for (const { publication } of this.#published.values()) publication.settle(nowMs);
  }

  /** Why the connection is to be ended, if a publication never came to anything. */
  timeoutReason(nowMs: number): string | undefined {
    const { firstFrameMs } = this.#link.settings.timeouts;
    for (const { publication, path, writer, acceptedAtMs } of this.#published.values()) {
      if (writer.lack !== undefined) {
        this.#link.counters.add("memoryEnded");
        return `closed: ${path}: ${describeLack(writer.lack)}`;
      }
      if (publication.hasMedia || nowMs - acceptedAtMs < firstFrameMs) continue;
      return `closed: ${path} had no frame that can be decoded within ${firstFrameMs} ms`;
    }
    return undefined;
  }

  /** The connection is gone. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#releaseTimer);
    for (const streamId of [...this.#published.keys()]) this.unpublish(streamId);
  }

  #release(): void {
    this.#releaseTimer = undefined;
    const nowMs = performance.now();
    for (const { publication } of this.#published.values()) publication.release(nowMs);
    this.flush(nowMs);
  }

  #refuse(streamId: number, reason: string): void {
    this.noteRefusal(reason);
    this.#link.session.refusePublish(streamId, "NetStream.Publish.BadName", reason);
  }

  /** Says once that nothing is kept, if that was asked for. */
  #noteType(publishType: PublishType, path: string): void {
    if (publishType === "live" || this.#hasToldType) return;
    this.#hasToldType = true;
    this.#link.log.info(
      "{peer} asks to {publishType} {path}: it is live only, nothing is recorded",
      {
        publishType,
        path,
      },
    );
  }

  #onSkipped(path: string, kind: string, skipped: SkippedMessage, nowMs: number): void {
    const { reason, detail } = skipped;
    this.#link.counters.add("messagesSkipped");
    if (reason === "redundant" || reason === "empty") return;
    const count = this.#repeats.note(`${kind} ${reason}`, nowMs);
    if (count === undefined) return;
    this.#link.log.warn("{path}: {kind} skipped, {reason}{detail} ({count} so far)", {
      path,
      kind,
      reason,
      detail: detail === undefined ? "" : `: ${detail()}`,
      count,
    });
  }
}

/** @throws {RtmpError} if there have been too many */
function noteMalformed(published: Published, kind: string, { detail }: SkippedMessage): void {
  published.malformed = Math.max(0, published.malformed) + 1;
  if (published.malformed <= MAX_MALFORMED) return;
  throw new RtmpError(
    `Cannot publish ${published.path}: up to ${MAX_MALFORMED} messages may be malformed where few ` +
      `are not, got one more, ${kind}: ${detail?.() ?? "no detail"}`,
  );
}
