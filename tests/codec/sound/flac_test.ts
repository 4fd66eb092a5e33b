import { assertEquals, assertThrows } from "@std/assert";
import { CodecError } from "../../../src/codec/codec_error.ts";
import { parseFlacStreamInfo } from "../../../src/codec/sound/flac.ts";
import { fromHex, surviveMutations } from "../../../testing/mutation.ts";
import { FLAC_SAMPLES } from "../../../testing/media/parameter_samples.ts";

const [MONO, SURROUND] = FLAC_SAMPLES as [Uint8Array, Uint8Array];

// As ffprobe shows them.
Deno.test("STREAMINFO of ffmpeg", () => {
  const { bytes: _, ...mono } = parseFlacStreamInfo(MONO);
  assertEquals(mono, {
    sampleRate: 44_100,
    channels: 1,
    bitsPerSample: 16,
    minSamplesPerFrame: 4608,
    maxSamplesPerFrame: 4608,
  });
  const { sampleRate, channels, bitsPerSample } = parseFlacStreamInfo(SURROUND);
  assertEquals([sampleRate, channels, bitsPerSample], [96_000, 6, 24]);
});

Deno.test("STREAMINFO: bare, as a block, as the last block, with more behind it", () => {
  const expected = parseFlacStreamInfo(MONO);
  const block = MONO.subarray(4);
  const last = Uint8Array.of(0x80, ...block.subarray(1));
  const behind = Uint8Array.of(...MONO, 0x84, 0, 0, 1, 0);
  for (const data of [block, last, MONO.subarray(8), behind]) {
    assertEquals(parseFlacStreamInfo(data), expected);
  }
  assertEquals(expected.bytes.buffer, MONO.buffer);
  assertEquals(expected.bytes.length, 34);
});

Deno.test("STREAMINFO: refused if cut short anywhere", () => {
  for (const start of [0, 4, 8]) {
    for (let end = start; end < MONO.length; end++) {
      assertThrows(() => parseFlacStreamInfo(MONO.subarray(start, end)), CodecError);
    }
  }
});

Deno.test("STREAMINFO: limits, and what is not allowed", () => {
  const withRate = (digits: string) =>
    parseFlacStreamInfo(fromHex(`0010 ffff 000000 000000 ${digits} ${"00".repeat(20)}`));
  const { minSamplesPerFrame, maxSamplesPerFrame, ...widest } = withRate("ffffffff0000");
  assertEquals([minSamplesPerFrame, maxSamplesPerFrame], [16, 65_535]);
  assertEquals([widest.sampleRate, widest.channels, widest.bitsPerSample], [1_048_575, 8, 32]);
  assertEquals(withRate("000010300000").bitsPerSample, 4);
  assertThrows(() => withRate("000000f00000"), CodecError, "got 0 Hz and 16 bits");
  assertThrows(() => withRate("000010200000"), CodecError, "got 1 Hz and 3 bits");
  const withSamples = (digits: string) => () =>
    parseFlacStreamInfo(fromHex(`${digits} 000000 000000 0ac442f0 ${"00".repeat(22)}`));
  assertThrows(withSamples("000f 1000"), CodecError, "got 15 to 4096");
  assertThrows(withSamples("1000 0fff"), CodecError, "got 4096 to 4095");
  const wrongBlock = Uint8Array.of(...MONO.subarray(0, 4), 4, ...MONO.subarray(5));
  assertThrows(() => parseFlacStreamInfo(wrongBlock), CodecError, "got type 4");
});

Deno.test("STREAMINFO survives mutations", () => {
  const samples = [...FLAC_SAMPLES, MONO.slice(4), MONO.slice(8)];
  surviveMutations(samples, parseFlacStreamInfo, CodecError);
});
