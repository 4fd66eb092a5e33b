/** Viewers by HTTP-FLV over a link that does not carry the largest pictures of a stream. */
import { assert, assertEquals } from "@std/assert";
import { TAG_OVERHEAD } from "../../src/flv/tag.ts";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { IS_LONG } from "../../testing/long_form.ts";
import { isPeerMissing, runPeer } from "../../testing/peers.ts";
import { THREE_SIZES } from "../interop/rendition_publisher.ts";
import { framesOf, readRecording } from "../interop/recording.ts";
import { chromiumMissing } from "./chromium.ts";

const NAME = "who lags with vtrack=auto is shown smaller pictures, and larger ones again";
const ignore = chromiumMissing() || lossyNetworkMissing() ||
  isPeerMissing(NAME, ["ffmpeg", "ffprobe", "curl"]);

/** With the size of no tag before the first. */
const FLV_HEADER_BYTES = 13;

const WIDTHS = THREE_SIZES.map(({ width }) => width);
/** Carries the middle size, and then all. */
const PHASES = IS_LONG ? ["1000:14", "20000:20"] : ["1000:13"];

interface Progress {
  readonly totalVideoFrames: number;
  readonly currentTime: number;
  readonly videoWidth: number;
  readonly widths: readonly number[];
  readonly errors: readonly string[];
}

Deno.test({ name: NAME, ignore }, async (t) => {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const printed = await runInLossyNetwork(new URL("flv_auto_watch.ts", import.meta.url), [
      path,
      ...PHASES,
    ]);
    const { progress, faults } = JSON.parse(printed) as { progress: Progress[]; faults: string[] };
    await t.step("mpegts.js goes on over the changes", () => {
      const [narrow, wide] = progress as [Progress, Progress | undefined];
      assertEquals([faults, narrow.errors], [[], []]);
      assertEquals(narrow.widths[0], WIDTHS[0], printed);
      assert(narrow.videoWidth < WIDTHS[0]!, printed);
      assert(narrow.totalVideoFrames > 60, printed);
      if (wide === undefined) return;
      assertEquals(wide.videoWidth, WIDTHS[0], printed);
      assert(wide.totalVideoFrames > narrow.totalVideoFrames + 10 * 30, printed);
    });
    await t.step("ffmpeg decodes what a slow viewer has recorded", async () => {
      const bytes = wholeTags(await Deno.readFile(path));
      await Deno.writeFile(path, bytes);
      const { tags } = readRecording(bytes);
      assert(
        framesOf({ hasAudio: true, hasVideo: true, tags }, { audio: false, video: true }).length >
          50,
      );
      const { stdout, stderr } = await runPeer("ffprobe", [
        ...[
          "-v",
          "error",
          "-select_streams",
          "v",
          "-show_entries",
          "frame=width",
          "-of",
          "csv=p=0",
        ],
        path,
      ]);
      assertEquals(stderr, "");
      const widths = stdout.split("\n").map((line) => Number.parseInt(line)).filter(
        Number.isFinite,
      );
      const changes = widths.filter((width, at) => width !== widths[at - 1]);
      assertEquals(changes.slice(0, 2), WIDTHS.slice(0, 2), `${changes}`);
    });
  } finally {
    await Deno.remove(path);
  }
});

/** Without what curl had not got to the end when it was stopped. */
function wholeTags(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  let end = FLV_HEADER_BYTES;
  for (;;) {
    const next = end + TAG_OVERHEAD + (view.getUint32(end) & 0xffffff);
    if (next > bytes.length - 4) return bytes.subarray(0, end);
    end = next;
  }
}
