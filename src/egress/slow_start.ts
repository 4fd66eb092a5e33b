/** What leaves at once, and stays on its way as long as nothing tells that there may be more. */
const FIRST_FLIGHT_BYTES = 19_200;

/** As long as no echo has come, so much more leaves: what is far away is not to wait for echoes. */
const FIRST_BYTES_PER_MS = 1250;

/** As long as no echo has come, one is asked for by so much. */
const FIRST_DISTANCE_BYTES = 16_000;

/** For each byte that has passed without a queue, so many more may be under way. */
const GROWTH = 2;

/** A round trip counts no longer than this for what may be on its way. */
const MAX_BASE_MS = 400;

/** By a queue up to this, more and more is sent; above the other, one that grows is ours. */
const SHORT_QUEUE_MS = 25;
const OWN_QUEUE_MS = 30;
/** Above this, what is sent may be lost soon, and viewers rarely stall for so long. */
const SURE_QUEUE_MS = 150;

/** Where this side was later than this, an echo tells no rate. */
const MAX_LATE_MS = 10;

/** What has less between two echoes does not tell a rate. */
const MIN_RATED_BYTES = 4800;

/** An echo that takes so much longer than the shortest did is asked for once more. */
const PATIENCE_MS = 50;
const FIRST_PATIENCE_MS = 150;

/** After so long without an echo, none is waited for. */
const SILENCE_MS = 1000;

/** Echoes that are asked for and not answered: more than there are in one round trip. */
const MAX_OPEN = 12;

/** An echo, and how much had been sent when it was asked for. */
interface Mark {
  readonly askedMs: number;
  readonly sentBytes: number;
}

/**
 * How fast a viewer may be sent what it begins with, over a link of which nothing is known: a first
 * flight, and as much more as echoes tell to have passed, so that a narrow link is known before its
 * queue is full. Over a clear link, what is on its way trebles each round trip.
 *
 * @example
 * ```ts
 * import { SlowStart } from "./slow_start.ts";
 *
 * const start = new SlowStart(Infinity);
 * start.echoAsked(0);
 * start.sent(19_200);
 * start.echoAsked(0.01);
 * start.roomBytes(0); // 0
 * start.takeRoundTrip(10, 0, 10);
 * start.takeRoundTrip(10, 0.01, 10.01);
 * start.roomBytes(10.01); // 57_600
 * ```
 */
export class SlowStart {
  /** When the first echo was asked for, before all that is sent. */
  #beganMs: number | undefined;
  #sentBytes = 0;
  /** Oldest first. */
  #open: Mark[] = [];
  #askedMs = 0;
  #markedBytes = 0;
  /** What was sent before the newest echo that has come, and when that came. */
  #passedBytes = 0;
  #answeredMs: number | undefined;
  #baseMs: number;
  #windowBytes = FIRST_FLIGHT_BYTES;
  /** What the newest two echoes tell the link to carry; Infinity if they tell of no queue. */
  #newestBps = Infinity;
  #beforeBps = Infinity;

  /** @param baseMs the shortest round trip that is known; Infinity if none is */
  constructor(baseMs: number) {
    this.#baseMs = baseMs;
  }

  /** What the link carries, if it has a queue by what was sent; Infinity if not. One echo may be chance. */
  get carriedBps(): number {
    return Math.max(this.#newestBps, this.#beforeBps);
  }

  /** Whether nothing is echoed any more. */
  isSilent(nowMs: number): boolean {
    return nowMs - (this.#answeredMs ?? this.#beganMs ?? nowMs) > SILENCE_MS;
  }

  /** What may be sent now; less than nothing if too much was. */
  roomBytes(nowMs: number): number {
    if (this.#answeredMs !== undefined) return this.#windowBytes - this.#underWayBytes;
    const lastedMs = nowMs - (this.#beganMs ?? nowMs);
    return FIRST_FLIGHT_BYTES + FIRST_BYTES_PER_MS * lastedMs - this.#sentBytes;
  }

  /** Datagrams were sent. Called by the batch. */
  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  /** Whether an echo is to be asked for: before all, by each half of what may be under way, and again. */
  wantsEcho(nowMs: number): boolean {
    if (this.#beganMs === undefined) return true;
    const isFirst = this.#answeredMs === undefined && this.#open.length < MAX_OPEN;
    const distanceBytes = isFirst
      ? FIRST_DISTANCE_BYTES
      : Math.max(this.#windowBytes, this.#underWayBytes) / 2;
    if (this.#sentBytes - this.#markedBytes >= distanceBytes) return true;
    const patienceMs = this.#baseMs === Infinity ? FIRST_PATIENCE_MS : this.#baseMs + PATIENCE_MS;
    return this.#underWayBytes > 0 && nowMs - this.#askedMs > patienceMs;
  }

  /** One is asked for, under a time that no other has. */
  echoAsked(askedMs: number): void {
    this.#beganMs ??= askedMs;
    this.#askedMs = askedMs;
    this.#markedBytes = this.#sentBytes;
    if (this.#open.length === MAX_OPEN) this.#open.shift();
    this.#open.push({ askedMs, sentBytes: this.#sentBytes });
  }

  /**
   * An echo has come. Those of others are passed over.
   *
   * @param lateMs how late this side may have been to read it, as it was busy
   */
  takeRoundTrip(roundTripMs: number, askedMs: number, nowMs: number, lateMs = 0): void {
    const mark = this.#open.find((open) => open.askedMs === askedMs);
    if (mark === undefined || !(roundTripMs >= 0)) return;
    this.#open = this.#open.filter((open) => open.askedMs > askedMs);
    this.#baseMs = Math.min(this.#baseMs, roundTripMs);
    if (this.#answeredMs === undefined) this.#fillWay();
    const passedBytes = mark.sentBytes - this.#passedBytes;
    const passedMs = nowMs - (this.#answeredMs ?? askedMs + this.#baseMs);
    const queueMs = Math.max(0, roundTripMs - lateMs - this.#baseMs);
    this.#judge(queueMs, passedBytes, lateMs > MAX_LATE_MS ? 0 : passedMs);
    this.#passedBytes = mark.sentBytes;
    this.#answeredMs = nowMs;
  }

  get #underWayBytes(): number {
    return this.#sentBytes - this.#passedBytes;
  }

  /** The way is known to be so long: what has left until now was meant to be on it. */
  #fillWay(): void {
    const wayBytes = FIRST_BYTES_PER_MS * Math.min(this.#baseMs, MAX_BASE_MS);
    this.#windowBytes = Math.max(this.#windowBytes, wayBytes);
  }

  #judge(queueMs: number, passedBytes: number, overMs: number): void {
    if (queueMs <= SHORT_QUEUE_MS) this.#windowBytes += GROWTH * passedBytes;
    if (queueMs > OWN_QUEUE_MS && passedBytes < MIN_RATED_BYTES) return;
    this.#beforeBps = queueMs > SURE_QUEUE_MS ? 0 : this.#newestBps;
    this.#newestBps = queueMs > OWN_QUEUE_MS ? passedBytes * 8000 / overMs : Infinity;
  }
}
