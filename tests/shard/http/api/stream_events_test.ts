import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { StreamsPage } from "../../../../src/shard/http/api/stream_summary.ts";
import { StreamEvents } from "../../../../src/shard/http/api/stream_events.ts";
import { changeMark, type ListedPage } from "../../../../src/shard/http/api/listed_page.ts";
import { StreamListing } from "../../../../src/shard/http/api/stream_listing.ts";

/** The list as control would tell it, changed by the test. */
class FakeControl {
  readonly streams = new Map<string, Record<string, unknown>>();
  asked = 0;
  ageMs = 0;

  set(path: string, fields: Record<string, unknown>): void {
    this.streams.set(path, { ...this.streams.get(path), ...fields });
  }

  page(): Promise<StreamsPage> {
    this.asked++;
    const total = this.streams.size;
    return Promise.resolve({
      head: JSON.stringify({ server: { uptimeMs: this.asked }, total, page: 1, pages: 1 }),
      paths: [...this.streams.keys()],
      streams: [...this.streams].map(([path, fields]) => {
        const [app, name] = path.split("/");
        return JSON.stringify({ app, name, ...fields });
      }),
      live: [...this.streams.keys()].map((path) => JSON.stringify({ path })),
      ageMs: this.ageMs,
    });
  }
}

function bodyOf({ body }: ListedPage) {
  return JSON.parse(new TextDecoder().decode(body));
}

Deno.test("StreamListing: asked and encoded once within its time, which counts from when it was made", async () => {
  const control = new FakeControl();
  const listing = new StreamListing(() => control.page(), 500);
  control.set("live/a", { uptimeMs: 1 });
  control.ageMs = 200;
  const pages = await Promise.all([0, 100, 200, 299].map((nowMs) => listing.page(1, nowMs)));
  assertEquals([control.asked, new Set(pages).size], [1, 1]);
  assertEquals(bodyOf(pages[0]!).streams, [{ app: "live", name: "a", uptimeMs: 1 }]);
  const later = await listing.page(1, 300);
  assertEquals(control.asked, 2);
  assert(later !== pages[0]);
});

Deno.test("StreamListing: its tag stays while only time passes and rates hardly change", async () => {
  const control = new FakeControl();
  const listing = new StreamListing(() => control.page(), 0);
  control.set("live/a", { uptimeMs: 1, bitrateBps: 2_049_000, viewers: 1 });
  const { etag } = await listing.page(1, 0);
  control.set("live/a", { uptimeMs: 2000, bitrateBps: 1_960_000 });
  assertEquals((await listing.page(1, 1)).etag, etag);
  for (const change of [{ viewers: 2 }, { bitrateBps: 3_000_000 }, { state: "waiting" }]) {
    control.set("live/a", change);
    const changed = (await listing.page(1, 2)).etag;
    assert(changed !== etag, JSON.stringify(change));
  }
});

Deno.test("changeMark: a name that looks like a field is none", () => {
  const name = 'x","uptimeMs":7';
  assertEquals(
    changeMark(JSON.stringify({ name, uptimeMs: 8 })),
    `{"name":${JSON.stringify(name)},}`,
  );
});

Deno.test("changeMark: a client's figures are passed over, its rates count by two digits", () => {
  const client = { id: "0-a", lagMs: 12.5, packetsLost: -1, lossFraction: 0.0078, jumps: 1 };
  const mark = changeMark(JSON.stringify({ ...client, estimatedBps: 912_345 }));
  const later = { ...client, lagMs: 0, packetsLost: 30, lossFraction: 0.2 };
  assertEquals(changeMark(JSON.stringify({ ...later, estimatedBps: 905_000 })), mark);
  assertNotEquals(changeMark(JSON.stringify({ ...later, estimatedBps: 800_000 })), mark);
  assertNotEquals(changeMark(JSON.stringify({ ...client, jumps: 2 })), mark);
});

/** Reads events as the page does. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.getReader();
  }

  /** The next event, and its data if it has any. */
  async next(): Promise<{ readonly event: string; readonly data?: Record<string, unknown> }> {
    const { value, done } = await this.#reader.read();
    if (done) return { event: "end" };
    const text = new TextDecoder().decode(value);
    assert(text.endsWith("\n\n"));
    const event = /^event: (.*)$/m.exec(text)?.[1] ?? "";
    const data = /^data: (.*)$/m.exec(text)?.[1];
    return data === undefined ? { event } : { event, data: JSON.parse(data) };
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

function setup() {
  const control = new FakeControl();
  const listing = new StreamListing(() => control.page(), 0);
  let nowMs = 0;
  const events = new StreamEvents();
  const follow = () => events.follow("1", () => listing.page(1, ++nowMs));
  return { control, events, follow };
}

Deno.test("StreamEvents: the whole list first, then what changes", async () => {
  const { control, events, follow } = setup();
  control.set("live/a", { viewers: 0, uptimeMs: 1 });
  control.set("live/b", { viewers: 0, uptimeMs: 1 });
  const reader = new Reader(await follow());
  const first = await reader.next();
  assertEquals([first.event, (first.data!.streams as unknown[]).length], ["list", 2]);

  const next = reader.next();
  control.set("live/a", { uptimeMs: 1000 });
  await events.tick();
  control.set("live/a", { viewers: 3, uptimeMs: 2000 });
  control.streams.delete("live/b");
  control.set("live/c", { viewers: 1 });
  await events.tick();
  const { event, data } = await next;
  assertEquals([event, data!.total, data!.gone], ["changes", 2, ["live/b"]]);
  assertEquals(data!.changed, [
    { app: "live", name: "a", viewers: 3, uptimeMs: 2000 },
    { app: "live", name: "c", viewers: 1 },
  ]);
  await reader.cancel();
});

Deno.test("StreamEvents: who is slow gets the newest list, and nothing is kept for it", async () => {
  const { control, events, follow } = setup();
  control.set("live/a", { viewers: 0 });
  const [slow, quick] = [new Reader(await follow()), new Reader(await follow())];
  await Promise.all([slow.next(), quick.next()]);
  for (let viewers = 1; viewers <= 50; viewers++) {
    const next = quick.next();
    // It must have asked before there is something to tell.
    await undefined;
    control.set("live/a", { viewers });
    await events.tick();
    assertEquals((await next).event, "changes");
  }
  const { event, data } = await slow.next();
  assertEquals([event, data!.streams], ["list", [{ app: "live", name: "a", viewers: 50 }]]);
  await Promise.all([slow.cancel(), quick.cancel()]);
});

Deno.test("StreamEvents: one who comes later follows the same list", async () => {
  const { control, events, follow } = setup();
  control.set("live/a", { viewers: 0 });
  const early = new Reader(await follow());
  await early.next();
  control.set("live/a", { viewers: 1 });
  const late = new Reader(await follow());
  assertEquals((await late.next()).event, "list");
  const both = [early.next(), late.next()];
  await undefined;
  await events.tick();
  for (const { event, data } of await Promise.all(both)) {
    assertEquals([event, data!.changed], ["changes", [{ app: "live", name: "a", viewers: 1 }]]);
  }
  await early.cancel();
  await late.cancel();
  const { asked } = control;
  await events.tick();
  assertEquals(control.asked, asked, "nobody follows: nothing is asked");
});

Deno.test("StreamEvents: silence is broken now and then, and closing ends all", async () => {
  const { control, events, follow } = setup();
  control.set("live/a", { viewers: 0 });
  const reader = new Reader(await follow());
  await reader.next();
  const next = reader.next();
  await undefined;
  for (let tick = 0; tick < 5; tick++) await events.tick();
  assertEquals(await next, { event: "alive" });
  const last = reader.next();
  events.close();
  assertEquals((await last).event, "end");
  assertEquals((await new Reader(await follow()).next()).event, "end");
});
