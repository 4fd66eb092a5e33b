import { assertEquals } from "@std/assert";
import { PictureThinner } from "../../src/egress/picture_thinner.ts";
import { PictureTimes } from "../../src/egress/picture_times.ts";
import { ViewerPace } from "../../src/egress/viewer_pace.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { append, Place } from "./rtp_samples.ts";

const UNREFERENCED = PacketFlag.accessUnitStart | PacketFlag.unreferencedStart;
const ROOM = { roomBps: 500_000, fullBps: 2_000_000 };
const FULL = { roomBps: 2_500_000, fullBps: 2_000_000 };

/** A ring with a picture at each of these times. */
function ringOf(...pictures: readonly (readonly [timeMs: number, flags?: number])[]): PacketRing {
  const ring = new PacketRing();
  for (const [timeMs, flags] of pictures) append(ring, timeMs, flags);
  return ring;
}

Deno.test("PictureThinner: a group is sent as far as it is not late, and then nothing of it", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [40], [80]);
  assertEquals(thinner.admits(ring, 0, ROOM), true);
  assertEquals([0, 1].map((index) => thinner.fateOf(ring, index, ROOM)), ["send", "send"]);
  append(ring, 1581);
  assertEquals(thinner.fateOf(ring, 2, ROOM), "cut");
  assertEquals([thinner.quality, thinner.admits(ring, 0, ROOM)], ["beginning", false]);
  append(ring, 2000, Place.keyFrame);
  assertEquals(thinner.admits(ring, 4, ROOM), true);
});

Deno.test("PictureThinner: what lags gives way to a newer key frame, and of those the newest wins", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [500, Place.keyFrame], [510], [720, Place.keyFrame]);
  assertEquals(thinner.givesWay(ring, 0), true);
  assertEquals([1, 2].map((index) => thinner.givesWay(ring, index)), [false, false]);
  append(ring, 761);
  assertEquals(thinner.givesWay(ring, 1), true);
  assertEquals(thinner.admits(ring, 1, ROOM), true, "it is behind the one that gave way");
  assertEquals(thinner.fateOf(ring, 1, ROOM), "cut");
  assertEquals(thinner.fateOf(ring, 3, ROOM), "send");
  assertEquals(thinner.quality, "keyFrames");
});

Deno.test("PictureThinner: behind a key frame that takes long, pictures have some time as well", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [40], [80], [1500]);
  assertEquals(thinner.fateOf(ring, 0, ROOM), "send");
  assertEquals(thinner.fateOf(ring, 1, ROOM), "send", "1460 ms late, as the key frame took them");
  append(ring, 2041);
  assertEquals(thinner.fateOf(ring, 2, ROOM), "cut");
});

Deno.test("PictureThinner: pictures that nobody refers to are the first to go, and alone", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [40, UNREFERENCED], [80], [120, UNREFERENCED], [
    160,
    Place.keyFrame,
  ], [200]);
  const fates = (room: typeof ROOM) =>
    [0, 1, 2, 3, 4].map((index) => thinner.fateOf(ring, index, room));
  assertEquals(fates(ROOM), ["send", "leaveOut", "send", "leaveOut", "send"]);
  assertEquals(thinner.quality, "referenced");
  assertEquals(fates(FULL), ["send", "send", "send", "send", "send"]);
  assertEquals(thinner.quality, "all");
});

Deno.test("PictureThinner: a key frame that would take too long is not begun: sound alone", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [40]);
  // 14 bytes, for which 3.5 s are the most.
  assertEquals(thinner.admits(ring, 0, { roomBps: 31, fullBps: 1000 }), false);
  assertEquals(thinner.quality, "sound");
  assertEquals(thinner.admits(ring, 0, FULL), false, "it is past, and not gone back to");
  append(ring, 2000, Place.keyFrame);
  assertEquals(thinner.admits(ring, 2, { roomBps: 33, fullBps: 1000 }), true);
});

Deno.test("PictureThinner: no key frame is gone back to, wherever in a group it began", () => {
  const thinner = new PictureThinner();
  const ring = ringOf([0, Place.keyFrame], [40], [2000]);
  assertEquals(thinner.fateOf(ring, 1, ROOM), "send", "as long as what it has to send is late");
  append(ring, 5000);
  assertEquals([thinner.fateOf(ring, 2, ROOM), thinner.admits(ring, 0, ROOM)], ["cut", false]);
});

Deno.test("PictureTimes: what is late gets later times, and each picture a later one than before", () => {
  const times = new PictureTimes();
  assertEquals([times.shiftOf(0xffff_ff00, 150), times.shift], [0, 0]);
  assertEquals(times.shiftOf(2744, 1000), 90_000);
  assertEquals(times.shiftOf(5744, 100), 90_000 - 3000 + 90, "a millisecond behind it");
  assertEquals(times.shiftOf(90_000, 0), 2924);
  assertEquals([times.shiftOf(93_000, 0), times.shift], [14, 14]);
  assertEquals([times.shiftOf(96_000, 0), times.shift], [0, 0]);
});

Deno.test("ViewerPace: no more leaves than the rate gives, but for a burst and a debt that are bounded", () => {
  const pace = new ViewerPace();
  pace.advance(0, 800_000);
  let left = 0;
  for (let nowMs = 0; nowMs < 1000; nowMs++) {
    pace.advance(nowMs, 800_000);
    for (; pace.isOpen; left += 1200) pace.spend(1200);
  }
  assertEquals(left >= 100_000 && left <= 100_000 + 1500 + 1200, true, `${left}`);
  pace.advance(5000, 800_000);
  pace.spend(1500);
  assertEquals([pace.isOpen, pace.openMs], [false, 5001], "a pause is not made up for");
  pace.spend(1e9);
  assertEquals(pace.openMs, 5201, "what is sent in any case is waited for a while");
});
