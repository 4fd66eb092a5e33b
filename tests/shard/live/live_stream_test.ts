import { granted } from "../open_memory.ts";
import { openStream } from "./open_stream.ts";
import { assertEquals } from "@std/assert";
import { FlvViewer } from "../../../src/egress/flv_viewer.ts";
import type { ControlLink, OpusEvents } from "../../../src/shard/control_link.ts";
import { MAX_AUDIENCES } from "../../../src/shard/live/selected_tracks.ts";
import type { TrackSelection } from "../../../src/stream/track_selection.ts";
import { FLV_FORM } from "../../../src/stream/feed_form.ts";
import { LogState } from "../../../src/stream/log_layout.ts";
import { Publication } from "../../../src/stream/publication.ts";
import {
  enhancedAudio,
  ofTrack,
  vp8InterFrame,
  vp8KeyFrame,
} from "../../../testing/media/enhanced_samples.ts";

Deno.test("viewers of a track end when another publisher has come without it", async () => {
  const { stream, writer, close } = openStream();
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
    new FlvViewer(granted(stream.audience(FLV_FORM, selection))).stream.getReader()
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
  await close();
  await Promise.all(ended.map(({ done }) => done));
});

Deno.test("a stream has so many audiences, and room again when one is empty", async () => {
  const { stream, close } = openStream();
  const audienceOf = (videoTrack: number) =>
    stream.audience(FLV_FORM, { audio: true, video: true, videoTrack });
  const viewers: FlvViewer[] = [];
  for (let track = 0; track < MAX_AUDIENCES; track++) {
    viewers.push(new FlvViewer(granted(audienceOf(track))));
  }
  assertEquals(typeof audienceOf(MAX_AUDIENCES), "string");
  // The default tracks are there for everybody, both or one of them.
  granted(stream.audience(FLV_FORM, { audio: true, video: true }));
  granted(stream.audience(FLV_FORM, { audio: false, video: true }));
  granted(stream.audience(FLV_FORM, { audio: true, video: false }));
  // Those that are there take more viewers.
  viewers.push(new FlvViewer(granted(audienceOf(3))));
  await viewers[5]!.stream.cancel();
  granted(audienceOf(MAX_AUDIENCES));
  assertEquals(stream.report().viewers, MAX_AUDIENCES);
  await close();
});

/** What is asked of control, and the newest answer that it may give, by track. */
class Control {
  readonly asked: string[] = [];
  readonly events = new Map<number | undefined, OpusEvents>();

  wantOpus(_: number, events: OpusEvents, audioTrack?: number): void {
    this.asked.push(`want ${audioTrack}`);
    this.events.set(audioTrack, events);
  }

  unwantOpus(_: number, audioTrack?: number): void {
    this.asked.push(`unwant ${audioTrack}`);
  }

  take(): string[] {
    return this.asked.splice(0);
  }
}

const AAC = enhancedAudio("aac", "configuration", Uint8Array.of(0x12, 0x10));
const AAC_FRAME = enhancedAudio("aac", "frame", Uint8Array.of(0x21, 0x10));

function watch() {
  const control = new Control();
  const { stream, writer, close } = openStream(control as unknown as ControlLink);
  /** A publisher of these tracks, each of VP8 and AAC. */
  const publish = (...trackIds: readonly number[]) => {
    const publication = new Publication(writer, { trackSettleMs: 0 });
    for (const id of trackIds) {
      publication.video(0, ofTrack(id, vp8KeyFrame(64, 32)), 0);
      publication.audio(0, ofTrack(id, AAC), 0);
      publication.audio(0, ofTrack(id, AAC_FRAME), 0);
    }
  };
  /** A viewer by WebRTC, and why it was ended. */
  const join = (selection: TrackSelection) => {
    const ends: string[] = [];
    const { audience } = granted(stream.rtp(selection));
    const tracks = { hasVideo: true, lacksVideo: false };
    const end = (reason: string) => void ends.push(reason);
    const viewer = { ...tracks, notify: () => {}, renew: end, end };
    audience.add(viewer);
    audience.notify(0);
    granted(stream.rtp(selection)).wantOpus();
    return { ends, leave: () => audience.remove(viewer) };
  };
  const sweep = (nowMs = performance.now()) => stream.sweep(nowMs, () => undefined);
  return { stream, control, publish, join, sweep, close };
}

const BOTH = { audio: true, video: true };

Deno.test("WebRTC viewers of a track: counted with all, its Opus asked for once, let go of when idle", async () => {
  const { stream, control, publish, join, sweep, close } = watch();
  publish(0, 1);
  const viewers = [
    join(BOTH),
    join({ ...BOTH, videoTrack: 1 }),
    join({ ...BOTH, audioTrack: 0 }),
    join({ ...BOTH, audioTrack: 1 }),
    join({ ...BOTH, audioTrack: 1, videoTrack: 1 }),
  ];
  assertEquals(control.take(), ["want undefined", "want 1"]);
  assertEquals(stream.report().webrtcViewers, 5);
  const idleMs = performance.now() + 10_000;
  viewers[3]!.leave();
  sweep(idleMs);
  assertEquals([control.take(), stream.report().webrtcViewers], [[], 4]);
  viewers[4]!.leave();
  sweep(idleMs + 10_000);
  assertEquals([control.take(), stream.report().webrtcViewers], [["unwant 1"], 3]);
  await close();
  assertEquals(control.take(), ["unwant undefined"]);
  const ends = [["the stream is over"], ["the stream is over"], ["the stream is over"], [], []];
  assertEquals(viewers.map(({ ends }) => ends), ends);
});

Deno.test("WebRTC viewers of a track end, or are moved, with a publisher that counts otherwise", async () => {
  const { control, publish, join, sweep, close } = watch();
  publish(0, 1);
  const [plain, zero, one] = [
    join(BOTH),
    join({ ...BOTH, videoTrack: 0 }),
    join({ ...BOTH, audioTrack: 1 }),
  ] as const;
  assertEquals(control.take(), ["want undefined", "want 1"]);
  publish(1);
  sweep();
  // Number 1 is the default one now.
  assertEquals(control.take(), ["unwant 1"]);
  sweep();
  assertEquals(zero.ends, ["the stream has not this track any more"]);
  assertEquals([plain.ends, one.ends], [[], []]);
  await close();
  assertEquals(control.take(), ["unwant undefined"]);
});

Deno.test("of WebRTC there are as many choices of tracks at once as the limit, and the default one", async () => {
  const { stream, publish, sweep, close } = watch();
  publish(0, 1);
  const choices = Array.from({ length: MAX_AUDIENCES + 1 }, (_, track) => ({
    ...BOTH,
    videoTrack: track,
  }));
  const made = choices.map((choice) => typeof stream.rtp(choice) !== "string");
  assertEquals(made.lastIndexOf(true), MAX_AUDIENCES - 1);
  assertEquals([made.at(-1), typeof stream.rtp(BOTH) !== "string"], [false, true]);
  sweep(performance.now() + 10_000);
  granted(stream.rtp(choices.at(-1)!));
  await close();
});

Deno.test("a viewer wishes for a key frame where the newest is gone, or old", async () => {
  const { stream, writer, close } = openStream();
  const publication = new Publication(writer, { trackSettleMs: 0 });
  const wishes = () => {
    stream.wishKeyFrame();
    return writer.keyFrameWishes;
  };
  assertEquals(wishes(), 1);
  publication.video(0, vp8KeyFrame(64, 32), 0);
  publication.video(40, vp8InterFrame(), 40);
  publication.video(80, vp8InterFrame(), 80);
  assertEquals(wishes(), 1);
  for (let timeMs = 120; timeMs < 1200; timeMs += 40) {
    publication.video(timeMs, vp8InterFrame(), timeMs);
  }
  assertEquals([wishes(), wishes()], [2, 3]);
  publication.video(1200, vp8KeyFrame(64, 32), 1200);
  publication.video(1240, vp8InterFrame(), 1240);
  publication.flush(1240);
  assertEquals(wishes(), 3);
  await close();
});

Deno.test("a wish tells of which track a key frame is needed", async () => {
  const { stream, writer, close } = openStream();
  assertEquals(writer.takeWishedTracks(), []);
  stream.wishKeyFrame(2);
  stream.wishKeyFrame(0);
  assertEquals(writer.takeWishedTracks(), [0, 2]);
  assertEquals(writer.takeWishedTracks(), []);
  // What has no bit of its own is wished for with all.
  for (const trackId of [undefined, 31, 255]) {
    stream.wishKeyFrame(trackId);
    assertEquals(writer.takeWishedTracks(), undefined);
  }
  await close();
});
