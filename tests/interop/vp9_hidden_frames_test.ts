/** ffmpeg as judge of VP9 frames that are hidden: the others are decoded to the same pictures. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { hideVp9Frame } from "../../src/codec/vp9/hidden_frame.ts";
import { Vp9LargestShown } from "../../src/codec/vp9/largest_shown.ts";
import { joinVp9Frames } from "../../src/codec/vp9/superframe.ts";
import { VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { peerTest } from "../../testing/peers.ts";
import { shownPictures } from "./frame_hashes.ts";
import { encodeIvf, type Ivf, writeIvf } from "./ivf.ts";

const WIDTH = 640;
/** Resilient frames are predicted by nothing that depends on whether the one before was shown. */
const RESILIENT = [
  ...["-c:v", "libvpx-vp9", "-deadline", "realtime", "-error-resilient", "default"],
  // No frames that are hidden already.
  ...["-lag-in-frames", "0"],
];

const ENCODERS: Readonly<Record<string, readonly string[]>> = {
  plain: ["-cpu-used", "8"],
  "segments that are quantized otherwise": ["-cpu-used", "6", "-aq-mode", "3"],
  "tiles, and little sharpness": ["-tile-columns", "2", "-tile-rows", "1", "-sharpness", "3"],
  "frames decoded in parallel": ["-frame-parallel", "1"],
};

for (const [name, args] of Object.entries(ENCODERS)) {
  peerTest(`ffmpeg shows VP9 without the frames that are hidden: ${name}`, ["ffmpeg"], async () => {
    const encoded = await encodeIvf([...RESILIENT, ...args, "-b:v", "1M"]);
    const pictures = await hashesOf(encoded);
    assertEquals(pictures.length, encoded.frames.length);
    assertNotEquals(pictures[1], pictures[0]);
    const pairs: Ivf["frames"] = encoded.frames.flatMap(({ data }, at, all) => {
      if (at % 2 === 0) return [];
      const hidden = concat(hideVp9Frame(all[at - 1]!.data, WIDTH));
      return [{ data: joinVp9Frames([[hidden], [data]]), pts: at }];
    });
    const shown = await hashesOf({ ...encoded, frames: pairs });
    assertEquals(shown, pictures.filter((_, at) => at % 2 === 1));
  });
}

peerTest("ffmpeg shows one picture of each superframe with two sizes", ["ffmpeg"], async () => {
  const ivf = (frames: readonly Uint8Array[]) => ({
    fourCc: "VP90",
    frames: frames.map((data, pts) => ({ data, pts })),
  });
  const largest = new Vp9LargestShown();
  const { vp9Spatial } = VP_STREAMS;
  assertEquals((await hashesOf(ivf(vp9Spatial))).length, 2 * vp9Spatial.length);
  const made = vp9Spatial.map((data) => largest.of(data));
  const shown = await hashesOf(ivf(made));
  assertEquals([shown.length, new Set(shown).size], [made.length, made.length]);
});

async function hashesOf(ivf: Ivf): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".ivf" });
  try {
    await Deno.writeFile(file, writeIvf(ivf));
    return await shownPictures(file);
  } finally {
    await Deno.remove(file);
  }
}
