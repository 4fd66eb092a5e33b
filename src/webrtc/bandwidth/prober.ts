import { type EchoHabit, Probe, type ProbeVerdict } from "./probe.ts";
import { type ProbeNeed, ProbeSchedule } from "./probe_schedule.ts";
import { TrainGauge } from "./train_gauge.ts";

/** A round trip that a probe may have been waiting for. */
export interface ProbedRoundTrip {
  readonly roundTripMs: number;
  /** When what was echoed left. */
  readonly sentMs: number;
  /** How long the way took before. */
  readonly usualMs: number;
}

/** Asks the link whether it carries more, one probe at a time, and what came of it. */
export class Prober {
  readonly #schedule: ProbeSchedule;
  readonly #trains = new TrainGauge();
  #probe: Probe | undefined;

  constructor(nowMs: number) {
    this.#schedule = new ProbeSchedule(nowMs);
  }

  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  /** Whether pictures that wait may be part of the probe, in place of padding. */
  get isStreaming(): boolean {
    return this.#probe?.plan.kind === "stream";
  }

  /** Begins a probe, if one is due. */
  begin(need: ProbeNeed, nowMs: number): void {
    const plan = this.#schedule.plan(nowMs, need);
    if (plan !== undefined) this.#probe = new Probe(plan);
  }

  sent(bytes: number, nowMs: number, what: "media" | "padding"): void {
    this.#probe?.sent(bytes, nowMs, what);
  }

  paddingBytes(nowMs: number): number {
    return this.#probe?.paddingBytes(nowMs) ?? 0;
  }

  wantsEcho(nowMs: number): boolean {
    return this.#probe?.wantsEcho(nowMs) === true;
  }

  echoAsked(nowMs: number): void {
    this.#probe?.echoAsked(nowMs);
  }

  /** There is a queue: if it was there before the probe, that tells nothing. */
  takeQueue(sentMs: number): void {
    if (this.#probe?.isBefore(sentMs)) this.#probe = undefined;
  }

  /** Returns what the link is to be believed to carry, upon a round trip. */
  takeRoundTrip(trip: ProbedRoundTrip, capacityBps: number, nowMs: number): number {
    const { roundTripMs, sentMs, usualMs } = trip;
    const verdict = this.#probe?.takeRoundTrip(roundTripMs, sentMs, usualMs);
    return this.#take(verdict, capacityBps, nowMs);
  }

  /** The same, as echoes may be missing. */
  expire(habit: EchoHabit, capacityBps: number, nowMs: number): number {
    return this.#take(this.#probe?.expire(nowMs, habit), capacityBps, nowMs);
  }

  /** The link is congested. */
  congested(nowMs: number): void {
    this.#schedule.congested(nowMs);
  }

  /** It is not any more, and carries this. */
  calmed(capacityBps: number): void {
    this.#trains.reset(capacityBps);
  }

  #take(verdict: ProbeVerdict | undefined, capacityBps: number, nowMs: number): number {
    const plan = this.#probe?.plan;
    if (verdict === undefined || plan === undefined) return capacityBps;
    this.#probe = undefined;
    if (plan.kind === "train") {
      this.#schedule.trainTaken(verdict, nowMs);
      if (verdict.kind === "unknown") return capacityBps;
      return this.#trains.take(verdict.atMostBps, capacityBps);
    }
    this.#schedule.streamTaken(verdict, nowMs);
    return Math.max(capacityBps, verdict.kind === "clear" ? plan.rateBps : verdict.carriedBps);
  }
}
