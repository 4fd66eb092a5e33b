/** Sound whose channels are others than its configuration says, or more than two. */
import { assert, assertEquals } from "@std/assert";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import { fromHex } from "../../testing/mutation.ts";
import { peerTest } from "../../testing/peers.ts";
import { type AacSource, encodeAac } from "../../testing/media/aac_source.ts";
import { decodeOpus, type Sound } from "../../testing/media/sound.ts";
import { packetsOf } from "./packets.ts";

const SECONDS = 1;

/** A sine of another frequency in each channel. */
function sines(sampleRate: number, frequencies: readonly number[]): Sound {
  return frequencies.map((hz) =>
    Float32Array.from(
      { length: sampleRate * SECONDS },
      (_, at) => 0.2 * Math.sin(2 * Math.PI * hz * at / sampleRate),
    )
  );
}

/** Amplitude of a frequency in 48 kHz sound, without its beginning and its end. */
function amplitudeOf(samples: Float32Array, hz: number): number {
  const part = samples.subarray(9600, 38_400);
  let real = 0;
  let imaginary = 0;
  part.forEach((sample, at) => {
    const phase = 2 * Math.PI * hz * at / 48_000;
    real += sample * Math.cos(phase);
    imaginary += sample * Math.sin(phase);
  });
  return 2 * Math.hypot(real, imaginary) / part.length;
}

/** What a receiver hears of each frequency: left and right, against what went in. */
async function heard(
  { units }: AacSource,
  configuration: Uint8Array,
  frequencies: readonly number[],
): Promise<readonly (readonly [left: number, right: number])[]> {
  const transcoder = await AudioTranscoder.create({ bitrateBps: 256_000 });
  transcoder.setConfiguration(configuration);
  const packets = units.flatMap(({ data, timestampMs }) =>
    packetsOf(transcoder, data, timestampMs)
  );
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  transcoder.close();
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 20 * at));
  const [left, right] = await decodeOpus(packets);
  return frequencies.map((hz) => [amplitudeOf(left!, hz) / 0.2, amplitudeOf(right!, hz) / 0.2]);
}

function assertHeard(
  got: readonly (readonly [number, number])[],
  wanted: readonly (readonly [number, number])[],
): void {
  const isNear = (one: number, other: number) => Math.abs(one - other) < 0.06;
  const isSame = got.every(([left, right], at) =>
    isNear(left, wanted[at]![0]) && isNear(right, wanted[at]![1])
  );
  assert(isSame, `heard ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

const BOTH = [1, 1] as const;
const LEFT = [1, 0] as const;
const RIGHT = [0, 1] as const;
const HALF = Math.SQRT1_2;
const CENTRE = [HALF, HALF] as const;
const SIDES = [[HALF, 0], [0, HALF]] as const;
const LOW = [0, 0] as const;

const MONO = [440] as const;
const STEREO = [440, 1000] as const;

for (
  const { name, frequencies, hex, wanted } of [
    { name: "mono", frequencies: MONO, hex: "1208", wanted: [BOTH] },
    { name: "mono said to be stereo", frequencies: MONO, hex: "1210", wanted: [BOTH] },
    { name: "mono said to be 5.1", frequencies: MONO, hex: "1230", wanted: [BOTH] },
    { name: "stereo", frequencies: STEREO, hex: "1210", wanted: [LEFT, RIGHT] },
    { name: "stereo said to be mono", frequencies: STEREO, hex: "1208", wanted: [LEFT, RIGHT] },
    { name: "stereo said to be 7.1", frequencies: STEREO, hex: "1238", wanted: [LEFT, RIGHT] },
  ] as const
) {
  peerTest(`AudioTranscoder: ${name}`, ["ffmpeg"], async () => {
    const source = await encodeAac(sines(44_100, frequencies), 44_100, ["-b:a", "160k"]);
    assertHeard(await heard(source, fromHex(hex), frequencies), wanted);
  });
}

// In the order of ffmpeg's samples: left, right, centre, low, back or side.
const SURROUND = [440, 1000, 1500, 60, 2000, 2500] as const;
const WIDER = [...SURROUND, 3000, 3500] as const;

for (
  const { name, frequencies, hex, wanted } of [
    {
      name: "5.1",
      frequencies: SURROUND,
      hex: "11b0",
      wanted: [LEFT, RIGHT, CENTRE, LOW, ...SIDES],
    },
    {
      name: "5.1 said to be stereo",
      frequencies: SURROUND,
      hex: "1190",
      wanted: [LEFT, RIGHT, CENTRE, LOW, ...SIDES],
    },
    ...[["configuration 7", "11b8"], ["configuration 12", "11e0"], ["said to be mono", "1188"]].map(
      (
        [name, hex],
      ) => ({
        name: `7.1, ${name}`,
        frequencies: WIDER,
        hex: hex!,
        wanted: [LEFT, RIGHT, CENTRE, LOW, ...SIDES, ...SIDES],
      }),
    ),
  ]
) {
  peerTest(`AudioTranscoder: ${name} is mixed down`, ["ffmpeg"], async () => {
    const args = ["-b:a", "512k"];
    const source = await encodeAac(sines(48_000, frequencies), 48_000, args);
    assertHeard(await heard(source, fromHex(hex), frequencies), wanted);
  });
}

peerTest("AudioTranscoder: other channels in the middle of it", ["ffmpeg"], async () => {
  const args = ["-b:a", "160k"];
  const mono = await encodeAac(sines(44_100, MONO), 44_100, args);
  const stereo = await encodeAac(sines(44_100, STEREO), 44_100, args);
  const transcoder = await AudioTranscoder.create();
  transcoder.setConfiguration(stereo.configuration);
  const endMs = mono.units.at(-1)!.timestampMs + 23;
  const units = [
    ...mono.units,
    ...stereo.units.map((unit) => ({ ...unit, timestampMs: endMs + unit.timestampMs })),
  ];
  const packets = units.flatMap(({ data, timestampMs }) =>
    packetsOf(transcoder, data, timestampMs)
  );
  // A new decoder takes over after three, and two must be seen before it is believed.
  assert(transcoder.statistics.damagedUnits <= 5, `${transcoder.statistics.damagedUnits} lost`);
  transcoder.close();
  const [, right] = await decodeOpus(packets);
  assert(amplitudeOf(right!.subarray(48_000), 1000) > 0.15, "the right channel is heard");
});
