import { assert, assertEquals } from "@std/assert";
import { Timeline, type TrackName } from "../../src/stream/timeline.ts";
import { seededRandom } from "../mutation.ts";

type Step = readonly [track: "v" | "a", encoderMs: number, streamMs: number];

interface Case {
  readonly name: string;
  readonly resumeAtMs?: number;
  readonly steps: readonly Step[];
  readonly corrections?: number;
}

const WRAP = 0x1_0000_0000;
const HALF = 0x8000_0000;

const CASES: readonly Case[] = [
  { name: "from 0", steps: [["v", 0, 0], ["a", 0, 0], ["v", 40, 40], ["a", 23, 23]] },
  { name: "from elsewhere", steps: [["v", 5_000_000, 5_000_000], ["a", 4_999_990, 4_999_990]] },
  { name: "equal timestamps", steps: [["v", 40, 40], ["v", 40, 40], ["a", 40, 40]] },
  { name: "gap", steps: [["v", 0, 0], ["v", 600_000, 600_000]] },
  {
    name: "2^31: the stream's numbers are signed",
    steps: [["v", HALF - 20, HALF - 20], ["v", HALF + 20, 20 - HALF], ["v", HALF + 60, 60 - HALF]],
  },
  {
    name: "2^32: the encoder's numbers wrap",
    steps: [["v", WRAP - 20, -20], ["a", WRAP - 5, -5], ["v", 20, 20], ["a", 18, 18]],
  },
  {
    name: "disorder up to a second is held back",
    steps: [["v", 2000, 2000], ["v", 1960, 2000], ["v", 1000, 2000], ["v", 2040, 2040]],
    corrections: 2,
  },
  {
    name: "a step back of more is a new start",
    steps: [["v", 2000, 2000], ["v", 999, 2040], ["v", 1039, 2080]],
    corrections: 1,
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
    corrections: 1,
  },
  {
    name: "restart at 0, audio first",
    steps: [
      ["v", 100_040, 100_040],
      ["a", 100_010, 100_010],
      ["a", 0, 100_080],
      ["v", 5, 100_085],
    ],
    corrections: 1,
  },
  {
    name: "tracks apart are each in order",
    steps: [["v", 9000, 9000], ["a", 1000, 1000], ["v", 9040, 9040], ["a", 1020, 1020]],
  },
  {
    name: "resume from 0",
    resumeAtMs: 90_000,
    steps: [["v", 0, 90_040], ["a", 5, 90_045], ["v", 40, 90_080]],
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
    corrections: 1,
  },
  {
    name: "resume across 2^31",
    resumeAtMs: HALF - 10,
    steps: [["v", 0, 30 - HALF], ["v", 40, 70 - HALF]],
  },
];

const TRACKS = { v: "video", a: "audio" } as const;

Deno.test("Timeline: table of clocks", () => {
  for (const { name, resumeAtMs, steps, corrections = 0 } of CASES) {
    const timeline = new Timeline(resumeAtMs);
    const mapped = steps.map(([track, encoderMs]) => timeline.map(TRACKS[track], encoderMs));
    assertEquals(mapped, steps.map(([, , streamMs]) => streamMs), name);
    assertEquals(timeline.corrections, corrections, name);
  }
});

Deno.test("Timeline: where a track stands between frames", () => {
  const empty = new Timeline(undefined);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [0, 0]);
  empty.map("video", 500);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [500, 500]);
  empty.map("audio", 480);
  assertEquals([empty.positionMs("video"), empty.positionMs("audio")], [500, 480]);
  const resumed = new Timeline(900);
  assertEquals(resumed.positionMs("video"), 900);
  resumed.map("video", 0);
  assertEquals([resumed.positionMs("video"), resumed.positionMs("audio")], [940, 900]);
});

Deno.test("Timeline: no track ever goes back, whatever the encoder sends", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const timeline = new Timeline(seed % 2 === 0 ? Math.floor(random() * WRAP) | 0 : undefined);
    const newest = new Map<TrackName, number>();
    let encoderMs = Math.floor(random() * WRAP);
    for (let step = 0; step < 300; step++) {
      const kind = random();
      if (kind < 0.02) encoderMs = (encoderMs + Math.floor((random() - 0.5) * 2e8) + WRAP) % WRAP;
      else if (kind < 0.04) encoderMs = 0;
      else encoderMs = (encoderMs + Math.floor(random() * 60) - 10 + WRAP) % WRAP;
      const track = random() < 0.5 ? "video" : "audio";
      const mapped = timeline.map(track, encoderMs);
      assertEquals(mapped, mapped | 0);
      const previous = newest.get(track);
      if (previous !== undefined) assert(((mapped - previous) | 0) >= 0, `seed ${seed}`);
      newest.set(track, mapped);
    }
  }
});
