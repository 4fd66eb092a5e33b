import { assertEquals } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { parseConfig } from "../../src/config/schema.ts";
import { Reloads, reloadText } from "../../src/control/reloads.ts";
import type { ToShard } from "../../src/shard/messages.ts";
import type { ShardSettings } from "../../src/shard/shard_settings.ts";

const CONFIG = parseConfig({}, 3);

/** Reloads whose shards are those that are named, and what is sent to them. */
function reloadsOf(...there: readonly number[]) {
  const sent: { readonly shard: number; readonly message: ToShard }[] = [];
  const reloads = new Reloads({
    settings: {
      config: CONFIG,
      ofShard: () => ({}) as ShardSettings,
      reload: (text) => {
        if (text === "wrong") throw new ConfigError("Cannot use it");
        return { config: CONFIG, changed: [], revoke: text.split(","), recheck: false };
      },
    },
    send: (shard, message) => {
      sent.push({ shard, message });
      return there.includes(shard);
    },
    apply: () => {},
  }, 50);
  const outcome = () => {
    const { message } = sent.at(-1)!;
    return message.kind === "reload-reply" ? message.outcome : message.kind;
  };
  return { reloads, outcome };
}

const count = (name: string, found: number) => ({ name, found, ended: found, waiting: 0 });

Deno.test("Reloads: what all shards have found is added up", async () => {
  const { reloads, outcome } = reloadsOf(0, 1, 2);
  const answering = reloads.answer(1, 7, "a,b");
  reloads.take(0, 1, [count("a", 1), count("b", 0)]);
  reloads.take(0, 1, [count("a", 1), count("b", 0)]);
  reloads.take(1, 99, [count("a", 1), count("b", 0)]);
  reloads.take(2, 1, [count("a", 4), count("b", 0)]);
  assertEquals(outcome(), "configure");
  reloads.take(1, 1, [count("a", 2), count("b", 5)]);
  await answering;
  assertEquals(outcome(), { kind: "done", revoked: [count("a", 7), count("b", 5)] });
});

Deno.test("Reloads: nobody waits for a shard that is not there, dies or is silent", async () => {
  const { reloads, outcome } = reloadsOf(0, 1);
  const first = reloads.answer(0, 1, "a");
  reloads.take(0, 1, [count("a", 1)]);
  reloads.shardLost(1);
  await first;
  assertEquals(outcome(), { kind: "done", revoked: [count("a", 1)] });
  const second = reloads.answer(0, 2, "a");
  reloads.take(0, 2, [count("a", 3)]);
  await second;
  assertEquals(outcome(), { kind: "done", revoked: [count("a", 3)] });
  const none = reloadsOf();
  await none.reloads.answer(0, 3, "a");
  assertEquals(none.outcome(), { kind: "done", revoked: [count("a", 0)] });
});

Deno.test("Reloads: what is wrong is told", async () => {
  const { reloads, outcome } = reloadsOf(0);
  await reloads.answer(0, 1, "wrong");
  assertEquals(outcome(), { kind: "wrong", reason: "Cannot use it" });
});

Deno.test("reloadText: what has changed and who is asked again, with few names", () => {
  const nobody = { changed: [], revoke: [], recheck: false };
  const many = ["a", "b", "c", "d", "e", "f", "g"];
  const rows = [
    [nobody, "The configuration is as it was"],
    [{ ...nobody, changed: ["access", "tls"] }, "The configuration has changed: access, tls"],
    [{ ...nobody, recheck: true }, "The configuration is as it was; all are asked again"],
    [
      { ...nobody, revoke: ["key camera-1"] },
      "The configuration is as it was; asked again: key camera-1",
    ],
    [
      { ...nobody, changed: ["access"], revoke: many },
      "The configuration has changed: access; asked again: a, b, c, d, e and 2 more",
    ],
  ] as const;
  for (const [reload, text] of rows) assertEquals(reloadText(reload), text);
});
