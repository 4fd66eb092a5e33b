/** Administrators who follow the API's events, when it changes who may. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Access, AccessDecision } from "../../../../src/access/access.ts";
import { until } from "../../../../testing/waiting.ts";
import { PlayingShards } from "../../playing_shard.ts";

const ALLOWED: AccessDecision = { kind: "allow", decidedBy: "test" };

function refused(status: "forbidden" | "unavailable"): AccessDecision {
  return { kind: "refuse", status, reason: "No.", cause: "test", decidedBy: "test" };
}

/** Follows, and answers each question as it comes with the next of these. */
async function follow(decisions: readonly AccessDecision[], isLate: boolean) {
  const asked: ((decision: AccessDecision) => void)[] = [];
  const access: Access = { decide: () => new Promise((resolve) => asked.push(resolve)) };
  const all = await PlayingShards.start(1, access);
  const shard = all.shards[0]!;
  const pending = fetch(shard.httpUrl("/api/v1/events?token=x"));
  await until("it is asked about", () => asked.length === 1);
  if (isLate) await shard.routes.events.recheck();
  asked[0]!(decisions[0]!);
  const response = await pending;
  const rechecked = isLate ? undefined : shard.routes.events.recheck();
  await until("it is asked about again", () => asked.length === 2);
  asked[1]!(decisions[1]!);
  await rechecked;
  return { response, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

for (const [when, isLate] of [["before", false], ["by an answer from before", true]] as const) {
  Deno.test(`who was let in ${when} a reload, and may no longer, is ended`, async () => {
    await using following = await follow([ALLOWED, refused("forbidden")], isLate);
    assertEquals(following.response.status, 200);
    await assertRejects(() => following.response.text());
  });
}

Deno.test("where nobody can say whether it still may, a follower stays", async () => {
  await using following = await follow([ALLOWED, refused("unavailable")], false);
  const reader = following.response.body!.getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel();
});
