import { concat } from "@std/bytes/concat";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../flv/tag.ts";
import { type FeedForm, type FeedRecord, FLV_FORM } from "./feed_form.ts";
import { type FeedSegment, FeedSegments } from "./feed_segments.ts";
import { distance, RecordFlag } from "./log_layout.ts";
import type { LogReader } from "./log_reader.ts";
import type { MemoryRefusal } from "./memory_budget.ts";
import type { MemoryHolding } from "./memory_holding.ts";
import type { ListedTrack } from "./track_list.ts";
import { passes, type TrackFilter, trackFilter } from "./track_selection.ts";

/** Which tracks of a stream a feed carries. */
export interface TrackSelection {
  readonly audio: boolean;
  readonly video: boolean;
  /** The publisher's number for the audio track; by default the stream's default one. */
  readonly audioTrack?: number;
  /** Likewise of the video track. */
  readonly videoTrack?: number;
}

/** Where a viewer stands that goes on in another feed of the same log. */
export interface FeedStart {
  /** Sequence number in the log of what it has not got yet. */
  readonly sequence: number;
  /** Whether it has got everything of the feed's tracks before that: then it need not begin anew. */
  readonly isInStep: boolean;
}

/** A piece of a feed: whole tags, and the position behind them. */
export interface FeedPiece {
  /** Shared by all who read it: never to be changed. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly next: number;
}

interface Entry {
  readonly segment: FeedSegment;
  readonly start: number;
  readonly end: number;
  readonly record: FeedRecord;
}

/** Bytes of a piece, unless a single tag has more: what a viewer is given in one go. */
const MAX_PIECE_SIZE = 32 * 1024;

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
 * const piece = feed.read(feed.startPosition()!)!; // its bytes, and the position to go on from
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
  /** Sequence number of the next log record to copy. */
  #sequence: number;
  /** Entries from position `#tail` on. */
  #entries: Entry[] = [];
  #tail = 0;
  #newestKeyFrame: number | undefined;
  /** Nothing before this position can be decoded with the present configurations. */
  #newestReconfiguration = 0;
  #lack: MemoryRefusal | undefined;
  /** Pieces handed out since the last update, by position. */
  readonly #pieces = new Map<number, FeedPiece>();
  /** What the preamble was before the newest update: it goes with what that copied. */
  #preambleVersion = -1;
  #preamble: { readonly version: number; readonly bytes: Uint8Array<ArrayBuffer> } | undefined;

  /** @param memory what its copy is counted with, if it is */
  constructor(
    log: LogReader,
    selection: TrackSelection,
    form: FeedForm = FLV_FORM,
    memory?: MemoryHolding,
  ) {
    this.#log = log;
    this.#selection = selection;
    this.#form = form;
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
    this.#preambleVersion = this.#log.preambleVersion;
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
   * @param from where it stands, if it has got something already: it is never led back
   */
  startPosition(from?: FeedStart): number | undefined {
    if (!this.#log.tracksSettled) return undefined;
    if (!this.needsKeyFrame) {
      return from?.isInStep ? this.#positionOf(from.sequence) ?? this.head : this.head;
    }
    const position = this.#newestKeyFrame;
    const isUsable = position !== undefined && position >= this.#newestReconfiguration;
    if (from === undefined) return isUsable ? position : undefined;
    if (isUsable && distance(from.sequence, this.sequenceAt(position)) >= 0) return position;
    return from.isInStep ? this.#positionOf(from.sequence) : undefined;
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

  /**
   * Header, metadata and configurations for a viewer that begins; `undefined` if they can not be had
   * now. All viewers get the same bytes.
   */
  preamble(): Uint8Array<ArrayBuffer> | undefined {
    const version = this.#preambleVersion;
    if (this.#preamble?.version === version) return this.#preamble.bytes;
    const log = this.#log.preamble(this.#selection);
    if (log === undefined || this.#log.preambleVersion !== version) return undefined;
    const header = this.#form.header({
      hasAudio: log.hasAudio && this.#selection.audio,
      hasVideo: log.hasVideo && this.#selection.video,
    });
    // At timestamp 0, wherever the viewer begins: ffmpeg takes later metadata for subtitles.
    const tags = log.tags
      .filter(({ type }) => this.#selects(type))
      .map(({ type, body }) => this.#form.encode(type, 0, body));
    const bytes = concat([header, ...tags]);
    this.#preamble = { version, bytes };
    return bytes;
  }

  /** The configurations alone, for a viewer that jumps to `position`: perhaps no bytes at all. */
  configurations(position: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#log.preambleVersion !== this.#preambleVersion) return undefined;
    const tags = this.#log.preamble(this.#selection)?.tags
      .filter(({ type }) => type !== TAG_SCRIPT && this.#selects(type));
    return tags && concat(tags.map(({ type, body }) => {
      const flag = type === TAG_VIDEO ? RecordFlag.video : RecordFlag.audio;
      return this.#form.encode(type, this.#trackTimestampMs(flag, position), body);
    }));
  }

  /**
   * As many whole tags from `position` on as make a piece; `undefined` at the head. The position
   * must not lie before the tail.
   */
  read(position: number): FeedPiece | undefined {
    const known = this.#pieces.get(position);
    if (known !== undefined) return known;
    let at = position - this.#tail;
    const first = this.#entries[at];
    if (first === undefined) return undefined;
    let { end } = first;
    for (let entry = this.#entries[++at]; entry !== undefined; entry = this.#entries[++at]) {
      if (entry.segment !== first.segment || entry.end - first.start > MAX_PIECE_SIZE) break;
      end = entry.end;
    }
    const piece = { bytes: first.segment.bytes.subarray(first.start, end), next: this.#tail + at };
    this.#pieces.set(position, piece);
    return piece;
  }

  /**
   * Where a track stands at `position`. Tracks need not be in step, and none may go back: the time
   * of its first tag from there on, or else of its last one before.
   */
  #trackTimestampMs(flag: number, position: number): number {
    const isOfTrack = ({ record }: Entry) => (record.flags & flag) !== 0;
    const at = position - this.#tail;
    const entry = this.#entries.slice(at).find(isOfTrack) ??
      this.#entries.slice(0, at).findLast(isOfTrack);
    return (entry ?? this.#entries[at])?.record.timestampMs ?? this.#log.lastTimestampMs;
  }

  /** The first position that has this record or one behind it; `undefined` if some are gone. */
  #positionOf(sequence: number): number | undefined {
    const first = this.#entries[0]?.record.sequence ?? this.#sequence;
    if (distance(first, sequence) < 0) return undefined;
    const at = this.#entries.findIndex(({ record }) => distance(sequence, record.sequence) >= 0);
    return at < 0 ? this.head : this.#tail + at;
  }

  #selects(tagType: number): boolean {
    if (tagType === TAG_AUDIO) return this.#selection.audio;
    if (tagType === TAG_VIDEO) return this.#selection.video;
    return true;
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
    const size = this.#form.sizeOf(record);
    const segment = this.#segmentFor(size);
    if (segment === undefined) return true;
    const start = segment.used;
    this.#form.write(log, record, segment.bytes, start);
    if (!log.isHeld(sequence)) return false;
    segment.used += size;
    segment.tags++;
    if (flags & RecordFlag.keyFrame) this.#newestKeyFrame = this.head;
    if (flags & RecordFlag.reconfiguration) this.#newestReconfiguration = this.head;
    this.#entries.push({ segment, start, end: segment.used, record });
    return true;
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
    const tail = this.#log.tail;
    let count = 0;
    for (const entry of this.#entries) {
      if (distance(tail, entry.record.sequence) >= 0) break;
      count++;
    }
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
