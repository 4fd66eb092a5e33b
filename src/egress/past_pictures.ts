import { PacketFlag } from "../rtp/packet_sink.ts";
import type { SrtpSender } from "../srtp/srtp_sender.ts";
import type { RtpFeed } from "./rtp_feed.ts";
import type { RtpTrack } from "./rtp_track.ts";

/** By how much a picture is taken to be older than the newest, at most, while none comes. */
const MAX_AGE_MS = 100;

/**
 * Sends the pictures that a viewer begins with, as fast as it may have them, under the time at which
 * they are sent instead of their own.
 *
 * Receivers learn from timestamps and arrivals when pictures are to be shown. Pictures that come
 * faster than their timestamps say would have them take the clock for one that has slowed down, for
 * as long as it takes to forget them: live pictures are shown at once then, before their sound, and
 * whatever comes late is seen to come late.
 */
export class PastPictures {
  readonly #feed: Pick<RtpFeed, "pictureAgeMs">;
  readonly #video: RtpTrack;
  #hasBegun = false;
  #isOn = false;
  /** What is sent under a timestamp up to this is past; later, it was sent. */
  #newest = 0;

  constructor(feed: Pick<RtpFeed, "pictureAgeMs">, video: RtpTrack) {
    this.#feed = feed;
    this.#video = video;
  }

  /** Whether what is sent next is past. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** The viewer goes on at what is past, up to the newest picture that there is. */
  begin(): void {
    const { ring } = this.#video;
    const newest = ring.timestamp(ring.head - 1)!;
    const { lastTimestamp = newest } = this.#video;
    const begun = isLater(lastTimestamp, newest) ? lastTimestamp : newest;
    if (!this.#hasBegun || isLater(begun, this.#newest)) this.#newest = begun;
    this.#hasBegun = true;
    this.#isOn = true;
  }

  /** Protects up to `count` packets, and appends them to `datagrams`. */
  take(count: number, nowMs: number, sender: SrtpSender, datagrams: Uint8Array[]): void {
    const video = this.#video;
    const end = datagrams.length + count;
    while (this.#isOn && datagrams.length < end && video.waiting > 0) {
      const { ring } = video;
      const position = video.position!;
      const next = ring.accessUnitEnd(position);
      if (this.#isLeftOut(position, next)) {
        video.jump(next, { ring });
        continue;
      }
      if ((ring.flags(position) & PacketFlag.accessUnitStart) !== 0) this.#stamp(position, nowMs);
      const left = next - position;
      video.take(Math.min(left, end - datagrams.length), sender, datagrams);
    }
    // What is left is live.
    if (datagrams.length < end) video.take(end - datagrams.length, sender, datagrams);
  }

  /** What nobody refers to, unless it is the newest. */
  #isLeftOut(position: number, next: number): boolean {
    const { ring } = this.#video;
    return next < ring.head && (ring.flags(position) & PacketFlag.unreferencedStart) !== 0 &&
      !isLater(ring.timestamp(position)!, this.#newest);
  }

  #stamp(position: number, nowMs: number): void {
    const { ring } = this.#video;
    const own = ring.timestamp(position)!;
    const before = this.#newest;
    if (isLater(own, before)) {
      this.#isOn = false;
      return this.#video.jump(position, { ring });
    }
    const ageMs = Math.min(this.#feed.pictureAgeMs(nowMs), MAX_AGE_MS);
    const { ticksPerMs } = this.#video.clock;
    const live = ring.timestamp(ring.head - 1)! + Math.round(ageMs * ticksPerMs) | 0;
    this.#newest = isLater(live, before) ? live : before + 1 | 0;
    this.#video.jump(position, { ring, timestampShift: this.#newest - own | 0 });
  }
}

/** Timestamps have 32 bits, and go round. */
function isLater(timestamp: number, other: number): boolean {
  return (timestamp - other | 0) > 0;
}
