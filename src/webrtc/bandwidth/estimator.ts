import type { TransportReception } from "../../rtp/transport_history.ts";
import type { BandwidthDemand, BandwidthOptions, BandwidthState } from "./bandwidth_demand.ts";
import { Capacity } from "./capacity.ts";
import { carriedBps, MAX_DISTANCE_MS } from "./carried_rate.ts";
import { Congestion } from "./congestion.ts";
import { DrainGauge } from "./drain_gauge.ts";
import { EchoWatch } from "./echo_watch.ts";
import { LITTLE_LOSS, Losses } from "./losses.ts";
import type { ToldSpan } from "./nack_gauge.ts";
import type { EchoHabit } from "./probe.ts";
import { Prober } from "./prober.ts";
import { QueueGauge, type RoundTripSample } from "./queue_gauge.ts";
import { SendHistory } from "./send_history.ts";
import { SharedRate } from "./shared_rate.ts";
import { passedPartOf, SURE_QUEUE_MS, Suspicion } from "./suspicion.ts";

export type { BandwidthState };

/** Part of what a link carries that is used: what is left empties its queue, and bears bursts. */
const HEADROOM = 0.85;

/** Above it, packets wait for others of ours; above the other, a loss is that of a queue. */
const LONG_QUEUE_MS = 50;
const SOME_QUEUE_MS = 30;
/** Loss beyond the link's own that tells of a full queue; and of one without any length. */
const QUEUE_LOSS = 0.1;
const SHARP_LOSS = 0.25;

/** Over so long is looked what was sent. */
const RATE_WINDOW_MS = 1000;
/** Part of what was sent that a link carries of which nothing else is known. */
const UNKNOWN_PART = 0.6;

/** REMB that falls to less than this part of what is sent tells of a narrow link. */
const REMB_PART = 0.95;

/** So many echoes in a row may be missing by chance where packets are lost. */
const MAY_MISS_AT_LOSS = 2;
/** Beside sharp loss, an echo that is missing for so long waits behind what is lost, or is lost with it. */
const LATE_AT_LOSS_MS = 30;
/** Of a round trip, as long as none is known. */
const MAX_BASE_MS = 500;

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
  readonly #sent = new SendHistory();
  readonly #queue = new QueueGauge();
  readonly #losses = new Losses(this.#sent, (nowMs) => this.#told(nowMs));
  readonly #prober: Prober;
  readonly #capacity: Capacity;
  readonly #congestion = new Congestion();
  readonly #shared = new SharedRate();
  readonly #drain = new DrainGauge();
  readonly #suspicion = new Suspicion();
  #rembBps: number | undefined;
  readonly #echoes = new EchoWatch();

  constructor({ startBps, minBps, maxBps, nowMs }: BandwidthOptions) {
    this.#prober = new Prober(nowMs);
    this.#capacity = new Capacity({ minBps, maxBps }, startBps / HEADROOM);
  }

  /** What may be sent, by the second, with sound, what is sent again and padding. */
  get estimateBps(): number {
    return this.#capacity.part(this.#congestion.kind === "none" ? HEADROOM : this.#congestion.part);
  }

  /** The same, as it will be when no queue is being emptied. */
  get steadyBps(): number {
    return this.#capacity.part(HEADROOM);
  }

  get state(): BandwidthState {
    if (this.#congestion.kind !== "none") return "congested";
    return this.#prober.isProbing ? "probing" : "clear";
  }

  /** Whether a queue is being emptied that is not another's. */
  get isQueueOwn(): boolean {
    return this.#congestion.kind === "own";
  }

  /** Round trip without a queue; Infinity before there was one. */
  get baseRoundTripMs(): number {
    return this.#queue.baseMs;
  }

  /** How long packets wait on their way, as far as is known. */
  get queueMs(): number {
    return this.#queue.queueMs;
  }

  /** Whether what is sent seems to find a full queue: what is sent again is lost there as well. */
  isLosing(nowMs: number): boolean {
    return this.#losses.isRecent(nowMs) &&
      this.#echoes.overdueMs(nowMs, this.#queue.baseMs) > LATE_AT_LOSS_MS &&
      this.#losses.isSharp(nowMs);
  }

  /** What was sent in the last second, with padding. */
  sentBps(nowMs: number): number {
    return this.#sent.rateBps(nowMs - RATE_WINDOW_MS, nowMs);
  }

  /** Media, or what is sent again, were sent. Called by the batch. */
  sent(bytes: number, nowMs: number): void {
    this.#sent.add(bytes, nowMs);
    this.#prober.sent(bytes, nowMs, "media");
  }

  /** Datagrams of padding were sent. */
  padded(bytes: number, nowMs: number): void {
    this.#sent.add(bytes, nowMs);
    this.#prober.sent(bytes, nowMs, "padding");
  }

  /** Whether pictures that wait may be part of a probe, in place of padding. */
  get isStreaming(): boolean {
    return this.#prober.isStreaming;
  }

  /** Bytes of padding that are to be sent now; a packet more or less does not matter. */
  paddingBytes(nowMs: number): number {
    return this.#prober.paddingBytes(nowMs);
  }

  /**
   * Whether a round trip is to be measured now, behind what was sent: by a check (STUN), which every
   * viewer answers. To be looked at before and behind a batch, as padding lies between two.
   */
  wantsEcho(nowMs: number): boolean {
    if (this.#prober.isProbing) return this.#prober.wantsEcho(nowMs);
    if (this.#suspicion.sinceMs !== undefined || this.#congestion.kind !== "none") {
      return this.#echoes.isDue(nowMs, "queue");
    }
    if (this.#losses.isRecent(nowMs)) {
      return this.#echoes.isDue(nowMs, this.#losses.isSharp(nowMs) ? "queue" : "loss");
    }
    // Of a clear link, reports each second tell enough.
    return this.#capacity.isNarrow
      ? this.#echoes.isDue(nowMs, "narrow", this.#queue.newest?.sentMs)
      : this.#echoes.isDue(nowMs, "none", this.#echoes.toldMs);
  }

  /**
   * One is asked for. Returns the time to be told with its answer: that of the call, but never that
   * of another.
   */
  echoAsked(nowMs: number): number {
    const askedMs = this.#echoes.asked(nowMs);
    this.#prober.echoAsked(askedMs);
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
    if (sample.queueMs >= LONG_QUEUE_MS) this.#prober.takeQueue(sentMs);
    if (this.#prober.isProbing) {
      const toldMs = lateMs === 0 ? roundTripMs : this.#queue.baseMs + sample.queueMs;
      const trip = { roundTripMs: toldMs, sentMs, usualMs };
      this.#capacity.believe(this.#prober.takeRoundTrip(trip, this.#capacity.bps, nowMs));
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
    this.#capacity.believe(capacityBps);
    this.#drain.begin(this.#capacity.bps, false);
  }

  /** The viewer has told what it believes to be able to receive. */
  takeRemb(bitrateBps: number, nowMs: number): void {
    if (!(bitrateBps >= 0)) return;
    const before = this.#rembBps ?? Infinity;
    this.#rembBps = bitrateBps;
    // What it grows by is slow, and no more than half beyond what it gets: it is not judged by that.
    if (bitrateBps >= REMB_PART * Math.min(before, this.sentBps(nowMs))) return;
    if (this.#congestion.kind !== "none") this.#capacity.lower(bitrateBps / HEADROOM);
    else this.#suspect(bitrateBps / HEADROOM, nowMs);
  }

  /**
   * Report blocks on sources of ours: what part was lost since a moment.
   *
   * @param sinceMs about a second ago, if it is not told
   */
  takeLoss(lossFraction: number, nowMs: number, sinceMs = nowMs - RATE_WINDOW_MS): void {
    this.#losses.takeReport(lossFraction, nowMs);
    const { excess, newest } = this.#losses.reported;
    if (this.#congestion.kind === "shared") {
      this.#capacity.believe(this.#shared.takeLoss(this.#capacity.bps, newest, nowMs));
    }
    // What was lost before less was sent is known.
    if (this.#congestion.kind !== "none" || sinceMs < this.#congestion.cutMs) return;
    const hasQueue = this.queueMs > SOME_QUEUE_MS;
    const isFull = hasQueue && (excess > QUEUE_LOSS || newest > SHARP_LOSS);
    if (isFull || excess > QUEUE_LOSS && newest > SHARP_LOSS) {
      this.#cut(this.sentBps(nowMs) * (1 - newest), nowMs);
    }
  }

  /**
   * The viewer asks for packets again: they were lost, or wait.
   *
   * @param lostBytes of those that it had not asked for before
   */
  takeNack(lostBytes: number, nowMs: number): void {
    this.#losses.takeNack(lostBytes, nowMs);
    if (this.#congestion.kind === "own") {
      this.#capacity.lower(this.#drain.atMostBps(this.#losses.passedBps(nowMs)));
    }
    const { sinceMs, seemsBps } = this.#suspicion;
    if (sinceMs === undefined || this.#losses.reported.own > LITTLE_LOSS) return;
    // A queue that loses packets is full, whoever may be slow to answer.
    if (this.#seenQueueMs(nowMs) > SURE_QUEUE_MS) this.#cut(seemsBps, nowMs);
  }

  /** What transport-wide feedback has told of the last while. */
  takeTransport(reception: TransportReception, nowMs: number): void {
    if (reception.lossFraction !== undefined) this.takeLoss(reception.lossFraction, nowMs);
    if (this.#congestion.kind !== "none" || this.#prober.isProbing) return;
    if ((reception.queueingDelayMs ?? 0) < LONG_QUEUE_MS) return;
    this.#suspect(reception.receivedBitrateBps ?? Infinity, nowMs);
  }

  /** Time has passed. To be called some times a second at least. */
  update(nowMs: number, { wantedBps, isContent = false, lateMs = 0 }: BandwidthDemand): void {
    const { bps } = this.#capacity;
    if (this.#prober.isProbing) {
      return this.#capacity.believe(this.#prober.expire(this.#echoHabit, bps, nowMs));
    }
    const isOverdue = this.#isEchoOverdue(nowMs - lateMs);
    if (this.#suspicion.sinceMs !== undefined) {
      if (isOverdue && this.#echoes.openMs >= this.#suspicion.sinceMs) {
        this.#cut(this.#suspicion.seemsBps, nowMs);
      }
    } else if (this.#congestion.kind === "own") this.#watchDrain(nowMs);
    else if (this.#congestion.kind === "shared") {
      this.#capacity.believe(this.#shared.grow(this.#capacity.bps, this.sentBps(nowMs), nowMs));
    } else if (isOverdue) {
      if (this.#losses.isSharp(nowMs)) this.#cut(Infinity, nowMs);
      else this.#suspect(Infinity, nowMs);
    } else if (wantedBps > this.estimateBps && this.#capacity.isNarrow) {
      const { bps: capacityBps, maxBps } = this.#capacity;
      this.#prober.begin({ capacityBps, wantedBps, isContent, maxBps }, nowMs);
    }
  }

  #isEchoOverdue(nowMs: number): boolean {
    const isByChance = this.#losses.reported.fraction > 0 && !this.#losses.isSharp(nowMs);
    return this.#echoes.isOverdue(nowMs, this.#queue.baseMs, isByChance);
  }

  get #echoHabit(): EchoHabit {
    const mayMiss = this.#losses.reported.fraction > 0 ? MAY_MISS_AT_LOSS : 0;
    return { answerMs: this.#echoes.answerMs, mayMiss };
  }

  /** What viewers ask for now was sent so long ago; what was lost before less was sent is known. */
  #told(nowMs: number): ToldSpan {
    const delayMs = this.#seenQueueMs(nowMs) + Math.min(this.#queue.baseMs, MAX_BASE_MS);
    return { delayMs, sinceMs: this.#congestion.cutMs };
  }

  #judge(sample: RoundTripSample, before: RoundTripSample | undefined, nowMs: number): void {
    const { queueMs } = sample;
    const suspicion = this.#suspicion;
    const seemsBps = before !== undefined && queueMs >= LONG_QUEUE_MS
      ? carriedBps(sample, before, this.#sent, this.#losses.part(nowMs))
      : Infinity;
    if (suspicion.sinceMs === undefined) {
      if (queueMs >= LONG_QUEUE_MS) this.#suspect(seemsBps, nowMs);
      return;
    }
    const isNarrow = this.#capacity.isNarrow;
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
    const sentBps = this.sentBps(nowMs) * (1 - this.#losses.part(nowMs));
    const unknownPart = this.#losses.nackedPart(nowMs) > 0 ? 1 : UNKNOWN_PART;
    const queueMs = this.#seenQueueMs(nowMs);
    const { bps, isNarrow } = this.#capacity;
    const leastBps = bps * this.#congestion.leastPart(queueMs, isNarrow, nowMs);
    const isAgain = this.#congestion.kind !== "none";
    if (!isAgain) this.#prober.congested(nowMs);
    this.#congestion.begin(queueMs, nowMs);
    if (this.#congestion.kind === "shared") return this.#share(nowMs);
    const carriesBps = seemsBps === Infinity ? sentBps * unknownPart : Math.min(seemsBps, sentBps);
    this.#capacity.lower(Math.max(carriesBps, sentBps * passedPart, leastBps));
    this.#drain.begin(this.#capacity.bps, isAgain);
  }

  /** As long as was told, or as an echo has waited that is missing. */
  #seenQueueMs(nowMs: number): number {
    const { newest, baseMs } = this.#queue;
    const isRecent = newest !== undefined && newest.sentMs >= nowMs - MAX_DISTANCE_MS;
    return Math.max(isRecent ? newest.queueMs : 0, this.#echoes.overdueMs(nowMs, baseMs));
  }

  /** Of a queue that is being emptied, a round trip was told. */
  #takeDrain(sample: RoundTripSample, nowMs: number): void {
    const seen = this.#congestion.takeQueue(sample.queueMs, nowMs);
    if (seen === "over") return this.#endCongestion(nowMs);
    if (seen === "runs away") return this.#cut(Infinity, nowMs);
    if (this.#congestion.kind === "shared" || sample.sentMs < this.#congestion.cutMs) return;
    // What is reported at first was lost before.
    const lostPart = nowMs - this.#congestion.cutMs > RATE_WINDOW_MS
      ? this.#losses.part(nowMs)
      : this.#losses.nackedPart(nowMs);
    this.#capacity.believe(this.#drain.take(sample, this.#sent, lostPart, this.#capacity.bps));
  }

  /** What a queue has told that was another's does not count. */
  #share(nowMs: number): void {
    this.#shared.begin(this.#losses.reported.own, nowMs);
    this.#capacity.believe(Math.max(this.#capacity.bps, this.#drain.sharedBps));
  }

  #endCongestion(nowMs: number): void {
    this.#congestion.end(nowMs);
    this.#prober.calmed(this.#capacity.bps);
  }

  /** A queue that does not get shorter in time is cut at again. */
  #watchDrain(nowMs: number): void {
    const queueMs = this.#seenQueueMs(nowMs);
    const isTold = (this.#queue.newest?.sentMs ?? -Infinity) >= this.#congestion.cutMs;
    const sight = { queueMs, isTold, answerMs: this.#echoes.answerMs };
    const result = this.#congestion.watch(sight, nowMs);
    if (result === "over") this.#endCongestion(nowMs);
    else if (result === "stays") this.#cut(this.#capacity.bps * HEADROOM, nowMs);
    else if (result === "another's") this.#share(nowMs);
  }
}
