import type { Allowed } from "../../access/access.ts";
import type { PublicationDescription } from "../../stream/publication.ts";
import { bitrateOf, isTooMuch, isWindowOver, type SentLately } from "../../access/sent_lately.ts";

/** What was let in says that something has to end. */
export interface LimitReached {
  readonly cause: "expired" | "limit";
  readonly reason: string;
}

/** When a publisher came. */
export interface PublishBegin {
  /** Of the same clock as all that follow. */
  readonly nowMs: number;
  /** The same moment, in milliseconds since 1970. */
  readonly epochMs: number;
  /** What the one before has sent, as far as it counts for this one. */
  readonly sent?: SentLately | undefined;
}

/** How much a publisher may send, and for how long, as what let it in says. */
export class PublishLimits {
  readonly #begin: PublishBegin;
  #allowed: Allowed;
  /** What is sent from then on is looked at together. */
  #window: { readonly sinceMs: number; readonly bytes: number };

  constructor(allowed: Allowed, begin: PublishBegin) {
    const { nowMs, sent = { spentMs: 0, bytes: 0 } } = begin;
    this.#allowed = allowed;
    this.#begin = begin;
    this.#window = { sinceMs: nowMs - sent.spentMs, bytes: -sent.bytes };
  }

  /** From now on, this counts: also for what was sent lately. */
  change(allowed: Allowed): void {
    this.#allowed = allowed;
  }

  /**
   * Why the publisher has to end, if it has to. To be called every second.
   *
   * @param bytes that have come so far
   * @param describe what has come; asked only if that matters
   */
  reached(
    nowMs: number,
    bytes: number,
    describe: () => PublicationDescription,
  ): LimitReached | undefined {
    const { expiresAtMs = Infinity, limits: { maxDurationMs = Infinity } = {} } = this.#allowed;
    const spentMs = nowMs - this.#begin.nowMs;
    if (spentMs >= expiresAtMs - this.#begin.epochMs) {
      return { cause: "expired", reason: "The right to publish has expired" };
    }
    if (spentMs >= maxDurationMs) {
      return { cause: "limit", reason: `It may be published for up to ${maxDurationMs} ms` };
    }
    const reason = this.#rateReached(nowMs, bytes) ?? this.#sizeReached(describe);
    return reason === undefined ? undefined : { cause: "limit", reason };
  }

  /** What counts for the next publisher of the stream; `undefined` if nothing limits it. */
  sentLately(nowMs: number, bytes: number): SentLately | undefined {
    return this.#allowed.limits?.maxBitrateBps === undefined
      ? undefined
      : this.#sentInWindow(nowMs, bytes);
  }

  #sentInWindow(nowMs: number, bytes: number): SentLately {
    return { spentMs: nowMs - this.#window.sinceMs, bytes: bytes - this.#window.bytes };
  }

  #rateReached(nowMs: number, bytes: number): string | undefined {
    const { maxBitrateBps = Infinity } = this.#allowed.limits ?? {};
    const sent = this.#sentInWindow(nowMs, bytes);
    if (isTooMuch(sent, maxBitrateBps)) {
      return `The bitrate may be up to ${maxBitrateBps} bit/s, it is ${bitrateOf(sent)}`;
    }
    if (isWindowOver(sent)) this.#window = { sinceMs: nowMs, bytes };
    return undefined;
  }

  #sizeReached(describe: () => PublicationDescription): string | undefined {
    const { maxWidth = Infinity, maxHeight = Infinity } = this.#allowed.limits ?? {};
    if (maxWidth === Infinity && maxHeight === Infinity) return undefined;
    for (const track of describe().tracks) {
      if (track.kind !== "video") continue;
      const { width, height } = track;
      if ((width ?? 0) <= maxWidth && (height ?? 0) <= maxHeight) continue;
      const most = sizeText(maxWidth, maxHeight);
      return `Pictures may ${most}, they have ${width}x${height}`;
    }
    return undefined;
  }
}

/** Either may have no limit. */
function sizeText(maxWidth: number, maxHeight: number): string {
  if (maxWidth === Infinity) return `be up to ${maxHeight} high`;
  if (maxHeight === Infinity) return `be up to ${maxWidth} wide`;
  return `have up to ${maxWidth}x${maxHeight}`;
}
