/** The list of streams, as the real program gives it out. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { StreamsReply } from "../../src/shard/http/api/stream_summary.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { ManyPublishers } from "./many_publishers.ts";

const COUNT = 230;
const LIMITS = { streamsPerAddress: 1000, listListenersPerAddress: 3 };

async function list(gateway: GatewayProcess, query = ""): Promise<StreamsReply> {
  const response = await fetch(gateway.httpUrl(`/api/v1/live${query}`));
  assertEquals(response.status, 200);
  return await response.json();
}

Deno.test("the list of streams: pages, tags and events", async (t) => {
  await using gateway = await startGateway({ config: { listAgeMs: 500, limits: LIMITS } });
  using _publishers = await ManyPublishers.start(gateway.rtmpPort, COUNT);
  await until("all are listed", async () => (await list(gateway)).total === COUNT);

  await t.step("each stream is on one page, in the order of their names", async () => {
    const pages = await Promise.all([1, 2, 3].map((page) => list(gateway, `?page=${page}`)));
    assertEquals(pages.map(({ streams }) => streams.length), [100, 100, 30]);
    assertEquals(pages.map(({ page, pages }) => [page, pages]), [[1, 3], [2, 3], [3, 3]]);
    const names = pages.flatMap(({ streams }) => streams.map(({ name }) => name));
    assertEquals(names, names.toSorted());
    assertEquals(new Set(names).size, COUNT);
    assertEquals((await list(gateway)).page, 1);
  });

  await t.step("what is no page is told", async () => {
    const statuses: [query: string, status: number, text: RegExp][] = [
      ["?page=4", 404, /page must be up to 3, got 4/],
      ["?page=0", 400, /page must be a number from 1 on, got "0"/],
      ["?page=1e3", 400, /got "1e3"/],
      [`?page=${"9".repeat(3000)}`, 400, /got "9{16}"/],
    ];
    for (const [query, status, text] of statuses) {
      const response = await fetch(gateway.httpUrl(`/api/v1/live${query}`));
      assertEquals(response.status, status, query);
      assertMatch(await response.text(), text);
    }
  });

  await t.step("who has the list already is told so", async () => {
    await until("a tag stays", async () => {
      const first = await fetch(gateway.httpUrl("/api/v1/live?page=3"));
      await first.body?.cancel();
      const etag = first.headers.get("etag")!;
      assertMatch(etag, /^W\/"[\w-]{22}"$/);
      const headers = { "if-none-match": etag };
      const again = await fetch(gateway.httpUrl("/api/v1/live?page=3"), { headers });
      return (await again.bytes()).length === 0 && again.status === 304 &&
        again.headers.get("etag") === etag;
    });
  });

  await t.step("whoever follows gets the list, and then its changes", async () => {
    await using events = await follow(gateway, "?page=3");
    assertEquals(events.contentType, "text/event-stream");
    const first = await events.next("list");
    assertEquals([first.streams.length, first.total], [30, COUNT]);
    // A name behind all others is on the last page.
    using _late = await ManyPublishers.start(gateway.rtmpPort, 1, "zlate");
    const changes = await events.next("changes", ({ total }) => total === COUNT + 1);
    assert(changes.changed.some(({ name }) => name === "zlate0"));
  });

  await t.step("as many as may follow, and others are told to come later", async () => {
    const followers = [];
    for (let at = 0; at < LIMITS.listListenersPerAddress; at++) {
      followers.push(await follow(gateway, ""));
    }
    const refused = await fetch(gateway.httpUrl("/api/v1/live/events"));
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "30"]);
    assertMatch(await refused.text(), /one address may have up to 3 listeners/);
    // Whoever follows what, no administrator is kept from the events for that.
    const events = await fetch(gateway.httpUrl("/api/v1/events"));
    assertEquals(events.status, 200);
    await events.body?.cancel();
    for (const follower of followers) await follower[Symbol.asyncDispose]();
    await until("there is room again", async () => {
      const response = await fetch(gateway.httpUrl("/api/v1/live/events"));
      await response.body?.cancel();
      return response.status === 200;
    });
  });
});

interface EventData extends StreamsReply {
  readonly changed: StreamsReply["streams"];
  readonly gone: readonly string[];
}

async function follow(gateway: GatewayProcess, query: string) {
  const response = await fetch(gateway.httpUrl(`/api/v1/live/events${query}`));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    contentType: response.headers.get("content-type"),
    /** The next event of a kind that is as wanted. */
    async next(kind: string, isWanted: (data: EventData) => boolean = () => true) {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end < 0) {
          const { value, done } = await reader.read();
          assert(!done, "the events have ended");
          text += value;
          continue;
        }
        const [event, data] = text.slice(0, end).split("\n") as [string, string];
        text = text.slice(end + 2);
        if (event !== `event: ${kind}`) continue;
        const parsed: EventData = JSON.parse(data.replace("data: ", ""));
        if (isWanted(parsed)) return parsed;
      }
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel();
    },
  };
}
