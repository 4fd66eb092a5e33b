/** A viewer at the end of a simulated link, and a sender that follows the estimate of it. */
import { SimulatedLink } from "../../../testing/network/simulated_link.ts";
import type { LinkConditions } from "../../../testing/network/simulated_link.ts";
import { SimulatedTcp } from "../../../testing/network/simulated_tcp.ts";
import { seededRandom } from "../../../testing/mutation.ts";
import { BandwidthEstimator } from "../../../src/webrtc/bandwidth/estimator.ts";

const STEP_MS = 5;
const PACKET_BYTES = 1200;
const CHECK_BYTES = 120;
const PICTURE_MS = 100 / 3;
const SOUND_MS = 20;
const SOUND_BYTES = 300;
export const SOUND_BPS = SOUND_BYTES * 8000 / SOUND_MS;
/** A key frame is so many times as large as another picture, and the others smaller for it. */
const KEY_FRAME_FACTOR = 8;
const PICTURES_PER_KEY_FRAME = 60;
/** Media leave at up to so many times the estimate. */
const PACE = 1.25;
const MAX_WAIT_MS = 400;
const REPORT_MS = 1000;
/** Of a busy viewer: part of its answers that come after a stall, how long that is, and others. */
const STALL_PART = 0.1;
const USUAL_STALL_MS = 150;
const MAX_LATE_MS = 25;
/** An echo that is missing was asked for within this time. */
const LATE_ECHO_MS = 500;

/** What the viewer tells beside reports. */
export type Receiver = "chromium" | "reports";

export interface WatchedLinkOptions extends Partial<LinkConditions> {
  /** Of the stream, its sound included. */
  readonly streamBps?: number;
  readonly receiver?: Receiver;
  readonly startBps?: number;
  readonly maxBps?: number;
  readonly hasTcpFlow?: boolean;
  /** Whose machine is busy, and answers, or reads answers, late at times. */
  readonly busy?: "viewer" | "sender";
  /** For how long it does nothing then, at most. */
  readonly maxStallMs?: number;
  readonly seed?: number;
}

/** How it was at one moment. */
export interface LinkMoment {
  readonly atMs: number;
  readonly estimateBps: number;
  readonly queueMs: number;
  readonly state: string;
}

/** Runs in simulated time: {@linkcode run}, and look at {@linkcode moments}. */
export class WatchedLink {
  readonly link: SimulatedLink;
  readonly estimator: BandwidthEstimator;
  readonly tcp: SimulatedTcp | undefined;
  readonly moments: LinkMoment[] = [];
  readonly #receiver: Receiver;
  readonly #random: () => number;
  readonly #maxStallMs: number;
  readonly #busy: "viewer" | "sender" | undefined;
  /** From and until when it does nothing. */
  #stallMs = { from: 0, until: 0 };
  streamBps: number;
  nowMs = 0;
  paddedBytes = 0;
  /** Of media, sent and arrived. */
  sentBytes = 0;
  arrivedBytes = 0;
  #pictureMs = 0;
  #pictures = 0;
  #soundMs = 0;
  /** Of pictures that wait for their pace. */
  #waitingBytes = 0;
  #budget = 0;
  #reportSentMs = -Infinity;
  // The viewer's.
  #sequence = 0;
  #highest = -1;
  #highestReported = -1;
  #arrivedSinceReport = 0;
  #reportMs = REPORT_MS;
  #answerable: { readonly sentMs: number; readonly atMs: number } | undefined;
  readonly #remb = new ChromiumEstimate();

  constructor(options: WatchedLinkOptions = {}) {
    const { capacityBps = 100e6, queueMs = 300, roundTripMs = 20, lossFraction = 0 } = options;
    const random = seededRandom(options.seed ?? 1);
    this.link = new SimulatedLink({ capacityBps, queueMs, roundTripMs, lossFraction }, random);
    this.tcp = options.hasTcpFlow === true ? new SimulatedTcp(this.link) : undefined;
    this.streamBps = options.streamBps ?? 2_100_000;
    this.#receiver = options.receiver ?? "chromium";
    this.#random = random;
    this.#busy = options.busy;
    this.#maxStallMs = options.maxStallMs ?? USUAL_STALL_MS;
    this.estimator = new BandwidthEstimator({
      startBps: options.startBps ?? this.streamBps,
      minBps: SOUND_BPS,
      maxBps: options.maxBps ?? 6_000_000,
      nowMs: 0,
    });
  }

  /** Lets time pass. */
  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (; this.nowMs < endMs; this.nowMs += STEP_MS) this.#step(this.nowMs);
  }

  /** Changes the link. */
  change(conditions: Partial<LinkConditions>): void {
    this.link.change(conditions, this.nowMs);
  }

  /** Moments since then. */
  since(fromMs: number): LinkMoment[] {
    return this.moments.filter(({ atMs }) => atMs >= fromMs);
  }

  /** The queue that only a part of the moments since then had exceeded. */
  queuePercentileMs(percent: number, fromMs: number): number {
    const queues = this.since(fromMs).map(({ queueMs }) => queueMs).sort((one, other) =>
      one - other
    );
    return queues[Math.min(queues.length - 1, Math.floor(queues.length * percent / 100))]!;
  }

  #step(nowMs: number): void {
    const { estimator, link } = this;
    link.advance(nowMs);
    this.tcp?.advance(nowMs);
    const lateMs = this.#busy === "sender" ? this.#stalledMs(nowMs - LATE_ECHO_MS, nowMs) : 0;
    estimator.update(nowMs, { wantedBps: this.streamBps, lateMs });
    this.#askForEcho(nowMs);
    this.#pad(nowMs);
    this.#makeMedia(nowMs);
    this.#askForEcho(nowMs);
    if (nowMs - this.#reportSentMs >= REPORT_MS) this.#sendReport(nowMs);
    this.#tell(nowMs);
    const { estimateBps, state } = estimator;
    this.moments.push({ atMs: nowMs, estimateBps, queueMs: link.queueMs, state });
  }

  #makeMedia(nowMs: number): void {
    const { estimateBps } = this.estimator;
    for (; this.#soundMs <= nowMs; this.#soundMs += SOUND_MS) this.#sendMedia(SOUND_BYTES, nowMs);
    const pictureBps = Math.max(0, Math.min(this.streamBps, estimateBps) - SOUND_BPS);
    for (; this.#pictureMs <= nowMs; this.#pictureMs += PICTURE_MS) {
      const bytes = pictureBps * PICTURE_MS / 8000;
      const others = PICTURES_PER_KEY_FRAME + KEY_FRAME_FACTOR - 1;
      const share = PICTURES_PER_KEY_FRAME / others;
      const isKey = this.#pictures++ % PICTURES_PER_KEY_FRAME === 0;
      this.#waitingBytes += bytes * share * (isKey ? KEY_FRAME_FACTOR : 1);
    }
    let budget = Math.max((estimateBps * PACE - SOUND_BPS) * STEP_MS / 8000, 0) + this.#budget;
    while (this.#waitingBytes >= PACKET_BYTES && budget >= PACKET_BYTES) {
      this.#sendMedia(PACKET_BYTES, nowMs);
      this.#waitingBytes -= PACKET_BYTES;
      budget -= PACKET_BYTES;
    }
    this.#budget = Math.min(budget, PACKET_BYTES);
    // What is too old is left out.
    this.#waitingBytes = Math.min(this.#waitingBytes, estimateBps * MAX_WAIT_MS / 8000);
  }

  #sendMedia(bytes: number, nowMs: number): void {
    this.estimator.sent(bytes, nowMs);
    this.sentBytes += bytes;
    const sequence = this.#sequence++;
    this.link.send(bytes, nowMs, (atMs) => {
      this.arrivedBytes += bytes;
      this.#arrived(sequence, atMs);
      this.#remb.take(bytes, nowMs, atMs);
    });
  }

  #pad(nowMs: number): void {
    let due = this.estimator.paddingBytes(nowMs);
    while (due > 0) {
      due -= PACKET_BYTES;
      this.paddedBytes += PACKET_BYTES;
      this.estimator.padded(PACKET_BYTES, nowMs);
      this.link.send(
        PACKET_BYTES,
        nowMs,
        (atMs) => this.#remb.take(PACKET_BYTES, nowMs, atMs),
      );
    }
  }

  #askForEcho(nowMs: number): void {
    if (!this.estimator.wantsEcho(nowMs)) return;
    const sentMs = this.estimator.echoAsked(nowMs);
    this.link.send(CHECK_BYTES, nowMs, (atMs) => {
      this.link.answer(this.#answeredMs(atMs), (backMs) => {
        const lateMs = this.#busy === "sender" ? this.#stalledMs(sentMs, backMs) : 0;
        this.estimator.takeRoundTrip(backMs - sentMs, sentMs, backMs, lateMs);
      });
    });
  }

  /** When who is busy has answered: some milliseconds later, and stalled now and then. */
  #answeredMs(atMs: number): number {
    if (this.#busy === undefined) return atMs;
    if (atMs >= this.#stallMs.until && this.#random() < STALL_PART) {
      this.#stallMs = { from: atMs, until: atMs + this.#random() * this.#maxStallMs };
    }
    return Math.max(atMs, this.#stallMs.until) + this.#random() * MAX_LATE_MS;
  }

  /** How much of its newest stall lies between two moments. */
  #stalledMs(sinceMs: number, nowMs: number): number {
    const { from, until } = this.#stallMs;
    return Math.max(0, Math.min(until, nowMs) - Math.max(from, sinceMs));
  }

  #sendReport(nowMs: number): void {
    this.#reportSentMs = nowMs;
    this.link.send(CHECK_BYTES, nowMs, (atMs) => this.#answerable = { sentMs: nowMs, atMs });
  }

  #arrived(sequence: number, atMs: number): void {
    this.#arrivedSinceReport++;
    const lostBytes = (sequence - this.#highest - 1) * PACKET_BYTES;
    if (lostBytes > 0) {
      this.link.answer(atMs, (backMs) => this.estimator.takeNack(lostBytes, backMs));
    }
    this.#highest = Math.max(this.#highest, sequence);
  }

  /** What the viewer reports, and when. */
  #tell(nowMs: number): void {
    if (this.#receiver === "chromium") {
      const bitrateBps = this.#remb.due(nowMs);
      if (bitrateBps !== undefined) {
        this.link.answer(nowMs, (backMs) => this.estimator.takeRemb(bitrateBps, backMs));
      }
    }
    if (nowMs < this.#reportMs) return;
    this.#reportMs = nowMs + REPORT_MS;
    const expected = this.#highest - this.#highestReported;
    const loss = expected <= 0 ? 0 : Math.max(0, 1 - this.#arrivedSinceReport / expected);
    this.#highestReported = this.#highest;
    this.#arrivedSinceReport = 0;
    const answered = this.#answerable;
    this.link.answer(nowMs, (backMs) => {
      this.estimator.takeLoss(Math.floor(loss * 256) / 256, backMs);
      if (answered === undefined) return;
      const roundTripMs = backMs - answered.sentMs - (nowMs - answered.atMs);
      this.estimator.takeRoundTrip(roundTripMs, answered.sentMs, backMs);
    });
  }
}

/** As Chromium's REMB was seen to be: true within a second when it falls, and slow to grow. */
class ChromiumEstimate {
  #leastDelayMs = Infinity;
  #delayMs = 0;
  readonly #arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  #bitrateBps: number | undefined;
  #toldBps = Infinity;
  #toldMs = 0;
  #lookedMs = 0;
  #queuedMs = 0;

  take(bytes: number, sentMs: number, atMs: number): void {
    this.#delayMs = atMs - sentMs;
    this.#leastDelayMs = Math.min(this.#leastDelayMs, this.#delayMs);
    this.#arrivals.push({ atMs, bytes });
  }

  /** The estimate, if it is told now. */
  due(nowMs: number): number | undefined {
    if (nowMs - this.#lookedMs < 100 || nowMs < 500) return undefined;
    const sinceMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    while (this.#arrivals[0] !== undefined && this.#arrivals[0].atMs < nowMs - 500) {
      this.#arrivals.shift();
    }
    const receivedBps = this.#arrivals.reduce((sum, { bytes }) => sum + bytes, 0) * 16;
    this.#queuedMs = this.#delayMs - this.#leastDelayMs > 30 ? this.#queuedMs + sinceMs : 0;
    const before = this.#bitrateBps ?? receivedBps * 1.2;
    this.#bitrateBps = this.#queuedMs >= 300
      ? Math.min(before, receivedBps * 0.85)
      : Math.min(before * (1 + 0.02 * sinceMs / 1000), receivedBps * 1.5 + 10_000);
    const isTold = nowMs - this.#toldMs >= 1000 || this.#bitrateBps < 0.97 * this.#toldBps;
    if (!isTold) return undefined;
    this.#toldMs = nowMs;
    return this.#toldBps = this.#bitrateBps;
  }
}
