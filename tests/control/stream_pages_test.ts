import { assertEquals } from "@std/assert";
import { RUN_IDENTITY } from "../../src/control/run_identity.ts";
import { StreamPages } from "../../src/control/stream_pages.ts";
import type { StreamSummary } from "../../src/shard/http/api/stream_summary.ts";

/** Streams "live/000", "live/001" and so on; counts how many were described. */
function setup(count: number) {
  const names = Array.from({ length: count }, (_, at) => `${at}`.padStart(3, "0"));
  const asked = { summaries: 0 };
  const source = {
    get size() {
      return names.length;
    },
    summaries: (_nowMs: number, begin: number, end: number) => {
      const summaries = names.slice(begin, end).map((name) => ({ app: "live", name }));
      asked.summaries += summaries.length;
      return summaries as unknown as StreamSummary[];
    },
  };
  const describe = (nowMs: number) => ({ gateway: { uptimeMs: nowMs } as never, counters: {} });
  return { pages: new StreamPages(source, describe, 500), names, asked };
}

Deno.test("StreamPages: pages of 100, with how many there are", () => {
  const { pages } = setup(201);
  const [first, last] = [pages.page(1, 7), pages.page(3, 7)];
  assertEquals([first.paths.length, first.paths[0], first.paths[99]], [
    100,
    "live/000",
    "live/099",
  ]);
  assertEquals([last.paths, last.streams], [["live/200"], ['{"app":"live","name":"200"}']]);
  assertEquals(JSON.parse(last.head), {
    ...{ code: 0, ...RUN_IDENTITY },
    ...{ gateway: { uptimeMs: 7 }, counters: {}, total: 201, page: 3, pages: 3 },
  });
  const none = setup(0).pages.page(1, 0);
  assertEquals([JSON.parse(none.head).pages, none.streams], [1, []]);
});

Deno.test("StreamPages: made once for all who ask within its time", () => {
  const { pages, asked } = setup(150);
  for (let ms = 0; ms < 500; ms++) {
    for (const page of [1, 2]) assertEquals(pages.page(page, ms).ageMs, ms);
  }
  assertEquals(asked.summaries, 150);
  assertEquals(pages.page(1, 500).ageMs, 0);
  assertEquals(asked.summaries, 250);
});

Deno.test("StreamPages: pages that are no more are told as empty, and not kept", () => {
  const { pages, names, asked } = setup(150);
  pages.page(2, 0);
  names.length = 20;
  assertEquals(pages.page(2, 600).streams, []);
  assertEquals(JSON.parse(pages.page(2, 600).head).pages, 1);
  assertEquals(pages.page(1, 600).streams.length, 20);
  assertEquals(asked.summaries, 70);
});
