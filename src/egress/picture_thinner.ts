import type { PacketRing } from "../rtp/packet_ring.ts";
import { layerOfPacket, PacketFlag } from "../rtp/packet_sink.ts";
import { distance } from "../stream/log_layout.ts";
import { TemporalChoice } from "./temporal_choice.ts";

/**
 * How much later than live a picture may leave. Where even the key frame takes longer, those behind
 * it get as long again as half of this.
 */
const MAX_LAG_MS = 1500;
const LAG_BEHIND_KEY_FRAME_MS = 500;

/** What is left of a group gives way to a newer key frame, if it lags more than this. */
const GIVE_WAY_LAG_MS = 250;

/** Of a queue that overflows, what was sent before is not known to be lost for as long as that. */
const MAX_LOST_AGE_MS = 700;

/** A key frame that would take longer on its way is not begun: there is sound alone then. */
const MAX_KEY_FRAME_MS = 3500;

/**
 * What a viewer is sent of one rendition, from best to worst: `all`; what others refer to, without
 * those pictures that `nobody` refers to, or without higher temporal layers; the `beginning` of each
 * group; its `keyFrames`; `sound`.
 */
export type ViewerQuality = "all" | "referenced" | "beginning" | "keyFrames" | "sound";

/** What the link carries beside the sound. */
export interface PictureRoom {
  /** Bits a second that are left for pictures. */
  readonly roomBps: number;
  /** What all pictures take. */
  readonly fullBps: number;
}

/** What becomes of a picture: `cut` is it, and all up to the next key frame. */
export type PictureFate = "send" | "leaveOut" | "cut";

/**
 * Decides which pictures a viewer is sent whose link does not carry all of them, one at a time, when
 * it would leave: by how late that is. No picture is ever sent without those that it refers to: after
 * one that is cut, nothing comes before a key frame; and of the key frames that have come meanwhile,
 * it is the newest.
 *
 * @example
 * ```ts
 * import { PacketRing } from "../rtp/packet_ring.ts";
 * import { PictureThinner } from "./picture_thinner.ts";
 *
 * const thinner = new PictureThinner();
 * const room = { roomBps: 500_000, fullBps: 2_000_000 };
 * // thinner.admits(ring, ring.newestKeyFrame, room), then for each picture from there on:
 * // thinner.fateOf(ring, index, room)
 * ```
 */
export class PictureThinner {
  #quality: ViewerQuality = "all";
  /** No key frame up to here is gone back to. */
  #passed = -1;
  /** How late the first picture behind its key frame was. */
  #keyLagMs: number | undefined;
  /** What was sent of the group behind its key frame, and what was left out. */
  #sent = 0;
  #leftOut = 0;
  readonly #temporal = new TemporalChoice();

  get quality(): ViewerQuality {
    return this.#quality;
  }

  /** Whether what follows refers to nothing that was left out: all can be sent from here on. */
  get isWhole(): boolean {
    return this.#temporal.isWhole;
  }

  /** Whether a key frame is needed, so that layers come again for which there is room. */
  get isHeldBack(): boolean {
    return this.#temporal.isHeldBack;
  }

  /** All pictures are sent again, whatever there is room for. */
  reset(): void {
    this.#temporal.reset();
    this.#quality = "all";
    this.#passed = -1;
    this.#beginGroup();
  }

  /** Other packets than before are to be decided on, whose numbers tell nothing about those. */
  forgetNumbers(): void {
    this.#passed = -1;
  }

  /** Whether a viewer that waits for a key frame goes on at this one. If not, it waits for another. */
  admits(ring: PacketRing, start: number, { roomBps }: PictureRoom): boolean {
    if (start <= this.#passed) return false;
    const bytes = ring.bytesBetween(start, ring.accessUnitEnd(start));
    if (bytes * 8000 <= roomBps * MAX_KEY_FRAME_MS) return true;
    this.#passed = start;
    this.#quality = "sound";
    return false;
  }

  /** Whether what begins at `index`, and is not a key frame under way, is left for a newer key frame. */
  givesWay(ring: PacketRing, index: number): boolean {
    if (!isSuperseded(ring, index)) return false;
    this.#cut(index);
    return true;
  }

  /**
   * What is left of the group that `index` belongs to is given up. If its key frame is so new that it
   * has been lost with it, that is gone back to.
   */
  giveUp(ring: PacketRing, index: number): void {
    this.#cut(index);
    const start = ring.newestKeyFrame;
    if (start !== undefined && lagOf(ring, start) < MAX_LOST_AGE_MS) this.#passed = start - 1;
  }

  /** What becomes of the picture that begins at `index`, which is the next to leave. */
  fateOf(ring: PacketRing, index: number, room: PictureRoom): PictureFate {
    const flags = ring.flags(index);
    const lagMs = lagOf(ring, index);
    const givesWay = isSuperseded(ring, index);
    const isKeyFrame = (flags & PacketFlag.keyFrameStart) !== 0;
    const bytes = () => ring.bytesBetween(index, ring.accessUnitEnd(index));
    const isAbove = this.#temporal.leavesOut(
      { layer: layerOfPacket(flags), isKeyFrame, bytes },
      room,
    );
    if (isKeyFrame) {
      if (givesWay) return this.#cut(index);
      this.#endGroup();
      this.#passed = index;
      this.#beginGroup();
      return "send";
    }
    const isUnreferenced = (flags & PacketFlag.unreferencedStart) !== 0;
    if (isAbove || (isUnreferenced && room.roomBps < room.fullBps)) {
      this.#leftOut++;
      if (this.#quality === "all") this.#quality = "referenced";
      return "leaveOut";
    }
    this.#keyLagMs ??= lagMs;
    const maxLagMs = Math.max(MAX_LAG_MS, this.#keyLagMs + LAG_BEHIND_KEY_FRAME_MS);
    if (givesWay || lagMs > maxLagMs) return this.#cut(index);
    this.#sent++;
    return "send";
  }

  #cut(index: number): "cut" {
    this.#quality = this.#sent === 0 ? "keyFrames" : "beginning";
    this.#passed = Math.max(this.#passed, index - 1);
    this.#beginGroup();
    return "cut";
  }

  /** A group has been sent to its end. */
  #endGroup(): void {
    if (this.#sent + this.#leftOut === 0) return;
    this.#quality = this.#leftOut > 0 ? "referenced" : "all";
  }

  #beginGroup(): void {
    this.#keyLagMs = undefined;
    this.#sent = this.#leftOut = 0;
  }
}

/** How late a packet leaves that leaves now. */
function lagOf(ring: PacketRing, index: number): number {
  return distance(ring.timeMs(index) ?? 0, ring.timeMs(ring.head - 1) ?? 0);
}

function isSuperseded(ring: PacketRing, index: number): boolean {
  return (ring.newestKeyFrame ?? -1) > index && lagOf(ring, index) > GIVE_WAY_LAG_MS;
}
