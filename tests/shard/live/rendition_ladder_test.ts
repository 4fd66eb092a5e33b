import { assertEquals } from "@std/assert";
import { renditionLadder } from "../../../src/shard/live/rendition_ladder.ts";
import { FLV_FORM } from "../../../src/stream/feed_form.ts";
import { NO_HOLDER } from "../../../src/stream/memory_budget.ts";
import { Publication } from "../../../src/stream/publication.ts";
import { ofTrack, vp8KeyFrame } from "../../../testing/media/enhanced_samples.ts";
import { openStream } from "./open_stream.ts";

const BOTH = { audio: true, video: true };

Deno.test("a viewer that changes to other pictures has a key frame of them asked for", async () => {
  const { stream, writer, close } = openStream();
  const publication = new Publication(writer, { trackSettleMs: 0 });
  for (let timeMs = 0; timeMs < 400; timeMs += 40) {
    publication.video(timeMs, vp8KeyFrame(640, 360), timeMs);
    publication.video(timeMs, ofTrack(1, vp8KeyFrame(320, 180)), timeMs);
  }
  const ladder = renditionLadder(stream, FLV_FORM, NO_HOLDER);
  assertEquals([ladder.step(BOTH, "up"), writer.takeWishedTracks()], [undefined, []]);
  const smaller = ladder.step(BOTH, "down")!;
  assertEquals([smaller.selection.videoTrack, writer.takeWishedTracks()], [1, [1]]);
  assertEquals(ladder.step(smaller.selection, "up")?.selection.videoTrack, 0);
  assertEquals(writer.takeWishedTracks(), [0]);
  await close();
});
