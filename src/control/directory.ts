import { areSameSubject } from "../access/access.ts";
import { ClosedLogs } from "./closed_logs.ts";
import { type Contender, Contenders } from "./contenders.ts";
import type { DirectoryEvents, DirectoryOptions, DirectorySettings } from "./directory_events.ts";
import { SentRates } from "./sent_rates.ts";
import type { StreamReport } from "../shard/live/stream_report.ts";
import type { StreamSummary } from "../shard/http/api/stream_summary.ts";
import { areSameTerms, type StreamEntry } from "../shard/live/stream_entry.ts";
import type { SentLately } from "../access/sent_lately.ts";
import type {
  Contest,
  PublishDecision,
  PublishedContent,
  PublisherTerms,
  StreamPublisher,
} from "../shard/live/publish_decision.ts";
import { NO_OWNER, type SharedLog } from "../stream/log_arena.ts";
import { LogState } from "../stream/log_layout.ts";
import { describeLack } from "../stream/log_store.ts";
import { LogWriter } from "../stream/log_writer.ts";
import { type DescribedStream, summarise } from "./stream_description.ts";
import { StreamRoom } from "./stream_room.ts";
import { contentMark } from "./stream_event.ts";
import { StreamIndex } from "./stream_index.ts";
import { StreamSound } from "./stream_sound.ts";
import { StreamTraffic } from "./stream_traffic.ts";

/** Why streams end. */
const ENDED = "it was ended by an administrator";
const STOPPING = "the server stops";

interface Stream extends DescribedStream {
  entry: StreamEntry;
  readonly writer: LogWriter;
  /** Who waits for the publisher to give way. */
  readonly contenders: Contenders;
  /** Whether it ends with its publisher. */
  isEnding: boolean;
  /** When it lost its publisher last. */
  waitingSinceMs: number;
  /** Whether a publisher that is gone has sent anything that can be shown or heard. */
  hasHadMedia: boolean;
  graceTimer: ReturnType<typeof setTimeout> | undefined;
  /** What others were told that it is. */
  mark: string;
}

/** Which streams there are, where they are published, and who may publish. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #events: DirectoryEvents;
  readonly #room: StreamRoom;
  readonly #rates = new SentRates();
  readonly #streams = new StreamIndex<Stream>();
  readonly #closed: ClosedLogs;
  #gracePeriodMs: number;
  #secondPublisher: DirectorySettings["secondPublisher"];
  #lastId = 0;

  constructor(options: DirectoryOptions, events: DirectoryEvents) {
    this.#options = options;
    this.#gracePeriodMs = options.gracePeriodMs;
    this.#secondPublisher = options.secondPublisher;
    this.#room = new StreamRoom(options);
    this.#closed = new ClosedLogs(options.logs);
    this.#events = events;
  }

  /** From now on, this counts; the streams that are there stay. */
  configure({ secondPublisher, ...limits }: DirectorySettings): void {
    this.#secondPublisher = secondPublisher;
    this.#room.limit(limits);
  }

  /** A stream's publisher goes on by other terms. */
  change(streamId: number, shard: number, terms: PublisherTerms): void {
    const stream = this.#streams.get(streamId);
    if (stream?.origin !== shard) return;
    stream.publisher = { ...stream.publisher, ...terms };
    this.#setTerms(stream, terms);
  }

  get entries(): StreamEntry[] {
    return this.#streams.all.map(({ entry }) => entry);
  }

  /**
   * Decides on a publisher; a new stream is announced to all shards before this returns. Where a
   * limit is reached, a stream that waits for its publisher gives way, and its viewers end.
   *
   * @param requestId by which it is told later, if that is not decided on now
   * @returns `undefined` if the stream is published already, and its publisher may give way
   */
  publish(
    path: string,
    shard: number,
    nowMs: number,
    publisher: Partial<StreamPublisher> = {},
    requestId = 0,
  ): PublishDecision | undefined {
    const known = this.#streams.at(path);
    if (known?.origin !== undefined) {
      return this.#contest(known, { path, shard, requestId, publisher }, nowMs);
    }
    const tooMuch = this.#rates.refusal(path, publisher, nowMs);
    if (tooMuch !== undefined) return { kind: "refused", reason: tooMuch };
    const spared = this.#room.find(this.#streams.all, known, publisher, nowMs);
    if (typeof spared === "string") return { kind: "refused", reason: spared };
    for (const spare of spared) this.#close(spare, "it gave way to another one");
    const reopened = this.#streams.at(path);
    const stream = reopened ?? this.#open(path, nowMs, publisher);
    if (typeof stream === "string") return { kind: "refused", reason: stream };
    this.#setTerms(stream, publisher);
    clearTimeout(stream.graceTimer);
    stream.origin = shard;
    stream.publisher = publisher;
    stream.contenders.begin();
    stream.writer.setState(LogState.live);
    this.#events.told?.({ kind: reopened === undefined ? "began" : "changed", stream });
    const sent = this.#rates.sentLately(path, nowMs);
    return { kind: "accepted", streamId: stream.entry.streamId, ...(sent && { sent }) };
  }

  /**
   * The publisher is gone: the stream waits for it, then ends. One that never had anything to show
   * ends at once, or whoever publishes nothing under many names would keep others from publishing.
   *
   * @param lately what it has sent, if that is limited
   */
  unpublish(
    streamId: number,
    shard: number,
    content: PublishedContent,
    nowMs = performance.now(),
    lately?: SentLately,
  ): void {
    const stream = this.#streams.get(streamId);
    if (stream?.origin !== shard) return;
    const { publisher, entry: { path } } = stream;
    if (lately !== undefined) this.#rates.note(path, publisher, lately, nowMs);
    stream.origin = undefined;
    stream.hasHadMedia ||= content === "media";
    if (stream.isEnding) this.#close(stream, ENDED);
    else if (!stream.hasHadMedia) this.#close(stream, "its publisher sent nothing");
    else {
      stream.writer.setState(LogState.waiting);
      stream.waitingSinceMs = nowMs;
      stream.graceTimer = setTimeout(
        () => this.#close(stream, "its publisher did not come back"),
        this.#gracePeriodMs,
      );
      this.#events.told?.({ kind: "changed", stream });
    }
    // The first one has it, and the others are to it what they were to the one before.
    for (const contender of stream.contenders.take(publisher)) {
      const { path, shard: heir, requestId, publisher } = contender;
      const decision = this.publish(path, heir, nowMs, publisher, requestId);
      if (decision !== undefined) this.#events.decided(heir, requestId, decision);
    }
  }

  /** Somebody who waits to be decided on has left: it is refused, and takes nobody's place. */
  forget(path: string, shard: number, requestId: number): void {
    const stream = this.#streams.at(path);
    if (stream !== undefined) this.#refuse(stream, stream.contenders.remove(shard, requestId));
  }

  /** A publisher that was contested stays. */
  kept(streamId: number, shard: number, nowMs = performance.now()): void {
    const stream = this.#streams.get(streamId);
    if (stream?.origin !== shard || stream.contenders.size === 0) return;
    this.#refuse(stream, stream.contenders.kept(nowMs));
  }

  /** Ends a stream, its publisher and its viewers; whether there is one of this path. */
  end(path: string, reason: string): boolean {
    const stream = this.#streams.at(path);
    if (stream === undefined) return false;
    this.#refuse(stream, stream.contenders.take({}));
    if (stream.origin === undefined) this.#close(stream, ENDED);
    else {
      // Its log is written until the publisher is gone.
      stream.isEnding = true;
      this.#events.ended(stream.origin, stream.entry.streamId, reason);
    }
    return true;
  }

  /** The log of a stream that is not closed. */
  logOf(streamId: number): SharedLog | undefined {
    return this.#streams.get(streamId)?.entry.log;
  }

  /** A shard no longer reads the log of a closed stream. */
  released(streamId: number, shard: number): void {
    this.#closed.released(streamId, shard);
  }

  /** A shard has died, and its publishers and viewers with it. */
  shardLost(shard: number): void {
    this.#closed.lost(shard);
    for (const stream of this.#streams.all) {
      stream.reports.delete(shard);
      stream.contenders.remove(shard);
      this.unpublish(stream.entry.streamId, shard, "media");
    }
  }

  /** Takes a shard's report, which tells of all streams that it serves. */
  report(
    shard: number,
    reports: readonly StreamReport[],
    nowMs: number = performance.now(),
  ): void {
    for (const { reports, traffic } of this.#streams.all) {
      reports.delete(shard);
      traffic.settle(nowMs);
    }
    for (const report of reports) {
      const stream = this.#streams.get(report.streamId);
      if (stream === undefined) continue;
      stream.reports.set(shard, report);
      stream.traffic.take(report.traffic);
      if (report.publication === undefined) continue;
      stream.publication = report.publication;
      stream.sound.note(report.publication.audio);
      const mark = contentMark(stream);
      if (mark !== stream.mark) this.#events.told?.({ kind: "changed", stream });
      stream.mark = mark;
    }
  }

  /** What becomes of a stream's sound on its way to WebRTC; `undefined` if it is closed. */
  soundOf(streamId: number): StreamSound | undefined {
    return this.#streams.get(streamId)?.sound;
  }

  /** Streams that there are. */
  get size(): number {
    return this.#streams.size;
  }

  /** Of these, those that wait for their publisher. */
  get waiting(): number {
    return this.#streams.waiting;
  }

  /** Streams in the order of their paths, from the one at `begin` to before the one at `end`. */
  summaries(nowMs: number, begin = 0, end?: number): StreamSummary[] {
    return this.#streams.sorted(begin, end).map((stream) => summarise(stream, nowMs));
  }

  /** Nobody comes back any more: streams end with their publisher, and at once without one. */
  endGrace(): void {
    this.#gracePeriodMs = 0;
    for (const stream of this.#streams.all) {
      if (stream.origin === undefined) this.#close(stream, STOPPING);
    }
  }

  /** Whether any stream has a publisher. */
  get hasPublishers(): boolean {
    return this.#streams.waiting < this.#streams.size;
  }

  /** Ends all streams at once. */
  closeAll(): void {
    for (const stream of this.#streams.all) {
      this.#refuse(stream, stream.contenders.take({}));
      this.#close(stream, STOPPING);
    }
  }

  /** A stream that has a publisher is to get another one. */
  #contest(stream: Stream, contender: Contender, nowMs: number): PublishDecision | undefined {
    const isSame = areSameSubject(contender.publisher, stream.publisher);
    const isOver = this.#secondPublisher === "takeOver" ||
      (this.#secondPublisher === "takeOverSame" && isSame);
    const how = isOver ? "end" : "unless alive";
    const waits = !stream.isEnding && stream.contenders.add(contender, how, nowMs);
    return waits ? undefined : busy(stream);
  }

  #ask({ origin, entry: { streamId } }: Stream, how: Contest): void {
    if (origin !== undefined) this.#events.contested(origin, streamId, how);
  }

  #refuse(stream: Stream, contenders: readonly Contender[]): void {
    for (const { shard, requestId } of contenders) {
      this.#events.decided(shard, requestId, busy(stream));
    }
  }

  #setTerms(stream: Stream, { maxViewers, isUnlisted = false }: Partial<PublisherTerms>): void {
    const terms = { maxViewers, isUnlisted };
    if (areSameTerms(stream.entry, terms)) return;
    stream.entry = { ...stream.entry, ...terms };
    this.#events.changed(stream.entry.streamId, terms);
  }

  /** A new stream, or why there can be none. */
  #open(
    path: string,
    nowMs: number,
    { owner = NO_OWNER, maxViewers, isUnlisted = false }: Partial<StreamPublisher>,
  ): Stream | string {
    const { logs, log: { maxBytes } } = this.#options;
    const log = logs.open({ maxBytes, owner });
    if (typeof log === "string") return describeLack(log);
    const entry = { streamId: ++this.#lastId, path, log, maxViewers, isUnlisted };
    const stream: Stream = {
      entry,
      writer: new LogWriter(entry.log, this.#options.log),
      openedAtMs: nowMs,
      publisher: {},
      waitingSinceMs: 0,
      contenders: new Contenders((how) => this.#ask(stream, how)),
      isEnding: false,
      origin: undefined,
      hasHadMedia: false,
      graceTimer: undefined,
      reports: new Map(),
      publication: undefined,
      sound: new StreamSound(path),
      traffic: new StreamTraffic(nowMs),
      mark: "",
    };
    this.#streams.add(stream);
    this.#events.opened(entry);
    return stream;
  }

  #close(stream: Stream, why: string): void {
    const { streamId, log } = stream.entry;
    clearTimeout(stream.graceTimer);
    this.#streams.remove(stream);
    stream.writer.setState(LogState.ended);
    this.#events.told?.({ kind: "ended", stream, why });
    // There may be no shard: the only one may have died and not be started again yet.
    this.#closed.add(streamId, log, this.#events.closed(streamId));
  }
}

function busy({ entry: { path } }: Stream): PublishDecision {
  return { kind: "refused", reason: `${path} is being published already.`, isTaken: true };
}
