import { assert, assertEquals } from "@std/assert";
import { isVideoMultitrack, splitVideoTracks } from "../../src/flv/multitrack.ts";
import type { VideoFrame } from "../../src/flv/video_body.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { LayerTracks, type TrackedLayer } from "../../src/ingest/layer_tracks.ts";
import type { ReceivedMessage } from "../../src/ingest/received_message.ts";

const FRAME_MS = 40;

/** A layer of VP8 pictures, whose key frames tell its width and whose pictures tell whose they are. */
class Layer implements TrackedLayer {
  picturesHeardAtMs = -Infinity;
  isKeyFrameWanted = true;
  requests = 0;
  isSent = true;
  /** Its key frames come so long after they were asked for. */
  keyFrameDelayMs = FRAME_MS;
  #wantedAtMs = -Infinity;

  constructor(readonly name: string, readonly width: number) {}

  wantKeyFrame(nowMs: number): void {
    if (this.isKeyFrameWanted) return;
    this.isKeyFrameWanted = true;
    this.#wantedAtMs = nowMs;
    this.requests++;
  }

  picture(nowMs: number) {
    const isKeyFrame = this.isKeyFrameWanted && nowMs >= this.#wantedAtMs + this.keyFrameDelayMs;
    if (isKeyFrame) this.isKeyFrameWanted = false;
    const { width } = this;
    const header = isKeyFrame
      ? [0x10, 2, 0, 0x9d, 1, 0x2a, width, width >> 8, 0x10, 0]
      : [0x11, 2, 0];
    const data = Uint8Array.from([...header, this.name.charCodeAt(0)]);
    const layers = { temporalId: 0, spatialId: 0 };
    const unit = {
      kind: "unit",
      data,
      isKeyFrame,
      isDisposable: false,
      layers,
      layerSwitch: "none",
    } as const;
    return { codec: "vp8", unit, shownMs: nowMs } as const;
  }
}

/** What was shown on each track: the names of layers, in capitals where it was a key frame. */
class Shown {
  readonly tracks: string[] = [];
  readonly timesMs: number[][] = [];
  /** The numbers of the tracks, in the order in which they came. */
  readonly came = new Set<number>();

  add({ payload, timestampMs }: ReceivedMessage): void {
    const split = isVideoMultitrack(payload) ? splitVideoTracks(payload) : undefined;
    const part = split?.kind === "tracks" ? split.tracks[0]! : { trackId: 0, body: payload };
    const frame = parseVideoBody(part.body) as VideoFrame;
    assertEquals(frame.kind, "frame");
    const name = String.fromCharCode(frame.data.at(-1)!);
    const { trackId } = part;
    this.came.add(trackId);
    const before = this.tracks[trackId] ?? "";
    assert(frame.isKeyFrame || before.at(-1)?.toLowerCase() === name, "it begins with a key frame");
    this.tracks[trackId] = before + (frame.isKeyFrame ? name.toUpperCase() : name);
    const times = this.timesMs[trackId] ??= [];
    assert(timestampMs > (times.at(-1) ?? -1), "time goes on");
    times.push(timestampMs);
  }

  /** The order of the layers on a track, without repeats. */
  order(trackId: number): string {
    return (this.tracks[trackId] ?? "").toLowerCase().replaceAll(/(.)\1+/g, "$1");
  }
}

function play(
  tracks: LayerTracks<Layer>,
  layers: readonly Layer[],
  shown: Shown,
  [fromMs, toMs]: readonly [number, number],
): void {
  for (let nowMs = fromMs; nowMs < toMs; nowMs += FRAME_MS) {
    for (const layer of layers) {
      if (!layer.isSent) continue;
      layer.picturesHeardAtMs = nowMs;
      for (const message of tracks.take(layer, layer.picture(nowMs), nowMs)) shown.add(message);
    }
    for (const message of tracks.release(nowMs)) shown.add(message);
  }
}

const LAYERS = () => [new Layer("q", 160), new Layer("f", 640), new Layer("h", 320)] as const;

Deno.test("tracks are in order of size, whatever the order of the layers", () => {
  const layers = LAYERS();
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  play(tracks, layers, shown, [0, 1000]);
  assertEquals(shown.tracks, ["F", "H", "Q"].map((name) => name + name.toLowerCase().repeat(24)));
  assertEquals([...shown.came], [0, 1, 2]);
  assertEquals(layers.map(({ requests }) => requests), [0, 0, 0]);
  assertEquals(tracks.placeOf(layers[2]), {
    width: 320,
    height: 16,
    isPaused: false,
    tracks: [1],
  });
});

Deno.test("the first pictures wait for other layers as long as they are few, and small", () => {
  for (const [bytes, waiting] of [[100, 63], [1024 * 1024, 1], [3 * 1024 * 1024, 0]] as const) {
    const [quarter, full] = LAYERS();
    const tracks = new LayerTracks([quarter, full], 0);
    const large = () => {
      const { unit, ...picture } = quarter.picture(1000);
      const data = new Uint8Array(bytes);
      data.set(unit.data);
      return { ...picture, unit: { ...unit, data } };
    };
    let held = 0;
    while ([...tracks.take(quarter, large(), 0)].length === 0) held++;
    assertEquals(held, waiting, `pictures of ${bytes} bytes`);
  }
});

Deno.test("a layer that comes later takes its place, and the others move on at a key frame", () => {
  const layers = LAYERS();
  const [quarter, full, half] = layers;
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  full.isSent = half.isSent = false;
  play(tracks, layers, shown, [0, 1000]);
  assertEquals([shown.order(0), shown.tracks.length], ["q", 1]);
  half.isSent = true;
  play(tracks, layers, shown, [1000, 2000]);
  assertEquals([shown.order(0), shown.order(1), shown.tracks.length], ["qh", "q", 2]);
  full.isSent = true;
  play(tracks, layers, shown, [2000, 3000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["qhf", "qh", "q"]);
  // No picture of the first track is missing.
  assertEquals(shown.timesMs[0]!.length, 75 + 1);
  assertEquals([quarter.requests, half.requests, full.requests], [2, 1, 0]);
});

Deno.test("the track of a layer that pauses goes on with the next smaller, and comes back", () => {
  const layers = LAYERS();
  const [, full, half] = layers;
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  play(tracks, layers, shown, [0, 2000]);
  full.isSent = false;
  play(tracks, layers, shown, [2000, 4000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["fh", "h", "q"]);
  assertEquals(tracks.placeOf(full).isPaused, true);
  assertEquals(tracks.placeOf(half).tracks, [0, 1]);
  const gapMs = shown.timesMs[0]!.reduce(
    (most, timeMs, at, all) => Math.max(most, timeMs - (all[at - 1] ?? timeMs)),
    0,
  );
  // Until it is seen, and then until the key frame has come.
  assert(gapMs <= 250 + 3 * FRAME_MS, `nothing came for ${gapMs} ms`);
  half.isSent = false;
  play(tracks, layers, shown, [4000, 6000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["fhq", "hq", "q"]);
  half.isSent = full.isSent = true;
  play(tracks, layers, shown, [6000, 8000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["fhqf", "hqh", "q"]);
});

Deno.test("the track of the smallest layer goes on with the next larger when it pauses", () => {
  const layers = LAYERS();
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  play(tracks, layers, shown, [0, 2000]);
  layers[0].isSent = false;
  play(tracks, layers, shown, [2000, 4000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["f", "h", "qh"]);
});

Deno.test("layers that all pause together keep their tracks, as with a link that is dead for a while", () => {
  const layers = LAYERS();
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  play(tracks, layers, shown, [0, 2000]);
  play(tracks, layers, shown, [5000, 6000]);
  assertEquals([0, 1, 2].map((at) => shown.order(at)), ["f", "h", "q"]);
  assertEquals(layers.map(({ requests }) => requests), [0, 0, 0]);
});

Deno.test("a layer with few pictures a second is not taken for paused", () => {
  const layers = LAYERS();
  const [quarter, full, half] = layers;
  const shown = new Shown();
  const tracks = new LayerTracks(layers, 0);
  play(tracks, layers, shown, [0, 200]);
  for (let nowMs = 200; nowMs < 10_000; nowMs += FRAME_MS) {
    full.isSent = nowMs % 320 === 0;
    play(tracks, [quarter, full, half], shown, [nowMs, nowMs + FRAME_MS]);
  }
  assertEquals(shown.order(0), "f");
});

Deno.test("key frames are asked for of the layers whose tracks need them", () => {
  const layers = LAYERS();
  const [quarter, full, half] = layers;
  const tracks = new LayerTracks(layers, 2);
  play(tracks, layers, new Shown(), [0, 1000]);
  tracks.wantKeyFrames(1000, [3]);
  assertEquals([quarter.requests, half.requests, full.requests], [0, 1, 0]);
  tracks.wantKeyFrames(1000);
  assertEquals([quarter.requests, half.requests, full.requests], [1, 1, 1]);
});

Deno.test("layers that change their sizes change their places", () => {
  const small = new Layer("s", 160);
  const large = new Layer("l", 640);
  const shown = new Shown();
  const tracks = new LayerTracks([small, large], 0);
  play(tracks, [small, large], shown, [0, 1000]);
  Object.assign(small, { width: 1280 });
  small.wantKeyFrame(1000);
  play(tracks, [small, large], shown, [1000, 2000]);
  assertEquals([shown.order(0), shown.order(1)], ["ls", "sl"]);
});
