/** ffmpeg as judge of AV1 without its higher spatial layers: it is a stream of the smaller size. */
import { assertEquals } from "@std/assert";
import { withoutHigherAv1Layers } from "../../src/codec/av1/lower_layers.ts";
import { AV1_STREAMS } from "../../testing/media/bitstreams.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { writeIvf } from "./ivf.ts";

peerTest("ffmpeg shows AV1 without its larger layer in the smaller size", ["ffprobe"], async () => {
  const lower = AV1_STREAMS.spatial.map((unit) =>
    withoutHigherAv1Layers(unit, 0, { width: 320, height: 240 })!
  );
  assertEquals(await sizesOf(AV1_STREAMS.spatial), lower.map(() => "640,480"));
  assertEquals(await sizesOf(lower), lower.map(() => "320,240"));
});

/** Of each picture that is shown. */
async function sizesOf(units: readonly Uint8Array[]): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".ivf" });
  try {
    const frames = units.map((data, pts) => ({ data, pts }));
    await Deno.writeFile(file, writeIvf({ fourCc: "AV01", frames }));
    const { stdout, stderr } = await runPeer("ffprobe", [
      ...["-v", "error", "-show_entries", "frame=width,height", "-of", "csv=p=0", file],
    ]);
    assertEquals(stderr, "");
    return stdout.trim().split(/\s+/);
  } finally {
    await Deno.remove(file);
  }
}
