import type { StreamPublisher } from "../shard/live/publish_decision.ts";
import { isTooMuch, isWindowOver, type SentLately, waitMs } from "../access/sent_lately.ts";

/** What was sent is kept in mind for so long after its publisher has gone. */
const KEPT_MS = 60_000;

/** Streams and keys of which it is kept in mind; the oldest give way. */
const MAX_KEPT = 10_000;

interface Sent {
  readonly sinceMs: number;
  readonly bytes: number;
  readonly endedAtMs: number;
}

type Limited = Pick<Partial<StreamPublisher>, "subject" | "isShared" | "maxBitrateBps">;

/**
 * What publishers that are gone have sent lately: who was ended for sending too much may come back
 * when what it has sent is within its limit again, by whatever name its key has.
 */
export class SentRates {
  /** By stream, and by the key or token of those that have sent too much; the oldest first. */
  readonly #sent = new Map<string, Sent>();

  /** A publisher is gone. */
  note(path: string, publisher: Limited, { spentMs, bytes }: SentLately, nowMs: number): void {
    const { subject, isShared, maxBitrateBps } = publisher;
    const sent = { sinceMs: nowMs - spentMs, bytes, endedAtMs: nowMs };
    this.#keep(pathKey(path), sent);
    const isOver = maxBitrateBps !== undefined && isTooMuch({ spentMs, bytes }, maxBitrateBps);
    // By a rule or hook come many, who are not to answer for each other.
    if (isOver && subject !== undefined && isShared !== true) this.#keep(subject, sent);
    this.#forget(nowMs);
  }

  /** Why a publisher has to wait; `undefined` if it has not. */
  refusal(path: string, { subject, maxBitrateBps }: Limited, nowMs: number): string | undefined {
    if (maxBitrateBps === undefined) return undefined;
    const waits = [pathKey(path), subject].map((key) => {
      const sent = key === undefined ? undefined : this.#of(key, nowMs);
      return sent === undefined ? 0 : waitMs(lately(sent, nowMs), maxBitrateBps);
    });
    const longestMs = Math.max(...waits);
    if (longestMs <= 0) return undefined;
    const seconds = Math.ceil(Math.min(longestMs, KEPT_MS) / 1000);
    return `The bitrate may be up to ${maxBitrateBps} bit/s, and was more: try again in ${seconds} s.`;
  }

  /** What counts for the next publisher of a stream. */
  sentLately(path: string, nowMs: number): SentLately | undefined {
    const sent = this.#of(pathKey(path), nowMs);
    const found = sent && lately(sent, nowMs);
    return found === undefined || isWindowOver(found) ? undefined : found;
  }

  #of(key: string, nowMs: number): Sent | undefined {
    const sent = this.#sent.get(key);
    return sent === undefined || isForgotten(sent, nowMs) ? undefined : sent;
  }

  #keep(key: string, sent: Sent): void {
    this.#sent.delete(key);
    this.#sent.set(key, sent);
  }

  #forget(nowMs: number): void {
    for (const [key, sent] of this.#sent) {
      if (this.#sent.size <= MAX_KEPT && !isForgotten(sent, nowMs)) return;
      this.#sent.delete(key);
    }
  }
}

/** No subject begins so. */
function pathKey(path: string): string {
  return `/${path}`;
}

function isForgotten({ endedAtMs }: Sent, nowMs: number): boolean {
  return nowMs - endedAtMs >= KEPT_MS;
}

function lately({ sinceMs, bytes }: Sent, nowMs: number): SentLately {
  return { spentMs: nowMs - sinceMs, bytes };
}
