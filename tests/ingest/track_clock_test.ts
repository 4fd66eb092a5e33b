import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { TrackClock } from "../../src/ingest/track_clock.ts";
import { ntpTime } from "../../src/rtp/ntp.ts";
import { seededRandom } from "../../testing/mutation.ts";

const FRAME_TICKS = 3600;
const FRAME_MS = 40;
/** Wall clock of the sender when ours stands at 0. */
const SENDER_MS = 1_600_000_000_000;
const SENDER_SINCE_1900_MS = SENDER_MS + 2_208_988_800_000;

Deno.test("times go by the track's own clock, however unevenly packets come", () => {
  const random = seededRandom(1);
  const clock = new TrackClock(90_000, 5000);
  for (let frame = 0; frame < 200; frame++) {
    const timestamp = (0xffff_0000 + frame * FRAME_TICKS) >>> 0;
    const lateMs = frame === 0 ? 0 : random() * 60;
    assertEquals(clock.timeMs(timestamp, 5010 + frame * FRAME_MS + lateMs), 10 + frame * FRAME_MS);
  }
});

Deno.test("sound of 20 ms is even to the millisecond, for hours", () => {
  const clock = new TrackClock(48_000, 0);
  for (let packet = 0; packet < 200_000; packet++) {
    assertEquals(clock.timeMs((0xf000_0000 + packet * 960) >>> 0, packet * 20), packet * 20);
  }
});

Deno.test("a pause, be it long, is as long as it was", () => {
  const clock = new TrackClock(90_000, 0);
  clock.timeMs(0, 0);
  assertEquals(clock.timeMs(60_000 * 90, 60_000), 60_000);
});

Deno.test("a clock that jumps goes on where the time of arrival has it, never back", () => {
  for (const jump of [0x7000_0000, 0x9000_0000, 90 * 10_000, -90 * 10_000]) {
    const clock = new TrackClock(90_000, 0);
    for (let frame = 0; frame < 10; frame++) clock.timeMs(frame * FRAME_TICKS, frame * FRAME_MS);
    const times = Array.from(
      { length: 10 },
      (_, frame) =>
        clock.timeMs((jump + (10 + frame) * FRAME_TICKS) >>> 0, (10 + frame) * FRAME_MS),
    );
    assertEquals(times, Array.from({ length: 10 }, (_, frame) => (10 + frame) * FRAME_MS));
  }
});

Deno.test("a source that begins anew goes on, too, though its clock is near the old one", () => {
  const clock = new TrackClock(90_000, 0);
  clock.timeMs(90_000, 0);
  clock.beginAnew();
  assertEquals(clock.timeMs(90_000 - 45_000, 40), 40);
  assertEquals(clock.timeMs(90_000 - 45_000 + FRAME_TICKS, 80), 80);
});

Deno.test("times count from when the first packet came, however long its picture takes", () => {
  const clock = new TrackClock(90_000, 0);
  clock.noteArrival(0, 100);
  clock.noteArrival(FRAME_TICKS, 100 + FRAME_MS);
  assertEquals(clock.timeMs(0, 700), 100);
  assertEquals(clock.timeMs(FRAME_TICKS, 700), 100 + FRAME_MS);
  clock.beginAnew();
  clock.noteArrival(5_000_000, 800);
  clock.noteArrival(5_000_000 + FRAME_TICKS, 840);
  assertEquals(clock.timeMs(5_000_000 + FRAME_TICKS, 1300), 240 + FRAME_MS);
});

Deno.test("a picture that is shown before the one before it has its own time", () => {
  const clock = new TrackClock(90_000, 0);
  const shown = [0, 3, 1, 2, 6, 4, 5];
  assertEquals(
    shown.map((frame, at) => clock.timeMs(frame * FRAME_TICKS, at * FRAME_MS)),
    shown.map((frame) => frame * FRAME_MS),
  );
});

/** Sound and pictures, of which the latter come so much later than they are to be. */
function playedApart(lateMs: number, reportDistanceMs: number) {
  const sound = new TrackClock(48_000, 0);
  const pictures = new TrackClock(90_000, 0);
  const apartMs: number[] = [];
  let before = -1;
  for (let nowMs = 0; nowMs < 20_000; nowMs += 20) {
    const ntp = ntpTime(SENDER_MS + nowMs);
    const soundMs = sound.timeMs(7000 + nowMs * 48, nowMs);
    if (nowMs % reportDistanceMs === 0) sound.takeReport(ntp, 7000 + nowMs * 48, nowMs);
    if (nowMs % FRAME_MS > 0 || nowMs < lateMs) continue;
    // What comes now was taken `lateMs` ago.
    const takenMs = nowMs - lateMs;
    const timestamp = (9_000_000 + takenMs * 90) >>> 0;
    const pictureMs = pictures.timeMs(timestamp, nowMs, sound);
    if (nowMs % reportDistanceMs === 0) {
      pictures.takeReport(ntp, (9_000_000 + nowMs * 90) >>> 0, nowMs);
    }
    assert(before < 0 || pictureMs - before >= 34 && pictureMs - before <= 46, `${pictureMs}`);
    before = pictureMs;
    apartMs.push(pictureMs - (soundMs - lateMs));
  }
  return apartMs;
}

Deno.test("by sender reports, pictures come in step with the sound, and stay even meanwhile", () => {
  for (const lateMs of [0, 120, 400]) {
    const apartMs = playedApart(lateMs, 1000);
    assertAlmostEquals(apartMs[0]!, lateMs, 1);
    assertAlmostEquals(apartMs.at(-1)!, 0, 2);
  }
});

Deno.test("reports of sound that are noted late, as browsers do, do not move the pictures to and fro", () => {
  const random = seededRandom(3);
  const sound = new TrackClock(48_000, 0);
  const pictures = new TrackClock(90_000, 0);
  const apartMs: number[] = [];
  for (let nowMs = 0; nowMs < 120_000; nowMs += FRAME_MS) {
    const soundMs = sound.timeMs(nowMs * 48, nowMs);
    if (nowMs % 5000 === 2000) {
      sound.takeReport(ntpTime(SENDER_MS + nowMs + 40 * random()), nowMs * 48, nowMs);
    }
    if (nowMs % 1000 === 0) pictures.takeReport(ntpTime(SENDER_MS + nowMs), nowMs * 90, nowMs);
    apartMs.push(pictures.timeMs(nowMs * 90, nowMs, sound) - soundMs);
  }
  const settled = apartMs.slice(30_000 / FRAME_MS);
  const moved = Math.max(...settled) - Math.min(...settled);
  assert(moved <= 16, `${moved} ms`);
});

Deno.test("a source of sound that stands still for two seconds is followed by the pictures", () => {
  const sound = new TrackClock(48_000, 0);
  const pictures = new TrackClock(90_000, 0);
  let apartMs = 0;
  let soundTicks = 0;
  for (let nowMs = 0; nowMs < 40_000; nowMs += FRAME_MS) {
    const isSilent = nowMs >= 5000 && nowMs < 7000;
    // Its timestamps go on where they were.
    if (!isSilent) soundTicks += 48 * FRAME_MS;
    const soundMs = isSilent ? 0 : sound.timeMs(soundTicks, nowMs);
    const pictureMs = pictures.timeMs(nowMs * 90, nowMs, sound);
    if (nowMs % 1000 === 0) {
      const ntp = ntpTime(SENDER_MS + nowMs);
      if (!isSilent) sound.takeReport(ntp, soundTicks, nowMs);
      pictures.takeReport(ntp, nowMs * 90, nowMs);
    }
    apartMs = pictureMs - soundMs;
    if (nowMs === 7000) assertAlmostEquals(apartMs, 2000, 100);
  }
  assertAlmostEquals(apartMs, 0, 2);
});

Deno.test("reports that cannot be change nothing", () => {
  const clock = new TrackClock(90_000, 0);
  clock.takeReport(ntpTime(SENDER_MS), 0, 0);
  assertEquals(clock.wallClockOfZeroMs, undefined, "before there is anything to report");
  clock.timeMs(0, 0);
  clock.takeReport(ntpTime(SENDER_MS), 90_000 * 61, 0);
  assertEquals(clock.wallClockOfZeroMs, undefined, "of another time");
  clock.takeReport({ seconds: 0, fraction: 0 }, 0, 0);
  assertEquals(clock.wallClockOfZeroMs, undefined, "without a wall clock");
  clock.takeReport(ntpTime(SENDER_MS), 0, 0);
  assertAlmostEquals(clock.wallClockOfZeroMs!, SENDER_SINCE_1900_MS, 0.01);
});

Deno.test("tracks without a clock in common, or too far apart by it, are left as they are", () => {
  for (const [name, reportMs, ticksMs] of [["clock", 1001, 0], ["far", 0, 4001]] as const) {
    const clock = new TrackClock(90_000, 0);
    const leader = new TrackClock(90_000, 0);
    for (let frame = 0; frame < 100; frame++) {
      const nowMs = frame * FRAME_MS;
      leader.timeMs(frame * FRAME_TICKS, nowMs);
      assertEquals(clock.timeMs(frame * FRAME_TICKS, nowMs, leader), nowMs, name);
      clock.takeReport(ntpTime(SENDER_MS + nowMs), frame * FRAME_TICKS, nowMs);
      const ticks = frame * FRAME_TICKS + ticksMs * 90;
      leader.takeReport(ntpTime(SENDER_MS + nowMs + reportMs), ticks, nowMs);
    }
  }
});

Deno.test("whatever comes, times are whole numbers, and those of growing timestamps grow", () => {
  const random = seededRandom(2);
  const clock = new TrackClock(90_000, 0);
  const leader = new TrackClock(48_000, 0);
  let nowMs = 0;
  let newest = 0;
  for (let round = 0; round < 100_000; round++) {
    nowMs += random() * 50;
    const report = () => [ntpTime(random() * 1e12), random() * 2 ** 32 >>> 0, nowMs] as const;
    leader.timeMs(random() * 2 ** 32 >>> 0, nowMs);
    if (random() < 0.1) clock.takeReport(...report());
    if (random() < 0.1) leader.takeReport(...report());
    const timeMs = clock.timeMs(random() * 2 ** 32 >>> 0, nowMs, leader);
    assert(Number.isInteger(timeMs));
    // A jump goes on behind what was, by 20 ms or by the time that has passed.
    assert(timeMs >= newest - 3100 && timeMs <= Math.max(newest, nowMs) + 10_000);
    newest = Math.max(newest, timeMs);
  }
});
