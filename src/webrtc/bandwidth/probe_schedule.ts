import type { ProbePlan, ProbeVerdict } from "./probe.ts";

/** A train is so long where the link is as narrow as it is believed to be. */
const TRAIN_MS = 30;
const MIN_TRAIN_BYTES = 2400;
const MAX_TRAIN_BYTES = 24_000;
const TRAIN_INTERVAL_MS = 1000;
/** More rarely, where it would take more than this part of a link. */
const MAX_TRAIN_PART = 0.05;
const MAX_TRAIN_INTERVAL_MS = 2000;
/** Where all that is sent fits, more is of little use. */
const CONTENT_INTERVAL_MS = 10_000;
/** After one whose echo was lost. */
const RETRY_MS = 300;
/** A train that shows the link to carry less than this beyond what is known was held up. */
const CLEAR_FACTOR = 1.2;
/** Trains that show so much more than others before tell of a link that has become wider. */
const RELIEF_FACTOR = 2;
/** Of a new train, among those before. */
const TRAIN_WEIGHT = 0.3;

/** So many trains in a row tell that the link is clear, or is not. One may be chance. */
const TRAINS_TO_BELIEVE = 2;

/** How long a stream of probing lasts, and by how much it may lag behind at its end. */
const STREAM_MS = 300;
const MIN_STREAM_BYTES = 9600;
const CLEAR_STREAM_MS = 30;
/** It is as fast as what is wanted, and what else comes with it; but no faster than this. */
const WANTED_FACTOR = 1.25;
const MAX_FACTOR = 4;

/** Between two streams: the first failure costs so long, each further one half more. */
const FIRST_INTERVAL_MS = 3000;
const INTERVAL_FACTOR = 1.5;
const MAX_INTERVAL_MS = 120_000;
/** A link that bears what a probe has found for so long has been probed well. */
const PROBATION_MS = 10_000;

/** What a probe is planned for. */
export interface ProbeNeed {
  readonly capacityBps: number;
  /** More than the capacity, as far as that is used. */
  readonly wantedBps: number;
  /** All that is sent fits, with something to spare. */
  readonly isContent: boolean;
  readonly maxBps: number;
}

/**
 * When a link is asked whether it carries more, and how.
 *
 * Every second, a train of a few packets: it harms nobody, and tells at once when a narrow link has
 * become a wide one. Only where trains pass, a stream at the rate that is wanted, as some links let
 * a few packets pass and no more. Streams that fail get rare; a link whose trains were held up, and
 * are not any more, is probed at once.
 */
export class ProbeSchedule {
  #nextMs: number;
  #trainIntervalMs = TRAIN_INTERVAL_MS;
  #streamDueMs: number;
  #intervalMs = FIRST_INTERVAL_MS;
  #clearTrains = 0;
  #widerTrains = 0;
  /** What clear ones show the link to carry at most. */
  #atMostBps = Infinity;
  /** What trains show the link to carry, as a rule, by what it takes for a bit. */
  #usualPerBit: number | undefined;
  /** When a stream has come through last. */
  #foundMs = Infinity;

  constructor(nowMs: number) {
    this.#nextMs = this.#streamDueMs = nowMs;
  }

  /** The probe that is due, if one is. */
  plan(nowMs: number, need: ProbeNeed): ProbePlan | undefined {
    if (nowMs < this.#nextMs) return undefined;
    const trusts = this.#clearTrains >= TRAINS_TO_BELIEVE;
    if (trusts && nowMs >= this.#streamDueMs) return streamPlan(need, this.#atMostBps);
    const plan = trainPlan(need);
    const rareMs = plan.bytes * 8000 / (need.capacityBps * MAX_TRAIN_PART);
    this.#trainIntervalMs = need.isContent
      ? CONTENT_INTERVAL_MS
      : Math.min(Math.max(rareMs, TRAIN_INTERVAL_MS), MAX_TRAIN_INTERVAL_MS);
    return plan;
  }

  /** A train has come through, or not. */
  trainTaken({ kind, atMostBps }: ProbeVerdict, nowMs: number): void {
    if (kind === "unknown") {
      this.#nextMs = nowMs + RETRY_MS;
      return;
    }
    const usual = this.#usualPerBit ??= 1 / atMostBps;
    const isWider = atMostBps * usual > RELIEF_FACTOR;
    if (!isWider) this.#usualPerBit = usual + TRAIN_WEIGHT * (1 / atMostBps - usual);
    this.#widerTrains = isWider ? this.#widerTrains + 1 : 0;
    if (kind === "blocked") {
      this.#clearTrains = 0;
      this.#nextMs = nowMs + this.#trainIntervalMs;
      return;
    }
    this.#atMostBps = this.#clearTrains++ === 0 ? atMostBps : Math.min(this.#atMostBps, atMostBps);
    if (this.#clearTrains < TRAINS_TO_BELIEVE) {
      this.#nextMs = nowMs;
      return;
    }
    if (this.#widerTrains >= TRAINS_TO_BELIEVE) {
      this.#streamDueMs = nowMs;
      this.#usualPerBit = 1 / this.#atMostBps;
    }
    this.#nextMs = nowMs >= this.#streamDueMs ? nowMs : nowMs + this.#trainIntervalMs;
  }

  /** A stream has come through, or not. */
  streamTaken({ kind }: ProbeVerdict, nowMs: number): void {
    this.#clearTrains = 0;
    if (kind === "clear") {
      this.#foundMs = nowMs;
      this.#nextMs = this.#streamDueMs = nowMs;
      return;
    }
    this.#nextMs = nowMs + TRAIN_INTERVAL_MS;
    if (kind === "unknown") {
      this.#streamDueMs = nowMs + TRAIN_INTERVAL_MS;
      return;
    }
    this.#putOff(nowMs);
  }

  /** The link is congested, by a probe or by what it had seemed to bear. */
  congested(nowMs: number): void {
    this.#clearTrains = 0;
    this.#nextMs = nowMs + TRAIN_INTERVAL_MS;
    this.#putOff(nowMs);
  }

  #putOff(nowMs: number): void {
    if (nowMs - this.#foundMs > PROBATION_MS) {
      this.#intervalMs = FIRST_INTERVAL_MS;
      this.#foundMs = Infinity;
    }
    this.#streamDueMs = nowMs + this.#intervalMs;
    this.#intervalMs = Math.min(this.#intervalMs * INTERVAL_FACTOR, MAX_INTERVAL_MS);
  }
}

function trainPlan({ capacityBps }: ProbeNeed): ProbePlan {
  const bytes = Math.min(
    Math.max(capacityBps * TRAIN_MS / 8000, MIN_TRAIN_BYTES),
    MAX_TRAIN_BYTES,
  );
  return { kind: "train", bytes, clearBps: capacityBps * CLEAR_FACTOR };
}

function streamPlan({ capacityBps, wantedBps, maxBps }: ProbeNeed, atMostBps: number): ProbePlan {
  const factoredBps = Math.min(wantedBps * WANTED_FACTOR, capacityBps * MAX_FACTOR);
  const rateBps = Math.min(factoredBps, atMostBps, maxBps);
  const bytes = Math.max(rateBps * STREAM_MS / 8000, MIN_STREAM_BYTES);
  return { kind: "stream", bytes, rateBps, clearMs: CLEAR_STREAM_MS };
}
