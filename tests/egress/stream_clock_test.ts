import { assertEquals } from "@std/assert";
import { RtpFeed } from "../../src/egress/rtp_feed.ts";
import { StreamClock } from "../../src/egress/stream_clock.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { LogState, RecordFlag, trackBits } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { encodeTrackList } from "../../src/stream/track_list.ts";
import { Slot } from "../../src/stream/log_layout.ts";
import { vp8KeyFrame } from "../../testing/media/enhanced_samples.ts";
import { openLog } from "../stream/log_samples.ts";

const TICKS_PER_MS = 90;
const OFFSET = 4000;
const NOTHING = new Uint8Array(0);

/** A stream of two video tracks, and a feed of each. */
function open() {
  const { shared, writer } = openLog();
  const list = [0, 1].map((trackId) => ({
    name: "video" as const,
    trackId,
    isDefault: trackId === 0,
    configuration: NOTHING,
    supplement: NOTHING,
  }));
  writer.writeSlot(Slot.tracks, encodeTrackList(list));
  const log = new LogReader(shared);
  const clock = new StreamClock(log, { audio: 0, video: OFFSET });
  const feeds = [0, 1].map((videoTrack) =>
    new RtpFeed(log, clock, 1200, { audio: true, video: true, videoTrack })
  );
  const send = (trackId: number, timestampMs: number) => {
    const bits = trackId === 0 ? 0 : trackBits(trackId);
    const flags = RecordFlag.video | RecordFlag.keyFrame | bits;
    writer.append({ type: TAG_VIDEO, timestampMs, body: vp8KeyFrame(64, 64), flags });
  };
  const update = (nowMs: number) => {
    for (const feed of feeds) feed.update(nowMs);
  };
  /** Times of all pictures of a track, as receivers are told them. */
  const timesMs = (trackId: number) => {
    const { ring } = feeds[trackId]!.video;
    const indexes = Array.from({ length: ring.head - ring.tail }, (_, at) => ring.tail + at);
    return indexes.map((index) => (ring.timestamp(index)! - OFFSET) / TICKS_PER_MS);
  };
  return { writer, feeds, send, update, timesMs };
}

Deno.test("StreamClock: what was taken at one moment has one time in all tracks", () => {
  const { send, update, timesMs } = open();
  for (const timestampMs of [0, 40]) {
    send(0, timestampMs);
    send(1, timestampMs);
    update(1000 + timestampMs);
  }
  assertEquals([timesMs(0), timesMs(1)], [[0, 40], [0, 40]]);
});

Deno.test("StreamClock: the time that a publisher was away has passed in all tracks, once", () => {
  const { writer, send, update, timesMs } = open();
  send(0, 0);
  send(1, 0);
  update(1000);
  writer.setState(LogState.waiting);
  update(1010);
  writer.setState(LogState.live);
  // The stream goes on 40 ms after its end, 3000 ms later; the other track comes first, and later.
  send(1, 50);
  update(4000);
  send(0, 40);
  update(4040);
  send(0, 80);
  send(1, 80);
  update(4080);
  assertEquals([timesMs(0), timesMs(1)], [[0, 3000, 3040], [0, 3010, 3040]]);
});

Deno.test("StreamClock: all tracks are told one moment on the wall clock", () => {
  const { feeds, send, update } = open();
  send(0, 0);
  send(1, 0);
  update(1000);
  const [one, other] = feeds as [RtpFeed, RtpFeed];
  const tie = one.clockTie(1_600_000_000_000);
  send(0, 500);
  update(1500);
  assertEquals(other.clockTie(1_600_000_000_777), tie);
});
