/**
 * How much a publisher sends, against the limit of what let it in. What one has sent counts for the
 * next one of the same stream, or whoever is ended for it would have it all anew by coming back.
 */

/** A key frame is no reason to end anybody: rates are of so long. */
const RATE_WINDOW_MS = 5000;

/** A rate may be so much above its limit: encoders do not keep theirs to the bit. */
const RATE_MARGIN = 1.1;

/** What has been sent lately. */
export interface SentLately {
  /** Since when, before now. */
  readonly spentMs: number;
  readonly bytes: number;
}

/** Whether so long has been looked at that what follows may be looked at alone. */
export function isWindowOver({ spentMs }: SentLately): boolean {
  return spentMs >= RATE_WINDOW_MS;
}

/** Bits per second: what is sent at the beginning is taken to be for the whole window. */
export function bitrateOf({ spentMs, bytes }: SentLately): number {
  return Math.round(bytes * 8000 / Math.max(spentMs, RATE_WINDOW_MS));
}

export function isTooMuch(sent: SentLately, maxBitrateBps: number): boolean {
  return bitrateOf(sent) > maxBitrateBps * RATE_MARGIN;
}

/** How long nothing may follow until what was sent is within the limit. */
export function waitMs(sent: SentLately, maxBitrateBps: number): number {
  if (!isTooMuch(sent, maxBitrateBps)) return 0;
  return sent.bytes * 8000 / (maxBitrateBps * RATE_MARGIN) - sent.spentMs;
}
