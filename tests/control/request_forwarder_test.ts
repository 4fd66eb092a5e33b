import { assertEquals } from "@std/assert";
import { RequestForwarder } from "../../src/control/request_forwarder.ts";
import type { ToShard } from "../../src/shard/messages.ts";
import type {
  ForwardedRequest,
  ForwardedResponse,
} from "../../src/shard/http/routing/forwarded_request.ts";

/** Whatever is asked is passed on as it is. */
const REQUEST: ForwardedRequest = { kind: "kick", id: "1-a" };

const RESPONSE: ForwardedResponse = { status: 200, headers: {}, body: Uint8Array.of(1) };

/** A forwarder between shards 0, 1 and 2, of which some may be gone. */
function setUp() {
  const sent: [number, ToShard][] = [];
  const there = new Set([0, 1, 2]);
  const forwarder = new RequestForwarder((shard, message) => {
    if (there.has(shard)) sent.push([shard, message]);
    return there.has(shard);
  });
  const ask = (from: number, requestId: number, shard: number, nowMs = 0) =>
    forwarder.forward(from, { requestId, shard, request: REQUEST }, nowMs);
  const lose = (shard: number) => {
    there.delete(shard);
    forwarder.shardLost(shard);
  };
  return { forwarder, there, ask, lose, told: () => sent.splice(0) };
}

function asked(shard: number, requestId: number, from: number): [number, ToShard] {
  return [shard, { kind: "forwarded-request", requestId, from, request: REQUEST }];
}

function replied(
  shard: number,
  requestId: number,
  response: ForwardedResponse | undefined,
): [number, ToShard] {
  return [shard, { kind: "forward-reply", requestId, response }];
}

Deno.test("RequestForwarder: the answer goes back to who asked, once", () => {
  const { forwarder, ask, told } = setUp();
  ask(0, 5, 1);
  ask(2, 5, 1);
  ask(1, 7, 1);
  assertEquals(told(), [asked(1, 1, 0), asked(1, 2, 2), asked(1, 3, 1)]);
  for (const id of [2, 1, 2, 3, 99]) forwarder.respond(1, id, RESPONSE);
  assertEquals(told(), [replied(2, 5, RESPONSE), replied(0, 5, RESPONSE), replied(1, 7, RESPONSE)]);
  assertEquals(forwarder.size, 0);
});

Deno.test("RequestForwarder: only who was asked may answer", () => {
  const { forwarder, ask, told } = setUp();
  ask(0, 5, 1);
  told();
  forwarder.respond(2, 1, RESPONSE);
  assertEquals([told(), forwarder.size], [[], 1]);
});

Deno.test("RequestForwarder: a shard that is not there answers at once, with nothing", () => {
  const { forwarder, ask, told } = setUp();
  for (const shard of [3, -1, 0.5, NaN]) {
    ask(0, 5, shard);
    assertEquals(told(), [replied(0, 5, undefined)]);
  }
  assertEquals(forwarder.size, 0);
});

Deno.test("RequestForwarder: a shard that dies over it answers with nothing", () => {
  const { forwarder, ask, lose, told } = setUp();
  ask(0, 5, 1);
  ask(1, 6, 1);
  ask(1, 7, 2);
  ask(0, 8, 2);
  told();
  lose(1);
  assertEquals(told(), [replied(0, 5, undefined)]);
  assertEquals(forwarder.size, 1);
  forwarder.respond(2, 3, RESPONSE);
  forwarder.respond(2, 4, RESPONSE);
  assertEquals(told(), [replied(0, 8, RESPONSE)]);
});

Deno.test("RequestForwarder: a shard that was started again gets no answer to what it asked before", () => {
  const { forwarder, there, ask, lose, told } = setUp();
  ask(0, 1, 1);
  lose(0);
  there.add(0);
  ask(0, 1, 1);
  told();
  forwarder.respond(1, 1, RESPONSE);
  assertEquals(told(), []);
  forwarder.respond(1, 2, RESPONSE);
  assertEquals(told(), [replied(0, 1, RESPONSE)]);
});

Deno.test("RequestForwarder: what is never answered is forgotten", () => {
  const { forwarder, ask } = setUp();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    ask(0, nowMs, 1, nowMs);
    assertEquals(forwarder.size <= 50, true, `${forwarder.size} at ${nowMs} ms`);
  }
  assertEquals(forwarder.size, 50);
});
