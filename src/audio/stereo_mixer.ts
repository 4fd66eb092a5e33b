/** -3 dB. */
const HALF_POWER = Math.SQRT1_2;

/** Left and right weights of each channel, by the number of channels in AAC's order. */
type Weights = readonly (readonly [left: number, right: number])[];

const CENTRE = [HALF_POWER, HALF_POWER] as const;
const LEFT = [1, 0] as const;
const RIGHT = [0, 1] as const;
const SURROUND_LEFT = [HALF_POWER, 0] as const;
const SURROUND_RIGHT = [0, HALF_POWER] as const;
const SILENT = [0, 0] as const;

/**
 * ITU-R BS.775 annex 4, by the order of ISO/IEC 14496-3 table 1.19: centre and surround 3 dB lower,
 * low frequencies left out. The second pair of eight channels is outer fronts by that table, but
 * encoders put surround there.
 */
const MIXDOWNS: Readonly<Record<number, Weights>> = {
  3: [CENTRE, LEFT, RIGHT],
  4: [CENTRE, LEFT, RIGHT, [0.5, 0.5]],
  5: [CENTRE, LEFT, RIGHT, SURROUND_LEFT, SURROUND_RIGHT],
  6: [CENTRE, LEFT, RIGHT, SURROUND_LEFT, SURROUND_RIGHT, SILENT],
  7: [CENTRE, LEFT, RIGHT, SURROUND_LEFT, SURROUND_RIGHT, [0.5, 0.5], SILENT],
  8: [
    CENTRE,
    LEFT,
    RIGHT,
    ...[SURROUND_LEFT, SURROUND_RIGHT],
    ...[SURROUND_LEFT, SURROUND_RIGHT],
    SILENT,
  ],
};

/**
 * Mixes more than two channels down to two, as loud as browsers do, so that what is at full scale
 * in several channels exceeds it; one and two channels pass through.
 */
export class StereoMixer {
  readonly #weights: Weights | undefined;
  readonly #output: readonly [Float32Array, Float32Array];

  /** @param samples per channel, of each call */
  constructor(channels: number, samples: number) {
    const weights = MIXDOWNS[channels];
    const size = weights === undefined ? 0 : samples;
    this.#output = [new Float32Array(size), new Float32Array(size)];
    if (weights === undefined) return;
    this.#weights = weights;
  }

  /** One or two channels, which hold until the next call or as long as `input`. */
  mix(input: readonly Float32Array[]): readonly Float32Array[] {
    const weights = this.#weights;
    if (weights === undefined) return input;
    const [left, right] = this.#output;
    left.fill(0);
    right.fill(0);
    for (let channel = 0; channel < weights.length; channel++) {
      const [leftWeight, rightWeight] = weights[channel]!;
      const samples = input[channel]!;
      for (let at = 0; at < left.length; at++) {
        left[at]! += samples[at]! * leftWeight;
        right[at]! += samples[at]! * rightWeight;
      }
    }
    return this.#output;
  }
}
