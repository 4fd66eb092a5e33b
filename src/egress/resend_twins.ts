import { ResendQueue } from "./resend_queue.ts";
import type { RtpTrack } from "./rtp_track.ts";

/** Between the two: what is lost in a row is lost within a few milliseconds. */
const TWIN_AFTER_MS = 15;

/** Packets that were sent again and are to be sent once more without being asked for, oldest first. */
export class ResendTwins {
  readonly #queue = new ResendQueue();
  readonly #dueMs: number[] = [];

  /** When the oldest is due; Infinity if there is none. */
  get nextMs(): number {
    return this.#dueMs[0] ?? Infinity;
  }

  /** Track and sequence number of the oldest packet, which {@linkcode drop} removes. */
  get track(): RtpTrack | undefined {
    return this.#queue.track;
  }

  get sequence(): number {
    return this.#queue.sequence;
  }

  /** A packet has just been sent again. Where there is no room, once is enough. */
  add(track: RtpTrack, sequence: number, nowMs: number): void {
    if (this.#queue.push(track, sequence)) this.#dueMs.push(nowMs + TWIN_AFTER_MS);
  }

  drop(): void {
    this.#queue.drop();
    this.#dueMs.shift();
  }

  clear(): void {
    this.#queue.clear();
    this.#dueMs.length = 0;
  }
}
