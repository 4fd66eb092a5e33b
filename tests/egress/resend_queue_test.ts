import { assertEquals } from "@std/assert";
import { ResendQueue } from "../../src/egress/resend_queue.ts";
import { openTrack } from "./rtp_samples.ts";

const MAX_RESENDS = 256;

Deno.test("ResendQueue: oldest first, of any track", () => {
  const [one, other] = [openTrack().track, openTrack().track];
  const queue = new ResendQueue();
  assertEquals([queue.isEmpty, queue.track], [true, undefined]);
  queue.push(one, 65_535);
  queue.push(other, 0);
  const taken: [boolean, number][] = [];
  while (!queue.isEmpty) {
    taken.push([queue.track === one, queue.sequence]);
    queue.drop();
  }
  assertEquals(taken, [[true, 65_535], [false, 0]]);
  assertEquals(queue.track, undefined);
});

Deno.test("ResendQueue: full, it takes no more; its room is used again, across its end", () => {
  const { track } = openTrack();
  const queue = new ResendQueue();
  let next = 0;
  let oldest = 0;
  for (const drops of [0, 100, 256, 1, 255]) {
    for (let at = 0; at < drops; at++) {
      assertEquals(queue.sequence, oldest++);
      queue.drop();
    }
    while (next - oldest < MAX_RESENDS) assertEquals(queue.push(track, next++), true);
    assertEquals(queue.push(track, 9999), false);
    assertEquals([queue.sequence, queue.isEmpty], [oldest, false]);
  }
  queue.clear();
  assertEquals([queue.isEmpty, queue.track], [true, undefined]);
  assertEquals(queue.push(track, 7), true);
  assertEquals(queue.sequence, 7);
});
