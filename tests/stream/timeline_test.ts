import { assert, assertEquals } from "@std/assert";
import { Timeline, type TimestampFaults, type TrackName } from "../../src/stream/timeline.ts";
import { seededRandom } from "../../testing/mutation.ts";

type Step = readonly [track: "v" | "a", encoderMs: number, streamMs: number, arrivedMs?: number];

interface Case {
  readonly name: string;
  readonly resumeAtMs?: number;
  /** What comes without a time of its own comes when the one before did. */
  readonly steps: readonly Step[];
  readonly faults?: TimestampFaults;
}

const WRAP = 0x1_0000_0000;
const HALF = 0x8000_0000;
const SHORT_WRAP = 0x100_0000;

const CASES: readonly Case[] = [
  { name: "from 0", steps: [["v", 0, 0], ["a", 0, 0], ["v", 40, 40], ["a", 23, 23]] },
  { name: "from elsewhere", steps: [["v", 5_000_000, 5_000_000], ["a", 4_999_990, 4_999_990]] },
  { name: "equal timestamps", steps: [["v", 40, 40], ["v", 40, 40], ["a", 40, 40]] },
  {
    name: "a gap that time has passed in",
    steps: [["v", 0, 0, 0], ["v", 600_000, 600_000, 600_100]],
  },
  {
    name: "a gap of seconds, by a publisher faster than time",
    steps: [["v", 0, 0], ["v", 5000, 5000], ["v", 10_000, 10_000]],
  },
  {
    name: "a jump forward that no time has passed in",
    steps: [
      ["v", 0, 0, 0],
      ["a", 5, 5, 5],
      ["v", 600_000, 45, 40],
      ["a", 600_005, 50, 45],
      ["v", 600_040, 85, 80],
    ],
    faults: { "forward-jump": 1 },
  },
  {
    name: "a jump forward, and the other track goes on a while as before",
    steps: [
      ["v", 0, 0, 0],
      ["a", 0, 0, 0],
      ["v", 600_000, 40, 40],
      ["a", 23, 23, 40],
      ["a", 46, 46, 46],
      ["a", 600_029, 69, 69],
      ["v", 600_040, 80, 80],
    ],
    faults: { "forward-jump": 1 },
  },
  {
    name: "a jump forward after a pause: as much time passes as did",
    steps: [["v", 0, 0, 0], ["v", 900_000, 3000, 3000]],
    faults: { "forward-jump": 1 },
  },
  {
    name: "2^31: the stream's numbers are signed",
    steps: [["v", HALF - 20, HALF - 20], ["v", HALF + 20, 20 - HALF], ["v", HALF + 60, 60 - HALF]],
  },
  {
    name: "2^32: the encoder's numbers wrap",
    steps: [["v", WRAP - 20, -20], ["a", WRAP - 5, -5], ["v", 20, 20], ["a", 18, 18]],
  },
  {
    name: "2^24: the encoder's numbers wrap too soon, the second track's later",
    steps: [
      ["v", SHORT_WRAP - 20, SHORT_WRAP - 20],
      ["a", SHORT_WRAP - 15, SHORT_WRAP - 15],
      ["v", 20, SHORT_WRAP + 20],
      ["a", SHORT_WRAP - 1, SHORT_WRAP - 1],
      ["a", 8, SHORT_WRAP + 8],
      ["v", 60, SHORT_WRAP + 60],
    ],
    faults: { "short-wrap": 1 },
  },
  {
    name: "2^31: the encoder's numbers wrap too soon",
    steps: [["v", HALF - 20, HALF - 20], ["v", 20, 20 - HALF], ["v", 60, 60 - HALF]],
    faults: { "short-wrap": 1 },
  },
  {
    name: "disorder up to a second is held back",
    steps: [["v", 2000, 2000], ["v", 1960, 2000], ["v", 1000, 2000], ["v", 2040, 2040]],
    faults: { disorder: 2 },
  },
  {
    name: "a step back of more is a new start",
    steps: [["v", 2000, 2000], ["v", 999, 2040], ["v", 1039, 2080]],
    faults: { "backward-jump": 1 },
  },
  {
    name: "restart at 0: both tracks keep their distance",
    steps: [
      ["v", 100_000, 100_000],
      ["a", 100_010, 100_010],
      ["v", 0, 100_050],
      ["a", 10, 100_060],
      ["v", 40, 100_090],
      ["a", 33, 100_083],
    ],
    faults: { "backward-jump": 1 },
  },
  {
    name: "restart at 0, audio first",
    steps: [
      ["v", 100_040, 100_040],
      ["a", 100_010, 100_010],
      ["a", 0, 100_080],
      ["v", 5, 100_085],
    ],
    faults: { "backward-jump": 1 },
  },
  {
    name: "restart at 0 after a pause: as much time passes as did",
    steps: [["v", 100_000, 100_000, 500], ["v", 0, 102_000, 2500]],
    faults: { "backward-jump": 1 },
  },
  {
    name: "seconds apart, each track is in order",
    steps: [["v", 5000, 5000], ["a", 1000, 1000], ["v", 5040, 5040], ["a", 1020, 1020]],
  },
  {
    name: "zero points apart: both begin together",
    steps: [
      ["v", 0, 0, 100],
      ["v", 40, 40, 140],
      ["a", 7_200_000, 50, 150],
      ["v", 80, 80, 180],
      ["a", 7_200_023, 73, 180],
    ],
    faults: { "zero-point": 1 },
  },
  {
    name: "zero points apart, and both clocks restart so",
    steps: [
      ["v", 0, 0, 0],
      ["a", 90_000_000, 0, 0],
      ["v", 40_000, 40_000, 40_000],
      ["a", 90_040_000, 40_000, 40_000],
      ["v", 0, 40_040, 40_040],
      ["a", 90_000_010, 40_080, 40_050],
      ["a", 90_000_033, 40_103, 40_073],
    ],
    faults: { "zero-point": 1, "backward-jump": 2 },
  },
  {
    name: "resume from 0",
    resumeAtMs: 90_000,
    steps: [["v", 0, 90_040, 7000], ["a", 5, 90_045], ["v", 40, 90_080]],
  },
  {
    name: "resume from elsewhere",
    resumeAtMs: 90_000,
    steps: [["a", 7_000_000, 90_040], ["v", 7_000_020, 90_060]],
  },
  {
    name: "resume with the other track a little before",
    resumeAtMs: 90_000,
    steps: [["v", 500, 90_040], ["a", 450, 90_000], ["a", 473, 90_013]],
    faults: { disorder: 1 },
  },
  {
    name: "resume across 2^31",
    resumeAtMs: HALF - 10,
    steps: [["v", 0, 30 - HALF], ["v", 40, 70 - HALF]],
  },
];

const TRACKS = { v: "video", a: "audio" } as const;

Deno.test("Timeline: table of clocks", () => {
  for (const { name, resumeAtMs, steps, faults = {} } of CASES) {
    const timeline = new Timeline(resumeAtMs);
    let nowMs = 0;
    const mapped = steps.map(([track, encoderMs, , arrivedMs = nowMs]) => {
      nowMs = arrivedMs;
      return timeline.map(TRACKS[track], encoderMs, arrivedMs);
    });
    assertEquals(mapped, steps.map(([, , streamMs]) => streamMs), name);
    assertEquals(timeline.faults, faults, name);
  }
});

Deno.test("Timeline: sound that jitters is smoothed, and keeps its distance to the pictures", () => {
  const timeline = new Timeline(undefined);
  const duration = 1024 * 1000 / 48_000;
  for (let frame = 0; frame < 3000; frame++) {
    const trueMs = Math.round(frame * duration);
    timeline.map("video", trueMs, trueMs);
    // Stamped in pairs when both are there.
    const stampMs = Math.round((frame & ~1) * duration);
    const mappedMs = timeline.map("audio", stampMs, trueMs, duration);
    if (frame < 1000) continue;
    assert(Math.abs(mappedMs - trueMs + duration / 2) <= 3, `${frame}: ${mappedMs - trueMs}`);
  }
  assertEquals(timeline.faults, { jitter: 1 });
});

Deno.test("Timeline: where a track stands between frames", () => {
  const empty = new Timeline(undefined);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [0, 0]);
  empty.map("video", 500, 0);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [500, 500]);
  empty.map("audio", 480, 0);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [500, 480]);
  const resumed = new Timeline(900);
  assertEquals(resumed.positionMs("video"), 900);
  resumed.map("video", 0, 0);
  assertEquals([resumed.positionMs("video"), resumed.positionMs("audio")], [940, 900]);
});

Deno.test("Timeline: no track ever goes back, whatever the encoder sends", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const timeline = new Timeline(seed % 2 === 0 ? Math.floor(random() * WRAP) | 0 : undefined);
    const newest = new Map<TrackName, number>();
    let encoderMs = Math.floor(random() * WRAP);
    let nowMs = 0;
    for (let step = 0; step < 300; step++) {
      const kind = random();
      nowMs += random() < 0.02 ? random() * 20_000 : random() * 40;
      if (kind < 0.02) encoderMs = (encoderMs + Math.floor((random() - 0.5) * 2e8) + WRAP) % WRAP;
      else if (kind < 0.04) encoderMs = 0;
      else encoderMs = (encoderMs + Math.floor(random() * 60) - 10 + WRAP) % WRAP;
      const track = random() < 0.5 ? "video" : "audio";
      const mapped = timeline.map(track, encoderMs, nowMs, seed % 3 === 0 ? 23.2 : undefined);
      assertEquals(mapped, mapped | 0);
      const previous = newest.get(track);
      if (previous !== undefined) assert(((mapped - previous) | 0) >= 0, `seed ${seed}`);
      newest.set(track, mapped);
    }
  }
});
