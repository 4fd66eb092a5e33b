/** What is announced as exact without B pictures, against libx264 and ffmpeg's decoder. */
import { assert, assertEquals } from "@std/assert";
import { H264BFrames } from "../../src/codec/h264/b_frames.ts";
import { parseH264Sps } from "../../src/codec/h264/sps.ts";
import { longForm } from "../../testing/long_form.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { peerTest } from "../../testing/peers.ts";
import {
  compareKept,
  type Comparison,
  encodeFlv,
  type TrackedStream,
  trackFlv,
} from "./thinned_stream.ts";

const FRAME_MS = 1000 / 30;

const SOURCES = {
  pattern: "testsrc2=size=320x180:rate=30",
  zoom: "mandelbrot=size=320x180:rate=30",
  scroll: "nullsrc=size=320x180:rate=30," +
    "geq=lum='128+100*sin((X+3*N)/7)*cos((Y+N*N/9)/11)+random(1)*20':cb=128:cr=128",
  /** A scene cut every 20 pictures. */
  cuts: "testsrc2=size=320x180:rate=30," +
    "hue=h='if(lt(mod(n,40),20),0,180)':b='if(lt(mod(n,40),20),0,4)'",
} as const;

interface Setting {
  readonly name: string;
  readonly source: keyof typeof SOURCES;
  readonly x264: string;
  readonly args?: readonly string[];
  /** Which of the kept pictures must be announced; all by default. */
  readonly announced?: "all" | "some";
  /** Share of the pictures that the publisher loses. */
  readonly loss?: number;
}

const SETTINGS: readonly Setting[] = [
  { name: "none, open GOP, weights", source: "cuts", x264: "b-pyramid=none:open-gop=1:weightp=2" },
  { name: "strict, ref=3, slices", source: "scroll", x264: "b-pyramid=strict:ref=3:slices=4" },
  {
    name: "normal, ref=1, MBAFF",
    source: "pattern",
    x264: "b-pyramid=normal:ref=1:tff=1",
    args: ["-flags", "+ildct+ilme"],
  },
  {
    name: "normal, ref=3",
    source: "pattern",
    x264: "b-pyramid=normal:ref=3",
    announced: "some",
  },
  {
    name: "strict, ref=3, pictures lost",
    source: "scroll",
    x264: "b-pyramid=strict:ref=3:scenecut=0",
    announced: "some",
    loss: 0.05,
  },
  { name: "intra refresh", source: "scroll", x264: "intra-refresh=1:ref=3" },
  { name: "none, ref=3", source: "pattern", x264: "b-pyramid=none:ref=3" },
  { name: "none, ref=1, CAVLC", source: "scroll", x264: "b-pyramid=none:ref=1:cabac=0" },
  { name: "none, 16 B pictures", source: "zoom", x264: "b-pyramid=none:bframes=16:b-adapt=0" },
  { name: "strict, ref=1", source: "zoom", x264: "b-pyramid=strict:ref=1:weightp=0" },
  { name: "strict, open GOP", source: "cuts", x264: "b-pyramid=strict:ref=3:open-gop=1" },
  { name: "normal, ref=1", source: "scroll", x264: "b-pyramid=normal:ref=1:weightp=1" },
  { name: "normal, ref=1, cuts", source: "cuts", x264: "b-pyramid=normal:ref=1:weightp=2" },
  { name: "normal, ref=1, slices", source: "zoom", x264: "b-pyramid=normal:ref=1:slices=4" },
  {
    name: "normal, ref=3, slices, weights",
    source: "scroll",
    x264: "b-pyramid=normal:ref=3:slices=4:weightp=2",
    announced: "some",
  },
  {
    name: "normal, ref=5, open GOP, cuts",
    source: "cuts",
    x264: "b-pyramid=normal:ref=5:open-gop=1",
    announced: "some",
  },
];

for (const setting of longForm(SETTINGS, 6)) {
  const { name, source, x264, args = [], announced = "all", loss = 0 } = setting;
  peerTest(`without B pictures: ${name}`, ["ffmpeg"], async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/full.flv`;
      const common = ["-preset", "veryfast", "-bf", "3", "-g", "40"];
      await encodeFlv(path, SOURCES[source], [...common, ...args, "-x264-params", x264]);
      const random = seededRandom(7);
      const stream = await trackFlv(path, (place) => place > 0 && random() < loss);
      const comparison = await compareKept(`${folder}/thinned.h264`, stream);
      assertAnnounced(comparison, announced);
      // Not announced for nothing: the others do differ, unless the full stream is broken too.
      if (loss === 0) assertEquals(comparison.different, comparison.kept - comparison.exact);
      assertTiming(stream);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function assertAnnounced(comparison: Comparison, announced: "all" | "some"): void {
  const { pictures, kept, exact, wrong, reasons } = comparison;
  const seen = JSON.stringify(comparison);
  assert(kept >= 7 && kept < pictures / 2, seen);
  assertEquals(wrong, 0, seen);
  if (announced === "all") {
    assertEquals([exact, reasons], [kept, []], seen);
    return;
  }
  assert(exact > 0 && exact < kept, seen);
}

/** Kept pictures are shown as decoded, and wait a constant time at most. */
function assertTiming({ configuration, pictures }: TrackedStream): void {
  const bFrames = new H264BFrames(parseH264Sps(configuration.sps[0]!));
  let lastPtsMs = -1;
  for (const { verdict, ptsMs, dtsMs } of pictures) {
    bFrames.count(verdict, ptsMs - dtsMs);
    if (!verdict.keep) continue;
    assert(ptsMs > lastPtsMs, `Shown at ${ptsMs} ms, after ${lastPtsMs} ms`);
    lastPtsMs = ptsMs;
  }
  const { announced, seen, reorderDelayMs } = bFrames.summary();
  assertEquals([announced, seen], [true, true]);
  // From one B picture to sixteen, and the rounding of milliseconds.
  assert(reorderDelayMs > FRAME_MS - 2, `${reorderDelayMs} ms`);
  assert(reorderDelayMs < 16 * FRAME_MS + 2, `${reorderDelayMs} ms`);
}

peerTest("without B pictures: a stream that has none is kept whole", ["ffmpeg"], async () => {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    await encodeFlv(path, SOURCES.scroll, ["-bf", "0", "-preset", "veryfast", "-g", "30"]);
    const random = seededRandom(3);
    const { configuration, pictures } = await trackFlv(path, () => random() < 0.1);
    const bFrames = new H264BFrames(parseH264Sps(configuration.sps[0]!));
    for (const { verdict, ptsMs, dtsMs } of pictures) bFrames.count(verdict, ptsMs - dtsMs);
    assert(pictures.length > 90 && pictures.length < 120);
    assertEquals(bFrames.summary(), {
      announced: false,
      seen: false,
      keptPictures: pictures.length,
      droppedPictures: 0,
      inexactPictures: 0,
      unsafePictures: 0,
      inexactReason: undefined,
      reorderDelayMs: 0,
    });
  } finally {
    await Deno.remove(path);
  }
});
