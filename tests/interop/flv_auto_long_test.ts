/** A viewer by HTTP-FLV that is too slow for the largest pictures of a stream. */
import { assert, assertEquals } from "@std/assert";
import { lossyNetworkMissing, runInLossyNetwork } from "../../testing/network/lossy_network.ts";
import { isPeerMissing, runPeer } from "../../testing/peers.ts";
import { wholeTags } from "./cut_recording.ts";
import { THREE_SIZES } from "./rendition_publisher.ts";
import { framesOf, readRecording } from "./recording.ts";

const NAME = "ffmpeg decodes what a slow viewer of whichever pictures fit is sent";
const ignore = lossyNetworkMissing() || isPeerMissing(NAME, ["ffmpeg", "ffprobe", "curl"]);

const WIDTHS = THREE_SIZES.map(({ width }) => width);
Deno.test({ name: NAME, ignore }, async () => {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    await runInLossyNetwork(new URL("flv_auto_watch.ts", import.meta.url), [path]);
    const bytes = wholeTags(await Deno.readFile(path));
    await Deno.writeFile(path, bytes);
    assert(framesOf(readRecording(bytes), { audio: false, video: true }).length > 50);
    const { stdout, stderr } = await runPeer("ffprobe", [
      ...["-v", "error", "-select_streams", "v", "-show_entries", "frame=width", "-of", "csv=p=0"],
      path,
    ]);
    assertEquals(stderr, "", "ffmpeg decodes every picture");
    const widths = stdout.split("\n").map((line) => Number.parseInt(line)).filter(Number.isFinite);
    const changes = widths.filter((width, at) => width !== widths[at - 1]);
    assertEquals(changes.slice(0, 2), WIDTHS.slice(0, 2), `${changes}`);
  } finally {
    await Deno.remove(path);
  }
});
