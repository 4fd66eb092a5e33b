import { assertEquals } from "@std/assert";
import { NoticeQueue } from "../../src/access/notice_queue.ts";

Deno.test("NoticeQueue: what anybody causes leaves room for what is rarer", async () => {
  const sent: string[] = [];
  let lost = 0;
  const taken = Promise.withResolvers<void>();
  const queue = new NoticeQueue<string>({
    send: async (notice) => {
      await taken.promise;
      sent.push(notice);
    },
    lost: () => void lost++,
  }, 1000);
  for (let at = 0; at < 10_000; at++) queue.add("on_play", { isMinor: true });
  assertEquals([queue.size, lost], [750, 9250]);
  for (let at = 0; at < 300; at++) queue.add("on_unpublish");
  assertEquals([queue.size, lost], [1000, 9300]);
  taken.resolve();
  await queue.close(10_000);
  assertEquals([sent.length, sent.at(-1)], [1000, "on_unpublish"]);
});
