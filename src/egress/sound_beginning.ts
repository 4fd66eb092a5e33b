import type { RtpFeed } from "./rtp_feed.ts";
import type { RtpTrack } from "./rtp_track.ts";

/** For so long after the beginning of the sound, no more of its packets than this wait. */
const CATCH_UP_MS = 2000;
const MAX_FIRST_BURST = 3;
/** A transcoder that is this close to the stream's sound, or comes no closer, has caught up. */
const SETTLED_LAG_MS = 60;
const LAG_JITTER_MS = 10;
/** Beyond two frames of HE-AAC and a packet, it has not. */
const MAX_SETTLED_LAG_MS = 150;

/**
 * Where a viewer's sound begins: now, and not with the pictures that are caught up with. Receivers
 * play it at its own speed, and would hold back the pictures for as long as it lags.
 */
export class SoundBeginning {
  readonly #feed: Pick<RtpFeed, "audio" | "soundLagMs">;
  readonly #audio: RtpTrack;
  #beganMs = -Infinity;
  /** How far sound was behind when it was looked at last; 0 since it has caught up. */
  #lagMs = Infinity;

  constructor(feed: Pick<RtpFeed, "audio" | "soundLagMs">, audio: RtpTrack) {
    this.#feed = feed;
    this.#audio = audio;
  }

  /** Finds where to begin, and where to go on if packets are gone. */
  keepPlace(nowMs: number): void {
    const audio = this.#audio;
    const { ring } = this.#feed.audio;
    // Where there has been no sound at all, it begins when it comes.
    if (!audio.hasBegun || audio.isOvertaken || ring.head === 0) {
      this.#beganMs = nowMs;
      this.#lagMs = Infinity;
      audio.jump(ring.head);
    }
    if (nowMs - this.#beganMs < CATCH_UP_MS) this.#catchUp();
  }

  /**
   * A transcoder that has just been started makes what is past, too, which is left out. A receiver that is sent much at
   * once takes it for jitter, and plays sound late for a long time.
   */
  #catchUp(): void {
    const audio = this.#audio;
    if (audio.waiting === 0) return;
    const { soundLagMs, audio: { ring } } = this.#feed;
    const isPast = this.#lagMs > 0 && (soundLagMs > MAX_SETTLED_LAG_MS ||
      soundLagMs > SETTLED_LAG_MS && soundLagMs < this.#lagMs - LAG_JITTER_MS);
    this.#lagMs = isPast ? soundLagMs : 0;
    if (isPast) audio.jump(ring.head);
    else if (audio.waiting > MAX_FIRST_BURST) audio.jump(ring.head - 1);
  }
}
