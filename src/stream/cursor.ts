import type { Feed } from "./feed.ts";
import type { FeedBeginning, FeedStart } from "./feed_start.ts";
import { distance } from "./log_layout.ts";
import type { TrackName } from "./timeline.ts";

const TRACKS: readonly TrackName[] = ["audio", "video"];

const NOTHING = new Uint8Array(0);

/**
 * A viewer's place in a feed: all that a viewer is to its stream.
 *
 * A cursor begins with the preamble, on a key frame; that of a viewer that comes from another feed of
 * the same log begins where it stands there, with the configurations alone. Where pictures have
 * stopped, it begins with the sound, and takes pictures up when they come again, and the other way
 * round. When the feed's tail overtakes it, it jumps to the newest key frame, with the configurations
 * before it, and counts the jump. What it returns is shared with other viewers and never changes.
 *
 * @example
 * ```ts
 * import { Cursor } from "./cursor.ts";
 * import type { Feed } from "./feed.ts";
 *
 * function send(feed: Feed, cursor: Cursor, write: (bytes: Uint8Array) => void) {
 *   for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) write(piece);
 * }
 * ```
 */
export class Cursor {
  readonly #feed: Feed;
  readonly #from: FeedStart | undefined;
  #position: number | undefined;
  /** Sequence number of what it began with, or jumped to. */
  #begunAt = 0;
  #jumps = 0;
  /** What it gets nothing of until that can be taken up. */
  #lacks: TrackName | undefined;
  /** The stream's time when it asked first where to begin, or to go on. */
  #askedAtMs: number | undefined;

  /** @param from where the viewer stands, if it has got something of the stream already */
  constructor(feed: Feed, from?: FeedStart) {
    this.#feed = feed;
    this.#from = from;
  }

  /** Whether anything was returned, or may have been but for want of configurations. */
  get hasBegun(): boolean {
    return this.#position !== undefined;
  }

  /** What a viewer begins with that has had other pictures; `undefined` if it cannot begin. */
  get begins(): { readonly sequence: number; readonly timeMs: number } | undefined {
    const beginning = this.#from && this.#feed.beginning(this.#from);
    if (beginning === undefined) return undefined;
    const { position } = beginning;
    return { sequence: this.#feed.sequenceAt(position), timeMs: this.#feed.timeMsAt(position) };
  }

  /** Where a viewer stands that goes on elsewhere; `undefined` if it has got nothing yet. */
  get place(): FeedStart | undefined {
    if (this.#position === undefined) return this.#from;
    const { tail } = this.#feed;
    const isHeld = this.#position >= tail;
    const isInStep = isHeld && this.#lacks !== "video";
    const sequence = this.#feed.sequenceBefore(isHeld ? this.#position : tail);
    const hasRead = distance(this.#begunAt, sequence) > 0;
    return { sequence: hasRead ? sequence : this.#begunAt, isInStep };
  }

  /** How often the feed's tail has overtaken this viewer. */
  get jumps(): number {
    return this.#jumps;
  }

  /** How far what comes next is behind the stream; `undefined` before the beginning. */
  get lagMs(): number | undefined {
    if (this.#position === undefined) return undefined;
    const { tail, timeMs } = this.#feed;
    return Math.max(0, distance(this.#feed.timeMsAt(Math.max(this.#position, tail)), timeMs));
  }

  /** Whether a key frame that it could go on at lies between it and the newest tag. */
  get hasKeyFrameAhead(): boolean {
    return this.#position !== undefined &&
      this.#feed.takeUp(this.#position + 1, "video") !== undefined;
  }

  /** Whether it has read up to the tail, which went on to overtake it. */
  get isOvertaken(): boolean {
    return this.#position !== undefined && this.#position < this.#feed.tail;
  }

  /**
   * Is sent no more pictures up to the newest key frame, but all sound.
   *
   * @returns whether that is so; else it is close enough, or too far behind
   */
  passOverPictures(): boolean {
    if (this.isOvertaken || this.#lacks !== undefined || !this.hasKeyFrameAhead) return false;
    this.#lacks = "video";
    return true;
  }

  /**
   * What comes before pictures of another size: see `Feed.bridge`.
   *
   * @param passesOver whether pictures are passed over for them
   */
  bridge(beforeMs: number, passesOver: boolean): Uint8Array<ArrayBuffer> | undefined {
    if (passesOver) return this.hasKeyFrameAhead ? this.#feed.bridge(beforeMs) : undefined;
    return this.isOvertaken ? undefined : this.#feed.bridge(beforeMs, this.#position);
  }

  /**
   * What to send next, without pictures, of what lies before a record of the log; `undefined` if there
   * is no more. Pictures are taken up at a key frame then.
   *
   * @param sequence of that record
   */
  nextWithoutPictures(sequence: number): Uint8Array<ArrayBuffer> | undefined {
    const end = this.#feed.positionOf(sequence);
    if (end === undefined || this.#position === undefined || this.isOvertaken) return undefined;
    if (this.#position >= end) return undefined;
    this.#lacks = "video";
    const piece = this.#feed.readWithout("video", this.#position, end);
    if (piece === undefined) return undefined;
    this.#position = piece.next;
    return piece.bytes.length > 0 ? piece.bytes : this.nextWithoutPictures(sequence);
  }

  /** What to send next, whole tags; `undefined` if there is nothing now. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#position === undefined || this.#position < this.#feed.tail) {
      const beginning = this.#position === undefined ? this.#start() : this.#jump();
      if (beginning === undefined || beginning.length > 0) return beginning;
    }
    return this.#lacks === undefined ? this.rest() : this.#nextWithout(this.#lacks);
  }

  /**
   * What to send next of a stream that is over, from the feed alone: neither does it begin nor jump,
   * for which the log would be needed.
   */
  rest(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#position === undefined || this.#position < this.#feed.tail) return undefined;
    const piece = this.#lacks === undefined
      ? this.#feed.read(this.#position)
      : this.#feed.readWithout(this.#lacks, this.#position, this.#feed.head);
    if (piece === undefined) return undefined;
    this.#position = piece.next;
    return piece.bytes.length > 0 ? piece.bytes : this.rest();
  }

  /** What comes without a track, up to where that is taken up, with its configuration. */
  #nextWithout(lacks: TrackName): Uint8Array<ArrayBuffer> | undefined {
    const takeUp = this.#feed.takeUp(this.#position!, lacks);
    const piece = this.#feed.readWithout(lacks, this.#position!, takeUp ?? this.#feed.head);
    if (piece !== undefined) {
      this.#position = piece.next;
      return piece.bytes.length > 0 ? piece.bytes : this.#nextWithout(lacks);
    }
    if (takeUp === undefined) return undefined;
    const configurations = this.#feed.configurations(takeUp, [lacks]);
    if (configurations === undefined) return undefined;
    this.#lacks = undefined;
    return configurations.length > 0 ? configurations : this.rest();
  }

  #start(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#from?.changesPictures) return this.#change(this.#from);
    const beginning = this.#feed.beginning(this.#from, this.#waitedMs());
    if (beginning === undefined) return undefined;
    const bytes = this.#from === undefined
      ? this.#feed.preamble(beginning.lacks)
      : this.#configurations(beginning);
    if (bytes !== undefined) this.#goTo(beginning);
    return bytes;
  }

  #change(from: FeedStart): Uint8Array<ArrayBuffer> | undefined {
    const beginning = this.#feed.beginning(from);
    if (beginning === undefined) return undefined;
    this.#goTo(beginning);
    return NOTHING;
  }

  #jump(): Uint8Array<ArrayBuffer> | undefined {
    const beginning = this.#feed.beginning(undefined, this.#waitedMs());
    if (beginning === undefined) return undefined;
    const configurations = this.#configurations(beginning);
    if (configurations === undefined) return undefined;
    this.#goTo(beginning);
    this.#jumps++;
    return configurations;
  }

  #waitedMs(): number {
    const { timeMs } = this.#feed;
    this.#askedAtMs ??= timeMs;
    return distance(this.#askedAtMs, timeMs);
  }

  #configurations({ position, lacks }: FeedBeginning): Uint8Array<ArrayBuffer> | undefined {
    return this.#feed.configurations(position, TRACKS.filter((track) => track !== lacks));
  }

  #goTo({ position, lacks }: FeedBeginning): void {
    this.#position = position;
    this.#lacks = lacks;
    this.#askedAtMs = undefined;
    this.#begunAt = this.#feed.sequenceAt(position);
  }
}
