import { Cursor } from "../stream/cursor.ts";
import type { TrackSelection } from "../stream/track_selection.ts";
import type { FeedStart } from "../stream/feed_start.ts";
import type { FeedAudience, FeedViewer } from "./feed_audience.ts";
import { LAGGING_MS, TrackSteps } from "./track_steps.ts";

/** A feed that is read, or about to be. */
interface Reading {
  readonly audience: FeedAudience;
  readonly selection: TrackSelection;
  cursor: Cursor;
  /** If it has smaller or larger pictures than what was read before, or these are no more. */
  readonly step?: "down" | "up" | "home";
  /** Whether what comes right before it was sent. */
  isBridged?: boolean;
}

/** Where somebody stands who reads nothing. */
interface Place {
  readonly start: FeedStart;
  readonly hadVideo: boolean;
}

/** A stream's tracks, of which larger and smaller pictures may be had. */
export interface TrackLadder {
  /** Those one step from a selection, with the audience that has them; `undefined` if there are none. */
  step(from: TrackSelection, step: "down" | "up"): Rung | undefined;
  /** Those with the default pictures. */
  home(from: TrackSelection): Rung | undefined;
}

/** Some of a stream's tracks, and the audience that has them. */
export interface Rung {
  readonly audience: FeedAudience;
  readonly selection: TrackSelection;
}

/** What becomes of a reader that lags. */
export interface LagRules {
  /** "sound": it is sent all sound, and of the pictures what is left from a key frame on. */
  readonly keeps: "sound" | "nothing";
  /** Where smaller pictures are for it, if it wants them, and larger ones again when it keeps up. */
  readonly ladder?: TrackLadder | undefined;
}

/**
 * A viewer's place in its stream. It moves from one feed to another as the viewer chooses tracks,
 * pauses and goes on, or lags, and its time never goes back.
 *
 * It queues nothing: whoever sends its pieces asks for the next when the last one is sent. It cannot
 * go on with anything before the tail of what it reads: there it goes on at the newest key frame.
 */
export class FeedReader implements FeedViewer {
  readonly #wake: () => void;
  readonly #lagRules: LagRules;
  readonly #steps: TrackSteps | undefined;
  #reading: Reading | undefined;
  /** What it changes to as soon as that can be begun: until then it goes on with what it reads. */
  #coming: Reading | undefined;
  #place: Place | undefined;
  #endReason: string | undefined;
  #jumps = 0;

  /** @param wake called when there may be something to be sent */
  constructor(wake: () => void, lagRules: LagRules = { keeps: "nothing" }) {
    this.#wake = wake;
    this.#lagRules = lagRules;
    this.#steps = lagRules.ladder && new TrackSteps();
  }

  /** Why it ends, if the stream is over: then `next` tells by `undefined` that all is sent. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  /** How often it lagged, and went on at a later picture. */
  get jumps(): number {
    return this.#jumps;
  }

  /** How far it is behind the stream; `undefined` if it reads nothing. */
  get lagMs(): number | undefined {
    return this.#reading?.cursor.lagMs;
  }

  /** Begins with a feed of the stream, or changes to another one. */
  watch(audience: FeedAudience, selection: TrackSelection): void {
    this.#drop();
    if (this.#reading?.audience === audience) return;
    audience.add(this);
    const isBack = this.#reading === undefined && this.#place !== undefined;
    if (isBack && !audience.feed.needsKeyFrame) this.#place = liveIn(audience, selection.video);
    this.#coming = { audience, selection, cursor: this.#cursorIn({ audience, selection }) };
    this.#wake();
  }

  /** Reads nothing until `watch` is called again. */
  pause(): void {
    const start = this.#reading?.cursor.place;
    if (start !== undefined) this.#place = { start, hadVideo: this.#reading!.selection.video };
    this.#leave(this.#reading);
    this.#reading = undefined;
    this.#drop();
  }

  offer(): void {
    this.#wake();
  }

  end(reason: string): void {
    this.#endReason ??= reason;
    this.#wake();
  }

  moveOn(gone: FeedAudience): boolean {
    const reading = this.#reading;
    const from = reading ?? this.#coming;
    if (this.#coming?.audience === gone) {
      this.#drop();
      this.#steps?.refused(gone.feed.timeMs);
    }
    if (this.#coming !== undefined) return true;
    if (reading !== undefined && reading.audience !== gone && !reading.audience.isOver) return true;
    if (from?.selection.videoTrack === undefined) return false;
    const target = this.#lagRules.ladder?.home(from.selection);
    if (target === undefined) return false;
    target.audience.add(this);
    this.#coming = { ...target, cursor: this.#cursorIn(target), step: "home" };
    return true;
  }

  /** What to send next, whole messages, which never change; `undefined` if there is nothing now. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#endReason !== undefined) return this.#reading?.cursor.rest();
    if (this.#reading !== undefined && this.#heedsLag) this.#lookAfterLag(this.#reading);
    if (this.#coming !== undefined) {
      const piece = this.#begin(this.#coming);
      if (piece !== undefined) return piece;
    }
    return this.#reading && this.#nextOf(this.#reading);
  }

  /** Whether it can do anything about its lag: most viewers are jumped over, and pay for no look. */
  get #heedsLag(): boolean {
    return this.#steps !== undefined || this.#lagRules.keeps === "sound";
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

  /** Where it lags, or keeps up again, it may be better off with other pictures. */
  #lookAfterLag(reading: Reading): void {
    const { cursor, audience: { feed: { timeMs } }, selection } = reading;
    if (this.#steps === undefined) return this.#passOverPictures(reading);
    const step = this.#steps.next(cursor, timeMs);
    if (step === "down" && this.#coming?.step === "up") this.#drop();
    if (step === undefined || this.#coming !== undefined) return;
    const target = this.#lagRules.ladder!.step(selection, step);
    if (target === undefined) {
      this.#steps.refused(timeMs);
      return this.#passOverPictures(reading);
    }
    target.audience.add(this);
    this.#coming = { ...target, cursor, step };
  }

  #passOverPictures({ cursor, audience }: Reading): void {
    if (this.#lagRules.keeps !== "sound") return;
    if ((cursor.lagMs ?? 0) <= LAGGING_MS || !cursor.passOverPictures()) return;
    this.#jumps++;
    audience.noteJump();
  }

  #begin(coming: Reading): Uint8Array<ArrayBuffer> | undefined {
    // It has gone on since with what it reads.
    if (this.#reading !== undefined) coming.cursor = this.#cursorIn(coming);
    const before = this.#reading && this.#before(coming, this.#reading);
    if (before !== undefined) return before;
    const piece = coming.cursor.next();
    if (!coming.cursor.hasBegun) return undefined;
    this.#leave(this.#reading);
    this.#reading = coming;
    this.#coming = undefined;
    if (coming.step !== undefined) this.#noteStep(coming.step, coming.audience);
    return piece;
  }

  /** What is still to be sent of what it reads, before other pictures begin. */
  #before(coming: Reading, { cursor }: Reading): Uint8Array<ArrayBuffer> | undefined {
    const { step, cursor: { begins } } = coming;
    if (step === undefined || begins === undefined) return undefined;
    const keepsSound = this.#lagRules.keeps === "sound";
    const passesOver = step === "down" && !keepsSound;
    const sound = passesOver ? undefined : cursor.nextWithoutPictures(begins.sequence);
    if (sound !== undefined || coming.isBridged || keepsSound) return sound;
    coming.isBridged = true;
    return cursor.bridge(begins.timeMs, passesOver);
  }

  #noteStep(step: "down" | "up" | "home", audience: FeedAudience): void {
    if (step === "home") return;
    this.#steps?.stepped(step, audience.feed.timeMs);
    if (step === "up") return;
    this.#jumps++;
    audience.noteJump();
  }

  #cursorIn({ audience, selection, step }: Omit<Reading, "cursor">): Cursor {
    const place = this.#currentPlace();
    if (place === undefined) return new Cursor(audience.feed);
    // Pictures that were not sent are needed by those behind them, sound that was not sent is not.
    const isInStep = place.start.isInStep && (place.hadVideo || !selection.video);
    const changesPictures = step !== undefined;
    return new Cursor(audience.feed, { ...place.start, isInStep, changesPictures });
  }

  #currentPlace(): Place | undefined {
    const start = this.#reading?.cursor.place;
    return start === undefined ? this.#place : { start, hadVideo: this.#reading!.selection.video };
  }

  /** Changes to nothing else. */
  #drop(): void {
    this.#leave(this.#coming);
    this.#coming = undefined;
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
