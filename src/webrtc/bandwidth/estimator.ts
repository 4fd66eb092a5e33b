import type { TransportReception } from "../../rtp/transport_history.ts";
import type { BandwidthDemand, BandwidthOptions, BandwidthState } from "./bandwidth_demand.ts";
import { carriedBps, MAX_DISTANCE_MS } from "./carried_rate.ts";
import { Congestion } from "./congestion.ts";
import { DrainGauge } from "./drain_gauge.ts";
import { EchoWatch } from "./echo_watch.ts";
import { LossGauge } from "./loss_gauge.ts";
import { type EchoHabit, Probe, type ProbeVerdict } from "./probe.ts";
import { ProbeSchedule } from "./probe_schedule.ts";
import { QueueGauge, type RoundTripSample } from "./queue_gauge.ts";
import { SendHistory } from "./send_history.ts";
import { SharedRate } from "./shared_rate.ts";
import { passedPartOf, SURE_QUEUE_MS, Suspicion } from "./suspicion.ts";
import { TrainGauge } from "./train_gauge.ts";

export type { BandwidthState };

/** Part of what a link carries that is used: what is left empties its queue, and bears bursts. */
const HEADROOM = 0.85;

/** Above it, packets wait for others of ours; above the other, a loss is that of a queue. */
const LONG_QUEUE_MS = 50;
const SOME_QUEUE_MS = 30;
/** Loss beyond the link's own that tells of a full queue; and of one without any length. */
const QUEUE_LOSS = 0.1;
const SHARP_LOSS = 0.25;
/** A link that loses less than this by itself loses packets in its queue. */
const LITTLE_LOSS = 0.005;

/** Over so long is looked what was sent. */
const RATE_WINDOW_MS = 1000;
/** Part of what was sent that a link carries of which nothing else is known. */
const UNKNOWN_PART = 0.6;

/** REMB that falls to less than this part of what is sent tells of a narrow link. */
const REMB_PART = 0.95;

/** An echo that takes so much longer than the shortest waits in a queue, or is lost. */
const OVERDUE_MS = 150;
/** Where packets are lost, two in a row are. */
const OVERDUE_AT_LOSS_MS = 300;
const MAY_MISS_AT_LOSS = 2;

/** Bits a second: anything above is no figure but a lie, or a defect. */
const MAX_BITRATE_BPS = 1e9;

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
  #capacityBps = 0;
  readonly #congestion = new Congestion();
  readonly #shared = new SharedRate();
  readonly #drain = new DrainGauge();
  readonly #suspicion = new Suspicion();
  #rembBps: number | undefined;
  readonly #trains = new TrainGauge();
  readonly #echoes = new EchoWatch();
  #lossSeenMs = -Infinity;

  constructor({ startBps, minBps, maxBps, nowMs }: BandwidthOptions) {
    this.#minBps = minBps;
    this.#maxBps = Math.max(minBps, Math.min(maxBps, MAX_BITRATE_BPS));
    this.#schedule = new ProbeSchedule(nowMs);
    this.#believe(startBps / HEADROOM);
  }

  /** What may be sent, by the second, with sound, what is sent again and padding. */
  get estimateBps(): number {
    return this.#partBps(this.#congestion.kind === "none" ? HEADROOM : this.#congestion.part);
  }

  /** The same, as it will be when no queue is being emptied. */
  get steadyBps(): number {
    return this.#partBps(HEADROOM);
  }

  get state(): BandwidthState {
    if (this.#congestion.kind !== "none") return "congested";
    return this.#probe === undefined ? "clear" : "probing";
  }

  /** Whether a queue is being emptied that is not another's. */
  get isQueueOwn(): boolean {
    return this.#congestion.kind === "own";
  }

  /** Newest round trip; `undefined` before there was one. */
  get roundTripMs(): number | undefined {
    return this.#queue.roundTripMs;
  }

  /** Round trip without a queue; Infinity before there was one. */
  get baseRoundTripMs(): number {
    return this.#queue.baseMs;
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

  /** Whether pictures that wait may be part of a probe, in place of padding. */
  get isStreaming(): boolean {
    return this.#probe?.plan.kind === "stream";
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
    if (this.#suspicion.sinceMs !== undefined || this.#congestion.kind !== "none") {
      return this.#echoes.isDue(nowMs, "queue");
    }
    if (nowMs - this.#lossSeenMs < RATE_WINDOW_MS) return this.#echoes.isDue(nowMs, "loss");
    const occasion = this.#capacityBps < this.#maxBps ? "narrow" : "none";
    return this.#echoes.isDue(nowMs, occasion, this.#queue.newest?.sentMs ?? 0);
  }

  /**
   * One is asked for. Returns the time to be told with its answer: that of the call, but never that
   * of another.
   */
  echoAsked(nowMs: number): number {
    const askedMs = this.#echoes.asked(nowMs);
    this.#probe?.echoAsked(askedMs);
    return askedMs;
  }

  /**
   * A round trip was told: by a check, or by a report that answers a sender report.
   *
   * @param sentMs when what was echoed left
   * @param lateMs how late this side may have been to read it, as it was busy
   */
  takeRoundTrip(roundTripMs: number, sentMs: number, nowMs: number, lateMs = 0): void {
    const before = this.#queue.newest;
    const usualMs = this.#queue.roundTripMs ?? roundTripMs;
    const sample = this.learnRoundTrip(roundTripMs, sentMs, nowMs, lateMs);
    if (sample === undefined) return;
    // A queue that was there before the probe is none of its own.
    if (this.#probe?.isBefore(sentMs) && sample.queueMs >= LONG_QUEUE_MS) this.#probe = undefined;
    if (this.#probe !== undefined) {
      const toldMs = lateMs === 0 ? roundTripMs : this.#queue.baseMs + sample.queueMs;
      this.#takeVerdict(this.#probe.takeRoundTrip(toldMs, sentMs, usualMs), nowMs);
      return;
    }
    if (this.#congestion.kind !== "none") this.#takeDrain(sample, nowMs);
    else this.#judge(sample, before, nowMs);
  }

  /** The same of a queue that is meant to be there: it is not judged. */
  learnRoundTrip(
    ...[roundTripMs, sentMs, nowMs, lateMs]: Parameters<QueueGauge["take"]>
  ): RoundTripSample | undefined {
    const sample = this.#queue.take(roundTripMs, sentMs, nowMs, lateMs);
    if (sample !== undefined) this.#echoes.answered(sentMs, nowMs);
    return sample;
  }

  /** The link turns out to carry no more than this, by a queue that is to be emptied. */
  narrow(capacityBps: number, nowMs: number): void {
    this.#cut(capacityBps, nowMs);
    this.#believe(capacityBps);
  }

  /** The viewer has told what it believes to be able to receive. */
  takeRemb(bitrateBps: number, nowMs: number): void {
    if (!(bitrateBps >= 0)) return;
    const before = this.#rembBps ?? Infinity;
    this.#rembBps = bitrateBps;
    const sentBps = this.sentBps(nowMs);
    // What it grows by is slow, and no more than half beyond what it gets: it is not judged by that.
    if (bitrateBps >= REMB_PART * before || bitrateBps >= REMB_PART * sentBps) return;
    if (this.#congestion.kind !== "none") this.#lower(bitrateBps / HEADROOM);
    else this.#suspect(bitrateBps / HEADROOM, nowMs);
  }

  /** A report block on a source of ours: what part of it was lost since the one before. */
  takeLoss(lossFraction: number, nowMs: number): void {
    this.#loss.take(lossFraction, nowMs);
    if (lossFraction > 0) this.#lossSeenMs = nowMs;
    const { excess, newest } = this.#loss;
    if (this.#congestion.kind === "shared") {
      this.#believe(this.#shared.takeLoss(this.#capacityBps, newest, nowMs));
    }
    if (this.#congestion.kind !== "none") return;
    const hasQueue = this.queueMs > SOME_QUEUE_MS;
    const isFull = hasQueue && (excess > QUEUE_LOSS || newest > SHARP_LOSS);
    if (isFull || excess > QUEUE_LOSS && newest > SHARP_LOSS) {
      this.#cut(this.sentBps(nowMs) * (1 - newest), nowMs);
    }
  }

  /** The viewer asks for packets again: they were lost, or wait. */
  takeNack(nowMs: number): void {
    this.#lossSeenMs = nowMs;
    const suspicion = this.#suspicion;
    if (suspicion.sinceMs === undefined || this.#loss.own > LITTLE_LOSS) return;
    // A queue that loses packets is full, whoever may be slow to answer.
    if (this.#seenQueueMs(nowMs) > SURE_QUEUE_MS) this.#cut(suspicion.seemsBps, nowMs);
  }

  /** What transport-wide feedback has told of the last while. */
  takeTransport(reception: TransportReception, nowMs: number): void {
    if (reception.lossFraction !== undefined) this.takeLoss(reception.lossFraction, nowMs);
    if (this.#congestion.kind !== "none" || this.#probe !== undefined) return;
    if ((reception.queueingDelayMs ?? 0) < LONG_QUEUE_MS) return;
    this.#suspect(reception.receivedBitrateBps ?? Infinity, nowMs);
  }

  /** Time has passed. To be called some times a second at least. */
  update(nowMs: number, { wantedBps, isContent = false, lateMs = 0 }: BandwidthDemand): void {
    const probe = this.#probe;
    if (probe !== undefined) {
      this.#takeVerdict(probe.expire(nowMs, this.#echoHabit), nowMs);
      return;
    }
    const isOverdue = this.#isEchoOverdue(nowMs - lateMs);
    if (this.#suspicion.sinceMs !== undefined) {
      if (isOverdue && this.#echoes.openMs >= this.#suspicion.sinceMs) {
        this.#cut(this.#suspicion.seemsBps, nowMs);
      }
    } else if (this.#congestion.kind === "own") this.#watchDrain(nowMs);
    else if (this.#congestion.kind === "shared") {
      this.#believe(this.#shared.grow(this.#capacityBps, this.sentBps(nowMs), nowMs));
    } else if (isOverdue) this.#suspect(Infinity, nowMs);
    else if (wantedBps > this.estimateBps && this.#capacityBps < this.#maxBps) {
      const need = { capacityBps: this.#capacityBps, wantedBps, isContent, maxBps: this.#maxBps };
      const plan = this.#schedule.plan(nowMs, need);
      if (plan !== undefined) this.#probe = new Probe(plan);
    }
  }

  #isEchoOverdue(nowMs: number): boolean {
    const patienceMs = this.#loss.fraction > 0 ? OVERDUE_AT_LOSS_MS : OVERDUE_MS;
    return this.#echoes.overdueMs(nowMs, this.#queue.baseMs) > patienceMs;
  }

  get #echoHabit(): EchoHabit {
    return {
      answerMs: this.#echoes.answerMs,
      mayMiss: this.#loss.fraction > 0 ? MAY_MISS_AT_LOSS : 0,
    };
  }

  #partBps(part: number): number {
    return Math.max(this.#minBps, this.#capacityBps * part);
  }

  #believe(capacityBps: number): void {
    this.#capacityBps = Math.min(Math.max(capacityBps, this.#minBps), this.#maxBps);
  }

  #lower(capacityBps: number): void {
    this.#believe(Math.min(this.#capacityBps, capacityBps));
  }

  #judge(sample: RoundTripSample, before: RoundTripSample | undefined, nowMs: number): void {
    const { queueMs } = sample;
    const suspicion = this.#suspicion;
    const seemsBps = before !== undefined && queueMs >= LONG_QUEUE_MS
      ? carriedBps(sample, before, this.#sent, this.#loss.newest)
      : Infinity;
    if (suspicion.sinceMs === undefined) {
      if (queueMs >= LONG_QUEUE_MS) this.#suspect(seemsBps, nowMs);
      return;
    }
    const isNarrow = this.#capacityBps < this.#maxBps;
    const passedPart = suspicion.confirm(sample, { seemsBps, before, isNarrow, nowMs });
    if (passedPart !== undefined) this.#cut(suspicion.seemsBps, nowMs, passedPart);
  }

  #suspect(seemsBps: number, nowMs: number): void {
    this.#echoes.forget();
    this.#suspicion.raise(seemsBps, nowMs);
  }

  /**
   * The link is congested: what it carries is `seemsBps`, or less than it is sent.
   *
   * @param passedPart of what was sent in the last second, so much has passed at least
   */
  #cut(seemsBps: number, nowMs: number, passedPart = passedPartOf(this.#seenQueueMs(nowMs))): void {
    this.#suspicion.dispel();
    const leastBps = this.#capacityBps * this.#congestion.leastPart(nowMs);
    if (this.#congestion.kind === "none") this.#schedule.congested(nowMs);
    this.#congestion.begin(this.#seenQueueMs(nowMs), nowMs);
    if (this.#congestion.kind === "shared") return this.#shared.begin(this.#loss.own, nowMs);
    const sentBps = this.sentBps(nowMs) * (1 - this.#loss.newest);
    const carriesBps = seemsBps === Infinity ? sentBps * UNKNOWN_PART : Math.min(seemsBps, sentBps);
    this.#lower(Math.max(carriesBps, sentBps * passedPart, leastBps));
    this.#drain.reset();
  }

  /** As long as was told, or as an echo has waited that is missing. */
  #seenQueueMs(nowMs: number): number {
    const { newest, baseMs } = this.#queue;
    const isRecent = newest !== undefined && newest.sentMs >= nowMs - MAX_DISTANCE_MS;
    return Math.max(isRecent ? newest.queueMs : 0, this.#echoes.overdueMs(nowMs, baseMs));
  }

  /** Of a queue that is being emptied, a round trip was told. */
  #takeDrain(sample: RoundTripSample, nowMs: number): void {
    if (this.#congestion.takeQueue(sample.queueMs, nowMs)) return this.#endCongestion(nowMs);
    if (this.#congestion.kind === "shared" || sample.sentMs < this.#congestion.cutMs) return;
    this.#believe(this.#drain.take(sample, this.#sent, this.#loss.newest, this.#capacityBps));
  }

  #endCongestion(nowMs: number): void {
    this.#congestion.end(nowMs);
    this.#trains.reset(this.#capacityBps);
  }

  /** A queue that does not get shorter in time is cut at again. */
  #watchDrain(nowMs: number): void {
    const queueMs = this.#seenQueueMs(nowMs);
    const isTold = (this.#queue.newest?.sentMs ?? -Infinity) >= this.#congestion.cutMs;
    const sight = { queueMs, isTold, answerMs: this.#echoes.answerMs };
    const result = this.#congestion.watch(sight, nowMs);
    if (result === "over") this.#endCongestion(nowMs);
    if (result === "stays") this.#cut(this.#capacityBps * HEADROOM, nowMs);
  }

  #takeVerdict(verdict: ProbeVerdict | undefined, nowMs: number): void {
    const probe = this.#probe;
    if (verdict === undefined || probe === undefined) return;
    const { plan } = probe;
    this.#probe = undefined;
    if (plan.kind === "train") {
      const isKnown = verdict.kind !== "unknown";
      if (isKnown) this.#believe(this.#trains.take(verdict.atMostBps, this.#capacityBps));
      return this.#schedule.trainTaken(verdict, nowMs);
    }
    this.#schedule.streamTaken(verdict, nowMs);
    const passedBps = verdict.kind === "clear" ? plan.rateBps : verdict.carriedBps;
    this.#believe(Math.max(this.#capacityBps, passedBps));
  }
}
