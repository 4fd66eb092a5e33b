import { assert, assertEquals } from "@std/assert";
import { FlvAudience, type ViewerSink } from "../../src/egress/flv_audience.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { RecordFlag, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { until } from "../waiting.ts";

class CountingSink implements ViewerSink {
  readonly hasRest = false;
  proceed(): void {}
  bytes = 0;
  isReady = () => true;
  send(bytes: Uint8Array): void {
    this.bytes += bytes.length;
  }
  end(): void {}
  abort(): void {}
}

Deno.test("audience: a viewer that comes after the last one left, within a flush interval", async () => {
  const shared = LogWriter.allocate(1 << 16);
  const writer = new LogWriter(shared, { windowMs: 1000 });
  writer.setTracks(Track.video, true);
  const appendFrame = (timestampMs: number) =>
    writer.append({
      type: TAG_VIDEO,
      timestampMs,
      body: Uint8Array.of(0x17, 1, 0, 0, 0),
      flags: RecordFlag.video | RecordFlag.keyFrame,
    });
  appendFrame(0);
  const events = { jumped: () => {}, stalled: () => {} };
  const options = { flushMs: 50, stallMs: 10_000 };
  const audience = new FlvAudience(
    new LogReader(shared),
    { audio: true, video: true },
    options,
    events,
  );
  const first = audience.add(new CountingSink(), performance.now());
  audience.notify(performance.now());
  audience.notify(performance.now());
  audience.remove(first);

  const sink = new CountingSink();
  const second = audience.add(sink, performance.now());
  const { bytes } = sink;
  assert(bytes > 0);
  appendFrame(40);
  audience.notify(performance.now());
  await until("the new frame is delivered", () => sink.bytes > bytes, { timeoutMs: 2000 });
  audience.remove(second);
  assertEquals(audience.size, 0);
});
