import { assert, assertEquals } from "@std/assert";
import { ViewerRenditions } from "../../../src/shard/live/viewer_renditions.ts";
import { NO_HOLDER } from "../../../src/stream/memory_budget.ts";
import { Publication } from "../../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../../../testing/media/enhanced_samples.ts";
import { granted } from "../open_memory.ts";
import { openStream } from "./open_stream.ts";

const BOTH = { audio: true, video: true };

Deno.test("packets of a rendition are made while it is open, and its viewers are counted once", async () => {
  const { stream, writer, close } = openStream();
  const publication = new Publication(writer, { trackSettleMs: 0 });
  const send = (timestampMs: number) => {
    const body = timestampMs === 0 ? vp8KeyFrame(64, 32) : vp8InterFrame();
    publication.video(timestampMs, body, timestampMs);
    publication.video(timestampMs, ofTrack(1, body), timestampMs);
    publication.flush(timestampMs);
  };
  for (const timestampMs of [0, 40, 80]) send(timestampMs);
  const own = granted(stream.rtp(BOTH));
  const viewer = { hasVideo: true, lacksVideo: false, notify() {}, renew() {}, end() {} };
  own.audience.add(viewer);
  const renditions = new ViewerRenditions(stream, own, NO_HOLDER);
  let packets = 0;
  renditions.onPackets = () => void packets++;
  assertEquals(renditions.list(0).map(({ trackId }) => trackId).sort(), [0, 1]);
  assertEquals(renditions.open(0), own.audience.feed.video.ring);
  const ring = renditions.open(1)!;
  // From the newest key frame on, at once.
  assertEquals([ring.newestKeyFrame, ring.head], [0, 3]);
  assertEquals([renditions.isOpen(0), renditions.isOpen(1), renditions.isOpen(2)], [
    true,
    true,
    false,
  ]);
  assertEquals(stream.report().webrtcViewers, 1);
  send(120);
  granted(stream.rtp({ audio: false, video: true, videoTrack: 1 })).notify(120);
  assertEquals([packets > 0, ring.head], [true, 4]);

  renditions.close(1);
  assertEquals(renditions.isOpen(1), false);
  stream.sweep(performance.now() + 10_000, () => undefined);
  assert(renditions.open(1) !== ring, "what nobody watches is let go of");
  stream.sweep(performance.now(), () => undefined);
  assertEquals(renditions.isOpen(1), true);
  renditions.closeAll();
  own.audience.remove(viewer);
  await close();
});
