/**
 * What transcoding AAC to Opus costs: one iteration is one second of sound, so that the milliseconds
 * of an iteration are those of CPU per second and stream, and 1000 through it the streams a core has
 * time for.
 */
import { AacDecoder } from "../src/audio/aac_decoder.ts";
import { AudioTranscoder } from "../src/audio/audio_transcoder.ts";
import { loadFaad } from "../src/audio/faad.ts";
import { OpusEncoder, SAMPLES_PER_PACKET } from "../src/audio/opus_encoder.ts";
import { Resampler } from "../src/audio/resampler.ts";
import { AAC_HE_V1, AAC_LC } from "../testing/media/aac_streams.ts";

/** Access units of one second, from the middle of a stream. */
function secondOf({ units }: typeof AAC_LC, samplesPerUnit: number): readonly Uint8Array[] {
  return units.slice(10, 10 + Math.round(44_100 / samplesPerUnit)).map(({ data }) => data);
}

const SOURCES = [
  { name: "AAC LC 44.1 kHz", source: AAC_LC, samplesPerUnit: 1024 },
  { name: "HE-AAC 44.1 kHz", source: AAC_HE_V1, samplesPerUnit: 2048 },
] as const;

for (const { name, source, samplesPerUnit } of SOURCES) {
  const units = secondOf(source, samplesPerUnit);
  const transcoder = await AudioTranscoder.create();
  transcoder.setConfiguration(source.configuration);
  let unit = 0;
  Deno.bench(`1 s of ${name} to Opus`, () => {
    for (const data of units) {
      transcoder.push(data, Math.round((unit++ * samplesPerUnit) / 44.1));
      while (transcoder.next() !== undefined);
    }
  });
  const decoder = new AacDecoder(await loadFaad(), source.configuration);
  Deno.bench(`1 s of ${name}: decoding alone`, () => {
    for (const data of units) decoder.decode(data);
  });
}

const resampler = new Resampler(44_100, 2);
const [left, right] = [new Float32Array(1024).fill(0.1), new Float32Array(1024).fill(0.2)];
Deno.bench("1 s of 44.1 kHz stereo: resampling alone", () => {
  for (let unit = 0; unit < 43; unit++) resampler.push([left, right]);
});

const encoder = await OpusEncoder.create();
const sound = Float32Array.from({ length: 48_000 * 2 }, (_, at) => {
  const t = (at >> 1) / 48_000;
  return 0.2 * Math.sin(2 * Math.PI * 440 * t) + 0.1 * Math.sin(2 * Math.PI * 1733 * t * (1 + t));
});
Deno.bench("1 s of stereo: encoding alone, 128 kbit/s", () => {
  for (let at = 0; at < sound.length; at += SAMPLES_PER_PACKET * 2) {
    encoder.encode(sound.subarray(at, at + SAMPLES_PER_PACKET * 2));
  }
});
