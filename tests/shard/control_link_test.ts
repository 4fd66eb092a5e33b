import { sharedLog } from "../stream/log_samples.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { ControlLink, MAX_FORWARDS } from "../../src/shard/control_link.ts";
import { FORWARD_TIMEOUT_MS } from "../../src/shard/http/routing/forwarded_request.ts";
import type { ToControl } from "../../src/shard/messages.ts";
import type {
  ForwardedRequest,
  ForwardedResponse,
} from "../../src/shard/http/routing/forwarded_request.ts";

/** Whatever is asked is passed on as it is. */
const REQUEST: ForwardedRequest = { kind: "kick", id: "1-a" };

const RESPONSE: ForwardedResponse = { status: 204, headers: {}, body: new Uint8Array() };

function setUp() {
  const posted: ToControl[] = [];
  return { posted, link: new ControlLink((message) => posted.push(message)) };
}

Deno.test("ControlLink: a request that is forwarded has its own answer, or none", async () => {
  const { posted, link } = setUp();
  const [first, second] = [link.forward(1, REQUEST), link.forward(2, REQUEST)];
  assertEquals(posted, [
    { kind: "forward", requestId: 1, shard: 1, request: REQUEST },
    { kind: "forward", requestId: 2, shard: 2, request: REQUEST },
  ]);
  link.settle({ kind: "forward-reply", requestId: 2, response: undefined });
  link.settle({ kind: "forward-reply", requestId: 1, response: RESPONSE });
  link.settle({ kind: "forward-reply", requestId: 1, response: undefined });
  assertStrictEquals(await first, RESPONSE);
  assertEquals(await second, undefined);
});

Deno.test("ControlLink: requests past the limit have no answer at once; then there is room again", async () => {
  const { posted, link } = setUp();
  const waiting = Array.from({ length: MAX_FORWARDS }, () => link.forward(1, REQUEST));
  assertEquals(await link.forward(1, REQUEST), undefined);
  assertEquals(posted.length, MAX_FORWARDS);
  for (const message of posted.splice(0)) {
    if (message.kind !== "forward") throw new Error(message.kind);
    link.settle({ kind: "forward-reply", requestId: message.requestId, response: RESPONSE });
  }
  assertEquals(await Promise.all(waiting), waiting.map(() => RESPONSE));
  const next = link.forward(1, REQUEST);
  link.settle({ kind: "forward-reply", requestId: MAX_FORWARDS + 1, response: RESPONSE });
  assertStrictEquals(await next, RESPONSE);
});

Deno.test("ControlLink: a shard that does not answer is given up, and may answer late", async () => {
  const { link } = setUp();
  const startedAtMs = performance.now();
  assertEquals(await link.forward(1, REQUEST), undefined);
  const tookMs = performance.now() - startedAtMs;
  assertEquals(tookMs > FORWARD_TIMEOUT_MS - 2, true, `${tookMs} ms`);
  link.settle({ kind: "forward-reply", requestId: 1, response: RESPONSE });
});

Deno.test("ControlLink: Opus is opened and closed for the newest wish only", () => {
  for (const [audioTrack, another] of [[undefined, 2], [2, undefined], [0, 1]] as const) {
    const { posted, link } = setUp();
    const log = sharedLog(8);
    const events: unknown[] = [];
    const want = (name: string) =>
      link.wantOpus(3, {
        opened: (opened) => events.push([name, opened === log]),
        closed: (reason) => events.push([name, reason]),
      }, audioTrack);
    want("first");
    link.unwantOpus(3, another);
    link.unwantOpus(3, audioTrack);
    link.unwantOpus(3, audioTrack);
    want("second");
    const sound = { streamId: 3, audioTrack };
    assertEquals(posted, [
      { kind: "opus-wanted", ...sound, requestId: 1 },
      { kind: "opus-unwanted", ...sound },
      { kind: "opus-wanted", ...sound, requestId: 2 },
    ]);
    for (const requestId of [1, 2]) {
      link.settle({ kind: "opus-opened", ...sound, requestId, log });
      link.settle({ kind: "opus-closed", ...sound, requestId, reason: "no AAC" });
    }
    link.settle({ kind: "opus-opened", ...sound, streamId: 4, requestId: 2, log });
    link.settle({ kind: "opus-opened", ...sound, audioTrack: another, requestId: 2, log });
    assertEquals(events, [["second", true], ["second", "no AAC"]]);
  }
});
