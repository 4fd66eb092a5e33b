import { assert, assertEquals } from "@std/assert";
import { NoticeQueue } from "../../src/access/notice_queue.ts";

/** A queue whose receiver takes nothing until it is told to. */
function blocked() {
  const sent: string[] = [];
  const taken = Promise.withResolvers<void>();
  const counts = { lost: 0 };
  const queue = new NoticeQueue<string>({
    send: async (notice) => {
      await taken.promise;
      sent.push(notice);
    },
    lost: () => void counts.lost++,
  }, 1000);
  return { queue, sent, counts, take: taken.resolve };
}

Deno.test("NoticeQueue: what anybody causes leaves room for what is rarer", async () => {
  const { queue, sent, counts, take } = blocked();
  for (let at = 0; at < 10_000; at++) {
    queue.add("on_play", { address: `10.0.${at >> 8}.${at & 255}`, isMinor: true });
  }
  assertEquals([queue.size, counts.lost], [750, 9250]);
  for (let at = 0; at < 300; at++) {
    queue.add("on_unpublish", { address: `10.1.${at >> 8}.${at & 255}`, isMinor: false });
  }
  assertEquals([queue.size, counts.lost], [1000, 9300]);
  take();
  await queue.close(10_000);
  assertEquals([queue.size, sent.length, sent.at(-1)], [0, 1000, "on_unpublish"]);
});

Deno.test("NoticeQueue: what one address causes keeps nobody else's from being told", async () => {
  for (const isMinor of [true, false]) {
    const { queue, sent, counts, take } = blocked();
    for (let at = 0; at < 10_000; at++) queue.add("one", { address: "192.0.2.1", isMinor });
    const { size } = queue;
    assert(size <= 500, `${size} of one address wait`);
    assertEquals(counts.lost, 10_000 - size);
    for (let at = 0; at < 100; at++) queue.add("other", { address: `10.0.0.${at}`, isMinor });
    assertEquals(counts.lost, 10_000 - size);
    take();
    await queue.close(10_000);
    assertEquals(sent.filter((notice) => notice === "other").length, 100);
  }
});

Deno.test("NoticeQueue: what is given up leaves its place", async () => {
  const { queue, counts } = blocked();
  for (let at = 0; at < 100; at++) queue.add("a", { address: undefined, isMinor: false });
  await queue.close(0);
  // Those that are under way may still come to their receiver.
  assertEquals([queue.size, counts.lost], [16, 84]);
});
