import type { Rendition } from "../stream/renditions.ts";
import { PACKET_OVERHEAD_BYTES } from "./stream_rate.ts";

/** Of a packet that is one of several of a picture, about. */
const PAYLOAD_BYTES = 1250;

/** So much more than there is room for is too much at once; anything more, for who lags already. */
const TOO_MUCH = 1.1;
const LAGGING_MS = 250;

/** A larger one must leave this part of the room, which is less than the link carries already. */
const SPARE = 0.03;

/** One that did not bear is left alone for so long, times the number of tries. */
const RETRY_MS = 10_000;
/** Unless there is so many times the room for it: then the link is another than it was. */
const AMPLE = 1.5;
const MAX_TRIES = 12;

/** One that has borne for so long was not tried in vain. */
const PROVEN_MS = 20_000;

/** What the link to a viewer carries, and how it is used. */
export interface RenditionRoom {
  /**
   * Bits a second for pictures, with headers: what is left beside the sound, when no queue is being
   * emptied.
   */
  readonly roomBps: number;
  /** How far the next picture is behind live, as it is paced. */
  readonly lagMs: number;
  readonly nowMs: number;
}

/**
 * Decides which of a stream's renditions a viewer is sent: a smaller one at once when what it has does
 * not fit; a larger one when that fits with something to spare, and was not tried in vain of late.
 *
 * @example
 * ```ts ignore
 * const choice = new RenditionChoice();
 * const trackId = choice.choose(renditions, current, { roomBps: 800_000, lagMs: 0, nowMs });
 * ```
 */
export class RenditionChoice {
  /** By the number of the track: how often it was tried in vain, and until when it is left alone. */
  readonly #vain = new Map<number, { tries: number; untilMs: number }>();
  #raised: { readonly trackId: number; readonly atMs: number } | undefined;

  /**
   * The number of the track that the viewer should be sent.
   *
   * @param renditions the largest first
   * @param current the number of the one that it is sent
   */
  choose(renditions: readonly Rendition[], current: number, room: RenditionRoom): number {
    const at = renditions.findIndex(({ trackId }) => trackId === current);
    // It is no more: whatever fits.
    if (at < 0) return this.#fitting(renditions, 0, room)?.trackId ?? current;
    if (isTooMuch(renditions[at]!, room)) {
      const smaller = this.#fitting(renditions, at + 1, room);
      if (smaller === undefined) return current;
      this.#noteDown(current, room.nowMs);
      return smaller.trackId;
    }
    const larger = renditions.slice(0, at).find((rendition) => this.#mayRaise(rendition, room));
    if (larger === undefined) return current;
    this.#raised = { trackId: larger.trackId, atMs: room.nowMs };
    return larger.trackId;
  }

  /** The largest from `from` on that fits, or else the smallest. */
  #fitting(
    renditions: readonly Rendition[],
    from: number,
    { roomBps }: RenditionRoom,
  ): Rendition | undefined {
    const smaller = renditions.slice(from);
    return smaller.find((rendition) => linkBps(rendition) <= roomBps) ??
      smaller.at(-1);
  }

  #mayRaise(rendition: Rendition, { roomBps, lagMs, nowMs }: RenditionRoom): boolean {
    const neededRoomBps = neededBps(rendition);
    if (lagMs > LAGGING_MS || neededRoomBps > roomBps) return false;
    if (neededRoomBps * AMPLE <= roomBps) return true;
    return nowMs >= (this.#vain.get(rendition.trackId)?.untilMs ?? -Infinity);
  }

  /** What was tried not long ago was tried in vain. */
  #noteDown(trackId: number, nowMs: number): void {
    const raised = this.#raised;
    this.#raised = undefined;
    if (raised?.trackId !== trackId) return;
    if (nowMs - raised.atMs >= PROVEN_MS) return void this.#vain.delete(trackId);
    const tries = Math.min((this.#vain.get(trackId)?.tries ?? 0) + 1, MAX_TRIES);
    this.#vain.set(trackId, { tries, untilMs: nowMs + RETRY_MS * tries });
  }
}

/** What a rendition takes of a link, in bits a second. */
export function linkBps({ bitrateBps, frameRate }: Rendition): number {
  const packetsPerS = Math.max(frameRate, bitrateBps / 8 / PAYLOAD_BYTES);
  return bitrateBps + packetsPerS * PACKET_OVERHEAD_BYTES * 8;
}

/** The room that there must be for a rendition before a viewer is sent it in place of a smaller one. */
export function neededBps(rendition: Rendition): number {
  return linkBps(rendition) / (1 - SPARE);
}

function isTooMuch(rendition: Rendition, { roomBps, lagMs }: RenditionRoom): boolean {
  const bps = linkBps(rendition);
  return bps > roomBps * TOO_MUCH || bps > roomBps && lagMs > LAGGING_MS;
}
