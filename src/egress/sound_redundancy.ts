/** Of the packets of a second: less is no loss to speak of. */
const LEAST_LOSS = 0.01;
/** So many seconds in a row must tell of loss: a queue that overflows is shorter than that. */
const LOSSY_SECONDS = 3;
/** Of heavy loss. */
const HEAVY_LOSS_SECONDS = 2;
/** So many in a row tell of none until it is over: who has lost some loses some again. */
const CLEAR_SECONDS = 30;
/** Of a new one, among those before. */
const WEIGHT = 0.3;
/** From here on, two packets in a row are lost so often that two are carried again. */
const HEAVY_LOSS = 0.03;

/** How many earlier packets of sound each one carries once more, by what the viewer reports. */
export class SoundRedundancy {
  #lossFraction = 0;
  #lossySeconds = 0;
  #clearSeconds = 0;
  #isOn = false;

  /** 0 as long as next to nothing is lost. */
  get count(): 0 | 1 | 2 {
    if (!this.#isOn) return 0;
    return this.#lossFraction >= HEAVY_LOSS ? 2 : 1;
  }

  /** What was lost in a second, of all that the viewer is sent: all of it takes one way. */
  takeLoss(lossFraction: number): void {
    this.#lossFraction += WEIGHT * (lossFraction - this.#lossFraction);
    if (lossFraction >= LEAST_LOSS) {
      this.#lossySeconds++;
      this.#clearSeconds = 0;
      const isHeavy = lossFraction >= HEAVY_LOSS;
      this.#isOn ||= this.#lossySeconds >= (isHeavy ? HEAVY_LOSS_SECONDS : LOSSY_SECONDS);
      return;
    }
    this.#lossySeconds = 0;
    if (++this.#clearSeconds >= CLEAR_SECONDS) this.#isOn = false;
  }
}
