import { assertEquals } from "@std/assert";
import { StreamClock } from "../../src/egress/stream_clock.ts";
import { RtpFeed } from "../../src/egress/rtp_feed.ts";
import { encodeOpusHead } from "../../src/codec/sound/opus.ts";
import { encodeOpusBody } from "../../src/flv/audio_body_writer.ts";
import { TAG_AUDIO } from "../../src/flv/tag.ts";
import { LogState, RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { openLog } from "../stream/log_samples.ts";

const HEAD = encodeOpusHead({ channels: 2, preSkip: 0, inputSampleRate: 48_000 });
const TICKS_PER_MS = 48;

function open() {
  const { shared, writer } = openLog({ tracks: Track.audio });
  const flags = RecordFlag.audio | RecordFlag.configuration;
  const body = encodeOpusBody("configuration", HEAD);
  writer.appendConfiguration(Slot.audioConfiguration, {
    type: TAG_AUDIO,
    timestampMs: 0,
    body,
    flags,
  });
  const log = new LogReader(shared);
  const clock = new StreamClock(log, { audio: 1000, video: 0 });
  const feed = new RtpFeed(log, clock);
  const send = (timestampMs: number) => {
    const body = encodeOpusBody("frame", Uint8Array.of(0xfc, 1, 2));
    writer.append({ type: TAG_AUDIO, timestampMs, body, flags: RecordFlag.audio });
  };
  /** Times of all packets, as receivers are told them. */
  const timesMs = () => {
    const { ring } = feed.audio;
    const indexes = Array.from({ length: ring.head }, (_, index) => index);
    return indexes.map((index) => (ring.timestamp(index)! - 1000) / TICKS_PER_MS);
  };
  return { writer, feed, send, timesMs };
}

Deno.test("RtpFeed: for receivers, the time that a publisher was away has passed", () => {
  const { writer, feed, send, timesMs } = open();
  send(0);
  send(20);
  feed.update(5020);
  writer.setState(LogState.waiting);
  feed.update(5030);
  writer.setState(LogState.live);
  feed.update(8000);
  // The stream goes on 40 ms after its end, 3000 ms later.
  send(60);
  feed.update(8020);
  send(80);
  feed.update(8040);
  assertEquals(timesMs(), [0, 20, 3020, 3040]);
});

Deno.test("RtpFeed: what comes late and together keeps its time", () => {
  const { feed, send, timesMs } = open();
  send(0);
  feed.update(1000);
  for (const timestampMs of [20, 40, 60]) send(timestampMs);
  feed.update(4000);
  assertEquals(timesMs(), [0, 20, 40, 60]);
});

Deno.test("RtpFeed: what was left of a publisher that is gone keeps its time", () => {
  const { writer, feed, send, timesMs } = open();
  send(0);
  feed.update(1000);
  send(20);
  writer.setState(LogState.waiting);
  feed.update(1020);
  writer.setState(LogState.live);
  send(60);
  feed.update(3020);
  assertEquals(timesMs(), [0, 20, 2020]);
});
