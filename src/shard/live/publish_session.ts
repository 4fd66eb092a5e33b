import type { Logger } from "@logtape/logtape";
import { describeLack } from "../../stream/log_store.ts";
import { LogWriter } from "../../stream/log_writer.ts";
import { Publication } from "../../stream/publication.ts";
import type { SkippedMessage } from "../../stream/track_intake.ts";
import type { ControlLink } from "../control_link.ts";
import type { Counters } from "../counters.ts";
import type { ShardSettings } from "../shard_settings.ts";
import type { StreamPublisher } from "./publish_decision.ts";
import { RepeatLog } from "../net/repeat_log.ts";
import type { LiveStream } from "./live_stream.ts";
import type { Streams } from "./streams.ts";

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

/** What publishers need of their shard. */
export interface PublishContext {
  readonly settings: Pick<ShardSettings, "windowMs" | "timeouts">;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
}

/** Who wants to publish, whatever it speaks. */
export interface PublishSource {
  /** Application and name of the stream. */
  readonly path: string;
  readonly publisher: StreamPublisher;
  /** It knows the peer. */
  readonly log: Logger;
  /** Called once if the session ends by itself: the source is to be told and closed. */
  readonly ended: (end: PublishEnd) => void;
}

/** Why a session has ended that its source has not ended. */
export interface PublishEnd {
  readonly cause: "malformed" | "memory" | "no media";
  /** For the source and the log. */
  readonly reason: string;
}

/**
 * What a source sends: bodies of FLV tags, in its own time. `metadata` is the name "onMetaData" and its
 * value, `data` any other script data.
 */
export interface SourceMessage {
  readonly kind: "audio" | "video" | "metadata" | "data";
  readonly timestampMs: number;
  /** Borrowed during the call. */
  readonly payload: Uint8Array;
}

/**
 * What a source does, whatever it speaks: it opens a stream, and its media go to the stream's log
 * until either side ends it.
 *
 * @example
 * ```ts ignore
 * const session = await PublishSession.open(context, source);
 * if (!(session instanceof PublishSession)) return refuse(session.reason);
 * session.take({ kind: "video", timestampMs, payload }, nowMs);
 * session.flush(nowMs); // after each batch
 * session.close(nowMs);
 * ```
 */
export class PublishSession {
  readonly #context: PublishContext;
  readonly #source: PublishSource;
  readonly #stream: LiveStream;
  readonly #writer: LogWriter;
  readonly #publication: Publication;
  readonly #acceptedAtMs: number;
  readonly #repeats = new RepeatLog();
  /** Malformed messages that nothing has made up for yet. */
  #malformed = 0;
  #isClosed = false;
  /** Set while a frame is held that is to be written though nothing more comes. */
  #releaseTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(context: PublishContext, source: PublishSource, stream: LiveStream) {
    const { windowMs, timeouts } = context.settings;
    this.#context = context;
    this.#source = source;
    this.#stream = stream;
    this.#writer = new LogWriter(stream.entry.log, { windowMs });
    this.#publication = new Publication(this.#writer, timeouts);
    this.#acceptedAtMs = performance.now();
    stream.publication = this.#publication;
    context.counters.add("publishesAccepted");
    source.log.info("{peer} publishes {path}", { path: source.path });
  }

  /** Begins to publish, or tells why that cannot be. */
  static async open(
    context: PublishContext,
    source: PublishSource,
  ): Promise<PublishSession | { readonly reason: string }> {
    const { control, streams } = context;
    const decision = await control.requestPublish(source.path, source.publisher);
    if (decision.kind === "refused") return { reason: decision.reason };
    const stream = streams.byId(decision.streamId);
    if (stream !== undefined) return new PublishSession(context, source, stream);
    control.send({ kind: "unpublish", streamId: decision.streamId, sent: "nothing" });
    return { reason: `${source.path} has been ended.` };
  }

  /** Application and name of the stream. */
  get path(): string {
    return this.#stream.entry.path;
  }

  /** Takes a message; {@linkcode flush} is to follow a batch of them. */
  take({ kind, timestampMs, payload }: SourceMessage, nowMs: number): void {
    if (this.#isClosed) return;
    const publication = this.#publication;
    const skipped = kind === "video"
      ? publication.video(timestampMs, payload, nowMs)
      : kind === "audio"
      ? publication.audio(timestampMs, payload, nowMs)
      : kind === "metadata"
      ? publication.metadata(payload, nowMs)
      : publication.data(payload, nowMs);
    if (skipped !== undefined) return this.#onSkipped(kind, skipped, nowMs);
    if (this.#malformed > 0) this.#malformed -= GOOD_WEIGHT;
    if (kind === "video") this.#context.counters.add("videoMessages");
    else if (kind === "audio") this.#context.counters.add("audioMessages");
  }

  /** Has viewers sent what was taken. */
  flush(nowMs: number): void {
    const publication = this.#publication;
    publication.flush(nowMs);
    if (publication.heldUntilMs === undefined || this.#isClosed) return;
    const waitMs = Math.max(0, publication.heldUntilMs - nowMs);
    this.#releaseTimer ??= setTimeout(() => this.#release(), waitMs);
  }

  /** Bytes of frames that wait for the rest of them. */
  get heldBytes(): number {
    // There are none unless their release is due.
    return this.#releaseTimer === undefined ? 0 : this.#publication.heldBytes;
  }

  /** Ends what never came to anything, or cannot go on. To be called every second. */
  sweep(nowMs: number): void {
    if (this.#isClosed) return;
    this.#publication.settle(nowMs);
    const end = this.#endOf(nowMs);
    if (end !== undefined) this.#end(end, nowMs);
  }

  /** The source has ended, or is gone. */
  close(nowMs: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#releaseTimer);
    const { path, log } = this.#source;
    const publication = this.#publication;
    if (this.#stream.publication === publication) this.#stream.publication = undefined;
    publication.close(nowMs);
    this.#context.control.send({
      kind: "unpublish",
      streamId: this.#stream.entry.streamId,
      sent: publication.hasMedia ? "media" : "nothing",
    });
    const faults = Object.entries(publication.timestampFaults);
    log.info("{peer} ends {path}{mended}", {
      path,
      mended: faults.length === 0
        ? ""
        : `; timestamps mended: ${faults.map(([fault, count]) => `${fault} ${count}`).join(", ")}`,
    });
  }

  #end(end: PublishEnd, nowMs: number): void {
    this.close(nowMs);
    this.#source.ended(end);
  }

  #endOf(nowMs: number): PublishEnd | undefined {
    const { firstFrameMs } = this.#context.settings.timeouts;
    const { lack } = this.#writer;
    if (lack !== undefined) {
      this.#context.counters.add("memoryEnded");
      return { cause: "memory", reason: `${this.path}: ${describeLack(lack)}` };
    }
    if (this.#publication.hasMedia || nowMs - this.#acceptedAtMs < firstFrameMs) return undefined;
    const reason = `${this.path} had no frame that can be decoded within ${firstFrameMs} ms`;
    return { cause: "no media", reason };
  }

  #release(): void {
    this.#releaseTimer = undefined;
    const nowMs = performance.now();
    this.#publication.release(nowMs);
    this.flush(nowMs);
  }

  #onSkipped(kind: SourceMessage["kind"], skipped: SkippedMessage, nowMs: number): void {
    const { reason, detail } = skipped;
    this.#context.counters.add("messagesSkipped");
    this.#context.counters.tally("skippedMessages", { kind, reason });
    if (reason !== "redundant" && reason !== "empty") this.#logSkipped(kind, skipped, nowMs);
    if (reason !== "malformed") return;
    this.#malformed = Math.max(0, this.#malformed) + 1;
    if (this.#malformed <= MAX_MALFORMED) return;
    const what = `up to ${MAX_MALFORMED} messages may be malformed where few are not`;
    this.#end({
      cause: "malformed",
      reason: `Cannot publish ${this.path}: ${what}, got one more, ${kind}: ` +
        `${detail?.() ?? "no detail"}`,
    }, nowMs);
  }

  #logSkipped(kind: string, { reason, detail }: SkippedMessage, nowMs: number): void {
    const count = this.#repeats.note(`${kind} ${reason}`, nowMs);
    if (count === undefined) return;
    this.#source.log.warn("{path}: {kind} skipped, {reason}{detail} ({count} so far)", {
      path: this.path,
      kind,
      reason,
      detail: detail === undefined ? "" : `: ${detail()}`,
      count,
    });
  }
}
