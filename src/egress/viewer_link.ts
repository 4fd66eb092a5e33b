import type { ReceptionListener } from "../rtp/receiver_report.ts";
import { BandwidthEstimator, type BandwidthState } from "../webrtc/bandwidth/estimator.ts";
import { SlowStart } from "./slow_start.ts";

/** What is believed before anything is known, and at most: as good as no limit. */
const CLEAR_BPS = 100_000_000;

/** Sound of high quality, which is never given up. */
const MIN_BPS = 100_000;

/**
 * Over TCP, nothing is lost that would tell of a full link: all of it waits, and sound behind it. So
 * its round trip is looked at more often.
 */
const TCP_ECHO_MS = 250;

/** How often is looked after a link that is clear. */
const CLEAR_INTERVAL_MS = 100;

/**
 * A link that carries so much more than the stream takes needs no pace: a key frame, which is some
 * times as large as other pictures, waits for a moment only.
 */
const CLEAR_FACTOR = 2;
/** What is asked for, so that this is reached. */
const WANTED_FACTOR = 2.1;

/**
 * What is told of a second that begins sooner after a pause, or on another way, is of what was lost
 * before as well: that is missed when others come. Tried with 400 ms: pictures of smaller sizes stood
 * still for longer.
 */
const LATE_REPORT_MS = 1500;

/** For so long after a queue of ours was full, reports tell of what it lost. */
const QUEUE_LOSS_TOLD_MS = 3000;
/** A queue that stays full for longer is kept so by others. */
const MAX_OWN_QUEUE_MS = 6000;

/**
 * Who has answered before, and has not for so long, is not there, or reads nothing: another key frame
 * would be old before it is seen, and in the way of what is new.
 */
const SILENT_MS = 2000;

/** What is sent fits where so much more may be sent, which leaves a part of the link already. */
const CONTENT_FACTOR = 1.05;

/** Packets of pictures are about as large. */
const PACKET_BYTES = 1200;

/** An echo that has not come yet was asked for within this time, or is overdue for another reason. */
const LATE_ECHO_MS = 500;

/** How late this side was to do what was due, and to read what had come. */
export interface OwnDelays {
  /** The longest delay since a moment; 0 if there was none. */
  longestMs(sinceMs: number, nowMs: number): number;
}

const NO_DELAYS: OwnDelays = { longestMs: () => 0 };

/** What is known of a viewer's link. */
export interface LinkDescription {
  /** What it is believed to carry; `null` as long as it carries all that is sent. */
  readonly estimateBps: number | null;
  readonly state: BandwidthState;
  /** How long packets wait on their way. */
  readonly queueMs: number;
}

/**
 * The link to a viewer: narrow from the first congestion on, until it is known to carry
 * twice what the stream takes. Everything per packet is done for narrow ones alone.
 */
export class ViewerLink {
  #estimator: BandwidthEstimator;
  /** Is told what the viewer reports. */
  readonly listener: ReceptionListener;
  #isNarrow = false;
  #wasNarrow = false;
  #dueMs: number;
  /** When a clear link is asked for a round trip that the estimate would not ask for yet. */
  #echoDueMs: number;
  /** From when on reports tell of losses that are new. */
  #lossCountsMs = -Infinity;
  /** Since when it is congested, and when it was last. */
  #congestedSinceMs = Infinity;
  #congestedMs = -Infinity;
  /** When a round trip was told last. */
  #answeredMs: number | undefined;
  /** There while a viewer is sent what it begins with, and before. */
  #start: SlowStart | undefined = new SlowStart(Infinity);

  readonly #delays: OwnDelays;

  /** @param nowMs on the clock of all calls, which does not go back */
  constructor(nowMs: number, transport: "udp" | "tcp" = "udp", delays = NO_DELAYS) {
    this.#delays = delays;
    this.#dueMs = nowMs;
    this.#echoDueMs = transport === "tcp" ? nowMs : Infinity;
    this.#estimator = newEstimator(CLEAR_BPS, nowMs);
    this.listener = {
      takeRemb: (bitrateBps, nowMs) => this.#takeRemb(bitrateBps, nowMs),
      takeLoss: (fraction, nowMs, sinceMs) => {
        if (sinceMs >= this.#lossCountsMs) this.#estimator.takeLoss(fraction, nowMs, sinceMs);
      },
      takeRoundTrip: (roundTripMs, sentMs, nowMs) => {
        this.#takeRoundTrip(roundTripMs, sentMs, nowMs);
        this.#dueMs = nowMs;
      },
      takeNack: (lostBytes, nowMs) => this.#estimator.takeNack(lostBytes, nowMs),
      takeTransport: (reception, nowMs) => this.#estimator.takeTransport(reception, nowMs),
    };
  }

  /** Of the way that media take now: not to be kept. */
  get estimator(): BandwidthEstimator {
    return this.#estimator;
  }

  get isNarrow(): boolean {
    return this.#isNarrow;
  }

  /** Whether a probe is under way, which has a pace of its own. */
  get isProbing(): boolean {
    return this.estimator.state === "probing";
  }

  /** Whether nothing is answered any more. */
  isSilent(nowMs: number): boolean {
    return this.#answeredMs !== undefined && nowMs - this.#answeredMs > SILENT_MS;
  }

  describe(): LinkDescription {
    const { estimateBps, state, queueMs } = this.estimator;
    return { estimateBps: this.#wasNarrow ? Math.round(estimateBps) : null, state, queueMs };
  }

  /** Whether a round trip is to be measured: see {@linkcode BandwidthEstimator.wantsEcho}. */
  wantsEcho(nowMs: number): boolean {
    if (this.#start !== undefined) return this.#start.wantsEcho(nowMs);
    return !this.#isNarrow && nowMs >= this.#echoDueMs || this.estimator.wantsEcho(nowMs);
  }

  /** It is being measured. Returns the time to be told with its answer. */
  echoAsked(nowMs: number): number {
    if (this.#echoDueMs < Infinity) this.#echoDueMs = nowMs + TCP_ECHO_MS;
    const askedMs = this.estimator.echoAsked(nowMs);
    this.#start?.echoAsked(askedMs);
    return askedMs;
  }

  /** A viewer begins with what is past: it is sent that as its link turns out to carry it. */
  begin(): void {
    this.#start ??= new SlowStart(this.estimator.baseRoundTripMs);
  }

  /** It is sent what is live. */
  begun(): void {
    this.#start = undefined;
  }

  /** How many packets a viewer that begins may be sent now; Infinity for any other. */
  room(nowMs: number): number {
    const start = this.#start;
    if (start === undefined) return Infinity;
    return Math.max(0, Math.ceil(start.roomBytes(nowMs) / PACKET_BYTES));
  }

  /**
   * What is sent takes another way, or will: echoes on the one before may never come, and its times
   * and losses tell nothing of the new one. That is believed to carry as much.
   */
  changePath(transport: "udp" | "tcp", nowMs: number): void {
    this.#estimator = newEstimator(this.#estimator.estimateBps, nowMs);
    this.#echoDueMs = transport === "tcp" ? nowMs : Infinity;
    if (this.#lossCountsMs < Infinity) this.#lossCountsMs = nowMs + LATE_REPORT_MS;
    if (this.#start !== undefined) this.#start = new SlowStart(Infinity);
  }

  /** Datagrams were sent. Called by the batch. */
  sent(bytes: number, nowMs: number): void {
    this.estimator.sent(bytes, nowMs);
    this.#start?.sent(bytes, nowMs);
  }

  /**
   * Looks whether a clear link still is; returns whether it has become narrow.
   *
   * @param fullBps what the stream takes
   */
  watch(nowMs: number, fullBps: () => number): boolean {
    if (this.#isNarrow || nowMs < this.#dueMs) return false;
    this.#dueMs = nowMs + CLEAR_INTERVAL_MS;
    if (this.#start !== undefined) return this.#watchStart(this.#start, nowMs, fullBps);
    this.estimator.update(nowMs, { wantedBps: 0, lateMs: this.#lateMs(nowMs) });
    return this.estimator.state === "congested" && this.#narrow(nowMs);
  }

  /**
   * Looks after a narrow link; whether it carries far more than the stream takes.
   *
   * @param wantedBps what would be of use already, if that is less
   */
  improve(nowMs: number, fullBps: number, wantedBps = fullBps * WANTED_FACTOR): boolean {
    const { estimator } = this;
    const isContent = estimator.estimateBps >= fullBps * CONTENT_FACTOR;
    estimator.update(nowMs, { wantedBps, isContent, lateMs: this.#lateMs(nowMs) });
    this.#noteState(nowMs);
    return estimator.state !== "congested" && estimator.estimateBps >= fullBps * CLEAR_FACTOR;
  }

  /** Whether what is told to be lost is lost by the link itself, and not by a queue that was full. */
  isLossItsOwn(nowMs: number): boolean {
    return nowMs - this.#congestedMs > QUEUE_LOSS_TOLD_MS ||
      this.#congestedMs - this.#congestedSinceMs > MAX_OWN_QUEUE_MS;
  }

  /** Pictures pause: what was lost before will be reported when others come, and is known. */
  paused(): void {
    this.#lossCountsMs = Infinity;
  }

  /** They go on. */
  resumed(nowMs: number): void {
    if (this.#lossCountsMs === Infinity) this.#lossCountsMs = nowMs + LATE_REPORT_MS;
  }

  /** It is not narrow any more. */
  widen(): void {
    this.#isNarrow = false;
    this.#lossCountsMs = -Infinity;
  }

  #watchStart(start: SlowStart, nowMs: number, fullBps: () => number): boolean {
    const { carriedBps } = start;
    const isNarrow = carriedBps < Infinity && carriedBps < fullBps() * CLEAR_FACTOR;
    if (isNarrow || start.isSilent(nowMs)) this.begun();
    if (!isNarrow) return false;
    this.estimator.narrow(carriedBps, nowMs);
    return this.#narrow(nowMs);
  }

  #narrow(nowMs: number): true {
    this.#wasNarrow = this.#isNarrow = true;
    this.#noteState(nowMs);
    return true;
  }

  /** While a viewer begins, a queue is meant to be there. */
  #takeRoundTrip(roundTripMs: number, sentMs: number, nowMs: number): void {
    this.#answeredMs = nowMs;
    const lateMs = this.#delays.longestMs(nowMs - roundTripMs, nowMs);
    if (this.#start === undefined) {
      return this.estimator.takeRoundTrip(roundTripMs, sentMs, nowMs, lateMs);
    }
    this.estimator.learnRoundTrip(roundTripMs, sentMs, nowMs, lateMs);
    this.#start.takeRoundTrip(roundTripMs, sentMs, nowMs, lateMs);
  }

  #lateMs(nowMs: number): number {
    return this.#delays.longestMs(nowMs - LATE_ECHO_MS, nowMs);
  }

  #noteState(nowMs: number): void {
    if (this.estimator.state !== "congested") {
      this.#congestedSinceMs = Infinity;
      return;
    }
    this.#congestedSinceMs = Math.min(this.#congestedSinceMs, nowMs);
    this.#congestedMs = nowMs;
  }

  /**
   * Receivers that are told no times of sending compare arrivals with the times of pictures. Those
   * that are spread, or late, look like a queue to them: then what they believe tells nothing.
   */
  #takeRemb(bitrateBps: number, nowMs: number): void {
    if (!this.#isNarrow) this.estimator.takeRemb(bitrateBps, nowMs);
  }
}

function newEstimator(startBps: number, nowMs: number): BandwidthEstimator {
  return new BandwidthEstimator({ startBps, minBps: MIN_BPS, maxBps: CLEAR_BPS, nowMs });
}
