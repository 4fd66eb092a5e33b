import type { Allowed } from "../../access/access.ts";
import type { PublicationDescription } from "../../stream/publication.ts";

/** A key frame is no reason to end anybody: rates are of so long. */
const RATE_WINDOW_MS = 5000;

/** A rate may be so much above its limit: encoders do not keep theirs to the bit. */
const RATE_MARGIN = 1.1;

/** What was let in says that something has to end. */
export interface LimitReached {
  readonly cause: "expired" | "limit";
  readonly reason: string;
}

/** How much a publisher may send, and for how long, as what let it in says. */
export class PublishLimits {
  readonly #limits: NonNullable<Allowed["limits"]>;
  readonly #sinceMs: number;
  readonly #expiresAtMs: number;
  #window: { readonly sinceMs: number; readonly bytes: number };

  /**
   * @param nowMs of the same clock as all that follow
   * @param epochMs the same moment, in milliseconds since 1970
   */
  constructor({ limits = {}, expiresAtMs = Infinity }: Allowed, nowMs: number, epochMs: number) {
    this.#limits = limits;
    this.#sinceMs = nowMs;
    this.#expiresAtMs = nowMs + expiresAtMs - epochMs;
    this.#window = { sinceMs: nowMs, bytes: 0 };
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
    const { maxDurationMs = Infinity } = this.#limits;
    if (nowMs >= this.#expiresAtMs) {
      return { cause: "expired", reason: "The right to publish has expired" };
    }
    if (nowMs - this.#sinceMs >= maxDurationMs) {
      return { cause: "limit", reason: `It may be published for up to ${maxDurationMs} ms` };
    }
    const reason = this.#rateReached(nowMs, bytes) ?? this.#sizeReached(describe);
    return reason === undefined ? undefined : { cause: "limit", reason };
  }

  #rateReached(nowMs: number, bytes: number): string | undefined {
    const { maxBitrateBps } = this.#limits;
    const spentMs = nowMs - this.#window.sinceMs;
    if (maxBitrateBps === undefined || spentMs < RATE_WINDOW_MS) return undefined;
    const bitrateBps = Math.round((bytes - this.#window.bytes) * 8000 / spentMs);
    this.#window = { sinceMs: nowMs, bytes };
    if (bitrateBps <= maxBitrateBps * RATE_MARGIN) return undefined;
    return `The bitrate may be up to ${maxBitrateBps} bit/s, it is ${bitrateBps}`;
  }

  #sizeReached(describe: () => PublicationDescription): string | undefined {
    const { maxWidth = Infinity, maxHeight = Infinity } = this.#limits;
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
