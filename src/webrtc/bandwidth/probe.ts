/** Within a stream, so often is looked whether it does harm. */
const LOOK_INTERVAL_MS = 30;
/** A look whose echo takes longer than usual, by this and by {@linkcode HARM_MS}, waits in a queue. */
const OVERDUE_FACTOR = 1.2;

/** A probe that is answered no better than this has met the end of the link, at any time of it. */
const HARM_MS = 40;

/** What leaves within so long is one batch. */
const BATCH_MS = 1;

/** How long an echo may take beyond the usual time. */
const ECHO_PATIENCE_MS = 300;

/** What a probe is to send: a few packets at once, or a stream of them for a while. */
export type ProbePlan = TrainPlan | StreamPlan;

export interface TrainPlan {
  readonly kind: "train";
  readonly bytes: number;
  /** The link is clear if it seems to carry so much. */
  readonly clearBps: number;
}

export interface StreamPlan {
  readonly kind: "stream";
  /** Of all that is sent meanwhile, media as well. */
  readonly bytes: number;
  readonly rateBps: number;
  /** The link is clear if no more than this is left in its queue. */
  readonly clearMs: number;
}

/** What came of a probe. `unknown`: nothing was echoed. */
export interface ProbeVerdict {
  readonly kind: "clear" | "blocked" | "unknown";
  /** What the link carried, by how much it lagged behind; 0 if that is unknown. */
  readonly carriedBps: number;
  /** What it carries at most, if all of the lag is that of the probe. */
  readonly atMostBps: number;
}

const UNKNOWN: ProbeVerdict = { kind: "unknown", carriedBps: 0, atMostBps: 0 };

/** How echoes on a link are. */
export interface EchoHabit {
  /** How long it usually takes until one is told. */
  readonly answerMs: number;
  /** So many in a row may be missing by chance. */
  readonly mayMiss: number;
}

/** `before`: an echo is to be asked for; `sending`; `behind`: an echo of its end; `waiting` for that. */
type ProbePhase = "before" | "sending" | "behind" | "waiting";

/**
 * One question to the link whether it carries more: an echo is asked for, then padding is sent, then
 * another echo is asked for. By how much the second takes longer than the first is what the padding
 * has left in the queue, whatever else may be in it.
 */
export class Probe {
  readonly plan: ProbePlan;
  #phase: ProbePhase = "before";
  /** When the echo before was asked for, and the round trip that it told. */
  #beganMs = Infinity;
  #beforeRoundTripMs: number | undefined;
  #endedMs = Infinity;
  #lookMs = Infinity;
  /** Looks since the newest that was answered: when the first of them left, and how many. */
  #openLookMs = Infinity;
  #openLooks = 0;
  #sentBytes = 0;
  #paddedMs = -Infinity;

  constructor(plan: ProbePlan) {
    this.plan = plan;
  }

  /** Whether an echo is to be asked for behind what was sent. */
  wantsEcho(nowMs: number): boolean {
    if (this.#phase === "sending") return this.plan.kind === "stream" && nowMs >= this.#lookMs;
    return this.#phase === "before" || this.#phase === "behind";
  }

  /** An echo was asked for. */
  echoAsked(nowMs: number): void {
    switch (this.#phase) {
      case "before":
        this.#phase = "sending";
        this.#beganMs = nowMs;
        this.#lookMs = nowMs + LOOK_INTERVAL_MS;
        break;
      case "sending":
        this.#lookMs = nowMs + LOOK_INTERVAL_MS;
        if (this.#openLooks++ === 0) this.#openLookMs = nowMs;
        break;
      case "behind":
        this.#phase = "waiting";
        this.#endedMs = nowMs;
        break;
      case "waiting":
    }
  }

  /** Whether what was asked for then is echoed by what lay in the queue before. */
  isBefore(sentMs: number): boolean {
    return sentMs <= this.#beganMs;
  }

  /** Bytes of padding that are to leave now, so that the probe keeps its rate. */
  paddingBytes(nowMs: number): number {
    if (this.#phase !== "sending") return 0;
    const { plan } = this;
    const due = plan.kind === "train"
      ? plan.bytes
      : Math.min(plan.bytes, this.#streamBytes(plan, nowMs));
    return Math.max(0, due - this.#sentBytes);
  }

  /** Something was sent. Media are part of a train as far as they leave in one batch with it. */
  sent(bytes: number, nowMs: number, what: "media" | "padding"): void {
    if (what === "padding") this.#paddedMs = nowMs;
    if (this.#phase === "before" || this.#phase === "waiting") return;
    const isInBatch = nowMs - this.#beganMs < BATCH_MS || nowMs === this.#paddedMs;
    if (this.plan.kind === "train" && !isInBatch) return;
    this.#sentBytes += bytes;
    if (this.#sentBytes >= this.plan.bytes) this.#phase = "behind";
  }

  /**
   * Takes a round trip; returns what came of the probe, once that is known.
   *
   * @param sentMs when what was echoed left: as {@linkcode echoAsked} was told
   * @param usualRoundTripMs in case that the echo before was lost
   */
  takeRoundTrip(
    roundTripMs: number,
    sentMs: number,
    usualRoundTripMs: number,
  ): ProbeVerdict | undefined {
    if (sentMs < this.#beganMs) return undefined;
    if (sentMs === this.#beganMs) {
      this.#beforeRoundTripMs = roundTripMs;
      return undefined;
    }
    const { plan } = this;
    const lagMs = Math.max(0, roundTripMs - (this.#beforeRoundTripMs ?? usualRoundTripMs));
    const isEnd = sentMs >= this.#endedMs;
    if (!isEnd) this.#openLooks = 0;
    if (plan.kind === "stream") {
      if (isEnd) return this.#verdict(this.#sentBytes, sentMs, lagMs, lagMs <= plan.clearMs);
      if (lagMs <= HARM_MS) return undefined;
      return this.#verdict(this.#streamBytes(plan, sentMs), sentMs, lagMs, false);
    }
    if (!isEnd) return undefined;
    const isClear = atMostBps(this.#sentBytes, lagMs) >= plan.clearBps;
    return this.#verdict(this.#sentBytes, sentMs, lagMs, isClear);
  }

  /** What is known of the probe as echoes are missing; `undefined` while they may come. */
  expire(nowMs: number, { answerMs, mayMiss }: EchoHabit): ProbeVerdict | undefined {
    const { plan } = this;
    const overdueMs = nowMs - this.#openLookMs - OVERDUE_FACTOR * answerMs;
    if (plan.kind === "stream" && this.#openLooks > mayMiss && overdueMs > HARM_MS) {
      // They may as well be lost: it ends, and is not counted.
      if (mayMiss > 0) return UNKNOWN;
      const bytes = this.#streamBytes(plan, this.#openLookMs);
      return this.#verdict(bytes, this.#openLookMs, overdueMs, false);
    }
    const lengthMs = plan.kind === "train" ? 0 : plan.bytes * 8000 / plan.rateBps;
    const endMs = Math.min(this.#endedMs, this.#beganMs + lengthMs);
    return nowMs > endMs + 2 * answerMs + ECHO_PATIENCE_MS ? UNKNOWN : undefined;
  }

  /** What a stream is to have sent by then. */
  #streamBytes({ rateBps }: StreamPlan, nowMs: number): number {
    return rateBps * (nowMs - this.#beganMs) / 8000;
  }

  #verdict(bytes: number, untilMs: number, lagMs: number, isClear: boolean): ProbeVerdict {
    return {
      kind: isClear ? "clear" : "blocked",
      carriedBps: bytes * 8000 / (untilMs - this.#beganMs + lagMs),
      atMostBps: atMostBps(bytes, lagMs),
    };
  }
}

/** Round trips are no more exact than a millisecond. */
function atMostBps(bytes: number, lagMs: number): number {
  return bytes * 8000 / Math.max(lagMs, 1);
}
