import { assertEquals } from "@std/assert";
import type { ForwardedRequest } from "../../../../src/shard/http/routing/forwarded_request.ts";
import { SESSION_EVENTS } from "../../../../src/shard/http/sessions/session_facts.ts";
import {
  SessionFollowers,
  type SessionStates,
  statesResponse,
} from "../../../../src/shard/http/sessions/session_followers.ts";
import { ControlLink } from "../../../../src/shard/control_link.ts";
import { LogState } from "../../../../src/stream/log_layout.ts";
import { LogWriter } from "../../../../src/stream/log_writer.ts";
import { testStreams } from "../../test_streams.ts";

const PATH = "live/a";
const ACTIVE = "event: active\ndata: {}\n\n";

function session(shard: number, key = `${shard}.x/1`) {
  return { key, shard, path: PATH, videoSection: undefined, wanted: new Set(SESSION_EVENTS) };
}

function count(viewers: number): string {
  return `event: viewercount\ndata: {"viewercount":${viewers}}\n\n`;
}

/** Shard 0 of two, with a stream that is live. */
function open() {
  const control = new ControlLink(() => {});
  const streams = testStreams(control);
  const log = LogWriter.allocate(1 << 20);
  new LogWriter(log, { windowMs: 10_000 }).setState(LogState.live);
  streams.open({ streamId: 1, path: PATH, log });
  const asked: { readonly shard: number; readonly request: ForwardedRequest }[] = [];
  const world = {
    viewers: 1,
    here: [{ quality: undefined }] as SessionStates,
    there: [{ quality: undefined }] as SessionStates | undefined,
    asked,
  };
  const followers = new SessionFollowers({
    shard: 0,
    streams,
    viewers: { countOf: () => world.viewers },
    statesOf: () => world.here,
    control: {
      forward: (shard, request) => {
        asked.push({ shard, request });
        return Promise.resolve(world.there && statesResponse(world.there));
      },
    },
  });
  return { followers, world };
}

/** What has come by now: one piece, or `undefined` at the end. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value } = await reader.read();
  return value && new TextDecoder().decode(value);
}

Deno.test("a follower is told what is, and what has changed since it was told", async () => {
  const { followers, world } = open();
  const reader = followers.follow(session(0)).getReader();
  assertEquals(await read(reader), ACTIVE + count(1));
  world.viewers = 2;
  world.here = [{ quality: '{"pictures":"all"}' }];
  await followers.tick();
  assertEquals(await read(reader), `${count(2)}event: quality\ndata: {"pictures":"all"}\n\n`);
  world.here = [null];
  await followers.tick();
  assertEquals(await read(reader), undefined);
  assertEquals(world.asked, []);
});

Deno.test("a slow follower is told the newest, however often it has changed", async () => {
  const { followers, world } = open();
  const reader = followers.follow(session(0)).getReader();
  for (world.viewers = 2; world.viewers < 30; world.viewers++) await followers.tick();
  assertEquals(await read(reader), ACTIVE + count(1));
  await followers.tick();
  assertEquals(await read(reader), count(30));
  await reader.cancel();
});

Deno.test("another shard is asked about all its sessions at once", async () => {
  const { followers, world } = open();
  world.there = [{ quality: '"one"' }, { quality: '"two"' }];
  const readers = ["1.x/1", "1.y/1"].map((key) => followers.follow(session(1, key)).getReader());
  await followers.tick();
  assertEquals(world.asked, [
    { shard: 1, request: { kind: "session-states", keys: ["1.x/1", "1.y/1"] } },
  ]);
  for (const [at, quality] of ['"one"', '"two"'].entries()) {
    assertEquals(await read(readers[at]!), ACTIVE + count(1));
    await followers.tick();
    assertEquals(await read(readers[at]!), `event: quality\ndata: ${quality}\n\n`);
  }
  followers.close();
  for (const reader of readers) assertEquals(await read(reader), undefined);
});

Deno.test("a shard that does not answer is waited for, and then taken for gone", async () => {
  const { followers, world } = open();
  const reader = followers.follow(session(1)).getReader();
  assertEquals(await read(reader), ACTIVE + count(1));
  world.there = undefined;
  for (let tick = 0; tick < 4; tick++) await followers.tick();
  world.there = [{ quality: undefined }];
  await followers.tick();
  world.there = undefined;
  for (let tick = 0; tick < 4; tick++) await followers.tick();
  world.viewers = 5;
  await followers.tick();
  assertEquals(await read(reader), undefined);
});

Deno.test("who is to come again is told so, once: when the server leaves, or the session ends", async () => {
  const { followers, world } = open();
  const RECONNECT = "event: reconnect\ndata: {}\n\n";
  const readers = ["0.x/1", "0.y/1"].map((key) => followers.follow(session(0, key)).getReader());
  for (const reader of readers) assertEquals(await read(reader), ACTIVE + count(1));
  world.here = ["renewed", { quality: undefined }];
  await followers.tick();
  assertEquals([await read(readers[0]!), await read(readers[0]!)], [RECONNECT, undefined]);
  followers.sendAway();
  assertEquals(await read(readers[1]!), RECONNECT);
  world.here = ["renewed"];
  await followers.tick();
  assertEquals(await read(readers[1]!), undefined);
});

Deno.test("who is told nothing for long gets a comment; who comes again takes its place", async () => {
  const { followers, world } = open();
  const reader = followers.follow(session(0)).getReader();
  assertEquals(await read(reader), ACTIVE + count(1));
  for (let tick = 0; tick < 10; tick++) await followers.tick();
  assertEquals(await read(reader), ":\n\n");
  const next = followers.follow(session(0)).getReader();
  assertEquals(await read(reader), undefined);
  assertEquals(await read(next), ACTIVE + count(1));
  await next.cancel();
  world.viewers = 9;
  await followers.tick();
});
