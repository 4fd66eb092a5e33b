import { assert, assertEquals } from "@std/assert";
import { PastPictures } from "../../src/egress/past_pictures.ts";
import { type RenditionSource, RenditionSwitcher } from "../../src/egress/rendition_switcher.ts";
import { RtpTrack } from "../../src/egress/rtp_track.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import { PacketArena } from "../../src/srtp/packet_arena.ts";
import { SrtpSender } from "../../src/srtp/srtp_sender.ts";
import type { Rendition } from "../../src/stream/renditions.ts";
import { append, type Arrived, Place, Receiver, VIDEO } from "./rtp_samples.ts";

const MASTER = { key: new Uint8Array(16).fill(3), salt: new Uint8Array(14).fill(4) };
const FRAME_MS = 40;
const GROUP = 50;
const TICKS_PER_MS = 90;
const RATES = [2_000_000, 700_000, 250_000];

/** Three renditions, whose pictures are packets of one size; the first is the default one. */
class Stream implements RenditionSource {
  readonly firstTrackId = 0;
  readonly rings = RATES.map(() => new PacketRing({ maxPackets: 1024 }));
  readonly opened = new Set<number>();
  readonly lost = new Set<number>();
  readonly wishes: number[] = [];
  only: number | undefined;
  /** Whether there are none to choose between. */
  isPlain = false;
  picture = 0;

  list(): Rendition[] {
    if (this.isPlain) return [];
    const all = RATES.map((bitrateBps, trackId) => ({
      trackId,
      isDefault: trackId === 0,
      codec: "h264" as const,
      width: null,
      height: null,
      bitrateBps,
      frameRate: 25,
      keyFrameDistanceMs: GROUP * FRAME_MS,
    }));
    return this.only === undefined ? all : [all[this.only]!];
  }

  open(trackId: number): PacketRing {
    this.opened.add(trackId);
    return this.rings[trackId]!;
  }

  isOpen(trackId: number): boolean {
    return !this.lost.has(trackId);
  }

  close(trackId: number): void {
    this.opened.delete(trackId);
  }

  wishKeyFrame(trackId: number): void {
    this.wishes.push(trackId);
  }

  /** Pictures of all renditions; with `unreferenced`, each second one is referred to by nobody. */
  go(pictures: number, { unreferenced = false } = {}): void {
    const end = this.picture + pictures;
    for (; this.picture < end; this.picture++) {
      const isKey = this.picture % GROUP === 0;
      const isLeft = unreferenced && this.picture % 2 === 1;
      const flags = isKey
        ? Place.keyFrame
        : Place.accessUnit | (isLeft ? PacketFlag.unreferencedStart : 0);
      for (const ring of this.rings) append(ring, this.picture * FRAME_MS, flags);
    }
  }
}

/** Pictures come as they are sent. */
const NO_AGE = { pictureAgeMs: () => 0 };

class Viewer {
  readonly track: RtpTrack;
  readonly switcher: RenditionSwitcher;
  readonly #past: PastPictures;
  readonly #sender = new SrtpSender(new PacketArena(64), MASTER);
  readonly #receiver = new Receiver();
  #nowMs = 0;

  constructor(stream: Stream) {
    this.track = new RtpTrack({
      ring: stream.rings[0]!,
      clock: new RtpClock(90_000, 0),
      identity: VIDEO,
      retransmission: undefined,
      firstSequence: 1000,
    });
    this.switcher = new RenditionSwitcher(stream, this.track);
    this.#past = new PastPictures(NO_AGE, this.track);
  }

  update(roomBps: number, nowMs = this.#nowMs + 100): boolean {
    this.#nowMs = nowMs;
    const hasChanged = this.switcher.update({ roomBps, replayBps: roomBps, lagMs: 0, nowMs });
    if (hasChanged) this.#past.begin();
    return hasChanged;
  }

  /** All that is there, as it arrives. */
  take(): Arrived[] {
    const datagrams: Uint8Array[] = [];
    const arrived: Arrived[] = [];
    while (this.track.waiting > 0) {
      this.#past.take(1, this.#nowMs, this.#sender, datagrams);
      arrived.push(...this.#receiver.take(datagrams.splice(0)));
    }
    return arrived;
  }
}

/** A viewer that was sent all of the first rendition up to its newest picture. */
function watching(stream: Stream): { viewer: Viewer; sent: Arrived[] } {
  const viewer = new Viewer(stream);
  viewer.track.jump(stream.rings[0]!.newestKeyFrame!);
  assertEquals(viewer.update(10_000_000), false);
  return { viewer, sent: viewer.take() };
}

function assertGoesOn(arrived: readonly Arrived[]): void {
  for (const [at, { sequence, timestamp }] of arrived.slice(1).entries()) {
    assertEquals(sequence, arrived[at]!.sequence + 1);
    assert(timestamp > arrived[at]!.timestamp, `${timestamp} after ${arrived[at]!.timestamp}`);
  }
}

Deno.test("RenditionSwitcher: to a smaller one at its newest key frame, with all up to live", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer, sent } = watching(stream);
  stream.go(1);
  assertEquals(viewer.update(1_000_000), true);
  assertEquals(viewer.switcher.trackId, 1);
  const replay = viewer.take();
  assertEquals(replay.map(({ index }) => index), [...Array(11).keys()].map((at) => GROUP + at));
  stream.go(2);
  const live = viewer.take();
  assertGoesOn([...sent, ...replay, ...live]);
  // What comes behind the replay has its own time.
  assertEquals(
    live.map(({ timestamp }) => timestamp / TICKS_PER_MS),
    [61, 62].map((picture) => picture * FRAME_MS),
  );
  assertEquals([...stream.opened], [1]);
});

Deno.test("RenditionSwitcher: nothing newer than what was sent there still is a way on", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer, sent } = watching(stream);
  assertEquals(viewer.update(1_000_000), true);
  const replay = viewer.take();
  stream.go(2);
  assertGoesOn([...sent, ...replay, ...viewer.take()]);
});

Deno.test("RenditionSwitcher: what takes too long is bridged by an even smaller one", () => {
  const stream = new Stream();
  const large = stream.rings[1]!;
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  stream.go(1);
  // What lies between the middle one's key frame and live would take a second.
  const bytesBetween = large.bytesBetween.bind(large);
  large.bytesBetween = (begin, end) => 1100 * bytesBetween(begin, end);
  assertEquals(viewer.update(800_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened].sort()], [2, [1, 2]]);
  const bridge = viewer.take();
  stream.go(GROUP - 12);
  assertEquals(viewer.update(800_000), false);
  bridge.push(...viewer.take());
  stream.go(2);
  assertEquals(viewer.update(800_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened]], [1, [1]]);
  const target = viewer.take();
  assertEquals(target[0]!.index, 2 * GROUP);
  assertGoesOn([...bridge, ...target]);
});

Deno.test("RenditionSwitcher: a key frame that takes long is bridged by an even smaller one", () => {
  const stream = new Stream();
  const large = stream.rings[1]!;
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  const bytesBetween = large.bytesBetween.bind(large);
  const start = large.newestKeyFrame;
  // 120 ms, of the 500 that all may take.
  large.bytesBetween = (begin, end) => begin === start ? 12_000 : bytesBetween(begin, end);
  assertEquals(viewer.update(800_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened].sort()], [2, [1, 2]]);
});

Deno.test("RenditionSwitcher: the smallest may lag until its next key frame", () => {
  const stream = new Stream();
  stream.go(GROUP + 25);
  const { viewer } = watching(stream);
  stream.go(1);
  // All that is past would take two seconds, and its key frame 80 ms.
  for (const ring of stream.rings) ring.bytesBetween = () => 3000;
  assertEquals(viewer.update(300_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened]], [2, [2]]);
});

Deno.test("RenditionSwitcher: what took too long is sent once there is room for it, and stays open", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  const bytesBetween = stream.rings.map((ring) => ring.bytesBetween.bind(ring));
  for (const [at, ring] of stream.rings.entries()) {
    ring.bytesBetween = (begin, end) => 10_000 * bytesBetween[at]!(begin, end);
  }
  assertEquals(viewer.update(300_000), false);
  assertEquals([viewer.switcher.trackId, [...stream.opened]], [0, [2]]);
  for (const [at, ring] of stream.rings.entries()) ring.bytesBetween = bytesBetween[at]!;
  assertEquals(viewer.update(300_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened]], [2, [2]]);
});

Deno.test("RenditionSwitcher: a larger one begins with its next key frame", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  stream.go(1);
  viewer.update(300_000);
  assertEquals(viewer.switcher.trackId, 2);
  assertEquals(viewer.switcher.wantedBps(0)! > 700_000, true);
  const small = viewer.take();
  stream.go(GROUP - 12);
  assertEquals(viewer.update(10_000_000), false);
  assertEquals([...stream.opened].sort(), [0, 2]);
  // Publishers that make none by themselves are asked for it, once in a second.
  assertEquals(stream.wishes, [0]);
  for (let at = 0; at < 10; at++) assertEquals(viewer.update(10_000_000), false);
  assertEquals(stream.wishes, [0, 0]);
  small.push(...viewer.take());
  stream.go(3);
  assertEquals(viewer.update(10_000_000), true);
  assertEquals([viewer.switcher.trackId, viewer.switcher.wantedBps(0)], [0, undefined]);
  const large = viewer.take();
  assertEquals(large[0]!.index, 2 * GROUP);
  assertGoesOn([...small, ...large]);
});

Deno.test("RenditionSwitcher: one that fits again before another has begun is kept", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  viewer.update(300_000);
  stream.go(1);
  viewer.update(10_000_000);
  viewer.update(300_000);
  assertEquals([...stream.opened], [2]);
  stream.go(GROUP);
  assertEquals(viewer.update(300_000), false);
  assertEquals(viewer.switcher.trackId, 2);
});

Deno.test("RenditionSwitcher: of what is past, what nobody refers to is left out", () => {
  const stream = new Stream();
  stream.go(GROUP + 10, { unreferenced: true });
  const { viewer, sent } = watching(stream);
  stream.go(2, { unreferenced: true });
  viewer.update(1_000_000);
  const replay = viewer.take();
  // The newest is sent in any case.
  assertEquals(replay.map(({ index }) => index), [50, 52, 54, 56, 58, 60, 61]);
  assertGoesOn([...sent, ...replay]);
});

Deno.test("RenditionSwitcher: one whose packets are no more is left", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  stream.go(1);
  viewer.update(800_000);
  assertEquals(viewer.switcher.trackId, 1);
  viewer.take();
  stream.lost.add(1);
  viewer.update(800_000);
  assertEquals(viewer.switcher.trackId, 2);
});

Deno.test("RenditionSwitcher: one that is no more is left for the only pictures that there are", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  stream.go(1);
  viewer.update(800_000);
  viewer.take();
  assertEquals(viewer.switcher.trackId, 1);
  stream.isPlain = true;
  assertEquals(viewer.update(800_000), false, "they are there as long as they are");
  stream.lost.add(1);
  assertEquals(viewer.update(800_000), true);
  assertEquals(viewer.switcher.trackId, 0);
  stream.go(1);
  assert(viewer.take().length > 0);
});

Deno.test("RenditionSwitcher: the only one that is wanted is gone to, whatever there is room for", () => {
  const stream = new Stream();
  stream.go(GROUP + 10);
  const { viewer } = watching(stream);
  stream.only = 1;
  stream.go(1);
  assertEquals(viewer.update(10_000_000), true);
  assertEquals(viewer.switcher.trackId, 1);
  assertEquals(viewer.update(100_000), false);
  stream.only = 2;
  assertEquals(viewer.update(10_000_000), true);
  assertEquals([viewer.switcher.trackId, [...stream.opened]], [2, [2]]);
});
