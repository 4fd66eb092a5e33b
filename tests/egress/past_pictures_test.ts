import { assert, assertEquals } from "@std/assert";
import { append, openViewer, Place, VIDEO } from "./rtp_samples.ts";
import type { PacketRing } from "../../src/rtp/packet_ring.ts";

const FRAME_MS = 40;
const TICKS_PER_MS = 90;

/** A stream of one packet a picture, whose key frame is some time ago. */
function appendGroup(video: PacketRing, firstMs: number, pictures: number): void {
  append(video, firstMs, Place.keyFrame);
  for (let at = 1; at < pictures; at++) append(video, firstMs + at * FRAME_MS);
}

/** Lets time pass, a millisecond each, with a new picture whenever one is due. */
function watch(pictures: number, forMs: number) {
  const { video, takeAll, feed, viewer } = openViewer({ audio: null });
  let nowMs = 10_000;
  let newestMs = 5000;
  const arrivals: { readonly atMs: number; readonly timestampMs: number }[] = [];
  appendGroup(video, newestMs - (pictures - 1) * FRAME_MS, pictures);
  // The feed is told of a picture by its log, which has none here.
  let cameMs = nowMs;
  feed.pictureAgeMs = (ms) => ms - cameMs;
  const endMs = nowMs + forMs;
  for (; nowMs < endMs; nowMs++) {
    if (nowMs - cameMs >= FRAME_MS) {
      newestMs += FRAME_MS;
      cameMs = nowMs;
      append(video, newestMs);
    }
    for (const { timestamp } of takeAll(nowMs)) {
      arrivals.push({ atMs: nowMs, timestampMs: timestamp / TICKS_PER_MS });
    }
  }
  return { arrivals, viewer, newestMs };
}

Deno.test("PastPictures: what a viewer begins with has the times at which it is sent, then its own", () => {
  const { arrivals, newestMs } = watch(200, 400);
  // 16 packets each 4 ms: 200 pictures take longer than one more needs to come.
  assert(arrivals.length > 200);
  const lateMs = arrivals.map(({ atMs, timestampMs }) => atMs - timestampMs);
  assert(Math.max(...lateMs) - Math.min(...lateMs) <= 1, `${lateMs}`);
  arrivals.forEach(({ timestampMs }, at) => {
    assert(at === 0 || timestampMs > arrivals[at - 1]!.timestampMs, `picture ${at}`);
  });
  assertEquals(arrivals.at(-1)!.timestampMs, newestMs);
});

Deno.test("PastPictures: while no picture comes, time goes on for a while only", () => {
  const { video, takeAll, feed } = openViewer({ audio: null });
  appendGroup(video, 0, 3);
  feed.pictureAgeMs = () => 60_000;
  const arrived = takeAll(70_000);
  assertEquals(arrived.map(({ timestamp }) => timestamp), [16_200, 16_201, 16_202]);
});

Deno.test("PastPictures: packets of a picture have one time, also when they are sent again", () => {
  const { viewer, video, takeAll, turn } = openViewer({ audio: null });
  append(video, 0, Place.keyFrame);
  for (let at = 1; at < 40; at++) append(video, 0, Place.inside);
  append(video, FRAME_MS);
  const first = turn(0).arrived;
  assertEquals(first.length, 16);
  append(video, 2 * FRAME_MS);
  const arrived = [...first, ...takeAll(4), ...takeAll(8)];
  const keyFrame = arrived.slice(0, 40).map(({ timestamp }) => timestamp);
  assertEquals(new Set(keyFrame).size, 1);
  const { sequence, timestamp } = first[5]!;
  const entries = Uint8Array.of(sequence >> 8, sequence, 0, 0);
  viewer.resend([{ kind: "nack", senderSsrc: 1, mediaSsrc: VIDEO.ssrc, entries }]);
  const [again] = takeAll(100);
  assertEquals([again!.sequence, again!.timestamp], [sequence, timestamp]);
});

Deno.test("PastPictures: one that goes on at a later key frame gets later times than before", () => {
  const { viewer, video, takeAll } = openViewer({ audio: null });
  appendGroup(video, 0, 10);
  const before = takeAll(0).at(-1)!.timestamp;
  viewer.pause();
  const [again] = takeAll(100);
  assert(again!.timestamp > before);
  assertEquals(again!.index, 0);
});
