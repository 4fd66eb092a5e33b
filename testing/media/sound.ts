/** Sound to test with, and the measures that it is judged by. */
import { createDecoder } from "libopus-wasm";
import type { OpusPacket } from "../../src/audio/opus_packet_maker.ts";
import { seededRandom } from "../mutation.ts";

/** Samples by channel. */
export type Sound = readonly Float32Array[];

/** A sine that climbs from 50 Hz to 15 kHz, or to 0.42 of the rate, within the duration. */
export function sweep(sampleRate: number, channels: number, seconds: number): Sound {
  const length = Math.round(sampleRate * seconds);
  const highest = Math.min(15_000, sampleRate * 0.42);
  const growth = Math.log(highest / 50);
  const phase = (t: number) => ((2 * Math.PI * 50 * seconds) / growth) * Math.exp(t * growth);
  const samples = Float32Array.from(
    { length },
    (_, at) => 0.5 * Math.sin(phase(at / length)),
  );
  return Array.from(
    { length: channels },
    (_, channel) => channel === 0 ? samples : samples.slice(),
  );
}

/** Notes of eight harmonics that fade, other ones in each channel, and bursts of noise. */
export function music(sampleRate: number, channels: number, seconds: number): Sound {
  const random = seededRandom(7);
  const length = Math.round(sampleRate * seconds);
  const notes = [220, 277, 330, 440, 165, 392];
  const sound = Array.from({ length: channels }, () => new Float32Array(length));
  for (let at = 0; at < length; at++) {
    const t = at / sampleRate;
    const envelope = Math.exp(-3 * ((t * 2.1) % 1));
    for (let channel = 0; channel < channels; channel++) {
      const note = notes[(Math.floor(t * 2.1) + channel * 2) % notes.length]!;
      let sum = 0;
      for (let harmonic = 1; harmonic <= 8; harmonic++) {
        sum += Math.sin(2 * Math.PI * note * harmonic * t + channel * harmonic) / harmonic;
      }
      const noise = (t * 3.7) % 1 < 0.04 ? (random() - 0.5) * 0.2 : 0;
      sound[channel]![at] = 0.25 * envelope * sum + noise;
    }
  }
  return sound;
}

/** Interleaved 32-bit floats, as ffmpeg's f32le. */
export function interleave(sound: Sound): Uint8Array<ArrayBuffer> {
  const interleaved = new Float32Array(sound[0]!.length * sound.length);
  sound.forEach((samples, channel) => {
    for (let at = 0; at < samples.length; at++) {
      interleaved[at * sound.length + channel] = samples[at]!;
    }
  });
  return new Uint8Array(interleaved.buffer);
}

export function deinterleave(interleaved: Float32Array, channels: number): Sound {
  const length = Math.floor(interleaved.length / channels);
  return Array.from(
    { length: channels },
    (_, channel) => Float32Array.from({ length }, (_, at) => interleaved[at * channels + channel]!),
  );
}

/** What a receiver hears of packets, in two channels, from the first packet's time on. */
export async function decodeOpus(packets: readonly Pick<OpusPacket, "data">[]): Promise<Sound> {
  const decoder = await createDecoder({ channels: 2 });
  const pieces = packets.map(({ data }) => decoder.decodeFloat(data));
  decoder.free();
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return deinterleave(all, 2);
}

/** How many dB a sound is above its difference from another, over a range of samples. */
export function snrDb(
  reference: Float32Array,
  sound: Float32Array,
  { from, to, lag = 0 }: { from: number; to: number; lag?: number },
): number {
  let signal = 0;
  let noise = 0;
  for (let at = from; at < to; at++) {
    const wanted = reference[at]!;
    const got = sound[at + lag]!;
    signal += wanted * wanted;
    noise += (got - wanted) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/** By how many samples `sound` is later than `reference`: where they differ least over the range. */
export function lagOf(
  reference: Float32Array,
  sound: Float32Array,
  { from, to, most = 1500 }: { from: number; to: number; most?: number },
): number {
  let best = 0;
  let bestSum = Infinity;
  for (let lag = -most; lag <= most; lag++) {
    let sum = 0;
    for (let at = from; at < to && sum < bestSum; at++) {
      sum += (reference[at]! - (sound[at + lag] ?? 0)) ** 2;
    }
    if (sum < bestSum) {
      bestSum = sum;
      best = lag;
    }
  }
  return best;
}

/** The longest run of samples that are all below a level. */
export function longestSilence(
  samples: Float32Array,
  { from = 0, to = samples.length, level = 1e-4 } = {},
): number {
  let longest = 0;
  let run = 0;
  for (let at = from; at < to; at++) {
    run = Math.abs(samples[at]!) < level ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** What is below a frequency at 48 kHz: a windowed sinc that delays nothing. */
export function lowPass(samples: Float32Array, hz: number): Float32Array {
  const half = 128;
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, at) => {
    const x = (2 * Math.PI * hz * (at - half)) / 48_000;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * (at - half)) / half);
    return (x === 0 ? 1 : Math.sin(x) / x) * window * ((2 * hz) / 48_000);
  });
  return samples.map((_, at) => {
    let sum = 0;
    for (let tap = 0; tap <= 2 * half; tap++) sum += (samples[at + tap - half] ?? 0) * taps[tap]!;
    return sum;
  });
}
