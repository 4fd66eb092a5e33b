import { assert, assertEquals } from "@std/assert";
import type { ControlLink } from "../../../src/shard/control_link.ts";
import { LiveStream } from "../../../src/shard/live/live_stream.ts";
import { ViewerRenditions } from "../../../src/shard/live/viewer_renditions.ts";
import { LogState } from "../../../src/stream/log_layout.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { NO_HOLDER } from "../../../src/stream/memory_budget.ts";
import { Publication } from "../../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../../../testing/media/enhanced_samples.ts";
import { granted, openMemory } from "../open_memory.ts";

const BOTH = { audio: true, video: true };

Deno.test("packets of a rendition are made while it is open, and its viewers are counted once", async () => {
  const log = LogWriter.allocate(1 << 20);
  const writer = new LogWriter(log, { windowMs: 10_000 });
  const stream = new LiveStream(
    { streamId: 1, path: "live/a", log },
    undefined as unknown as ControlLink,
    { flushMs: 0, rtmpFlushMs: 0, maxPayloadSize: 1200, windowMs: 10_000, memory: openMemory() },
    { jumped: () => {}, starved: () => {} },
  );
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
  writer.setState(LogState.ended);
  writer.flush();
  await stream.close();
});
