/** Within a probe, so often is looked whether it does harm. */
const LOOK_INTERVAL_MS = 60;

/** A probe that is answered no better than this has met the end of the link, at any time of it. */
const HARM_MS = 40;

/** How long an echo may take beyond the usual time. */
const ECHO_PATIENCE_MS = 300;

/** What a probe is to send, and how fast. */
export interface ProbePlan {
  /** A train of a few packets at once, or a stream of them for a while. */
  readonly kind: "train" | "stream";
  /** Of a stream: all that is sent meanwhile, media as well. */
  readonly bytes: number;
  /** Infinity for a train. */
  readonly rateBps: number;
  /** Less than this at its end, and the link has carried it. */
  readonly clearMs: number;
}

/** What came of a probe. `unknown`: nothing was echoed. */
export interface ProbeVerdict {
  readonly kind: "clear" | "blocked" | "unknown";
  /** What the link carried, by how much it lagged behind; Infinity if it did not. */
  readonly carriedBps: number;
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
  #sentBytes = 0;

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
        break;
      case "behind":
        this.#phase = "waiting";
        this.#endedMs = nowMs;
        break;
      case "waiting":
    }
  }

  /** Bytes of padding that are to leave now, so that the probe keeps its rate. */
  paddingBytes(nowMs: number): number {
    if (this.#phase !== "sending") return 0;
    const { kind, bytes, rateBps } = this.plan;
    const due = kind === "train" ? bytes : rateBps * (nowMs - this.#beganMs) / 8000;
    return Math.max(0, Math.min(bytes, due) - this.#sentBytes);
  }

  /** Something was sent. Media, which have a pace of their own, are no part of a train. */
  sent(bytes: number, what: "media" | "padding"): void {
    if (this.#phase !== "sending" || what === "media" && this.plan.kind === "train") return;
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
    const lagMs = Math.max(0, roundTripMs - (this.#beforeRoundTripMs ?? usualRoundTripMs));
    const isEnd = sentMs >= this.#endedMs;
    if (!isEnd && this.plan.kind === "train") return undefined;
    if (lagMs <= (isEnd ? this.plan.clearMs : HARM_MS)) {
      return isEnd ? { kind: "clear", carriedBps: Infinity } : undefined;
    }
    const sentForMs = sentMs - this.#beganMs;
    const bytes = isEnd ? this.#sentBytes : this.plan.rateBps * sentForMs / 8000;
    return { kind: "blocked", carriedBps: bytes * 8000 / (sentForMs + lagMs) };
  }

  /**
   * What is known of the probe when no echo of its end will come; `undefined` while one may.
   *
   * @param usualAnswerMs how long echoes take until they are told
   */
  expire(nowMs: number, usualAnswerMs: number): ProbeVerdict | undefined {
    const endMs = Math.min(
      this.#endedMs,
      this.#beganMs + this.plan.bytes * 8000 / this.plan.rateBps,
    );
    if (nowMs <= endMs + 2 * usualAnswerMs + ECHO_PATIENCE_MS) return undefined;
    return { kind: "unknown", carriedBps: 0 };
  }
}
