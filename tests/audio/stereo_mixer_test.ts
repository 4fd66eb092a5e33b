import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { StereoMixer } from "../../src/audio/stereo_mixer.ts";

const HALF_POWER = Math.SQRT1_2;

/** What full scale in one channel alone gives left and right, by channels in AAC's order. */
const TABLE: readonly (readonly [channels: number, ...(readonly [number, number])[]])[] = [
  [3, [HALF_POWER, HALF_POWER], [1, 0], [0, 1]],
  [4, [HALF_POWER, HALF_POWER], [1, 0], [0, 1], [0.5, 0.5]],
  [5, [HALF_POWER, HALF_POWER], [1, 0], [0, 1], [HALF_POWER, 0], [0, HALF_POWER]],
  [6, [HALF_POWER, HALF_POWER], [1, 0], [0, 1], [HALF_POWER, 0], [0, HALF_POWER], [0, 0]],
];

Deno.test("StereoMixer: each channel to its place", () => {
  for (const [channels, ...wanted] of TABLE) {
    const mixer = new StereoMixer(channels, 4);
    wanted.forEach(([left, right], at) => {
      const input = Array.from({ length: channels }, (_, channel) => {
        return new Float32Array(4).fill(channel === at ? 1 : 0);
      });
      const output = mixer.mix(input);
      assertEquals(output.length, 2);
      assertAlmostEquals(output[0]![3]!, left, 1e-6);
      assertAlmostEquals(output[1]![3]!, right, 1e-6);
    });
  }
});

Deno.test("StereoMixer: one and two channels pass through", () => {
  for (const channels of [1, 2]) {
    const input = Array.from({ length: channels }, () => new Float32Array(4));
    assertStrictEquals(new StereoMixer(channels, 4).mix(input), input);
  }
});
