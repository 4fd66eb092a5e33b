import { LossGauge } from "./loss_gauge.ts";
import { type EchoHabit, Probe, type ProbeVerdict } from "./probe.ts";
import { ProbeSchedule } from "./probe_schedule.ts";
import { QueueGauge, type RoundTripSample } from "./queue_gauge.ts";
import { SendHistory } from "./send_history.ts";

/** Part of what a link carries that is used: what is left empties its queue, and bears bursts. */
const HEADROOM = 0.85;

/** Above it, packets wait for others of ours; below the other, there is no queue to speak of. */
const LONG_QUEUE_MS = 50;
const SHORT_QUEUE_MS = 20;
/** Above it, a loss is that of a queue. */
const SOME_QUEUE_MS = 15;
/** Above it, where packets are lost too, one round trip is enough. */
const FULL_QUEUE_MS = 100;

/** Loss beyond the link's own that tells of a full queue; and of one without any length. */
const QUEUE_LOSS = 0.1;
const SHARP_LOSS = 0.25;

/** Over so long is looked what was sent. */
const RATE_WINDOW_MS = 1000;
/** Between two samples of a queue that tell how fast it grows. */
const MIN_GROWTH_MS = 100;
const MAX_GROWTH_MS = 2000;
const MIN_DRAIN_MS = 250;

/** While a queue empties, the longer it is the less is sent, but never less than this part. */
const MIN_DRAIN = 0.35;
const MAX_DRAIN = 0.85;
/** A queue of this length is left nothing to grow by. */
const DRAINED_MS = 600;
/** How much longer than expected it may take. */
const DRAIN_PATIENCE_MS = 700;
/** Part of what was sent that a link carries of which nothing else is known. */
const UNKNOWN_PART = 0.6;
/** A queue that keeps more than this part of its length, though less is sent, is not ours. */
const OWN_QUEUE_PART = 0.7;

/** Where the queue is another's, loss tells: that of TCP's own kind. Each is for a report. */
const SHARED_GROWTH = 1.05;
const SHARED_GROWTH_LOSS = 0.02;

/** What trains tell counts by and by, and lets the estimate grow by so much each. */
const TRAIN_WEIGHT = 0.3;
const TRAIN_GROWTH = 1.1;

/** REMB that falls to less than this part of what is sent tells of a narrow link. */
const REMB_PART = 0.95;

/** How long an echo is waited for before there was one. */
const FIRST_ANSWER_MS = 1000;

/** A round trip is asked for: so often at a queue, at a loss, and where nothing else tells one. */
const ECHO_AT_QUEUE_MS = 100;
const ECHO_AT_LOSS_MS = 250;
const ECHO_IDLE_MS = 1000;
/** Times that differ by less are the same. */
const LEAST_STEP_MS = 0.01;

/** An echo that takes so much longer than the shortest waits in a queue, or is lost. */
const OVERDUE_MS = 150;
/** Where packets are lost, two in a row are. */
const OVERDUE_AT_LOSS_MS = 300;
const MAY_MISS_AT_LOSS = 2;

/** Bits a second: anything above is no figure but a lie, or a defect. */
const MAX_BITRATE_BPS = 1e9;

/**
 * `clear`: the link carries the estimate. `congested`: it does not, and a queue is being emptied.
 * `probing`: it is asked whether it carries more.
 */
export type BandwidthState = "clear" | "congested" | "probing";

/** How much a viewer is sent, and what it would be sent at most. All in bits a second, over all. */
export interface BandwidthOptions {
  /** What is believed before anything is known. */
  readonly startBps: number;
  /** Never less than this: sound, which is never given up. */
  readonly minBps: number;
  /** Never more than this: what would be of no use. */
  readonly maxBps: number;
  /** On the clock of all calls, which does not go back. */
  readonly nowMs: number;
}

/** What a sender would like to send. */
export interface BandwidthDemand {
  /** What the next better choice needs; no more than the estimate if there is no better one. */
  readonly wantedBps: number;
}

/** What a receiver tells by transport-wide feedback. */
export interface TransportSigns {
  readonly receivedBitrateBps: number | undefined;
  readonly queueingDelayMs: number | undefined;
  readonly lossFraction: number | undefined;
}

/**
 * Estimates what the link to one viewer carries, by whatever the viewer tells: REMB, reports, and
 * round trips of checks, which every viewer answers. Pure: time is an argument, nothing is sent.
 *
 * It comes down by a queue that grows, by loss beyond the link's own, and by a REMB that falls, each
 * confirmed by a round trip. It goes up by probes of its own only: padding, with an echo before and
 * behind it. So a viewer can claim what it likes: it is never believed to get more than it was sent
 * in truth, and that is never more than four times what it got before, for a third of a second.
 *
 * What the owner does with each batch that it sends, in this order:
 *
 * @example
 * ```ts
 * import { BandwidthEstimator } from "./estimator.ts";
 *
 * const limits = { startBps: 2_000_000, minBps: 150_000, maxBps: 5_000_000 };
 * const estimator = new BandwidthEstimator({ ...limits, nowMs: 0 });
 * const askForEcho = (nowMs: number) => {
 *   if (!estimator.wantsEcho(nowMs)) return;
 *   const sentMs = estimator.echoAsked(nowMs);
 *   // A check is sent, and when it is answered:
 *   estimator.takeRoundTrip(25, sentMs, nowMs + 25);
 * };
 * estimator.update(10, { wantedBps: 2_500_000 }); // as often, or some times a second
 * askForEcho(10);
 * const padding = estimator.paddingBytes(10); // is sent in front of media, then told:
 * estimator.padded(padding, 10);
 * estimator.sent(3600, 10); // media and what is sent again
 * askForEcho(10);
 * estimator.estimateBps; // what may be sent from now on, by the second
 * ```
 */
export class BandwidthEstimator {
  readonly #minBps: number;
  readonly #maxBps: number;
  readonly #sent = new SendHistory();
  readonly #queue = new QueueGauge();
  readonly #loss = new LossGauge();
  readonly #schedule: ProbeSchedule;
  #probe: Probe | undefined;
  /** What the link is believed to carry; less than all of it is used. */
  #capacityBps: number;
  #state: "clear" | "congested" = "clear";
  /** Of the newest cut: when, at what queue, and how much was left of the capacity. */
  #cutMs = -Infinity;
  #cutQueueMs = 0;
  #drain = 1;
  /** The first round trip of it since. */
  #drainFrom: RoundTripSample | undefined;
  /** Whether the queue belongs to others, and stays whatever is sent. */
  #isShared = false;
  /** Something looks like congestion: since when, and what the link seems to carry then. */
  #suspectedMs: number | undefined;
  #suspectedBps = Infinity;
  #rembBps: number | undefined;
  /** What trains that were held up tell, smoothed: each is short. */
  #trainBps = 0;
  #echoMs = -Infinity;
  /** When the first one left that is not answered since the newest that is; Infinity if none. */
  #openEchoMs = Infinity;
  /** How long it takes until a round trip is told: reports are held back. */
  #answerMs = FIRST_ANSWER_MS;
  #lossSeenMs = -Infinity;

  constructor({ startBps, minBps, maxBps, nowMs }: BandwidthOptions) {
    this.#minBps = minBps;
    this.#maxBps = Math.max(minBps, Math.min(maxBps, MAX_BITRATE_BPS));
    this.#schedule = new ProbeSchedule(nowMs);
    this.#capacityBps = this.#bounded(startBps / HEADROOM);
  }

  /** What may be sent, by the second, with sound, what is sent again and padding. */
  get estimateBps(): number {
    const part = this.#state === "congested" ? this.#drain : HEADROOM;
    return Math.max(this.#minBps, this.#capacityBps * part);
  }

  get state(): BandwidthState {
    return this.#state === "clear" && this.#probe !== undefined ? "probing" : this.#state;
  }

  /** Newest round trip; `undefined` before there was one. */
  get roundTripMs(): number | undefined {
    return this.#queue.roundTripMs;
  }

  /** How long packets wait on their way, as far as is known. */
  get queueMs(): number {
    return this.#queue.queueMs;
  }

  /** What was sent in the last second, with padding. */
  sentBps(nowMs: number): number {
    return this.#sent.rateBps(nowMs - RATE_WINDOW_MS, nowMs);
  }

  /** Datagrams were sent: media, or what is sent again. Called by the batch. */
  sent(bytes: number, nowMs: number): void {
    this.#sent.add(bytes, nowMs);
    this.#probe?.sent(bytes, nowMs, "media");
  }

  /** Datagrams of padding were sent. */
  padded(bytes: number, nowMs: number): void {
    this.#sent.add(bytes, nowMs);
    this.#probe?.sent(bytes, nowMs, "padding");
  }

  /** Bytes of padding that are to be sent now; a packet more or less does not matter. */
  paddingBytes(nowMs: number): number {
    return this.#probe?.paddingBytes(nowMs) ?? 0;
  }

  /**
   * Whether a round trip is to be measured now, behind what was sent: by a check (STUN), which every
   * viewer answers. To be looked at before and behind a batch, as padding lies between two.
   */
  wantsEcho(nowMs: number): boolean {
    if (this.#probe !== undefined) return this.#probe.wantsEcho(nowMs);
    const sinceMs = nowMs - this.#echoMs;
    if (this.#suspectedMs !== undefined || this.#state === "congested") {
      return sinceMs >= ECHO_AT_QUEUE_MS;
    }
    if (nowMs - this.#lossSeenMs < RATE_WINDOW_MS) return sinceMs >= ECHO_AT_LOSS_MS;
    return sinceMs >= ECHO_IDLE_MS && nowMs - (this.#queue.newest?.sentMs ?? 0) >= ECHO_IDLE_MS;
  }

  /**
   * One is asked for. Returns the time to be told with its answer: that of the call, but never that
   * of another.
   */
  echoAsked(nowMs: number): number {
    this.#echoMs = Math.max(nowMs, this.#echoMs + LEAST_STEP_MS);
    if (this.#openEchoMs === Infinity) this.#openEchoMs = this.#echoMs;
    this.#probe?.echoAsked(this.#echoMs);
    return this.#echoMs;
  }

  /**
   * A round trip was told: by a check, or by a report that answers a sender report.
   *
   * @param sentMs when what was echoed left
   */
  takeRoundTrip(roundTripMs: number, sentMs: number, nowMs: number): void {
    const before = this.#queue.newest;
    const usualMs = this.#queue.roundTripMs ?? roundTripMs;
    const sample = this.#queue.take(roundTripMs, sentMs, nowMs);
    if (sample === undefined) return;
    if (sentMs >= this.#openEchoMs) this.#openEchoMs = Infinity;
    this.#answerMs += (nowMs - sentMs - this.#answerMs) / 4;
    if (this.#probe !== undefined) {
      this.#takeVerdict(this.#probe.takeRoundTrip(roundTripMs, sentMs, usualMs), nowMs);
      return;
    }
    if (this.#state === "congested") this.#takeDrain(sample);
    else this.#judgeQueue(sample, before, nowMs);
  }

  /** The viewer has told what it believes to be able to receive. */
  takeRemb(bitrateBps: number, nowMs: number): void {
    if (!(bitrateBps >= 0)) return;
    const before = this.#rembBps ?? Infinity;
    this.#rembBps = bitrateBps;
    const sentBps = this.sentBps(nowMs);
    // What it grows by is slow, and no more than half beyond what it gets: it is not judged by that.
    if (bitrateBps >= REMB_PART * before || bitrateBps >= REMB_PART * sentBps) return;
    if (this.#state === "congested") this.#lower(bitrateBps / HEADROOM);
    else this.#suspect(bitrateBps / HEADROOM, nowMs);
  }

  /** A report block on a source of ours: what part of it was lost since the one before. */
  takeLoss(lossFraction: number, nowMs: number): void {
    this.#loss.take(lossFraction, nowMs);
    if (lossFraction > 0) this.#lossSeenMs = nowMs;
    const { excess, newest } = this.#loss;
    if (this.#isShared) return this.#share(nowMs);
    if (this.#state === "congested") return;
    const hasQueue = this.queueMs > SOME_QUEUE_MS;
    const isFull = hasQueue && (excess > QUEUE_LOSS || newest > SHARP_LOSS);
    if (isFull || excess > QUEUE_LOSS && newest > SHARP_LOSS) {
      this.#cut(this.sentBps(nowMs) * (1 - newest), nowMs);
    }
  }

  /** The viewer asks for packets again: they were lost, or wait. */
  takeNack(nowMs: number): void {
    this.#lossSeenMs = nowMs;
  }

  /** What transport-wide feedback has told of the last while. */
  takeTransport(signs: TransportSigns, nowMs: number): void {
    if (signs.lossFraction !== undefined) this.takeLoss(signs.lossFraction, nowMs);
    if (this.#state === "congested" || this.#probe !== undefined) return;
    if ((signs.queueingDelayMs ?? 0) < LONG_QUEUE_MS) return;
    this.#suspect(signs.receivedBitrateBps ?? Infinity, nowMs);
  }

  /** Time has passed. To be called some times a second at least. */
  update(nowMs: number, { wantedBps }: BandwidthDemand): void {
    const probe = this.#probe;
    if (probe !== undefined) {
      this.#takeVerdict(probe.expire(nowMs, this.#echoHabit), nowMs);
      return;
    }
    const isOverdue = this.#isEchoOverdue(nowMs);
    if (this.#suspectedMs !== undefined) {
      if (isOverdue && this.#openEchoMs >= this.#suspectedMs) this.#cut(this.#suspectedBps, nowMs);
    } else if (isOverdue && this.#state === "clear") this.#suspect(Infinity, nowMs);
    else if (this.#state === "congested") this.#watchDrain(nowMs);
    else if (wantedBps > this.estimateBps && this.#capacityBps < this.#maxBps) {
      const need = { capacityBps: this.#capacityBps, wantedBps, maxBps: this.#maxBps };
      const plan = this.#schedule.plan(nowMs, need);
      if (plan !== undefined) this.#probe = new Probe(plan);
    }
  }

  #isEchoOverdue(nowMs: number): boolean {
    const patienceMs = this.#loss.fraction > 0 ? OVERDUE_AT_LOSS_MS : OVERDUE_MS;
    return nowMs - this.#openEchoMs > this.#queue.baseMs + patienceMs;
  }

  get #echoHabit(): EchoHabit {
    return { answerMs: this.#answerMs, mayMiss: this.#loss.fraction > 0 ? MAY_MISS_AT_LOSS : 0 };
  }

  #bounded(bitrateBps: number): number {
    return Math.min(Math.max(bitrateBps, this.#minBps), this.#maxBps);
  }

  #lower(capacityBps: number): void {
    this.#capacityBps = this.#bounded(Math.min(this.#capacityBps, capacityBps));
  }

  #judgeQueue(
    sample: RoundTripSample,
    before: RoundTripSample | undefined,
    nowMs: number,
  ): void {
    const { queueMs, sentMs } = sample;
    const seemsBps = queueMs >= LONG_QUEUE_MS ? this.#carriedBps(sample, before) : Infinity;
    if (this.#suspectedMs === undefined) {
      if (queueMs < LONG_QUEUE_MS) return;
      const isFull = queueMs > FULL_QUEUE_MS && nowMs - this.#lossSeenMs < RATE_WINDOW_MS;
      if (isFull || this.#loss.excess > QUEUE_LOSS) this.#cut(seemsBps, nowMs);
      else this.#suspect(seemsBps, nowMs);
      return;
    }
    // What left before it does not tell.
    if (sentMs < this.#suspectedMs) return;
    if (queueMs > SHORT_QUEUE_MS) this.#cut(Math.min(this.#suspectedBps, seemsBps), nowMs);
    else this.#dispel();
  }

  /** What the link has carried, by how fast its queue grows or shrinks at what is sent. */
  #carriedBps(sample: RoundTripSample, before: RoundTripSample | undefined): number {
    if (before === undefined) return Infinity;
    const overMs = sample.sentMs - before.sentMs;
    if (overMs < MIN_GROWTH_MS || overMs > MAX_GROWTH_MS) return Infinity;
    const sentBps = this.#sent.rateBps(before.sentMs, sample.sentMs) * (1 - this.#loss.newest);
    const growth = (sample.queueMs - before.queueMs) / overMs;
    return sentBps / Math.max(1 + growth, 0.1);
  }

  #suspect(seemsBps: number, nowMs: number): void {
    this.#openEchoMs = Infinity;
    this.#suspectedBps = Math.min(this.#suspectedBps, seemsBps);
    this.#suspectedMs ??= nowMs;
  }

  #dispel(): void {
    this.#suspectedMs = undefined;
    this.#suspectedBps = Infinity;
  }

  /** The link is congested: what it carries is `seemsBps`, or less than it is sent. */
  #cut(seemsBps: number, nowMs: number): void {
    const sentBps = this.sentBps(nowMs) * (1 - this.#loss.newest);
    this.#lower(seemsBps === Infinity ? sentBps * UNKNOWN_PART : Math.min(seemsBps, sentBps));
    this.#trainBps = this.#capacityBps;
    if (this.#state === "clear") this.#schedule.congested(nowMs);
    this.#state = "congested";
    this.#dispel();
    this.#cutMs = nowMs;
    this.#cutQueueMs = this.queueMs;
    this.#drainFrom = undefined;
    this.#setDrain(nowMs);
  }

  /** The longer the queue, the less is sent; an echo that is missing waits in it. */
  #setDrain(nowMs: number): void {
    const { newest, baseMs } = this.#queue;
    const knownMs = newest !== undefined && newest.sentMs >= this.#cutMs - RATE_WINDOW_MS
      ? newest.queueMs
      : 0;
    const waitedMs = Math.max(0, nowMs - this.#openEchoMs - baseMs);
    const queueMs = Math.max(knownMs, waitedMs);
    this.#cutQueueMs = Math.max(this.#cutQueueMs, queueMs);
    this.#drain = Math.min(Math.max(1 - queueMs / DRAINED_MS, MIN_DRAIN), MAX_DRAIN);
  }

  /** Of a queue that is being emptied, a round trip was told. */
  #takeDrain(sample: RoundTripSample): void {
    if (sample.queueMs < SHORT_QUEUE_MS) return this.#clear();
    if (this.#isShared || sample.sentMs < this.#cutMs) return;
    this.#drainFrom ??= sample;
    if (sample.sentMs - this.#drainFrom.sentMs < MIN_DRAIN_MS) return;
    const carriedBps = this.#carriedBps(sample, this.#drainFrom);
    if (carriedBps < Infinity) this.#capacityBps = this.#bounded(carriedBps);
  }

  /** A queue that does not get shorter in time is cut at again, or is not ours. */
  #watchDrain(nowMs: number): void {
    if (this.#isShared) return;
    this.#setDrain(nowMs);
    const expectedMs = this.#cutQueueMs / (1 - this.#drain) + this.#answerMs;
    if (nowMs - this.#cutMs < expectedMs + DRAIN_PATIENCE_MS) return;
    const { newest } = this.#queue;
    // Nothing is told of it any more.
    if (newest === undefined || newest.sentMs < this.#cutMs) return this.#clear();
    if (newest.queueMs < LONG_QUEUE_MS) return this.#clear();
    if (newest.queueMs > OWN_QUEUE_PART * this.#cutQueueMs) {
      this.#isShared = true;
      this.#drain = HEADROOM;
    } else this.#cut(this.#capacityBps * HEADROOM, nowMs);
  }

  /** Others fill the queue: what is sent grows and falls as theirs does, by loss. */
  #share(nowMs: number): void {
    const { fraction, excess } = this.#loss;
    if (excess > QUEUE_LOSS) this.#lower(this.#capacityBps * (1 - fraction / 2));
    else if (excess < SHARED_GROWTH_LOSS && this.sentBps(nowMs) > this.estimateBps / 2) {
      this.#capacityBps = this.#bounded(this.#capacityBps * SHARED_GROWTH);
    }
  }

  #clear(): void {
    this.#state = "clear";
    this.#isShared = false;
  }

  /** Several trains that were held up, though less than expected, tell that it carries more. */
  #takeTrain(bitrateBps: number): void {
    this.#trainBps += TRAIN_WEIGHT * (bitrateBps - this.#trainBps);
    if (this.#trainBps < this.#capacityBps * TRAIN_GROWTH) return;
    this.#capacityBps = this.#bounded(this.#capacityBps * TRAIN_GROWTH);
  }

  #takeVerdict(verdict: ProbeVerdict | undefined, nowMs: number): void {
    const probe = this.#probe;
    if (verdict === undefined || probe === undefined) return;
    this.#probe = undefined;
    const { plan } = probe;
    if (plan.kind === "train") {
      if (verdict.kind === "blocked") this.#takeTrain(verdict.atMostBps);
      return this.#schedule.trainTaken(verdict, nowMs);
    }
    this.#schedule.streamTaken(verdict, nowMs);
    const carriedBps = verdict.kind === "clear" ? plan.rateBps : verdict.carriedBps;
    this.#capacityBps = this.#bounded(Math.max(this.#capacityBps, carriedBps));
  }
}
