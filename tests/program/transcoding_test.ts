import { assert, assertEquals } from "@std/assert";
import { parseOpusHead } from "../../src/codec/sound/opus.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import { decodeWithFfmpeg, encodeAac } from "../../testing/media/aac_source.ts";
import { decodeOpus, lagOf, music, snrDb } from "../../testing/media/sound.ts";
import { peerTest } from "../../testing/peers.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs the probe with the permissions of `deno task start`: network only. */
async function runProbe(flv: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P", "tests/program/transcoding_probe.ts"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(flv);
  await writer.close();
  const { success, stdout, stderr } = await output;
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}

/** The packets of a file of Opus; checks what else is in it. */
function readOpus(flv: Uint8Array) {
  const reader = new FlvReader({ strict: true });
  reader.push(flv);
  const packets: { timestampMs: number; data: Uint8Array }[] = [];
  let configurations = 0;
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    if (record.kind === "header") continue;
    const audio = parseAudioBody(record.body);
    if (audio.kind !== "configuration" && audio.kind !== "frame") throw new Error(audio.kind);
    assertEquals(audio.codec, "opus");
    if (audio.kind === "configuration") {
      assertEquals(packets.length, 0, "the configuration comes first");
      assertEquals(parseOpusHead(audio.data).channels, 2);
      configurations++;
    } else {
      packets.push({ timestampMs: record.timestampMs, data: audio.data.slice() });
    }
  }
  assertEquals([configurations, reader.pending], [1, 0]);
  return packets;
}

Deno.test("the worker transcodes a log to another under the permissions of `deno task start`", async () => {
  const packets = readOpus(await runProbe(AAC_LC.flv));
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 20 * at));
  const lengthMs = (AAC_LC.units.length * 1024) / 44.1;
  assert(lengthMs - packets.length * 20 < 40, `${packets.length} packets`);
});

peerTest("what the worker writes is what was published, 20 s long", ["ffmpeg"], async () => {
  const source = await encodeAac(music(44_100, 2, 20), 44_100, ["-b:a", "128k"]);
  const packets = readOpus(await runProbe(source.flv));
  packets.forEach(({ timestampMs }, at) => assertEquals(timestampMs, 20 * at));
  const [reference] = await decodeWithFfmpeg(source.flv, 2);
  const [sound] = await decodeOpus(packets);
  const lag = lagOf(reference!, sound!, { from: 18 * 48_000, to: 19 * 48_000 });
  console.log(`  ${(lag / 48).toFixed(2)} ms late after 18 s`);
  assert(Math.abs(lag) <= 96, `${lag} samples late`);
  const db = snrDb(reference!, sound!, { from: 48_000, to: 19 * 48_000, lag });
  assert(db > 20, `${db} dB`);
});
