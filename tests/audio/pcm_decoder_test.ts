import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { AudioError } from "../../src/audio/audio_error.ts";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import type { OpusPacket } from "../../src/audio/opus_packet_maker.ts";
import { PcmDecoder } from "../../src/audio/pcm_decoder.ts";
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import { decodeOpus, lagOf, snrDb, sweep } from "../../testing/media/sound.ts";
import { packetsOf } from "./packets.ts";

/** All samples of a message, by channel. */
function decodeAll(decoder: PcmDecoder, message: Uint8Array): Float32Array[] {
  const parts = decoder.cut(message).map((part) => decoder.decode(part).map((x) => x.slice()));
  return (parts[0] ?? []).map((_, channel) =>
    Float32Array.from(parts.flatMap((part) => [...part[channel]!]))
  );
}

Deno.test("PcmDecoder: each encoding, mono and stereo", () => {
  const cases = [
    { encoding: "u8", channels: 1, bytes: [0x80, 0x00, 0xff], samples: [[0, -1, 127 / 128]] },
    {
      encoding: "u8",
      channels: 2,
      bytes: [0x80, 0x00, 0xc0, 0x40],
      samples: [[0, 0.5], [-1, -0.5]],
    },
    {
      encoding: "s16le",
      channels: 1,
      bytes: [0x00, 0x80, 0xff, 0x7f, 0x01, 0x00],
      samples: [[-1, 32_767 / 32_768, 1 / 32_768]],
    },
    { encoding: "s16le", channels: 2, bytes: [0, 0x40, 0, 0xc0], samples: [[0.5], [-0.5]] },
    { encoding: "g711-alaw", channels: 1, bytes: [0xd5, 0x2a], samples: [[8 / 32_768, -0.984375]] },
    { encoding: "g711-mulaw", channels: 1, bytes: [0xff, 0x00], samples: [[0, -32_124 / 32_768]] },
  ] as const;
  for (const { encoding, channels, bytes, samples } of cases) {
    const decoder = new PcmDecoder({ encoding, sampleRate: 8000, channels }, bytes.length);
    const decoded = decoder.decode(Uint8Array.from(bytes));
    assertEquals(
      decoded.map((channel) => [...channel].map((x) => x + 0)),
      samples.map((x) => [...x]),
    );
    assertEquals(decoder.samplesPerUnit, samples[0].length);
  }
});

Deno.test("PcmDecoder: what is decoded at a time is 20 ms, whatever a message has", () => {
  const decoder = new PcmDecoder({ encoding: "u8", sampleRate: 8000, channels: 1 }, 48_000);
  assertEquals(decoder.cut(new Uint8Array(48_000)).length, 300);
  assertEquals(decoder.decode(new Uint8Array(48_000))[0]!.length, 160);
  assertEquals(decoder.conceal()[0]!.length, 160);
});

Deno.test("PcmDecoder: shorter, longer, cut and endless messages, and silence", () => {
  const decoder = new PcmDecoder({ encoding: "s16le", sampleRate: 44_100, channels: 2 }, 4 * 441);
  const samplesOf = (size: number) => decodeAll(decoder, new Uint8Array(size))[0]?.length ?? 0;
  assertEquals([0, 7, 4 * 441, 4 * 2000, 4 * 48_000].map(samplesOf), [0, 1, 441, 2000, 48_000]);
  assertEquals(decoder.errors, 0);
  assertEquals(samplesOf(4 * 48_001), 0);
  assertEquals(decoder.errors, 1);
  decoder.decode(new Uint8Array(4 * 441).fill(0x40));
  assertEquals(decoder.conceal().map((channel) => channel.some((sample) => sample !== 0)), [
    false,
    false,
  ]);
});

Deno.test("PcmDecoder: refuses what it cannot read", () => {
  const refused = [[{ channels: 3 }, 8], [{ channels: 0 }, 8], [{}, 0], [{}, 48_001]] as const;
  for (const [change, unitSize] of refused) {
    const format = { encoding: "u8", sampleRate: 8000, channels: 1, ...change } as const;
    assertThrows(() => new PcmDecoder(format, unitSize), AudioError, "Cannot read samples");
  }
});

/** G.711's A-law bytes of samples: for each, the byte that comes nearest. */
function toAlaw(samples: Float32Array): Uint8Array {
  const all = new Uint8Array(256).map((_, byte) => byte);
  const format = { encoding: "g711-alaw", sampleRate: 8000, channels: 1 } as const;
  const [decoded] = decodeAll(new PcmDecoder(format, 256), all);
  const order = [...all].sort((a, b) => decoded![a]! - decoded![b]!);
  return Uint8Array.from(samples, (sample) => {
    let [low, high] = [0, 255];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (decoded![order[middle]!]! < sample) low = middle + 1;
      else high = middle;
    }
    return order[low]!;
  });
}

Deno.test("AudioTranscoder: G.711 is heard as it was, on a grid of 20 ms", async () => {
  const sound = toAlaw(sweep(8000, 1, 4)[0]!);
  const transcoder = await AudioTranscoder.create({ bitrateBps: 128_000 });
  const format = { encoding: "g711-alaw", sampleRate: 8000, channels: 1 } as const;
  const packets: OpusPacket[] = [];
  for (let at = 0; at < sound.length; at += 160) {
    transcoder.setPcmFormat(format, 160);
    packets.push(...packetsOf(transcoder, sound.subarray(at, at + 160), 500 + at / 8));
  }
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 500 + 20 * at));
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  transcoder.close();

  const heard = (await decodeOpus(packets))[0]!;
  const reference = decodeAll(new PcmDecoder(format, sound.length), sound)[0]!;
  const down = Float32Array.from({ length: heard.length / 6 }, (_, at) => heard[at * 6]!);
  const lag = lagOf(reference, down, { from: 4000, to: 8000, most: 200 });
  assertEquals(lag, 0);
  const db = snrDb(reference, down, { from: 1600, to: 24_000 });
  assertAlmostEquals(Math.min(db, 20), 20, 4);
});

Deno.test("AudioTranscoder: goes over from AAC to samples and back, and refuses odd rates", async () => {
  const transcoder = await AudioTranscoder.create();
  const pcm = { encoding: "s16le", sampleRate: 44_100, channels: 2 } as const;
  const times: number[] = [];
  let timeMs = 0;
  const push = (unit: Uint8Array, durationMs: number) => {
    for (const { timestampMs } of packetsOf(transcoder, unit, Math.round(timeMs))) {
      times.push(timestampMs);
    }
    timeMs += durationMs;
  };
  transcoder.setConfiguration(AAC_LC.configuration);
  for (const { data } of AAC_LC.units.slice(0, 20)) push(data, 1024 / 44.1);
  transcoder.setPcmFormat(pcm, 4 * 441);
  for (let unit = 0; unit < 50; unit++) push(new Uint8Array(4 * 441), 10);
  transcoder.setConfiguration(AAC_LC.configuration);
  for (const { data } of AAC_LC.units.slice(20, 40)) push(data, 1024 / 44.1);
  times.forEach((timestampMs, at) => assertEquals(timestampMs, 20 * at));
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  assertThrows(() => transcoder.setPcmFormat({ ...pcm, sampleRate: 5512 }, 100), AudioError);
  push(AAC_LC.units[40]!.data, 1024 / 44.1);
  transcoder.close();
});
