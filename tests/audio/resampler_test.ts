import { assert, assertEquals, assertThrows } from "@std/assert";
import { AudioError } from "../../src/audio/audio_error.ts";
import { Resampler } from "../../src/audio/resampler.ts";
import { seededRandom } from "../../testing/mutation.ts";

const RATES = [
  ...[7350, 8000, 11_025, 12_000, 16_000, 22_050, 24_000],
  ...[32_000, 44_100, 48_000, 64_000, 88_200, 96_000],
];

function sine(sampleRate: number, hz: number, length: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * hz * at) / sampleRate),
  );
}

/** Pushes in pieces of the lengths that `next` gives, then drains. */
function resample(sampleRate: number, input: Float32Array, next: () => number): Float32Array {
  const resampler = new Resampler(sampleRate, 1);
  const pieces: Float32Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = Math.min(input.length, at + next());
    pieces.push(resampler.push([input.subarray(at, end)])[0]!.slice());
    at = end;
  }
  pieces.push(resampler.drain()[0]!.slice());
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}

for (const rate of RATES) {
  Deno.test(`Resampler: ${rate} Hz, every sample at its time`, () => {
    const hz = rate * 0.17;
    const input = sine(rate, hz, rate);
    const output = resample(rate, input, () => 1024);
    assertEquals(output.length, 48_000, "one second of input is one second of output");
    const wanted = sine(48_000, hz, 48_000);
    let signal = 0;
    let noise = 0;
    for (let at = 1000; at < 47_000; at++) {
      signal += wanted[at]! ** 2;
      noise += (output[at]! - wanted[at]!) ** 2;
    }
    const db = 10 * Math.log10(signal / noise);
    assert(db > 85, `${db} dB`);
  });
}

Deno.test("Resampler: pieces of any length give the same", () => {
  const random = seededRandom(1);
  for (const rate of [44_100, 8000, 96_000]) {
    const input = sine(rate, 1000, 20_000);
    const whole = resample(rate, input, () => 20_000);
    assertEquals(resample(rate, input, () => 1 + Math.floor(random() * 300)), whole);
    assertEquals(resample(rate, input, () => 1), whole);
  }
});

Deno.test("Resampler: what 48 kHz cannot hold is gone", () => {
  const output = resample(96_000, sine(96_000, 30_000, 96_000), () => 1024);
  assert(output.subarray(1000, 47_000).every((sample) => Math.abs(sample) < 1e-4));
});

Deno.test("Resampler: up to 19 kHz passes from 44.1 kHz with its level", () => {
  const output = resample(44_100, sine(44_100, 19_000, 44_100), () => 1024);
  const level = Math.sqrt(output.reduce((sum, sample) => sum + sample ** 2, 0) / output.length);
  assert(Math.abs(20 * Math.log10(level / Math.sqrt(0.125))) < 0.2, `${level}`);
});

Deno.test("Resampler: counts exactly over ten minutes", () => {
  const resampler = new Resampler(44_100, 1);
  const unit = [new Float32Array(1024)];
  const units = Math.floor((600 * 44_100) / 1024);
  let count = 0;
  for (let at = 0; at < units; at++) count += resampler.push(unit)[0]!.length;
  count += resampler.drain()[0]!.length;
  assertEquals(count, Math.ceil((units * 1024 * 160) / 147));
});

Deno.test("Resampler: begins anew after a reset", () => {
  const resampler = new Resampler(44_100, 1);
  const input = sine(44_100, 700, 1024);
  const first = resampler.push([input])[0]!.slice();
  resampler.push([input]);
  resampler.reset();
  assertEquals(resampler.push([input])[0], first);
});

Deno.test("Resampler: rates out of range are refused", () => {
  for (const rate of [0, -1, NaN, 3999, 192_001, 44_101]) {
    assertThrows(() => new Resampler(rate, 1), AudioError, "Cannot resample");
  }
});
