import { assert, assertEquals, assertThrows } from "@std/assert";
import { AacDecoder, MAX_ACCESS_UNIT_SIZE } from "../../src/audio/aac_decoder.ts";
import { isTranscodable } from "../../src/audio/aac_stream.ts";
import { AudioError } from "../../src/audio/audio_error.ts";
import { loadFaad } from "../../src/audio/faad.ts";
import { parseAacConfiguration } from "../../src/codec/sound/aac.ts";
import { fromHex, mutate, seededRandom } from "../../testing/mutation.ts";
import { peerTest } from "../../testing/peers.ts";
import { type AacSource, decodeWithFfmpeg } from "../../testing/media/aac_source.ts";
import { AAC_HE_V1, AAC_HE_V2, AAC_LC } from "../../testing/media/aac_streams.ts";
import { longestSilence, snrDb } from "../../testing/media/sound.ts";

const faad = await loadFaad();

/** All samples of the first channel, and of each unit the peak. */
function decodeAll(decoder: AacDecoder, units: readonly Uint8Array[]) {
  const samples = new Float32Array(units.length * decoder.samplesPerUnit);
  units.forEach((unit, at) => {
    const channels = decoder.decode(unit);
    assertEquals(channels.length, decoder.channels);
    for (const channel of channels) {
      assertEquals(channel.length, decoder.samplesPerUnit);
      assert(channel.every((sample) => Math.abs(sample) <= 1), "samples are from -1 to 1");
    }
    samples.set(channels[0]!, at * decoder.samplesPerUnit);
  });
  return samples;
}

const dataOf = ({ units }: AacSource) => units.map(({ data }) => data);

function peak(samples: Float32Array, from = 0, to = samples.length): number {
  let highest = 0;
  for (let at = from; at < to; at++) highest = Math.max(highest, Math.abs(samples[at]!));
  return highest;
}

const FORMS = [
  { name: "LC", source: AAC_LC, hex: "1210", shape: [44_100, 2, 1024] },
  { name: "LC, no SBR said", source: AAC_LC, hex: "121056e500", shape: [44_100, 2, 1024] },
  { name: "SBR, compatible", source: AAC_HE_V1, hex: "139056e5a0", shape: [44_100, 2, 2048] },
  { name: "SBR, hierarchical", source: AAC_HE_V1, hex: "2b920800", shape: [44_100, 2, 2048] },
  { name: "SBR, not said", source: AAC_HE_V1, hex: "1390", shape: [44_100, 2, 2048] },
  { name: "PS, compatible", source: AAC_HE_V2, hex: "138856e5a54880", shape: [44_100, 1, 2048] },
  { name: "PS, hierarchical", source: AAC_HE_V2, hex: "eb8a0800", shape: [44_100, 1, 2048] },
] as const;

for (const { name, source, hex, shape } of FORMS) {
  Deno.test(`AacDecoder: ${name}`, () => {
    const decoder = new AacDecoder(faad, fromHex(hex));
    assertEquals([decoder.sampleRate, decoder.channels, decoder.samplesPerUnit], [...shape]);
    const samples = decodeAll(decoder, dataOf(source));
    assertEquals(decoder.errors, 0);
    assertEquals(peak(samples, 0, decoder.samplesPerUnit), 0, "the first unit is withheld");
    assert(peak(samples) > 0.2, `peak ${peak(samples)}`);
    decoder.close();
  });
}

for (
  const { name, source, wantedDb } of [
    { name: "LC", source: AAC_LC, wantedDb: 90 },
    // Decoders differ in the noise that SBR adds.
    { name: "HE-AAC", source: AAC_HE_V1, wantedDb: 15 },
  ]
) {
  peerTest(`AacDecoder: ${name} as ffmpeg decodes it, sample by sample`, ["ffmpeg"], async () => {
    const decoder = new AacDecoder(faad, source.configuration);
    assertEquals(decoder.sampleRate, 44_100);
    const samples = decodeAll(decoder, dataOf(source));
    decoder.close();
    const [reference] = await decodeWithFfmpeg(source.flv, 2, 44_100);
    const range = { from: 4096, to: Math.min(samples.length, reference!.length) };
    const db = snrDb(reference!, samples, range);
    assert(db > wantedDb, `${db} dB`);
    for (const lag of [-1, 1]) {
      assert(snrDb(reference!, samples, { ...range, from: 5000, to: range.to - 1, lag }) < db);
    }
  });
}

Deno.test("AacDecoder: what cannot be decoded becomes as much silence, and sound comes back", () => {
  const decoder = new AacDecoder(faad, AAC_LC.configuration);
  const units = dataOf(AAC_LC).slice();
  const clean = decodeAll(decoder, units);
  decoder.close();
  const size = 1024;
  units.splice(30, 2, new Uint8Array(0), new Uint8Array(MAX_ACCESS_UNIT_SIZE + 1));
  const again = new AacDecoder(faad, AAC_LC.configuration);
  const damaged = decodeAll(again, units);
  assertEquals([again.errors, again.renewals], [2, 0]);
  assertEquals(damaged.subarray(0, 30 * size), clean.subarray(0, 30 * size));
  assertEquals(peak(damaged, 30 * size + 240, 32 * size), 0);
  const [before, after] = [damaged[30 * size - 1]!, damaged[30 * size]!];
  assert(Math.abs(before - after) < 0.01, "the silence is faded into");
  const range = { from: 33 * size, to: 60 * size };
  assert(snrDb(clean, damaged, range) > 60, "sound is whole again after one unit");
  again.close();
});

Deno.test("AacDecoder: a decoder that fails again and again is renewed", () => {
  const decoder = new AacDecoder(faad, AAC_LC.configuration);
  const units = dataOf(AAC_LC);
  decodeAll(decoder, units.slice(0, 10));
  decodeAll(decoder, Array.from({ length: 7 }, () => new Uint8Array(20).fill(0xff)));
  assertEquals([decoder.errors, decoder.renewals], [7, 2]);
  const samples = decodeAll(decoder, units.slice(17, 40));
  assertEquals(decoder.errors, 7);
  assert(longestSilence(samples) <= 2 * 1024, "no more than the withheld unit is silent");
  decoder.close();
});

Deno.test("AacDecoder: mutated access units neither break it nor change the count of samples", () => {
  const random = seededRandom(3);
  for (const source of [AAC_LC, AAC_HE_V1, AAC_HE_V2]) {
    const decoder = new AacDecoder(faad, source.configuration);
    for (let round = 0; round < 10; round++) {
      decodeAll(
        decoder,
        dataOf(source).map((unit) => random() < 0.5 ? mutate(unit, random) : unit),
      );
    }
    const memory = faad.HEAPU8.length;
    decodeAll(decoder, dataOf(source));
    decoder.close();
    assert(memory < 32 << 20, `${memory} bytes of memory`);
  }
});

Deno.test("AacDecoder: closed decoders leave no memory behind", () => {
  const before = faad.HEAPU8.length;
  for (let round = 0; round < 300; round++) {
    const decoder = new AacDecoder(faad, AAC_HE_V1.configuration);
    decoder.decode(AAC_HE_V1.units[0]!.data);
    decoder.close();
  }
  assert(faad.HEAPU8.length - before <= 1 << 20, `grew by ${faad.HEAPU8.length - before}`);
});

Deno.test("AacDecoder: configurations that cannot be transcoded are refused", () => {
  const table = [
    ["", "Cannot read"],
    ["0a10", "must be LC"], // AAC Main
    ["1214", "960 samples"],
    ["17800608" + "10", "must be LC"], // 3088 Hz
    ["f8", "Cannot read"],
    ["00".repeat(513), "up to 512 bytes, got 513"],
  ] as const;
  for (const [hex, message] of table) {
    assertThrows(() => new AacDecoder(faad, fromHex(hex)), AudioError, message);
  }
});

Deno.test("AacDecoder: mutated configurations are taken or refused", () => {
  const random = seededRandom(5);
  for (const { configuration, units } of [AAC_LC, AAC_HE_V1, AAC_HE_V2]) {
    for (let round = 0; round < 1000; round++) {
      try {
        const decoder = new AacDecoder(faad, mutate(configuration, random));
        for (const { data } of units.slice(0, 2)) decoder.decode(data);
        decoder.close();
      } catch (error) {
        if (!(error instanceof AudioError)) throw error;
      }
    }
  }
  assert(faad.HEAPU8.length < 32 << 20, `${faad.HEAPU8.length} bytes of memory`);
});

Deno.test("isTranscodable: AAC LC and what is built on it", () => {
  const table = [["121056e500", true], ["eb8a0800", true], ["0a10", false], [
    "1214",
    false,
  ]] as const;
  for (const [hex, wanted] of table) {
    assertEquals(isTranscodable(parseAacConfiguration(fromHex(hex))), wanted, hex);
  }
});
