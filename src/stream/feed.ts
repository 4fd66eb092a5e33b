import { type FeedForm, type FeedRecord, FLV_FORM } from "./feed_form.ts";
import {
  type FeedEntry,
  type FeedPiece,
  indexOfFrame,
  pieceFrom,
  pieceWithout,
  trackTimestampMs,
} from "./feed_piece.ts";
import { encodeBridge, encodeGapBridge } from "./feed_bridge.ts";
import type { FeedBeginning, FeedOptions, FeedStart } from "./feed_start.ts";
import { FeedPreambles } from "./feed_preambles.ts";
import { type FeedSegment, FeedSegments } from "./feed_segments.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LiveTracks, LogReader } from "./log_reader.ts";
import type { MemoryRefusal } from "./memory_budget.ts";
import type { TrackName } from "./timeline.ts";
import type { ListedTrack } from "./track_list.ts";
import { passes, type TrackFilter, trackFilter, type TrackSelection } from "./track_selection.ts";

/** A track of which nothing has come for so long, while the other goes on, has stopped. */
const STOPPED_MS = 3000;

/** For so long, by the stream's time, who could have sound at once waits for a key frame. */
const MAX_KEY_FRAME_WAIT_MS = 1000;

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
  readonly #windowMs: number;
  readonly #segments: FeedSegments;
  /** What is selected in the stream as it is now, with these tracks. */
  #filter: TrackFilter;
  #tracks: readonly ListedTrack[];
  /** Sequence number of the next log record to copy. */
  #sequence: number;
  /** Entries from position `#tail` on. */
  #entries: FeedEntry[] = [];
  #tail = 0;
  #newestKeyFrame: number | undefined;
  /** Nothing before this position can be decoded with the present configurations. */
  #newestReconfiguration = 0;
  #lack: MemoryRefusal | undefined;
  /** Pieces handed out since the last update, by position. */
  readonly #pieces = new Map<number, FeedPiece>();
  readonly #preambles: FeedPreambles;
  /** As of the last update, once it was asked for: all who wait ask. */
  #liveTracks: LiveTracks | undefined;

  constructor(
    log: LogReader,
    selection: TrackSelection,
    form: FeedForm = FLV_FORM,
    { windowMs = Infinity, memory }: FeedOptions = {},
  ) {
    this.#log = log;
    this.#selection = selection;
    this.#form = form;
    this.#windowMs = windowMs;
    this.#preambles = new FeedPreambles(log, selection, form);
    this.#segments = new FeedSegments(memory);
    this.#tracks = log.tracks;
    this.#filter = trackFilter(selection, this.#tracks);
    this.#sequence = this.#beginning();
  }

  /** The position behind the newest tag. */
  get head(): number {
    return this.#tail + this.#entries.length;
  }

  /** The position of the oldest tag that is still held. */
  get tail(): number {
    return this.#tail;
  }

  /** Where the stream stands. */
  get timeMs(): number {
    return this.#log.lastTimestampMs;
  }

  /** The time of the tag at `position`, which must not lie before the tail; at the head, that of the stream. */
  timeMsAt(position: number): number {
    return this.#entries[position - this.#tail]?.record.timestampMs ?? this.timeMs;
  }

  /** Whether viewers can begin with key frames alone; without pictures anything will do. */
  get needsKeyFrame(): boolean {
    return this.#selection.video && this.#log.hasVideo;
  }

  /** Why it copies no more: there is no memory left even for the newest tag. */
  get lack(): MemoryRefusal | undefined {
    return this.#lack;
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#drop(this.#entries.length);
    this.#segments.close();
  }

  /** Copies what the log has got since the last call, and lets go of what the log let go of. */
  update(): void {
    this.#pieces.clear();
    this.#liveTracks = undefined;
    this.#preambles.update();
    const head = this.#log.head;
    this.#followTracks();
    if (distance(this.#log.tail, this.#sequence) < 0) this.#resume();
    while (distance(this.#sequence, head) > 0 && !this.#log.isStale && this.#lack === undefined) {
      if (this.#copy(this.#sequence)) this.#sequence = (this.#sequence + 1) | 0;
      else this.#resume();
    }
    this.#expire();
  }

  /**
   * Where a viewer begins: the newest key frame, or the newest tag of a stream without video;
   * `undefined` as long as there is none, or the stream's tracks are not known.
   *
   * Pictures that have stopped, or whose newest key frame is older than the window, keep nobody from
   * the sound that goes on: a viewer begins with that alone, and takes pictures up at the next key
   * frame. Nor does sound that has stopped keep anybody from the pictures.
   *
   * @param from where it stands, if it has got something already: it is never led back
   * @param waitedMs of the stream's time, for which it has asked
   */
  beginning(from?: FeedStart, waitedMs = 0): FeedBeginning | undefined {
    if (!this.#log.tracksSettled) return undefined;
    if (!this.needsKeyFrame) {
      const position = from?.isInStep ? this.positionOf(from.sequence) : undefined;
      return { position: position ?? this.head, lacks: undefined };
    }
    const keyFrame = this.#usableKeyFrame(from);
    if (from?.changesPictures) {
      return keyFrame === undefined ? undefined : { position: keyFrame, lacks: "video" };
    }
    const wantsSound = this.#selection.audio && this.#log.hasAudio;
    this.#liveTracks ??= this.#log.liveTracks(this.#filter, STOPPED_MS);
    const { audio, video: hasPictures } = this.#liveTracks;
    if (!wantsSound || !audio) {
      return this.#inStep(keyFrame, from, wantsSound && hasPictures ? "audio" : undefined);
    }
    const isRecent = hasPictures && keyFrame !== undefined &&
      distance(this.timeMsAt(keyFrame), this.timeMs) <= this.#windowMs;
    if (isRecent || from?.isInStep) return this.#inStep(keyFrame, from, undefined);
    if (hasPictures && keyFrame === undefined && waitedMs < MAX_KEY_FRAME_WAIT_MS) return undefined;
    const position = from && this.positionOf(from.sequence);
    return { position: position ?? this.head, lacks: "video" };
  }

  /**
   * Where a viewer takes up the track that it lacks, at `position` or behind it: pictures at a key
   * frame; `undefined` as long as there is nothing.
   */
  takeUp(position: number, lacks: TrackName): number | undefined {
    if (lacks === "video") {
      const keyFrame = this.#usableKeyFrame();
      return keyFrame !== undefined && keyFrame >= position ? keyFrame : undefined;
    }
    const at = indexOfFrame("audio", this.#entries, position - this.#tail);
    return at === undefined ? undefined : this.#tail + at;
  }

  /** Sequence number in the log of what lies at `position`, which must not lie before the tail. */
  sequenceAt(position: number): number {
    return this.#entries[position - this.#tail]?.record.sequence ?? this.#sequence;
  }

  /**
   * Sequence number in the log behind what lies before `position`, which must not lie before the
   * tail: records of other tracks may follow there.
   */
  sequenceBefore(position: number): number {
    const before = this.#entries[position - 1 - this.#tail];
    return before === undefined ? this.sequenceAt(position) : (before.record.sequence + 1) | 0;
  }

  /** The first position that has this record or one behind it; `undefined` if some are gone. */
  positionOf(sequence: number): number | undefined {
    const first = this.#entries[0]?.record.sequence ?? this.#sequence;
    if (distance(first, sequence) < 0) return undefined;
    const at = this.#entries.findIndex(({ record }) => distance(sequence, record.sequence) >= 0);
    return at < 0 ? this.head : this.#tail + at;
  }

  /** {@linkcode encodeBridge}, with the picture behind which `position` lies, or a newer key frame. */
  bridge(beforeMs: number, position?: number): Uint8Array<ArrayBuffer> | undefined {
    const from = position ?? this.#usableKeyFrame();
    if (from === undefined) return undefined;
    const at = from - this.#tail;
    const source = position === undefined ? { from: at } : { behind: at };
    return encodeBridge(this.#log, this.#form, this.#entries, source, beforeMs);
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
        trackTimestampMs(RecordFlag[track], this.#entries, position - this.#tail) ?? this.timeMs,
    );
  }

  /**
   * As many whole tags from `position` on as make a piece; `undefined` at the head. The position
   * must not lie before the tail.
   */
  read(position: number): FeedPiece | undefined {
    const known = this.#pieces.get(position);
    if (known !== undefined) return known;
    const piece = pieceFrom(this.#entries, position - this.#tail, this.#tail);
    if (piece === undefined) return undefined;
    this.#pieces.set(position, piece);
    return piece;
  }

  /**
   * The same without one track, up to `end`: what lies between is passed over. A piece may have no
   * bytes then; `undefined` at the end.
   */
  readWithout(lacks: TrackName, position: number, end: number): FeedPiece | undefined {
    const tail = this.#tail;
    return pieceWithout(RecordFlag[lacks], this.#entries, position - tail, end - tail, tail);
  }

  /** The newest key frame from which on all can be decoded, if a viewer from there may go to it. */
  #usableKeyFrame(from?: FeedStart): number | undefined {
    const position = this.#newestKeyFrame;
    if (position === undefined || position < this.#newestReconfiguration) return undefined;
    if (from !== undefined && distance(from.sequence, this.sequenceAt(position)) < 0) {
      return undefined;
    }
    return position;
  }

  /** At the key frame; without one, a viewer may go on that has all that came before. */
  #inStep(
    keyFrame: number | undefined,
    from: FeedStart | undefined,
    lacks: TrackName | undefined,
  ): FeedBeginning | undefined {
    const position = keyFrame ?? (from?.isInStep ? this.positionOf(from.sequence) : undefined);
    if (position === undefined) return undefined;
    const isLacking = lacks !== undefined && this.takeUp(position, lacks) === undefined;
    return { position, lacks: isLacking ? lacks : undefined };
  }

  /**
   * Goes on at the newest key frame after the log has passed over what was not copied yet. The gap
   * takes a position of its own, so that the tail overtakes viewers that had read up to it as well.
   */
  #resume(): void {
    this.#drop(this.#entries.length);
    this.#tail++;
    this.#sequence = this.#beginning();
  }

  /** Where what can be shown begins. */
  #beginning(): number {
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
    if (flags & RecordFlag.keyFrame) this.#newestKeyFrame = this.head;
    if (flags & RecordFlag.reconfiguration) this.#newestReconfiguration = this.head;
    this.#enter(segment, size, record);
    return true;
  }

  #bridgeGap(record: FeedRecord): void {
    const bytes = encodeGapBridge(this.#log, this.#form, this.#entries, record);
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
      const oldest = this.#entries[0]?.segment;
      if (oldest === undefined) {
        this.#lack = taken;
        return undefined;
      }
      const others = this.#entries.findIndex(({ segment }) => segment !== oldest);
      this.#drop(others < 0 ? this.#entries.length : others);
    }
  }

  #expire(): void {
    const { tail } = this.#log;
    const kept = this.#entries.findIndex(({ record }) => distance(tail, record.sequence) >= 0);
    const count = kept < 0 ? this.#entries.length : kept;
    if (count >= EXPIRE_AT_LEAST) this.#drop(count);
  }

  #drop(count: number): void {
    for (const { segment } of this.#entries.splice(0, count)) this.#segments.drop(segment);
    this.#tail += count;
    if (this.#newestKeyFrame !== undefined && this.#newestKeyFrame < this.#tail) {
      this.#newestKeyFrame = undefined;
    }
  }
}
