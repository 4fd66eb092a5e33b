import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { StereoMixer } from "../../src/audio/stereo_mixer.ts";

const HALF_POWER = Math.SQRT1_2;

const CENTRE = [HALF_POWER, HALF_POWER] as const;
const LEFT = [1, 0] as const;
const RIGHT = [0, 1] as const;
const SURROUND = [[HALF_POWER, 0], [0, HALF_POWER]] as const;
const BACK = [0.5, 0.5] as const;
const LOW = [0, 0] as const;

/** What full scale in one channel alone gives left and right, by channels in AAC's order. */
const TABLE: readonly (readonly [channels: number, ...(readonly [number, number])[]])[] = [
  [3, CENTRE, LEFT, RIGHT],
  [4, CENTRE, LEFT, RIGHT, BACK],
  [5, CENTRE, LEFT, RIGHT, ...SURROUND],
  [6, CENTRE, LEFT, RIGHT, ...SURROUND, LOW],
  [7, CENTRE, LEFT, RIGHT, ...SURROUND, BACK, LOW],
  [8, CENTRE, LEFT, RIGHT, ...SURROUND, ...SURROUND, LOW],
];

for (const [channels, ...places] of TABLE) {
  Deno.test(`StereoMixer: ${channels} channels, each to its place`, () => {
    const mixer = new StereoMixer(channels, 4);
    const alone = (at: number) =>
      mixer.mix(Array.from(
        { length: channels },
        (_, channel) => new Float32Array(4).fill(channel === at ? 1 : 0),
      )).map((samples) => samples[3]!);
    places.forEach(([left, right], at) => {
      const output = alone(at);
      assertEquals(output.length, 2);
      assertAlmostEquals(output[0]!, left, 1e-6);
      assertAlmostEquals(output[1]!, right, 1e-6);
    });
  });
}

Deno.test("StereoMixer: one and two channels pass through", () => {
  for (const channels of [1, 2]) {
    const input = Array.from({ length: channels }, () => new Float32Array(4));
    assertStrictEquals(new StereoMixer(channels, 4).mix(input), input);
  }
});
