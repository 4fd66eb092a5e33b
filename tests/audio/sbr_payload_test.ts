import { assert, assertEquals } from "@std/assert";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import { isSbrOpen, seemsToCarrySbr, withoutSbr } from "../../src/audio/sbr_payload.ts";
import { parseAacConfiguration } from "../../src/codec/sound/aac.ts";
import { fromHex } from "../../testing/mutation.ts";
import { peerTest } from "../../testing/peers.ts";
import { type AacSource, decodeWithFfmpeg, encodeAac } from "../../testing/media/aac_source.ts";
import { AAC_HE_V1, AAC_HE_V2, AAC_LC } from "../../testing/media/aac_streams.ts";
import { decodeOpus, lagOf, music } from "../../testing/media/sound.ts";
import { packetsOf } from "./packets.ts";

const shareWithSbr = ({ units }: AacSource) =>
  units.filter(({ data }) => seemsToCarrySbr(data)).length / units.length;

Deno.test("SBR is seen in every access unit that has it, and seldom in others", () => {
  assertEquals([shareWithSbr(AAC_HE_V1), shareWithSbr(AAC_HE_V2)], [1, 1]);
  assert(shareWithSbr(AAC_LC) < 0.05, `${shareWithSbr(AAC_LC)}`);
});

Deno.test("SBR is not seen in what is no access unit", () => {
  for (const hex of ["", "c0", "ff", "07", "00000000", "ffffffffffff", "dfff"]) {
    assertEquals(seemsToCarrySbr(fromHex(hex)), false, hex);
  }
});

Deno.test("SBR is open if nothing tells of it at a low rate", () => {
  const table = [
    ["1390", true], // 22,050 Hz
    ["1408", true], // 16 kHz, one channel
    ["14080000000000", true],
    ["140856e500", false], // says no
    ["139056e5a0", false], // says yes
    ["2b920800", false],
    ["1210", false], // 44,100 Hz
    ["1290", false], // 32 kHz
  ] as const;
  for (const [hex, isOpen] of table) {
    const configuration = fromHex(hex);
    assertEquals(isSbrOpen(configuration, parseAacConfiguration(configuration)), isOpen, hex);
  }
  assertEquals(withoutSbr(fromHex("1408")), fromHex("140856e500"));
});

for (
  const { name, sampleRate, channels, hex } of [
    { name: "16 kHz mono", sampleRate: 16_000, channels: 1, hex: "1408" },
    { name: "22.05 kHz stereo", sampleRate: 22_050, channels: 2, hex: "1390" },
  ] as const
) {
  peerTest(`plain AAC of ${name} that says nothing of SBR is in time`, ["ffmpeg"], async () => {
    const sound = music(sampleRate, channels, 4);
    const source = await encodeAac(sound, sampleRate, ["-b:a", "48k"]);
    const late = await lateSamples(source, fromHex(hex));
    assertEquals(late, 0);
  });
}

peerTest("HE-AAC that says nothing of SBR is decoded with it, in time", ["ffmpeg"], async () => {
  assertEquals(await lateSamples(AAC_HE_V1, fromHex("1390")), 0);
});

/** How late the Opus is against what ffmpeg decodes, with this configuration. */
async function lateSamples({ flv, units }: AacSource, configuration: Uint8Array): Promise<number> {
  const transcoder = await AudioTranscoder.create();
  transcoder.setConfiguration(configuration);
  const packets = units.flatMap(({ data, timestampMs }) =>
    packetsOf(transcoder, data, timestampMs)
  );
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 20 * at));
  assertEquals(transcoder.statistics, { damagedUnits: 0, silenceMs: 0, restarts: 0 });
  transcoder.close();
  const [wanted] = await decodeWithFfmpeg(flv, 2);
  const [got] = await decodeOpus(packets);
  return lagOf(wanted!, got!, { from: 48_000, to: 96_000 });
}
