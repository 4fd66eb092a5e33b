import { Cursor } from "../stream/cursor.ts";
import type { TrackSelection } from "../stream/track_selection.ts";
import type { FeedStart } from "../stream/feed_start.ts";
import type { FeedAudience, FeedViewer } from "./feed_audience.ts";

/** A feed that a player reads, or is about to. */
interface Reading {
  readonly audience: FeedAudience;
  readonly hasVideo: boolean;
  cursor: Cursor;
}

/** Where a player stands that reads nothing. */
interface Place {
  readonly start: FeedStart;
  readonly hadVideo: boolean;
}

/**
 * A player's place in its stream. It moves from one feed to another as the player chooses tracks,
 * pauses and goes on, and its time never goes back.
 *
 * It queues nothing: whoever sends its pieces asks for the next when the last one is sent.
 */
export class RtmpViewer implements FeedViewer {
  readonly #wake: () => void;
  #reading: Reading | undefined;
  /** What it changes to as soon as that can be begun: until then it goes on with what it reads. */
  #coming: Reading | undefined;
  #place: Place | undefined;
  #endReason: string | undefined;
  #jumps = 0;

  /** @param wake called when there may be something to be sent */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Why it ends, if the stream is over: then `next` tells by `undefined` that all is sent. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  /** How often the tail of what it read has overtaken it. */
  get jumps(): number {
    return this.#jumps;
  }

  /** How far it is behind the stream; `undefined` if it reads nothing. */
  get lagMs(): number | undefined {
    return this.#reading?.cursor.lagMs;
  }

  /** Begins with a feed of the stream, or changes to another one. */
  watch(audience: FeedAudience, { video }: TrackSelection): void {
    this.#leave(this.#coming);
    this.#coming = undefined;
    if (this.#reading?.audience === audience) return;
    audience.add(this);
    const isBack = this.#reading === undefined && this.#place !== undefined;
    if (isBack && !audience.feed.needsKeyFrame) this.#place = liveIn(audience, video);
    this.#coming = { audience, hasVideo: video, cursor: this.#cursorIn(audience, video) };
    this.#wake();
  }

  /** Reads nothing until `watch` is called again. */
  pause(): void {
    const start = this.#reading?.cursor.place;
    if (start !== undefined) this.#place = { start, hadVideo: this.#reading!.hasVideo };
    this.#leave(this.#reading);
    this.#leave(this.#coming);
    this.#reading = this.#coming = undefined;
  }

  offer(): void {
    this.#wake();
  }

  end(reason: string): void {
    this.#endReason ??= reason;
    this.#wake();
  }

  /** What to send next, whole messages, which never change; `undefined` if there is nothing now. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#endReason !== undefined) return this.#reading?.cursor.rest();
    if (this.#coming !== undefined) {
      const piece = this.#begin(this.#coming);
      if (piece !== undefined) return piece;
    }
    return this.#reading && this.#nextOf(this.#reading);
  }

  #nextOf({ audience, cursor }: Reading): Uint8Array<ArrayBuffer> | undefined {
    const { jumps } = cursor;
    const piece = cursor.next();
    if (cursor.jumps > jumps) {
      this.#jumps++;
      audience.noteJump();
    }
    return piece;
  }

  #begin(coming: Reading): Uint8Array<ArrayBuffer> | undefined {
    // It has gone on since with what it reads.
    if (this.#reading !== undefined) {
      coming.cursor = this.#cursorIn(coming.audience, coming.hasVideo);
    }
    const piece = coming.cursor.next();
    if (!coming.cursor.hasBegun) return undefined;
    this.#leave(this.#reading);
    this.#reading = coming;
    this.#coming = undefined;
    return piece;
  }

  #cursorIn(audience: FeedAudience, hasVideo: boolean): Cursor {
    const place = this.#currentPlace();
    if (place === undefined) return new Cursor(audience.feed);
    // Pictures that were not sent are needed by those behind them, sound that was not sent is not.
    const isInStep = place.start.isInStep && (place.hadVideo || !hasVideo);
    return new Cursor(audience.feed, { ...place.start, isInStep });
  }

  #currentPlace(): Place | undefined {
    const start = this.#reading?.cursor.place;
    return start === undefined ? this.#place : { start, hadVideo: this.#reading!.hasVideo };
  }

  #leave(reading: Reading | undefined): void {
    reading?.audience.remove(this);
  }
}

/** Without pictures there is no key frame to go on at after a pause: it goes on with what is new. */
function liveIn({ feed }: FeedAudience, hadVideo: boolean): Place {
  const start = { sequence: feed.sequenceBefore(feed.head), isInStep: true };
  return { start, hadVideo };
}
