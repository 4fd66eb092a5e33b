import { assert, assertEquals } from "@std/assert";
import { FlvViewer } from "../../src/egress/flv_viewer.ts";
import type { ControlLink } from "../../src/shard/control_link.ts";
import { LiveStream, MAX_AUDIENCES } from "../../src/shard/live_stream.ts";
import { FLV_FORM } from "../../src/stream/feed_form.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../stream/enhanced_samples.ts";

Deno.test("viewers of a track end when another publisher has come without it", async () => {
  const log = LogWriter.allocate(1 << 20);
  const writer = new LogWriter(log, { windowMs: 10_000 });
  const stream = new LiveStream(
    { streamId: 1, path: "live/a", log },
    undefined as unknown as ControlLink,
    { flushMs: 0, rtmpFlushMs: 0, maxPayloadSize: 1200 },
    { jumped: () => {} },
  );
  const sweep = () => stream.sweep(0, () => undefined);
  const first = new Publication(writer, { trackSettleMs: 0 });
  first.video(0, vp8KeyFrame(64, 32), 0);
  first.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 0);
  first.flush(0);
  const selections = [
    { audio: true, video: true },
    { audio: true, video: true, videoTrack: 1 },
  ];
  const viewers = selections.map((selection) =>
    new FlvViewer(stream.audience(FLV_FORM, selection)!).stream.getReader()
  );
  const ended = viewers.map((viewer) => {
    const state = { isOver: false, done: Promise.resolve() };
    state.done = (async () => {
      while (!(await viewer.read()).done);
      state.isOver = true;
    })();
    return state;
  });
  for (let time = 0; time < 3; time++) sweep();
  assertEquals(stream.report().viewers, 2);

  // While nobody publishes, everybody waits.
  writer.setState(LogState.waiting);
  const second = new Publication(writer, { trackSettleMs: 0 });
  for (let time = 0; time < 3; time++) sweep();
  assertEquals(stream.report().viewers, 2);
  writer.setState(LogState.live);
  second.video(0, vp8KeyFrame(64, 32), 1000);
  sweep();
  assertEquals(stream.report().viewers, 2);
  sweep();
  await ended[1]!.done;
  assertEquals([stream.report().viewers, ended[0]!.isOver], [1, false]);
  second.video(40, vp8InterFrame(), 1040);
  writer.setState(LogState.ended);
  // Waiting for a log keeps no event loop going.
  const timer = setInterval(() => {}, 10);
  await stream.close();
  await Promise.all(ended.map(({ done }) => done));
  clearInterval(timer);
});

Deno.test("a stream has so many audiences, and room again when one is empty", async () => {
  const log = LogWriter.allocate(1 << 20);
  const writer = new LogWriter(log, { windowMs: 10_000 });
  const stream = new LiveStream(
    { streamId: 1, path: "live/a", log },
    undefined as unknown as ControlLink,
    { flushMs: 0, rtmpFlushMs: 0, maxPayloadSize: 1200 },
    { jumped: () => {} },
  );
  const audienceOf = (videoTrack: number) =>
    stream.audience(FLV_FORM, { audio: true, video: true, videoTrack });
  const viewers: FlvViewer[] = [];
  for (let track = 0; track < MAX_AUDIENCES; track++) {
    viewers.push(new FlvViewer(audienceOf(track)!));
  }
  assertEquals(audienceOf(MAX_AUDIENCES), undefined);
  // Those that are there take more viewers.
  viewers.push(new FlvViewer(audienceOf(3)!));
  await viewers[5]!.stream.cancel();
  assert(audienceOf(MAX_AUDIENCES) !== undefined);
  assertEquals(stream.report().viewers, MAX_AUDIENCES);
  writer.setState(LogState.ended);
  const timer = setInterval(() => {}, 10);
  await stream.close();
  clearInterval(timer);
});
