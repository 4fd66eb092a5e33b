/**
 * What those together may cost a thread who use much, before it turns to its timers and all other
 * sockets. A request over HTTP has some five turns from its connection to its answer.
 */
const SLICE_MS = 2;

/** The same with what all others cost, who use little each: by themselves they are no danger. */
const FULL_SLICE_MS = 8;

/**
 * What has been used when the end of the slice is ordered. A timer takes its time to come, and those
 * who use little are hardly ever to wait for it.
 */
const ORDER_MS = 1;

/** What one may have used lately and still count as light. */
const LIGHT_MS = 5;

/** What a read costs that finds bytes at once: it is not seen by the clocks of those who read. */
const READ_MS = 0.01;

/** More than this in one go is taken for waiting, and not for work. */
const MAX_CHARGE_MS = 20;

/** The part of the thread that one may use for long and still count as light. */
const LIGHT_PART = 0.1;

/**
 * How the work that peers make is shared out on one thread.
 *
 * A read that finds bytes at once resolves without an end of the turn, and so does all that is
 * awaited behind it: a peer that sends faster than its bytes are taken would keep the thread from
 * its timers and from everybody else for ever. So whoever works off what a peer sends has a
 * {@linkcode TimeShare} and asks it, every few messages, whether to wait. Once a slice is used up,
 * everyone waits for the next one. It begins by a timer: microtasks, immediates and messages between
 * ports let the next turn begin before sockets are asked.
 *
 * A new slice goes first to those who have used little, in the order they came, and a further one to
 * one of the others: many who use all they get delay each other, not those who use little.
 */
export class TimeSlice {
  #heavyMs = 0;
  #lightMs = 0;
  #isOrdered = false;
  /** What is to be called when its time has come. */
  readonly #light: (() => void)[] = [];
  readonly #heavy: (() => void)[] = [];
  #beat: (() => void) | undefined;

  /**
   * For what one peer makes us do; or many together, by one socket, one listener or one stream: that
   * counts as light, however much it is.
   */
  share(of: "one peer" | "many peers"): TimeShare {
    return new TimeShare(this, of === "one peer");
  }

  /** Has `beat` called whenever there is a sign that the thread is busy, and not hung. */
  onBeat(beat: () => void): void {
    this.#beat = beat;
  }

  /**
   * Notes work of a share.
   *
   * @returns whether it must wait until it is called
   */
  charge(ms: number, isHeavy: boolean): boolean {
    if (isHeavy) this.#heavyMs += ms;
    else this.#lightMs += ms;
    const usedMs = this.#heavyMs + this.#lightMs;
    if (usedMs < ORDER_MS) return false;
    this.#beat?.();
    this.#order();
    return isHeavy ? this.#heavyMs >= SLICE_MS : usedMs >= FULL_SLICE_MS;
  }

  /** Has `resume` called when the time has come. */
  queue(resume: () => void, isHeavy: boolean): void {
    (isHeavy ? this.#heavy : this.#light).push(resume);
    this.#order();
  }

  /** The next slice begins as soon as timers and sockets have had their turn. */
  #order(): void {
    if (this.#isOrdered) return;
    this.#isOrdered = true;
    setTimeout(this.#begin, 0);
  }

  readonly #begin = async () => {
    this.#beat?.();
    this.#isOrdered = false;
    this.#heavyMs = 0;
    this.#lightMs = 0;
    for (let light = this.#light.length; light > 0 && this.#lightMs < FULL_SLICE_MS; light--) {
      this.#light.shift()!();
      // It goes on now, up to where it asks again.
      await undefined;
      await undefined;
    }
    this.#heavy.shift()?.();
    if (this.#light.length + this.#heavy.length > 0) this.#order();
  };
}

/** What one peer makes of the thread's work. */
export class TimeShare {
  readonly #slice: TimeSlice;
  readonly #isOfOnePeer: boolean;
  /** What it has used, less what it could have used without being heavy. */
  #usedMs = 0;
  #countedToMs = 0;
  #sinceMs = 0;

  constructor(slice: TimeSlice, isOfOnePeer: boolean) {
    this.#slice = slice;
    this.#isOfOnePeer = isOfOnePeer;
  }

  /** Whether it has used more than its part lately. */
  get isHeavy(): boolean {
    return this.#isOfOnePeer && this.#usedMs > LIGHT_MS;
  }

  /** Something has come, and the work on it begins. */
  begin(nowMs: number): void {
    this.#sinceMs = nowMs - READ_MS;
  }

  /**
   * To be asked every few messages, and before each read: a promise means that others are to have
   * the thread now, and is to be awaited at once.
   *
   * @param maxMs what is counted at most: the rest was waiting for something, and no work
   */
  pause(maxMs = MAX_CHARGE_MS): Promise<void> | undefined {
    return this.#charge(maxMs) ? this.#wait() : undefined;
  }

  /**
   * Waits for the next slice, however little was used: what was begun meanwhile has its turn before
   * more of it is begun.
   */
  rest(): Promise<void> {
    this.#charge(MAX_CHARGE_MS);
    return this.#wait();
  }

  /** Counts what was used since it was asked last; whether that is enough for now. */
  #charge(maxMs: number): boolean {
    const nowMs = performance.now();
    const ms = Math.min(nowMs - this.#sinceMs, maxMs);
    this.#sinceMs = nowMs;
    const regainedMs = (nowMs - this.#countedToMs) * LIGHT_PART;
    this.#usedMs = Math.max(0, this.#usedMs - regainedMs) + ms;
    this.#countedToMs = nowMs;
    return this.#slice.charge(ms, this.isHeavy);
  }

  /** There may be more than one who waits: a connection reads on while it answers. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#slice.queue(() => {
        this.#sinceMs = performance.now();
        resolve();
      }, this.isHeavy);
    });
  }
}

/** That of this thread: of a shard, since each has its own. */
export const timeSlice = new TimeSlice();
