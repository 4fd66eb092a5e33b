import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AudioError } from "../../src/audio/audio_error.ts";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import type { OpusPacket } from "../../src/audio/opus_packet_maker.ts";
import { fromHex } from "../../testing/mutation.ts";
import type { AacSource, AccessUnit } from "../../testing/media/aac_source.ts";
import { AAC_HE_V1, AAC_HE_V2, AAC_LC } from "../../testing/media/aac_streams.ts";
import { decodeOpus, lagOf, longestSilence, type Sound } from "../../testing/media/sound.ts";
import { packetsOf } from "./packets.ts";

const UNIT_MS = 1024 / 44.1;

/** All packets of a stream; checks that nothing is owed at its end. */
async function transcode(
  { configuration }: AacSource,
  units: readonly AccessUnit[],
): Promise<{ packets: OpusPacket[]; transcoder: AudioTranscoder }> {
  const transcoder = await AudioTranscoder.create();
  transcoder.setConfiguration(configuration);
  const packets = units.flatMap(({ data, timestampMs }) =>
    packetsOf(transcoder, data, timestampMs)
  );
  return { packets, transcoder };
}

function assertGrid(packets: readonly OpusPacket[], startMs: number): void {
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, (startMs + 20 * at) | 0));
}

/** Milliseconds by which the sound of packets from `atMs` on is later than in `clean`. */
function laterMs(clean: Sound, sound: Sound, soundStartMs: number, atMs: number): number {
  const from = Math.round(atMs * 48);
  const shift = soundStartMs * 48;
  const moved = new Float32Array(clean[0]!.length + 4800);
  moved.set(sound[0]!.subarray(0, moved.length - shift), shift);
  return lagOf(clean[0]!, moved, { from, to: from + 9600, most: 2400 }) / 48;
}

const cleanUnits = AAC_LC.units;
const clean = await decodeOpus((await transcode(AAC_LC, cleanUnits)).packets);

Deno.test("AudioTranscoder: packets are 20 ms apart, from the first access unit's time on", async () => {
  for (const startMs of [0, 1234, 0x7fff_ff00]) {
    const units = cleanUnits.map(({ data, timestampMs }) => {
      return { data, timestampMs: timestampMs + startMs };
    });
    const { packets, transcoder } = await transcode(AAC_LC, units);
    assertGrid(packets, startMs);
    const owedMs = cleanUnits.length * UNIT_MS - packets.length * 20;
    assert(owedMs >= 0 && owedMs < 20 + 312 / 48 + 1, `${owedMs} ms owed`);
    assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
    transcoder.close();
  }
});

Deno.test("AudioTranscoder: jitter of a millisecond changes nothing", async () => {
  const units = cleanUnits.map(({ data, timestampMs }, at) => {
    return { data, timestampMs: timestampMs + (at === 0 ? 0 : (at % 3) - 1) };
  });
  const { packets, transcoder } = await transcode(AAC_LC, units);
  assertEquals(packets, (await transcode(AAC_LC, cleanUnits)).packets);
  transcoder.close();
});

Deno.test("AudioTranscoder: lost access units become silence of their length", async () => {
  for (const lost of [1, 2, 5, 40]) {
    const units = [...cleanUnits.slice(0, 25), ...cleanUnits.slice(25 + lost)];
    const { packets, transcoder } = await transcode(AAC_LC, units);
    assertGrid(packets, 0);
    assertEquals(transcoder.statistics.silenceMs, Math.round(lost * UNIT_MS));
    const sound = await decodeOpus(packets);
    const laterBefore = laterMs(clean, sound, 0, 200);
    const laterAfter = laterMs(clean, sound, 0, (25 + lost + 5) * UNIT_MS);
    assert(Math.abs(laterBefore) < 0.1 && Math.abs(laterAfter) < 0.1, `${laterAfter} ms`);
    transcoder.close();
  }
});

Deno.test("AudioTranscoder: garbage among access units becomes silence, time goes on", async () => {
  const units = cleanUnits.map(({ data, timestampMs }, at) => {
    return { data: at % 20 === 10 ? new Uint8Array(99).fill(0xff) : data, timestampMs };
  });
  const { packets, transcoder } = await transcode(AAC_LC, units);
  assertGrid(packets, 0);
  assertEquals(transcoder.statistics.damagedUnits, 4);
  const sound = await decodeOpus(packets);
  assertEquals(sound[0]!.length, clean[0]!.length);
  const later = laterMs(clean, sound, 0, 34 * UNIT_MS);
  assert(Math.abs(later) < 0.1, `${later} ms`);
  assert(longestSilence(sound[0]!, { from: 4800, level: 1e-5 }) < 2400, "silence stays short");
  transcoder.close();
});

for (
  const { name, jumpMs } of [{ name: "forward", jumpMs: 5000 }, { name: "back", jumpMs: -400 }]
) {
  Deno.test(`AudioTranscoder: after a jump ${name}, time starts anew`, async () => {
    const units = cleanUnits.map(({ data, timestampMs }, at) => {
      return { data, timestampMs: timestampMs + (at < 40 ? 0 : jumpMs) };
    });
    const { packets, transcoder } = await transcode(AAC_LC, units);
    assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 1 });
    const startMs = units[40]!.timestampMs;
    const first = packets.findIndex(({ timestampMs }, at) => {
      return at > 0 && timestampMs !== packets[at - 1]!.timestampMs + 20;
    });
    assertGrid(packets.slice(0, first), 0);
    assertGrid(packets.slice(first), startMs);
    const added = packets.length * 20 - clean[0]!.length / 48;
    assert(added >= 0 && added < 100, `${added} ms more than without the jump`);
    const sound = await decodeOpus(packets.slice(first));
    const later = laterMs(clean, sound, Math.round(40 * UNIT_MS), 44 * UNIT_MS);
    assert(Math.abs(later) < 1, `${later} ms`);
    transcoder.close();
  });
}

Deno.test("AudioTranscoder: a gap of up to a second is filled to the millisecond", async () => {
  const units = cleanUnits.map(({ data, timestampMs }, at) => {
    return { data, timestampMs: timestampMs + (at < 40 ? 0 : 730) };
  });
  const { packets, transcoder } = await transcode(AAC_LC, units);
  assertGrid(packets, 0);
  const { silenceMs, restarts } = transcoder.statistics;
  assert(Math.abs(silenceMs - 730) <= 1 && restarts === 0, `${silenceMs} ms`);
  transcoder.close();
});

Deno.test("AudioTranscoder: configurations change in mid-stream", async () => {
  const transcoder = await AudioTranscoder.create();
  const packets: OpusPacket[] = [];
  let timestampMs = 0;
  for (const source of [AAC_LC, AAC_HE_V2, AAC_HE_V1, AAC_LC]) {
    transcoder.setConfiguration(source.configuration);
    const unitMs = source === AAC_LC ? UNIT_MS : 2 * UNIT_MS;
    for (const { data } of source.units.slice(0, 40)) {
      packets.push(...packetsOf(transcoder, data, Math.round(timestampMs)));
      timestampMs += unitMs;
    }
  }
  assertGrid(packets, 0);
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  assert(timestampMs - packets.length * 20 < 30, "as long as its sources");
  // RFC 6716 3.1: the third bit from the right of the first byte says stereo.
  const isStereo = ({ data }: OpusPacket) => (data[0]! & 0b100) !== 0;
  const atMs = (ms: number) => packets[Math.floor(ms / 20)]!;
  assert(isStereo(atMs(500)) && isStereo(atMs(4500)), "stereo is coded as such");
  assert(!isStereo(atMs(1800)), "mono is coded as such");
  transcoder.close();
});

Deno.test("AudioTranscoder: refuses what it cannot do, and goes on with what it has", async () => {
  const transcoder = await AudioTranscoder.create();
  const { data } = cleanUnits[0]!;
  assertThrows(() => transcoder.push(data, 0), AudioError, "must have a configuration");
  transcoder.setConfiguration(AAC_LC.configuration);
  assertThrows(() => transcoder.setConfiguration(fromHex("1214")), AudioError, "must be LC");
  transcoder.push(data, 0);
  transcoder.close();
  for (const bitrateBps of [31_999, 510_001, 64_000.5, NaN]) {
    await assertRejects(() => AudioTranscoder.create({ bitrateBps }), AudioError, "32000..510000");
  }
});
