/**
 * How often one is asked for: at a queue, at a loss, on a link that was narrow, which is nearly full
 * by what is sent, and on any other.
 */
const INTERVALS_MS = { queue: 100, loss: 250, narrow: 200, none: 1200 } as const;

/** How long an echo is waited for before there was one. */
const FIRST_ANSWER_MS = 1000;
/** Of a new one, among those before. */
const ANSWER_WEIGHT = 0.25;

/** By so much the time of one differs from those of others, and from that of a report beside it. */
const STEP_MS = 0.01;

/** Of a link whose queue is long, and is looked at often. */
const MAX_OPEN = 32;

/** An echo that takes so much longer than the shortest waits in a queue, or is lost. */
const OVERDUE_MS = 150;
/** Where packets are lost by chance, two in a row are. */
const OVERDUE_AT_LOSS_MS = 300;

/** Which echoes were asked for, and what is missing. */
export class EchoWatch {
  #askedMs = -Infinity;
  /** When those were asked for that may be answered still, oldest first. */
  #openMs: number[] = [];
  #answerMs = FIRST_ANSWER_MS;
  #toldMs = -Infinity;
  #isAnswered = false;

  /** When the first was asked for of those since the newest answer; Infinity if none is open. */
  get openMs(): number {
    return this.#openMs[0] ?? Infinity;
  }

  /** When something was told last, by an echo or by a report. */
  get toldMs(): number {
    return this.#toldMs;
  }

  /** How long it usually takes until one is told: reports are held back. */
  get answerMs(): number {
    return this.#answerMs;
  }

  /**
   * Whether one is to be asked for.
   *
   * @param toldMs of what left then, something else has told
   */
  isDue(nowMs: number, occasion: keyof typeof INTERVALS_MS, toldMs = -Infinity): boolean {
    return nowMs - Math.max(this.#askedMs, toldMs) >= INTERVALS_MS[occasion];
  }

  /** One is asked for. Returns when: a time that no other has. */
  asked(nowMs: number): number {
    this.#askedMs = Math.max(nowMs, this.#askedMs) + STEP_MS;
    if (this.#openMs.length < MAX_OPEN) this.#openMs.push(this.#askedMs);
    return this.#askedMs;
  }

  /** Something was echoed that left at `sentMs`: nothing before is waited for any more. */
  answered(sentMs: number, nowMs: number): void {
    while (this.#openMs.length > 0 && this.openMs <= sentMs) {
      if (this.#openMs.shift() === sentMs) this.#isAnswered = true;
    }
    this.#toldMs = nowMs;
    this.#answerMs += ANSWER_WEIGHT * (nowMs - sentMs - this.#answerMs);
  }

  /** Those that are open do not count any more. */
  forget(): void {
    this.#openMs.length = 0;
  }

  /** Whether the first that is open waits in a queue, or is lost to one. */
  isOverdue(nowMs: number, usualMs: number, isLostByChance: boolean): boolean {
    return this.overdueMs(nowMs, usualMs) > (isLostByChance ? OVERDUE_AT_LOSS_MS : OVERDUE_MS);
  }

  /** How long the first that is open has waited beyond `usualMs`; 0 for who has never answered. */
  overdueMs(nowMs: number, usualMs: number): number {
    return this.#isAnswered ? Math.max(0, nowMs - this.openMs - usualMs) : 0;
  }
}
