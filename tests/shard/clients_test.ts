/** Who is there, on all shards: described page by page, and ended by id from any shard. */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { OPEN_ACCESS } from "../../testing/open_access.ts";
import { CLIENTS_PER_PAGE } from "../../src/shard/http/api/client_pages.ts";
import type { ClientSummary } from "../../src/shard/http/api/client_summary.ts";
import type { Admission, ClientDescription } from "../../src/shard/live/clients.ts";
import { RtmpPlayerClient } from "../../testing/rtmp/player_client.ts";
import { until } from "../../testing/waiting.ts";
import { type PlayingShard, PlayingShards } from "./playing_shard.ts";

/** However it has come. */
const MAX_END_MS = 1000;

/** Comes as a viewer of one protocol; returns what tells whether its media have ended. */
type Come = (shard: PlayingShard, path: string) => Promise<() => Promise<unknown>>;

const COME: Readonly<Record<string, Come>> = {
  "http-flv": async (shard, path) => {
    const response = await fetch(shard.httpUrl(`/${path}.flv`), {
      headers: { "user-agent": "test/1" },
    });
    return () => response.arrayBuffer();
  },
  "ws-flv": async (shard, path) => {
    const socket = new WebSocket(shard.httpUrl(`/${path}.flv`).replace("http", "ws"));
    const closed = new Promise((resolve) => socket.onclose = resolve);
    await new Promise((resolve) => socket.onopen = resolve);
    return () => closed;
  },
  rtmp: async (shard, path) => {
    const player = await RtmpPlayerClient.connect(shard.rtmpPort);
    await player.command(1, "play", path.split("/")[1]!);
    await player.hears("NetStream.Play.Start on 1");
    return () => player.ends();
  },
  whep: async (shard, path) => {
    const opened = await shard.offer(`/${path}/whep`);
    await opened.body?.cancel();
    const url = new URL(opened.headers.get("location")!, opened.url);
    return () =>
      until("the session is gone", async () => {
        const response = await fetch(url);
        await response.body?.cancel();
        return response.status === 404;
      });
  },
};

/** What SRS calls them. */
const TYPES: Readonly<Record<string, string>> = {
  "http-flv": "flv-play",
  "ws-flv": "flv-play",
  rtmp: "rtmp-play",
  whep: "rtc-play",
};

async function only(shard: PlayingShard): Promise<ClientSummary> {
  const { clients, total } = await shard.routes.clients.page(1);
  assertEquals(total, 1);
  return clients[0]!;
}

Deno.test("a viewer of every protocol is described, and ended from another shard", async (t) => {
  await using all = await PlayingShards.start(2, OPEN_ACCESS);
  const [here, there] = all.shards as [PlayingShard, PlayingShard];
  const send = here.open("live/a");
  send(10);
  for (const [protocol, come] of Object.entries(COME)) {
    await t.step(protocol, async () => {
      const ended = await come(here, "live/a");
      send(10);
      if (protocol !== "whep") {
        await until("it was sent something", async () => (await only(there)).bytes > 0);
      }
      const { id, since, userAgent, bytes, lagMs, alive, ...rest } = await only(there);
      assertMatch(id, /^0[-.]\w+$/);
      const { alive: aliveHere, ...description } = await only(here);
      assert(alive >= 0 && alive <= aliveHere && aliveHere < 5);
      assertEquals(description, { id, since, userAgent, bytes, lagMs, ...rest });
      assertLess(Math.abs(Date.now() - since), 5000);
      if (protocol === "http-flv") assertEquals(userAgent, "test/1");
      assert(bytes >= 0 && (lagMs === null || lagMs >= 0));
      const { port, send_bytes, ...described } = rest;
      assert(port > 0);
      assertEquals(send_bytes, bytes);
      assertEquals(described, {
        action: "play",
        protocol: protocol as ClientSummary["protocol"],
        path: "live/a",
        address: "127.0.0.1",
        ip: "127.0.0.1",
        ...{ vhost: "__defaultVhost__", stream: "1", url: "/live/a", name: "a" },
        ...{ pageUrl: "", swfUrl: "", tcUrl: "rtmp://__defaultVhost__/live" },
        type: TYPES[protocol]!,
        publish: false,
        recv_bytes: 0,
        kbps: { recv_30s: 0, send_30s: 0 },
        shard: 0,
        decidedBy: "open",
        subject: null,
        jumps: 0,
        roundTripMs: null,
        lossFraction: null,
        packetsLost: null,
        quality: null,
        estimatedBps: null,
      });
      const found = await Promise.all(all.shards.map(({ routes }) => routes.clients.one(id)));
      assertEquals(found.map((client) => client?.id), [id, id]);
      const beganMs = performance.now();
      assertEquals(await there.routes.clients.kick(id), true);
      await ended();
      assertLess(performance.now() - beganMs, MAX_END_MS);
      assertEquals((await there.routes.clients.page(1)).total, 0);
      assertEquals(await there.routes.clients.kick(id), false);
      assertEquals(await there.routes.clients.one(id), undefined);
    });
  }
  assertEquals([here.counters.total("viewers"), here.counters.total("clients")], [0, 0]);
});

Deno.test("a viewer that takes nothing is ended all the same", async () => {
  await using all = await PlayingShards.start(1, OPEN_ACCESS);
  const shard = all.shards[0]!;
  const send = shard.open("live/a");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: shard.httpPort });
  await conn.write(new TextEncoder().encode("GET /live/a.flv HTTP/1.1\r\nHost: a\r\n\r\n"));
  // More than the kernel takes for it.
  let before = -1;
  await until("it is stuck", async () => {
    send(10, 60_000);
    const { clients } = await shard.routes.clients.page(1);
    const bytes = clients[0]?.bytes ?? -1;
    const isStuck = bytes > 0 && bytes === before;
    before = bytes;
    return isStuck;
  });
  const [{ id }] = (await shard.routes.clients.page(1)).clients as unknown as [ClientSummary];
  const beganMs = performance.now();
  assertEquals(await shard.routes.clients.kick(id), true);
  await until("it is gone", () => shard.counters.total("viewers") === 0);
  assertLess(performance.now() - beganMs, MAX_END_MS);
});

/** As much of a client as lists look at. */
const CLIENT = { action: "play", protocol: "whep", path: "live/a" } as const;

Deno.test("clients: page by page over shards, and only those are asked that have some of a page", async () => {
  await using all = await PlayingShards.start(3, OPEN_ACCESS);
  const counts = [60, 0, 90];
  for (const [at, shard] of all.shards.entries()) {
    for (let client = 0; client < counts[at]!; client++) {
      const id = `${at}-${client}`;
      const describe = () => ({ ...CLIENT, id }) as ClientDescription;
      const admission = {} as Admission;
      shard.clients.add({ id, admission, describe, reconsider: () => true, end: () => {} });
    }
  }
  const { clients } = all.shards[1]!.routes;
  const first = await clients.page(1);
  const second = await clients.page(2);
  assertEquals([first.total, first.pages, second.page], [150, 2, 2]);
  assertEquals(first.clients.length, CLIENTS_PER_PAGE);
  const ids = [...first.clients, ...second.clients].map(({ id }) => id);
  assertEquals(ids.slice(58, 62), ["0-58", "0-59", "2-0", "2-1"]);
  assertEquals(new Set(ids).size, 150);
  assertEquals((await clients.page(3)).clients, []);
  // The shard of the ids that are asked for must be one, and the id its.
  for (const id of ["", "x", "7-abc", "0", "0-999", `0-${"a".repeat(99)}`]) {
    assertEquals(await clients.kick(id), false);
  }
  for (const shard of all.shards) {
    for (const { id } of shard.clients.some(0, 100)) {
      shard.clients.remove(shard.clients.byId(id)!, "test");
    }
  }
});
