import { assertEquals } from "@std/assert";
import { TimestampSqueeze } from "../../src/egress/timestamp_squeeze.ts";

const SPANS = [
  { name: "between", lastSent: 1000, newest: 4000, pictures: 3, expected: [2000, 3000, 4000] },
  { name: "uneven", lastSent: 1000, newest: 1104, pictures: 3, expected: [1036, 1070, 1104] },
  { name: "alone", lastSent: 1000, newest: 4000, pictures: 1, expected: [4000] },
  { name: "no room", lastSent: 1000, newest: 1000, pictures: 3, expected: [1009, 1018, 1027] },
  { name: "behind", lastSent: 9000, newest: 6000, pictures: 2, expected: [9009, 9018] },
  {
    name: "across the wrap",
    lastSent: 2 ** 32 - 100,
    newest: 100,
    pictures: 4,
    expected: [2 ** 32 - 50, 0, 50, 100],
  },
];

Deno.test("TimestampSqueeze: pictures lie between the last that was sent and the newest", () => {
  for (const { name, expected, ...span } of SPANS) {
    const squeeze = new TimestampSqueeze(span);
    const timestamps: number[] = [];
    while (!squeeze.isOver) timestamps.push(squeeze.next());
    assertEquals(timestamps, expected, name);
  }
});
