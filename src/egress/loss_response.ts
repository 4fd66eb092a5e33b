import type { ReceiverReports } from "../rtp/receiver_report.ts";
import { FarLoss } from "./far_loss.ts";
import type { RtpTrack } from "./rtp_track.ts";
import { SoundRedundancy } from "./sound_redundancy.ts";
import type { HeldPictures } from "./viewer_track.ts";

/** What is done against the loss that a viewer reports, decided once for each second of it. */
export class LossResponse {
  readonly #video: RtpTrack | undefined;
  readonly #held: HeldPictures | undefined;
  readonly #sound = new SoundRedundancy();
  readonly #far = new FarLoss();
  #windowCount = 0;
  /** What it was told last. */
  #heldMs: number | undefined;

  /** @param held how its pictures are held back; `undefined` where it cannot be told to */
  constructor(video: RtpTrack | undefined, held: HeldPictures | undefined) {
    this.#video = video;
    this.#held = held;
    this.#hold();
  }

  /** How many earlier packets of sound each one is to carry once more. */
  get redundancy(): number {
    return this.#sound.count;
  }

  /** Whether what is asked for is to be sent twice. */
  get isTwice(): boolean {
    return this.#far.isTwice;
  }

  /**
   * The viewer has reported.
   *
   * @param isItsOwn whether the link has lost it by itself, and not a queue that was full
   */
  take({ recentLoss, roundTripMs }: ReceiverReports, isItsOwn: boolean, nowMs: number): void {
    const { fraction, windowCount } = recentLoss;
    if (windowCount === this.#windowCount) return;
    this.#windowCount = windowCount;
    if (!isItsOwn) return;
    this.#sound.takeLoss(fraction);
    this.#far.takeLoss(fraction, roundTripMs, nowMs);
    this.#hold();
  }

  #hold(): void {
    if (this.#held === undefined) return;
    const heldMs = Math.max(this.#held.leastMs, this.#far.heldMs);
    if (heldMs === this.#heldMs) return;
    this.#heldMs = heldMs;
    this.#video?.tell(this.#held.extension(heldMs));
  }
}
