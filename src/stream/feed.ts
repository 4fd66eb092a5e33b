import { type FeedForm, type FeedRecord, FLV_FORM } from "./feed_form.ts";
import {
  type FeedEntry,
  type FeedPiece,
  pieceFrom,
  pieceWithout,
  trackTimestampMs,
} from "./feed_piece.ts";
import { encodeBridge, encodeGapBridge } from "./feed_bridge.ts";
import { FeedBeginnings } from "./feed_beginnings.ts";
import { FeedEntries } from "./feed_entries.ts";
import type { FeedBeginning, FeedOptions, FeedStart } from "./feed_start.ts";
import { FeedPreambles } from "./feed_preambles.ts";
import { type FeedSegment, FeedSegments } from "./feed_segments.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import type { MemoryRefusal } from "./memory_budget.ts";
import type { TrackName } from "./timeline.ts";
import type { ListedTrack } from "./track_list.ts";
import { passes, type TrackFilter, trackFilter, type TrackSelection } from "./track_selection.ts";

/** Entries let go of at once, about a second of a stream: removing one by one moves all others. */
const EXPIRE_AT_LEAST = 64;

/**
 * What the viewers of one form and selection of a stream read, on one shard: a copy of the log in
 * ordinary memory, made once for all of them.
 *
 * The log itself is overwritten in time, while a server may hold on to the bytes of a viewer that
 * does not read for as long as it likes. Bytes in a feed never change: segments are filled once,
 * dropped when the log lets go of what they hold, and freed when the last viewer's last piece is
 * gone. So what slow viewers keep alive together is bounded by what the stream produces in their
 * stall time-out, however many they are.
 *
 * Positions are numbers that grow by one for each tag and each gap; a `Cursor` walks along them.
 *
 * @example
 * ```ts
 * import { Feed } from "./feed.ts";
 * import { LogReader } from "./log_reader.ts";
 * import { LogWriter } from "./log_writer.ts";
 * import { RecordFlag, Track } from "./log_layout.ts";
 *
 * const shared = LogWriter.allocate(1 << 20);
 * const writer = new LogWriter(shared, { windowMs: 10_000 });
 * writer.setTracks(Track.video, true);
 * const flags = RecordFlag.video | RecordFlag.keyFrame;
 * writer.append({ type: 9, timestampMs: 0, body: Uint8Array.of(0x17, 1, 0, 0, 0), flags });
 *
 * const feed = new Feed(new LogReader(shared), { audio: true, video: true });
 * feed.update();
 * const piece = feed.read(feed.beginning()!.position)!; // its bytes, and the position to go on from
 * ```
 */
export class Feed {
  readonly #log: LogReader;
  readonly #selection: TrackSelection;
  readonly #form: FeedForm;
  readonly #segments: FeedSegments;
  /** What is selected in the stream as it is now, with these tracks. */
  #filter: TrackFilter;
  #tracks: readonly ListedTrack[];
  readonly #entries = new FeedEntries();
  readonly #beginnings: FeedBeginnings;
  #lack: MemoryRefusal | undefined;
  /** Pieces handed out since the last update, by position. */
  readonly #pieces = new Map<number, FeedPiece>();
  readonly #preambles: FeedPreambles;

  constructor(
    log: LogReader,
    selection: TrackSelection,
    form: FeedForm = FLV_FORM,
    { windowMs = Infinity, memory }: FeedOptions = {},
  ) {
    this.#log = log;
    this.#selection = selection;
    this.#form = form;
    this.#beginnings = new FeedBeginnings(log, selection, this.#entries, windowMs);
    this.#preambles = new FeedPreambles(log, selection, form);
    this.#segments = new FeedSegments(memory);
    this.#tracks = log.tracks;
    this.#filter = trackFilter(selection, this.#tracks);
    this.#entries.nextSequence = this.#firstToCopy();
  }

  /** The position behind the newest tag. */
  get head(): number {
    return this.#entries.head;
  }

  /** The position of the oldest tag that is still held. */
  get tail(): number {
    return this.#entries.tail;
  }

  /** Where the stream stands. */
  get timeMs(): number {
    return this.#log.lastTimestampMs;
  }

  /** The time of the tag at `position`, which must not lie before the tail; at the head, that of the stream. */
  timeMsAt(position: number): number {
    return this.#entries.at(position)?.record.timestampMs ?? this.timeMs;
  }

  /** Whether viewers can begin with key frames alone; without pictures anything will do. */
  get needsKeyFrame(): boolean {
    return this.#beginnings.needsKeyFrame;
  }

  /** Why it copies no more: there is no memory left even for the newest tag. */
  get lack(): MemoryRefusal | undefined {
    return this.#lack;
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#dropBefore(this.head);
    this.#segments.close();
  }

  /** Copies what the log has got since the last call, and lets go of what the log let go of. */
  update(): void {
    this.#pieces.clear();
    this.#beginnings.update();
    this.#preambles.update();
    const head = this.#log.head;
    this.#followTracks();
    const entries = this.#entries;
    if (distance(this.#log.tail, entries.nextSequence) < 0) this.#resume();
    while (
      distance(entries.nextSequence, head) > 0 && !this.#log.isStale && this.#lack === undefined
    ) {
      const sequence = entries.nextSequence;
      if (this.#copy(sequence)) entries.nextSequence = (sequence + 1) | 0;
      else this.#resume();
    }
    this.#expire();
  }

  /** {@linkcode FeedBeginnings.beginning}, of what is selected now. */
  beginning(from?: FeedStart, waitedMs?: number): FeedBeginning | undefined {
    return this.#beginnings.beginning(this.#filter, from, waitedMs);
  }

  /** {@linkcode FeedBeginnings.takeUp} */
  takeUp(position: number, lacks: TrackName): number | undefined {
    return this.#beginnings.takeUp(position, lacks);
  }

  /** {@linkcode FeedEntries.sequenceAt} */
  sequenceAt(position: number): number {
    return this.#entries.sequenceAt(position);
  }

  /** {@linkcode FeedEntries.sequenceBefore} */
  sequenceBefore(position: number): number {
    return this.#entries.sequenceBefore(position);
  }

  /** {@linkcode FeedEntries.positionOf} */
  positionOf(sequence: number): number | undefined {
    return this.#entries.positionOf(sequence);
  }

  /** {@linkcode encodeBridge}, with the picture behind which `position` lies, or a newer key frame. */
  bridge(beforeMs: number, position?: number): Uint8Array<ArrayBuffer> | undefined {
    const from = position ?? this.#beginnings.usableKeyFrame();
    if (from === undefined) return undefined;
    const at = from - this.tail;
    const source = position === undefined ? { from: at } : { behind: at };
    return encodeBridge(this.#log, this.#form, this.#entries.list, source, beforeMs);
  }

  /**
   * Header, metadata and configurations for a viewer that begins; `undefined` if they can not be had
   * now. All viewers get the same bytes that lack the same.
   *
   * @param lacks the track that the viewer gets nothing of at first, and is told nothing of
   */
  preamble(lacks?: TrackName): Uint8Array<ArrayBuffer> | undefined {
    return this.#preambles.preamble(lacks);
  }

  /**
   * The configurations alone, for a viewer that goes on at `position`: perhaps no bytes at all.
   *
   * @param tracks of which they are
   */
  configurations(
    position: number,
    tracks: readonly TrackName[] = ["audio", "video"],
  ): Uint8Array<ArrayBuffer> | undefined {
    return this.#preambles.configurations(
      tracks,
      (track) =>
        trackTimestampMs(RecordFlag[track], this.#entries.list, position - this.tail) ??
          this.timeMs,
    );
  }

  /**
   * As many whole tags from `position` on as make a piece; `undefined` at the head. The position
   * must not lie before the tail.
   */
  read(position: number): FeedPiece | undefined {
    const known = this.#pieces.get(position);
    if (known !== undefined) return known;
    const piece = pieceFrom(this.#entries.list, position - this.tail, this.tail);
    if (piece === undefined) return undefined;
    this.#pieces.set(position, piece);
    return piece;
  }

  /**
   * The same without one track, up to `end`: what lies between is passed over. A piece may have no
   * bytes then; `undefined` at the end.
   */
  readWithout(lacks: TrackName, position: number, end: number): FeedPiece | undefined {
    const { list, tail } = this.#entries;
    return pieceWithout(RecordFlag[lacks], list, position - tail, end - tail, tail);
  }

  /**
   * Goes on at the newest key frame after the log has passed over what was not copied yet. The gap
   * takes a position of its own, so that the tail overtakes viewers that had read up to it as well.
   */
  #resume(): void {
    this.#letGo(this.#entries.leaveGap());
    this.#entries.nextSequence = this.#firstToCopy();
  }

  /** Where what can be shown begins. */
  #firstToCopy(): number {
    const { video } = this.#filter;
    const isShown = this.#selection.video;
    const keyFrame = isShown ? this.#log.newestKeyFrameOf(video) : this.#log.newestKeyFrame;
    return keyFrame ?? this.#log.head;
  }

  /** Goes on with other records if another publisher counts its tracks otherwise. */
  #followTracks(): void {
    const { tracks } = this.#log;
    if (tracks === this.#tracks) return;
    this.#tracks = tracks;
    const filter = trackFilter(this.#selection, tracks);
    if (filter.audio === this.#filter.audio && filter.video === this.#filter.video) return;
    this.#filter = filter;
    this.#resume();
  }

  /** Copies one record into the present segment; false if the log passed over it. */
  #copy(sequence: number): boolean {
    const log = this.#log;
    const flags = log.flagsOf(sequence);
    if (!passes(this.#filter, flags)) return distance(log.tail, sequence) >= 0;

    const tagLength = log.lengthOf(sequence);
    const record = { sequence, tagLength, timestampMs: log.timestampMsOf(sequence), flags };
    // What the index said of a record that is gone may ask for any amount of memory.
    if (!log.isHeld(sequence)) return false;
    if (flags & RecordFlag.reconfiguration) this.#bridgeGap(record);
    const size = this.#form.sizeOf(record);
    const segment = this.#segmentFor(size);
    if (segment === undefined) return true;
    this.#form.write(log, record, segment.bytes, segment.used);
    if (!log.isHeld(sequence)) return false;
    this.#beginnings.note(flags);
    this.#enter(segment, size, record);
    return true;
  }

  #bridgeGap(record: FeedRecord): void {
    const bytes = encodeGapBridge(this.#log, this.#form, this.#entries.list, record);
    const segment = bytes && this.#segmentFor(bytes.length);
    if (segment === undefined) return;
    segment.bytes.set(bytes!, segment.used);
    // It is no picture of the log.
    const flags = RecordFlag.video | RecordFlag.configuration;
    this.#enter(segment, bytes!.length, { ...record, flags });
  }

  #enter(segment: FeedSegment, size: number, record: FeedRecord): void {
    const start = segment.used;
    segment.used += size;
    segment.tags++;
    this.#entries.push({ segment, start, end: segment.used, record });
  }

  /** Where so many bytes have room. For want of memory the oldest tags give way, and then it. */
  #segmentFor(length: number): FeedSegment | undefined {
    for (;;) {
      const taken = this.#segments.take(length);
      if (typeof taken !== "string") return taken;
      const { list, tail, head } = this.#entries;
      const oldest = list[0]?.segment;
      if (oldest === undefined) {
        this.#lack = taken;
        return undefined;
      }
      const others = list.findIndex(({ segment }) => segment !== oldest);
      this.#dropBefore(others < 0 ? head : tail + others);
    }
  }

  #expire(): void {
    const kept = this.#entries.find(this.#log.tail) ?? this.head;
    if (kept - this.tail >= EXPIRE_AT_LEAST) this.#dropBefore(kept);
  }

  #dropBefore(position: number): void {
    this.#letGo(this.#entries.dropBefore(position));
  }

  #letGo(entries: readonly FeedEntry[]): void {
    for (const { segment } of entries) this.#segments.drop(segment);
  }
}
