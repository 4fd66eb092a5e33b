import { assertEquals } from "@std/assert";
import { EventLog } from "../../../../src/control/event_log.ts";
import {
  apiEvent,
  EVENT_GROUPS,
  type EventGroup,
  KEPT_EVENTS,
} from "../../../../src/shard/api_event.ts";
import { EventFeed } from "../../../../src/shard/http/api/event_feed.ts";

const ALL: ReadonlySet<EventGroup> = new Set(EVENT_GROUPS);

/** Control and a shard, whose messages arrive at once. */
function setUp() {
  const asked: boolean[] = [];
  const log = new EventLog((_shard, message) => {
    if (message.kind === "events") feed.take(message.first, message.events);
  });
  const feed: EventFeed = new EventFeed("run", (isFollowing) => {
    asked.push(isFollowing);
    // As a message it comes after what is being done.
    queueMicrotask(() => log.follow(0, isFollowing));
  });
  const add = (from: number, to = from) => {
    for (let number = from; number <= to; number++) {
      const name = number % 2 === 0 ? "client-came" : "stream-began";
      log.add([apiEvent(name, 0, { number })]);
    }
  };
  const follow = (lastId?: string, groups = ALL) =>
    new Reader(feed.open({ groups, lastId, greeting: () => '{"hello":1}' }));
  return { log, feed, asked, add, follow };
}

/** Reads events one by one. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.getReader();
  }

  /** As "name id number"; "end" at the end. */
  async next(): Promise<string> {
    let end: number;
    while ((end = this.#text.indexOf("\n\n")) < 0) {
      const { value, done } = await this.#reader.read();
      if (done) return "end";
      this.#text += new TextDecoder().decode(value);
    }
    const event = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    const of = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(event)?.[1];
    const { number, count } = JSON.parse(of("data") ?? "{}");
    return [of("event"), of("id"), number ?? count].filter((part) => part !== undefined).join(" ");
  }

  async some(count: number): Promise<string[]> {
    const events = [];
    for (let at = 0; at < count; at++) events.push(await this.next());
    return events;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

Deno.test("who follows is told where things stand, and then what changes, with numbers", async () => {
  const { add, follow, asked } = setUp();
  add(1, 3);
  const reader = follow();
  assertEquals(await reader.next(), "begin run.3");
  add(4, 5);
  assertEquals(await reader.some(2), ["client-came run.4 4", "stream-began run.5 5"]);
  await reader.cancel();
  assertEquals(asked, [true, false]);
});

Deno.test("who comes back goes on where it was; one from another run, or from too long ago, begins", async () => {
  const { add, follow } = setUp();
  add(1, 3);
  const back = follow("run.1");
  assertEquals(await back.some(2), ["client-came run.2 2", "stream-began run.3 3"]);
  for (const lastId of ["other.1", "run.9", "run.x", "", "run", "run.1e-1"]) {
    const reader = follow(lastId);
    assertEquals(await reader.next(), "begin run.3", lastId);
    await reader.cancel();
  }
  await back.cancel();
  add(4, 4 + KEPT_EVENTS);
  const late = follow("run.1");
  assertEquals(await late.next(), `begin run.${4 + KEPT_EVENTS}`);
  await late.cancel();
});

Deno.test("who reads slowly is told how many it has missed, and nothing is kept for it", async () => {
  const { add, follow } = setUp();
  const [slow, quick] = [follow(), follow()];
  assertEquals(await slow.next(), "begin run.0");
  assertEquals(await quick.next(), "begin run.0");
  const first = slow.next();
  add(1);
  assertEquals(await first, "stream-began run.1 1");
  assertEquals(await quick.next(), "stream-began run.1 1");
  for (let number = 2; number <= KEPT_EVENTS + 100; number++) {
    const next = quick.next();
    // It must have asked before there is something to tell.
    await undefined;
    add(number);
    assertEquals((await next).split(" ").at(-1), `${number}`);
  }
  assertEquals(await slow.some(2), ["skipped 99", "stream-began run.101 101"]);
  await Promise.all([slow.cancel(), quick.cancel()]);
});

Deno.test("when all is over, who follows is told the last of it before its stream ends", async () => {
  const { add, feed, follow } = setUp();
  const [slow, quick, idle] = [follow(), follow(), follow()];
  for (const reader of [slow, quick, idle]) assertEquals(await reader.next(), "begin run.0");
  const waiting = idle.next();
  add(1, 3);
  assertEquals(await quick.next(), "stream-began run.1 1");
  feed.close();
  assertEquals(await slow.some(4), [
    "stream-began run.1 1",
    "client-came run.2 2",
    "stream-began run.3 3",
    "end",
  ]);
  assertEquals((await quick.some(3)).at(-1), "end");
  assertEquals([await waiting, ...await idle.some(3)].at(-1), "end");
  const late = follow();
  assertEquals(await late.next(), "end");
});

Deno.test("who names an event that there cannot be begins anew", async () => {
  const { add, follow } = setUp();
  const other = follow();
  assertEquals(await other.next(), "begin run.0");
  add(1, 3);
  for (
    const lastId of ["run.1e-1", "run.5e-1", "run.-2", "run.Infinity", "run.NaN", "run.4", "x"]
  ) {
    const reader = follow(lastId);
    assertEquals(await reader.next(), "begin run.3");
    await reader.cancel();
  }
  await other.cancel();
});

Deno.test("some groups of events are followed by themselves", async () => {
  const { add, follow } = setUp();
  const reader = follow("run.0", new Set<EventGroup>(["clients"]));
  add(1, 4);
  assertEquals(await reader.some(2), ["client-came run.2 2", "client-came run.4 4"]);
  await reader.cancel();
});

Deno.test("silence is broken now and then, and closing ends all", async () => {
  const { feed, follow, add } = setUp();
  const reader = follow();
  await reader.next();
  const next = reader.next();
  for (let second = 0; second < 5; second++) feed.tick();
  assertEquals(await next, "alive");
  const last = reader.next();
  feed.close();
  assertEquals([await last, await follow().next()], ["end", "end"]);
  // Nobody follows any more.
  add(1);
});
