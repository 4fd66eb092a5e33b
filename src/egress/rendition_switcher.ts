import type { PacketRing } from "../rtp/packet_ring.ts";
import { PacketFlag } from "../rtp/packet_sink.ts";
import { distance } from "../stream/log_layout.ts";
import type { Rendition } from "../stream/renditions.ts";
import { linkBps, neededBps, RenditionChoice, type RenditionRoom } from "./rendition_choice.ts";

/** How often it is looked whether another one fits better. */
const CHOSEN_ANEW_MS = 100;
/** And at once when there is less room than this part. */
const MUCH_LESS = 0.8;

/** How often a key frame is wished for that is waited for. */
const WISHED_AGAIN_MS = 1000;

/**
 * What lies between a key frame and live is sent at a switch if that takes no longer, or no longer than
 * the next key frame is waited for, as far as is known.
 */
const MAX_REPLAY_MS = 500;
/** And its key frame, before which nothing new is shown, in no longer than this. */
const MAX_KEY_FRAME_MS = 100;
const LONG_WAIT_MS = 2000;

/** A stream's renditions for one viewer, and their packets. */
export interface RenditionSource {
  /** The number of the track that the viewer begins with: another one with another publisher. */
  readonly firstTrackId: number;
  /** As they are now, the largest first. */
  list(nowMs: number): readonly Rendition[];
  /** The packets of one, which are made as long as it is open; `undefined` if they cannot be had. */
  open(trackId: number): PacketRing | undefined;
  /** Whether packets are still made that were opened. */
  isOpen(trackId: number): boolean;
  close(trackId: number): void;
  /** The viewer waits for a key frame of one: the publisher may be able to make it. */
  wishKeyFrame(trackId: number): void;
}

/** A viewer's place in the packets of its pictures. */
export interface SwitchedTrack {
  readonly ring: PacketRing;
  /** Index of the next packet; `undefined` if it waits for a key frame, or has not begun. */
  readonly position: number | undefined;
  /** Goes on with packets of a ring. */
  jump(index: number, from: { readonly ring: PacketRing }): void;
  /** What was sent so far is not sent again. */
  forgetSent(): void;
}

/** What the link to a viewer carries, and what of it there is now. */
export interface SwitchRoom extends RenditionRoom {
  /** Bits a second for pictures while a queue is being emptied; as `roomBps` if none is. */
  readonly replayBps: number;
}

/** Packets of a rendition, opened. */
interface Opened {
  readonly trackId: number;
  readonly ring: PacketRing;
}

/** One that is gone to at its next key frame. */
interface Awaited extends Opened {
  /** The newest when it was decided: it is for another. */
  readonly after: number | undefined;
}

/**
 * Changes one WebRTC viewer between the renditions of its stream, so that receivers see one stream of
 * pictures whose size changes.
 *
 * To a smaller one it goes at once, at the newest key frame of that, with all that has come behind it:
 * receivers decode that quickly, and show the newest. Where that takes too long, or the key frame alone
 * does, it is an even smaller one until the next key frame; the smallest lags until then if it must. A
 * larger one begins with its next key frame.
 */
export class RenditionSwitcher {
  readonly #source: RenditionSource;
  readonly #track: SwitchedTrack;
  readonly #choice = new RenditionChoice();
  #current: Opened;
  #awaited: Awaited | undefined;
  #chosenAtMs = -Infinity;
  /** For how much room. */
  #chosenBps = 0;
  #wishedAtMs = -Infinity;

  constructor(source: RenditionSource, track: SwitchedTrack) {
    this.#source = source;
    this.#track = track;
    this.#current = { trackId: source.firstTrackId, ring: track.ring };
  }

  /** The number of the track that the viewer is sent. */
  get trackId(): number {
    return this.#current.trackId;
  }

  /** The room for pictures that the next larger one needs; `undefined` if there is none. */
  wantedBps(nowMs: number): number | undefined {
    const list = this.#source.list(nowMs);
    const at = list.findIndex(({ trackId }) => trackId === this.trackId);
    const larger = list[at - 1];
    return larger && neededBps(larger);
  }

  /** What the largest takes of a link; `undefined` if there is but one. */
  largestBps(nowMs: number): number | undefined {
    const list = this.#source.list(nowMs);
    return list.length > 1 ? linkBps(list[0]!) : undefined;
  }

  /**
   * Changes to another rendition, if it is time for that. To be called before pictures are taken.
   *
   * @returns whether the viewer has changed: to pictures that may be past
   */
  update(room: SwitchRoom): boolean {
    const { nowMs } = room;
    const isLess = room.roomBps < MUCH_LESS * this.#chosenBps;
    if (isLess || nowMs - this.#chosenAtMs >= CHOSEN_ANEW_MS) {
      this.#chosenAtMs = nowMs;
      this.#chosenBps = room.roomBps;
      const list = this.#source.list(nowMs);
      if (list.length > 0 ? this.#decide(list, room) : this.#leaveLost()) return true;
    }
    if (this.#awaited === undefined) return false;
    if (this.#goToAwaited()) return true;
    this.#wish(this.#awaited, nowMs);
    return false;
  }

  /** Publishers by WebRTC make key frames only when they are asked to. */
  #wish({ trackId }: Opened, nowMs: number): void {
    if (nowMs - this.#wishedAtMs < WISHED_AGAIN_MS) return;
    this.#wishedAtMs = nowMs;
    this.#source.wishKeyFrame(trackId);
  }

  #decide(list: readonly Rendition[], room: SwitchRoom): boolean {
    const { trackId } = this.#current;
    const isLost = !this.#source.isOpen(trackId);
    const choices = isLost ? list.filter((rendition) => rendition.trackId !== trackId) : list;
    const goal = this.#awaited?.trackId ?? trackId;
    const chosen = this.#choice.choose(choices, goal, room);
    if (chosen === trackId) {
      this.#await(undefined);
      return false;
    }
    const at = choices.findIndex((rendition) => rendition.trackId === chosen);
    const isLarger = at < choices.findIndex((rendition) => rendition.trackId === trackId);
    // There may be room for its past by now.
    if (!isLarger) return this.#goDown(choices.slice(at), room);
    if (chosen !== goal) this.#await(this.#open(chosen));
    return false;
  }

  /** There is nothing to choose from any more: what is left are the pictures that it began with. */
  #leaveLost(): boolean {
    if (this.#source.isOpen(this.#current.trackId)) return false;
    const first = this.#open(this.#source.firstTrackId);
    const start = first?.ring.newestKeyFrame;
    if (first === undefined || start === undefined) {
      this.#await(first);
      return false;
    }
    this.#switch(first, start);
    this.#await(undefined);
    return true;
  }

  /**
   * To the first of them, or for want of room to a smaller one until the next key frame. The smallest
   * may lag until then: late pictures are better than none.
   */
  #goDown(choices: readonly Rendition[], { replayBps, roomBps }: SwitchRoom): boolean {
    const [target] = choices;
    for (const { trackId, keyFrameDistanceMs } of choices) {
      const opened = this.#open(trackId);
      const start = opened?.ring.newestKeyFrame;
      if (opened === undefined) continue;
      const { ring } = opened;
      const waitMs = start === undefined ? 0 : untilNextMs(ring, start, keyFrameDistanceMs);
      const isLast = trackId === choices.at(-1)!.trackId;
      const fits = start !== undefined &&
        (isLast
          ? keyFrameMs(ring, start, roomBps) <= waitMs
          : keyFrameMs(ring, start, replayBps) <= MAX_KEY_FRAME_MS &&
            replayMs(ring, start, replayBps) <= Math.max(MAX_REPLAY_MS, waitMs));
      if (fits) {
        this.#switch(opened, start);
        this.#await(trackId === target!.trackId ? undefined : this.#open(target!.trackId));
        return true;
      }
      this.#forget(opened);
    }
    this.#await(this.#open(target!.trackId));
    return false;
  }

  #goToAwaited(): boolean {
    const awaited = this.#awaited;
    const start = awaited?.ring.newestKeyFrame;
    if (awaited === undefined || start === undefined || start === awaited.after) return false;
    this.#switch(awaited, start);
    this.#awaited = undefined;
    return true;
  }

  #switch(to: Opened, start: number): void {
    const before = this.#current;
    this.#current = to;
    this.#track.jump(start, { ring: to.ring });
    this.#track.forgetSent();
    this.#forget(before);
  }

  #open(trackId: number): Opened | undefined {
    if (trackId === this.#current.trackId) return this.#current;
    if (trackId === this.#awaited?.trackId) return this.#awaited;
    const ring = this.#source.open(trackId);
    return ring && { trackId, ring };
  }

  #await(opened: Opened | undefined): void {
    const before = this.#awaited;
    this.#awaited = opened && { ...opened, after: opened.ring.newestKeyFrame };
    if (before?.trackId !== opened?.trackId) this.#forget(before);
  }

  #forget(opened: Opened | undefined): void {
    const trackId = opened?.trackId;
    if (trackId === undefined || trackId === this.#current.trackId) return;
    if (trackId !== this.#awaited?.trackId) this.#source.close(trackId);
  }
}

/** How long the next key frame is waited for, as far as is known. */
function untilNextMs(ring: PacketRing, start: number, keyFrameDistanceMs: number | null): number {
  const ageMs = distance(ring.timeMs(start)!, ring.timeMs(ring.head - 1)!);
  const waitMs = keyFrameDistanceMs === null ? LONG_WAIT_MS : keyFrameDistanceMs - ageMs;
  return Math.min(waitMs, LONG_WAIT_MS);
}

/** How long a key frame takes by itself. */
function keyFrameMs(ring: PacketRing, start: number, roomBps: number): number {
  return ring.bytesBetween(start, ring.accessUnitEnd(start)) * 8000 / Math.max(1, roomBps);
}

/** How long it takes to send what lies between a key frame and live, without what nobody refers to. */
function replayMs(ring: PacketRing, start: number, roomBps: number): number {
  const bytes = picturesFrom(ring, start).reduce(
    (sum, index) => sum + ring.bytesBetween(index, ring.accessUnitEnd(index)),
    0,
  );
  return bytes * 8000 / Math.max(1, roomBps);
}

/** Where the pictures begin that others refer to, from a key frame up to the newest, which is one. */
function picturesFrom(ring: PacketRing, start: number): number[] {
  const pictures: number[] = [];
  for (let index = start; index < ring.head; index = ring.accessUnitEnd(index)) {
    const isReferred = (ring.flags(index) & PacketFlag.unreferencedStart) === 0;
    if (isReferred || index === ring.newestAccessUnit) pictures.push(index);
  }
  return pictures;
}
