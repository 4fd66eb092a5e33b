import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { webTransportStreamHead } from "../../../src/http3/stream_type.ts";
import { clientControlHead, connectFrame } from "../../../testing/http3/client.ts";
import { connectQuic, SessionClient } from "../../../testing/http3/session_client.ts";
import { fromHex } from "../../../testing/mutation.ts";
import { OPEN_ACCESS } from "../../../testing/open_access.ts";
import { until } from "../../../testing/waiting.ts";
import { PlayingShards } from "../playing_shard.ts";
import { SHARD_SETTINGS } from "../shard_settings.ts";

const PATH = "live/a";
const { timeouts, places } = SHARD_SETTINGS;

/** RFC 9114 8.1. */
const STREAM_CREATION_ERROR = 0x103;
const CLOSED_CRITICAL_STREAM = 0x104;
const EXCESSIVE_LOAD = 0x107;
const MISSING_SETTINGS = 0x10a;
const REQUEST_INCOMPLETE = 0x10d;
const MESSAGE_ERROR = 0x10e;

/** How often a frame is published. */
const FRAME_INTERVAL_MS = 5;
/** Header of FLV, and what its sound is. */
const FLV_HEAD_LENGTH = 50;

/** A shard with a stream that is published all the time, by frames of so many bytes. */
async function openShard(frameBytes = 100) {
  const all = await PlayingShards.start(1, OPEN_ACCESS);
  const shard = all.shards[0]!;
  const send = shard.open(PATH);
  send(50);
  const timer = setInterval(() => send(1, frameBytes), FRAME_INTERVAL_MS);
  const stop = () => clearInterval(timer);
  return {
    shard,
    stop,
    [Symbol.asyncDispose]: async () => {
      stop();
      await all[Symbol.asyncDispose]();
    },
  };
}

/** The first bytes that a viewer is sent. */
async function take(pieces: AsyncIterator<Uint8Array>, length: number): Promise<Uint8Array> {
  let taken = new Uint8Array();
  while (taken.length < length) {
    const { done, value } = await pieces.next();
    assert(!done, `${taken.length} bytes and no more`);
    taken = concat([taken, value]);
  }
  return taken.subarray(0, length);
}

Deno.test("WebtransportConnection: a session is sent what HTTP-FLV is, and its end", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  for (const path of [`/${PATH}`, `/${PATH}.flv`, `/${PATH}?token=1`]) {
    using client = await SessionClient.ask(shard.webtransport, { path });
    assertEquals(await client.status(), 200);
    const response = await fetch(shard.httpUrl(`/${PATH}.flv`));
    const overHttp = response.body!.values();
    const expected = await take(overHttp, FLV_HEAD_LENGTH);
    const media = await client.media();
    assertEquals(await take(media, FLV_HEAD_LENGTH), expected);
    await take(media, 5000);
    assertEquals(shard.viewers.countOf(PATH), 2, path);
    await overHttp.return?.();
    await client.leave();
    await client.conn.closed.catch(() => {});
    await until("its place is free", () => shard.viewers.countOf(PATH) === 0);
  }
});

Deno.test("WebtransportConnection: at the stream's end all of it has come, and then the session ends", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  using client = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
  const media = await client.media();
  await take(media, 50);
  opened.stop();
  await shard.endStreams();
  for await (const _piece of media);
  assertEquals(await client.ended(), { kind: "close", code: 0, reason: "the stream is over" });
});

Deno.test("WebtransportConnection: who does not close its session, but the connection, has left", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  const client = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
  await take(await client.media(), 50);
  client[Symbol.dispose]();
  await until("its place is free", () => shard.viewers.countOf(PATH) === 0);
});

Deno.test("WebtransportConnection: a refusal is the session's end, by the status that HTTP has", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  const cases = [
    ["/live/none", 404, "The stream live/none is not live"],
    ["/", 404, "There is nothing at this path"],
    [`/${PATH}?vtrack=x`, 400, "A track's number"],
    [`/${PATH}?atrack=7`, 404, "track"],
  ] as const;
  for (const [path, code, reason] of cases) {
    using client = await SessionClient.ask(shard.webtransport, { path });
    assertEquals(await client.status(), 200);
    const end = await client.ended();
    assertEquals(end?.code, code, path);
    assert(end!.reason.includes(reason), end!.reason);
  }
  assertEquals(shard.viewers.countOf(PATH), 0);
});

Deno.test("WebtransportConnection: other requests are answered by their status", async () => {
  await using opened = await openShard();
  using client = await SessionClient.ask(opened.shard.webtransport, { protocol: "connect-udp" });
  assertEquals(await client.status(), 501);
});

/** What clients do that ends their connection, and how they are told. */
const WRONG: Readonly<Record<string, readonly [number, (conn: Deno.QuicConn) => Promise<void>]>> = {
  "a control stream that begins with something else": [MISSING_SETTINGS, async (conn) => {
    await writeStream(conn, fromHex("00 07 01 05"));
  }],
  "two control streams": [STREAM_CREATION_ERROR, async (conn) => {
    for (let at = 0; at < 2; at++) await writeStream(conn, clientControlHead());
  }],
  "a control stream that ends": [CLOSED_CRITICAL_STREAM, async (conn) => {
    await (await writeStream(conn, clientControlHead())).close();
  }],
  "a push": [STREAM_CREATION_ERROR, async (conn) => {
    await writeStream(conn, fromHex("01 00"));
  }],
  "more than it has to say": [EXCESSIVE_LOAD, async (conn) => {
    await writeStream(conn, concat([webTransportStreamHead(0), new Uint8Array(65_536)]));
  }],
  "stream after stream": [EXCESSIVE_LOAD, async (conn) => {
    for (let at = 0; at < 40; at++) {
      await conn.createUnidirectionalStream({ waitUntilAvailable: true })
        .then((stream) => stream.close())
        .catch(() => {});
    }
  }],
  "a request without fields": [REQUEST_INCOMPLETE, async (conn) => {
    const { writable } = await conn.createBidirectionalStream();
    await writable.close();
  }],
  "a request that is malformed": [MESSAGE_ERROR, async (conn) => {
    const { writable } = await conn.createBidirectionalStream();
    await writable.getWriter().write(connectFrame({ authority: "" }));
  }],
  "many datagrams": [EXCESSIVE_LOAD, async (conn) => {
    for (let at = 0; at < 500; at++) await conn.sendDatagram(new Uint8Array(8)).catch(() => {});
  }],
};

async function writeStream(conn: Deno.QuicConn, bytes: Uint8Array) {
  const writer = (await conn.createUnidirectionalStream()).getWriter();
  await writer.write(bytes);
  return writer;
}

for (const [what, [code, act]] of Object.entries(WRONG)) {
  Deno.test(`WebtransportConnection: ${what} ends the connection, and no other`, async () => {
    await using opened = await openShard();
    const { shard } = opened;
    using other = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
    const media = await other.media();
    await take(media, 50);
    const conn = await connectQuic(shard.webtransport);
    await act(conn);
    const end = await conn.closed.catch((error) => error);
    assertEquals(end.closeCode, code, JSON.stringify(end));
    assertEquals(shard.counters.totals().webtransportErrors, 1);
    await take(media, 1000);
  });
}

Deno.test("WebtransportConnection: who asks for nothing is let go of in time", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  const conn = await connectQuic(shard.webtransport);
  await until("it is there", () => {
    return shard.counters.totals().webtransportConnectionsAccepted === 1;
  });
  shard.sweep(performance.now() + timeouts.httpRequestMs);
  await conn.closed.catch(() => {});
  assertEquals(shard.counters.totals().webtransportTimeouts, 1);
});

Deno.test("WebtransportConnection: who lets no stream of media begin is let go of in time", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  // The control stream, and no other.
  const limits = { maxConcurrentUnidirectionalStreams: 1 };
  const conn = await connectQuic(shard.webtransport, limits);
  await writeStream(conn, clientControlHead());
  const { writable } = await conn.createBidirectionalStream();
  await writable.getWriter().write(connectFrame({ path: `/${PATH}` }));
  await until("it has been let in", () => shard.viewers.countOf(PATH) === 1);
  shard.sweep(performance.now() + timeouts.httpRequestMs);
  await conn.closed.catch(() => {});
  await until("its place is free", () => shard.viewers.countOf(PATH) === 0);
  assertEquals(shard.counters.totals().webtransportTimeouts, 1);
  assertEquals(shard.streams.byPath(PATH)!.report().viewers, 0, "those that are sent something");
});

Deno.test("WebtransportConnection: who takes nothing is skipped on, and then ended", async () => {
  await using opened = await openShard(100_000);
  const { shard } = opened;
  using client = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
  // Only what it was sent first is taken.
  await take(await client.media(), 50);
  await until("what may wait for it is full", () => {
    return shard.isViewerStuck;
  });
  shard.sweep(performance.now() + timeouts.stallMs);
  await client.conn.closed.catch(() => {});
  assertEquals(shard.counters.totals().viewersStalled, 1);
  await until("its place is free", () => shard.viewers.countOf(PATH) === 0);
});

Deno.test("WebtransportConnection: where an address has all its places, the oldest of it that asks for nothing gives way", async () => {
  await using opened = await openShard();
  const { shard } = opened;
  using viewer = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
  const media = await viewer.media();
  await take(media, 50);
  const idle: Deno.QuicConn[] = [];
  while (idle.length < places.webtransportConnections.maxPerAddress - 1) {
    const conn = await connectQuic(shard.webtransport);
    conn.closed.catch(() => {});
    idle.push(conn);
  }
  using late = await SessionClient.ask(shard.webtransport, { path: `/${PATH}` });
  await take(await late.media(), 50);
  await idle[0]!.closed.catch(() => {});
  await take(media, 1000);
  assertEquals(shard.viewers.countOf(PATH), 2);
  for (const conn of idle) conn.close({ closeCode: 0, reason: "" });
});
