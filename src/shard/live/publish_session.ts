import { getLogger, type Logger } from "@logtape/logtape";
import type { Access, AccessDecision, Allowed } from "../../access/access.ts";
import { peerText } from "../../address/address_source.ts";
import { describeLack } from "../../stream/log_store.ts";
import { LogWriter } from "../../stream/log_writer.ts";
import { Publication } from "../../stream/publication.ts";
import { streamPath } from "../../stream/stream_path.ts";
import type { ControlLink } from "../control_link.ts";
import type { Counters } from "../../metrics/counters.ts";
import { ByteRate } from "../../stream/byte_rate.ts";
import type { ShardSettings } from "../shard_settings.ts";
import type { Admission, Client, ClientDescription, Clients } from "./clients.ts";
import type { LiveStream } from "./live_stream.ts";
import { type Contest, termsOf } from "./publish_decision.ts";
import type { SentLately } from "../../access/sent_lately.ts";
import { mendedText } from "./mended_text.ts";
import { PublishLimits } from "./publish_limits.ts";
import {
  type PublishEnd,
  publisherGauge,
  type PublishRefusal,
  type PublishSource,
  refusalOf,
  type SourceMessage,
} from "./publish_source.ts";
import type { Publisher, Publishers } from "./publishers.ts";
import { SkippedMessages } from "./skipped_messages.ts";
import type { Streams } from "./streams.ts";

/** A publisher that has sent nothing for so long is taken for gone if it comes again. */
const HALF_DEAD_MS = 3000;

const UNKNOWN_LINK = { roundTripMs: null, lossFraction: null, packetsLost: null };

const LEFT = "it has left";

/** What publishers need of their shard. */
export interface PublishContext {
  readonly settings: Pick<ShardSettings, "windowMs" | "timeouts">;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly access: Access;
  readonly clients: Clients;
  readonly publishers: Publishers;
  /** The number of the shard. */
  readonly shard: number;
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
 * session.close("it has left");
 * ```
 */
export class PublishSession implements Client, Publisher {
  readonly #context: PublishContext;
  readonly #source: PublishSource;
  #allowed: Allowed;
  readonly #askedAtMs: number;
  readonly #stream: LiveStream;
  readonly #writer: LogWriter;
  readonly #publication: Publication;
  readonly #limits: PublishLimits;
  readonly #log: Logger;
  readonly #acceptedAtMs = performance.now();
  readonly #since = Date.now();
  readonly #skipped: SkippedMessages;
  /** Of media. */
  #bytes = 0;
  #frames = 0;
  /** What its stream knows of it. */
  #counted = { bytes: 0, frames: 0, atMs: this.#acceptedAtMs };
  readonly #rate = new ByteRate();
  #heardAtMs = this.#acceptedAtMs;
  /** Since another one wants to publish the stream; what is called if this one stays. */
  #contest: { readonly sinceMs: number; readonly kept: () => void } | undefined;
  #isClosed = false;
  /** Set while a frame is held that is to be written though nothing more comes. */
  #releaseTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    context: PublishContext,
    source: PublishSource,
    { allowed, askedAtMs }: Pick<Admission, "allowed" | "askedAtMs">,
    stream: LiveStream,
    sent: SentLately | undefined,
  ) {
    const { windowMs, timeouts } = context.settings;
    this.#context = context;
    this.#source = source;
    this.#allowed = allowed;
    this.#askedAtMs = askedAtMs;
    this.#stream = stream;
    this.#writer = new LogWriter(stream.entry.log, { windowMs });
    this.#publication = new Publication(this.#writer, timeouts);
    const begin = { nowMs: this.#acceptedAtMs, epochMs: this.#since, sent };
    this.#limits = new PublishLimits(allowed, begin);
    stream.publication = this.#publication;
    this.#skipped = new SkippedMessages(this.path, source.log, context.counters);
    context.counters.add("publishesAccepted");
    context.counters.add(publisherGauge(source));
    context.clients.add(this);
    context.publishers.add(stream.entry.streamId, this);
    const { asked: { id, protocol, userAgent }, from } = source;
    this.#log = getLogger(["sluice", "access"])
      .with({ id, peer: peerText(from), protocol, path: this.path });
    this.#log.info("{peer} publishes {path} over {protocol} ({decidedBy}; {userAgent})", {
      decidedBy: allowed.decidedBy,
      userAgent: userAgent ?? "no user agent",
    });
  }

  /** Begins to publish, or tells why that cannot be. */
  static async open(
    context: PublishContext,
    source: PublishSource,
  ): Promise<PublishSession | PublishRefusal> {
    const { access, control, streams } = context;
    const { asked, owner, left } = source;
    // First of all: who may not publish is told of nothing else.
    const askedAtMs = performance.now();
    const decided = access.decide(asked);
    const allowed = decided instanceof Promise ? await decided : decided;
    if (allowed.kind === "refuse") return refusalOf(allowed);
    const target = streamPath("", allowed.path ?? asked.path);
    // Who was told that it may is told that it is over.
    const turnAway = (reason: string, isTaken = false): PublishRefusal => {
      access.ended?.({ request: asked, decision: allowed, durationMs: 0, bytes: 0, reason });
      return { cause: "busy", reason, isTaken };
    };
    if ("problem" in target) return turnAway(target.problem);
    // It would take the stream from one that is there.
    if (left.aborted) return turnAway(LEFT);
    const publisher = { ...owner, id: asked.id, ...termsOf(allowed) };
    const decision = await control.requestPublish(target.path, publisher, left);
    if (decision.kind === "refused") {
      return left.aborted ? turnAway(LEFT) : turnAway(decision.reason, decision.isTaken);
    }
    const { streamId, sent } = decision;
    const stream = streams.byId(streamId);
    if (stream !== undefined && !left.aborted) {
      return new PublishSession(context, source, { allowed, askedAtMs }, stream, sent);
    }
    control.send({ kind: "unpublish", streamId, content: "nothing", sent });
    return turnAway(left.aborted ? LEFT : `${target.path} has been ended.`);
  }

  /** Application and name of the stream, as viewers see them. */
  get path(): string {
    return this.#stream.entry.path;
  }

  get id(): string {
    return this.#source.asked.id;
  }

  /** Takes a message; {@linkcode flush} is to follow a batch of them. */
  take({ kind, timestampMs, payload, layer }: SourceMessage, nowMs: number): void {
    if (this.#isClosed) return;
    this.#bytes += payload.length;
    this.#heardAtMs = nowMs;
    if (this.#contest !== undefined) this.#settleContest(nowMs);
    const publication = this.#publication;
    const skipped = kind === "video"
      ? publication.video(timestampMs, payload, nowMs, layer)
      : kind === "audio"
      ? publication.audio(timestampMs, payload, nowMs)
      : kind === "metadata"
      ? publication.metadata(payload, nowMs)
      : publication.data(payload, nowMs);
    if (skipped !== undefined) {
      const end = this.#skipped.note(kind, skipped, nowMs);
      return end && this.#end(end);
    }
    this.#skipped.noteTaken();
    if (kind === "video") {
      this.#frames++;
      this.#context.counters.add("videoMessages");
    } else if (kind === "audio") this.#context.counters.add("audioMessages");
  }

  /** Has viewers sent what was taken. */
  flush(nowMs: number): void {
    const publication = this.#publication;
    publication.flush(nowMs);
    if (publication.heldUntilMs === undefined || this.#isClosed) return;
    const waitMs = Math.max(0, publication.heldUntilMs - nowMs);
    this.#releaseTimer ??= setTimeout(() => this.#release(), waitMs);
  }

  /** What viewers need key frames of. */
  get wishes(): Pick<LogWriter, "keyFrameWishes" | "takeWishedTracks"> {
    return this.#writer;
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
    this.#count(nowMs);
    const end = this.#endOf(nowMs);
    if (end !== undefined) this.#end(end);
    else this.#settleContest(nowMs);
  }

  contest(how: Contest, kept: () => void): void {
    const nowMs = performance.now();
    if (how === "end") return this.end("Another publisher took the stream over");
    this.#contest = { sinceMs: nowMs, kept };
    this.#settleContest(nowMs);
  }

  get admission(): Admission {
    const { asked } = this.#source;
    return { asked, askedAtMs: this.#askedAtMs, allowed: this.#allowed, path: this.path };
  }

  reconsider(decision: AccessDecision): boolean {
    // It may have ended meanwhile: its terms are not those of whoever has the stream now.
    if (this.#isClosed) return false;
    if (decision.kind === "refuse") {
      this.end("The credentials do not allow this any more");
      return false;
    }
    const target = streamPath("", decision.path ?? this.#source.asked.path);
    if (!("path" in target) || target.path !== this.path) {
      this.end("The credentials are for another stream now");
      return false;
    }
    this.#allowed = decision;
    this.#limits.change(decision);
    const { streamId } = this.#stream.entry;
    const terms = termsOf(decision);
    this.#context.control.send({ kind: "publication-changed", streamId, terms });
    return true;
  }

  end(reason: string): void {
    this.#end({ cause: "ended", reason });
  }

  describe(): ClientDescription {
    const { asked: { id, protocol, userAgent }, from } = this.#source;
    return {
      id,
      action: "publish",
      protocol,
      path: this.path,
      address: from.hostname,
      port: from.port,
      shard: this.#context.shard,
      since: this.#since,
      userAgent: userAgent ?? null,
      decidedBy: this.#allowed.decidedBy,
      subject: this.#allowed.subject ?? null,
      bytes: this.#bytes,
      kbps: this.#rate.kbps,
      lagMs: null,
      jumps: 0,
      ...UNKNOWN_LINK,
      ...this.#source.measures?.(),
      quality: null,
      estimatedBps: null,
    };
  }

  /**
   * The source has ended, or is gone.
   *
   * @param why as it was seen
   */
  close(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#releaseTimer);
    const { control, clients, counters, publishers, access } = this.#context;
    const publication = this.#publication;
    const { streamId } = this.#stream.entry;
    if (this.#stream.publication === publication) this.#stream.publication = undefined;
    const nowMs = performance.now();
    publication.close(nowMs);
    this.#count(nowMs);
    clients.remove(this, why);
    counters.add(publisherGauge(this.#source), -1);
    publishers.remove(streamId, this);
    const bytes = this.#bytes;
    const content = publication.hasMedia ? "media" : "nothing";
    const sent = this.#limits.sentLately(nowMs, bytes);
    control.send({ kind: "unpublish", streamId, content, sent });
    const durationMs = Math.round(nowMs - this.#acceptedAtMs);
    const { asked } = this.#source;
    access.ended?.({ request: asked, decision: this.#allowed, durationMs, bytes, reason: why });
    this.#log.info(
      "{peer} has published {path} over {protocol} for {seconds} s, {bytes} bytes: {why}{mended}",
      { seconds: Math.round(durationMs / 100) / 10, bytes, why, mended: mendedText(publication) },
    );
  }

  /** Has its stream know what has come. */
  #count(nowMs: number): void {
    const { bytes, frames, atMs } = this.#counted;
    const receivedBytes = this.#bytes - bytes;
    this.#stream.count({ frames: this.#frames - frames, receivedBytes });
    if (nowMs > atMs) this.#rate.note(receivedBytes, nowMs - atMs);
    this.#counted = { bytes: this.#bytes, frames: this.#frames, atMs: nowMs };
  }

  #end(end: PublishEnd): void {
    if (this.#isClosed) return;
    this.close(end.reason);
    this.#source.ended(end);
  }

  #endOf(nowMs: number): PublishEnd | undefined {
    const { firstFrameMs } = this.#context.settings.timeouts;
    const { lack } = this.#writer;
    if (lack !== undefined) {
      this.#context.counters.add("memoryEnded");
      return { cause: "memory", reason: `${this.path}: ${describeLack(lack)}` };
    }
    const publication = this.#publication;
    const reached = this.#limits.reached(nowMs, this.#bytes, () => publication.describe());
    if (reached !== undefined) return reached;
    if (publication.hasMedia || nowMs - this.#acceptedAtMs < firstFrameMs) return undefined;
    const reason = `${this.path} had no frame that can be decoded within ${firstFrameMs} ms`;
    return { cause: "no media", reason };
  }

  /** Stays if anything has come since it was contested, and ends if it is silent for too long. */
  #settleContest(nowMs: number): void {
    if (this.#contest === undefined) return;
    const { sinceMs, kept } = this.#contest;
    if (this.#heardAtMs > sinceMs) {
      this.#contest = undefined;
      kept();
    } else if (nowMs - this.#heardAtMs >= HALF_DEAD_MS) {
      this.end(`It was silent for ${HALF_DEAD_MS} ms, and came again`);
    }
  }

  #release(): void {
    this.#releaseTimer = undefined;
    const nowMs = performance.now();
    this.#publication.release(nowMs);
    this.flush(nowMs);
  }
}
