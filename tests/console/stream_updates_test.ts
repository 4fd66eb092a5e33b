import { assertEquals } from "@std/assert";
import { listAt, receiveChanges, receiveList } from "../../src/console/stream_updates.js";

const stream = (name: string, uptimeMs: number, viewers = 0) => ({
  app: "live",
  name,
  state: "live" as const,
  uptimeMs,
  viewers,
});

const HEAD = { gateway: { version: "1", uptimeMs: 10_000 }, total: 2, page: 1, pages: 1 };

Deno.test("a list that has not changed becomes older", () => {
  const received = receiveList({ ...HEAD, streams: [stream("a", 1000), stream("b", 2000)] }, 500);
  const { gateway, streams } = listAt(received, 3500);
  assertEquals(gateway, { version: "1", uptimeMs: 13_000 });
  assertEquals(streams.map(({ uptimeMs }) => uptimeMs), [4000, 5000]);
});

Deno.test("changes are what is new and what is gone; the rest stays", () => {
  const received = receiveList({ ...HEAD, streams: [stream("a", 1000), stream("b", 2000)] }, 0);
  const changed = receiveChanges(received, {
    ...HEAD,
    gateway: { uptimeMs: 11_000 },
    total: 3,
    changed: [stream("a", 2000, 7), stream("c", 0)],
    gone: ["live/b"],
  }, 1000);
  const { total, gateway, streams } = listAt(changed, 2000);
  assertEquals([total, gateway.uptimeMs], [3, 12_000]);
  assertEquals(streams, [stream("a", 3000, 7), stream("c", 1000)]);
  // What was received before is as it was.
  assertEquals(listAt(received, 0).streams.length, 2);
});

Deno.test("a list without what is not known yet", () => {
  const received = receiveList({}, 0);
  assertEquals(listAt(received, 1000), {
    gateway: { uptimeMs: undefined },
    page: 1,
    pages: 1,
    total: 0,
    streams: [],
  });
  const nothing = receiveList({ streams: [{ ...stream("a", 0), app: "", uptimeMs: null }] }, 0);
  assertEquals(listAt(receiveChanges(nothing, { gone: ["a"] }, 1), 2).streams, []);
});
