/**
 * Opus is checked by ear of a machine: what a receiver hears against what ffmpeg decodes of the same
 * AAC, and beside what native libopus makes of that at the same bitrate.
 */
import { assert, assertEquals } from "@std/assert";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import type { OpusPacket } from "../../src/audio/opus_packet_maker.ts";
import { peerTest } from "../../testing/peers.ts";
import {
  type AacSource,
  decodeWithFfmpeg,
  encodeAac,
  throughNativeOpus,
} from "../../testing/media/aac_source.ts";
import { AAC_HE_V1, AAC_LC } from "../../testing/media/aac_streams.ts";
import { packetsOf } from "./packets.ts";
import { writeOgg } from "./ogg.ts";
import {
  decodeOpus,
  lagOf,
  longestSilence,
  lowPass,
  music,
  snrDb,
  type Sound,
  sweep,
} from "../../testing/media/sound.ts";
import { IS_LONG } from "../../testing/long_form.ts";

const BITRATE_BPS = 128_000;

/** How much worse than native libopus it may be. */
const MAX_LOSS_DB = 1;

/** 2 ms: what nobody sees on lips. */
const MAX_OFFSET_SAMPLES = 96;

async function transcode({ configuration, units }: AacSource): Promise<OpusPacket[]> {
  const transcoder = await AudioTranscoder.create({ bitrateBps: BITRATE_BPS });
  transcoder.setConfiguration(configuration);
  const packets = units.flatMap(({ data, timestampMs }) =>
    packetsOf(transcoder, data, timestampMs)
  );
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  transcoder.close();
  return packets;
}

/** Compares one channel of each over all but the ends, each where it fits best. */
function judge(reference: Sound, sound: Sound, native: Sound, channel: number) {
  const of = (candidate: Sound) => {
    const [wanted, got] = [reference[channel]!, candidate[channel]!];
    const lag = lagOf(wanted, got, { from: 48_000, to: 96_000 });
    const to = Math.min(wanted.length, got.length) - 9600;
    return { lag, db: snrDb(wanted, got, { from: 9600, to, lag }) };
  };
  return { own: of(sound), native: of(native) };
}

async function assertAsGoodAsNative(
  name: string,
  source: AacSource,
  channels: 1 | 2,
  hear: (samples: Float32Array) => Float32Array = (samples) => samples,
) {
  const reference = (await decodeWithFfmpeg(source.flv, channels)).map(hear);
  const sound = (await decodeOpus(await transcode(source))).map(hear);
  // Mono is coded with half of the bitrate.
  const nativeBps = (BITRATE_BPS / 2) * channels;
  const native = (await throughNativeOpus(source, channels, nativeBps)).map(hear);
  for (let channel = 0; channel < channels; channel++) {
    const judged = judge(reference, sound, native, channel);
    const offsetMs = judged.own.lag / 48;
    console.log(
      `  ${name}, channel ${channel}: ${offsetMs.toFixed(2)} ms late, ` +
        `${judged.own.db.toFixed(1)} dB, native libopus ${judged.native.db.toFixed(1)} dB`,
    );
    assert(Math.abs(judged.own.lag) <= MAX_OFFSET_SAMPLES, `${offsetMs} ms late`);
    assert(judged.own.db > judged.native.db - MAX_LOSS_DB, `${name}: ${JSON.stringify(judged)}`);
  }
}

const SOURCES = [
  { name: "44.1 kHz", sampleRate: 44_100, channels: 2, args: ["-b:a", "128k"] },
  { name: "48 kHz", sampleRate: 48_000, channels: 2, args: ["-b:a", "160k"] },
  { name: "32 kHz", sampleRate: 32_000, channels: 2, args: ["-b:a", "96k"] },
  { name: "22.05 kHz mono", sampleRate: 22_050, channels: 1, args: ["-b:a", "48k"] },
  { name: "96 kHz", sampleRate: 96_000, channels: 2, args: ["-b:a", "192k"] },
] as const;

for (const { name, sampleRate, channels, args } of SOURCES) {
  for (const [kind, make] of [["music", music], ["a sweep", sweep]] as const) {
    peerTest(`Opus of ${name} AAC, ${kind}: as good as native libopus`, ["ffmpeg"], async () => {
      const source = await encodeAac(make(sampleRate, channels, 5), sampleRate, args);
      await assertAsGoodAsNative(`${name} ${kind}`, source, channels);
    });
  }
}

peerTest("Opus of HE-AAC: as good as native libopus", ["ffmpeg"], async () => {
  // Above, SBR adds noise that is another in each decoder.
  await assertAsGoodAsNative("HE-AAC", AAC_HE_V1, 2, (samples) => lowPass(samples, 5000));
});

peerTest("Opus of 5.1 AAC: mixed down as ffmpeg does", ["ffmpeg"], async () => {
  const source = await encodeAac(music(48_000, 6, 5), 48_000, ["-b:a", "384k"]);
  await assertAsGoodAsNative("5.1", source, 2);
});

peerTest("Opus packets are what ffmpeg takes them for", ["ffmpeg"], async () => {
  const packets = await transcode(AAC_LC);
  const [here] = await decodeOpus(packets);
  const [there] = await decodeWithFfmpeg(writeOgg(packets.map(({ data }) => data)), 2);
  assertEquals(there!.length, packets.length * 960);
  const db = snrDb(here!, there!, { from: 0, to: there!.length });
  assert(db > 45, `${db} dB between two decoders`);
});

/** How much sound is looked at for gaps and drift. */
const LONG_SOUND_S = IS_LONG ? 60 : 20;

peerTest("Opus of a long piece of AAC: no gap, no drift", ["ffmpeg"], async () => {
  const source = await encodeAac(music(44_100, 2, LONG_SOUND_S), 44_100, ["-b:a", "128k"]);
  const [reference] = await decodeWithFfmpeg(source.flv, 2);
  const packets = await transcode(source);
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 20 * at));
  // The sound that came in is all there, but for what the resampler, Opus and a packet still hold.
  const samples = Math.floor((source.units.length * 1024 * 160) / 147);
  const held = samples - packets.length * 960;
  assert(held >= 312 && held < 312 + 26 + 960, `${held} samples held`);
  const [sound] = await decodeOpus(packets);
  for (const second of [1, LONG_SOUND_S / 2, LONG_SOUND_S - 2]) {
    const range = { from: second * 48_000, to: (second + 1) * 48_000 };
    assertEquals(lagOf(reference!, sound!, { ...range, most: 200 }), 0, `at ${second} s`);
  }
  const gap = longestSilence(sound!, { from: 4800, level: 1e-6 });
  assert(gap < 480, `${gap} samples of silence`);
});
