import { sharedLog } from "../../stream/log_samples.ts";
import type { SharedLog } from "../../../src/stream/log_arena.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import type { OpusEvents } from "../../../src/shard/control_link.ts";
import { SharedOpus } from "../../../src/shard/live/shared_opus.ts";

/** Stands for a `ControlLink`: what it is asked for, and the answer to the newest wish. */
function setUp() {
  const asked: string[] = [];
  let events: OpusEvents | undefined;
  const opus = new SharedOpus(7, {
    wantOpus: (streamId, answers, audioTrack) => {
      asked.push(`want ${streamId}/${audioTrack}`);
      events = answers;
    },
    unwantOpus: (streamId, audioTrack) => void asked.push(`unwant ${streamId}/${audioTrack}`),
  }, 3);
  const reader = () => {
    const told: (SharedLog | string)[] = [];
    const one: OpusEvents = {
      opened: (log) => void told.push(log),
      closed: (reason) => {
        told.push(reason);
        opus.unwant(one);
      },
    };
    return { one, told };
  };
  return { opus, asked, reader, answer: () => events! };
}

Deno.test("SharedOpus: asked for once, and until the last reader is gone", () => {
  const { opus, asked, reader, answer } = setUp();
  const [first, second, third] = [reader(), reader(), reader()];
  opus.want(first.one);
  opus.want(second.one);
  const log = sharedLog(1);
  answer().opened(log);
  opus.want(third.one);
  for (const { told } of [first, second, third]) {
    assertEquals(told.length, 1);
    assertStrictEquals(told[0], log);
  }
  opus.unwant(first.one);
  opus.unwant(third.one);
  opus.unwant(third.one);
  assertEquals(asked, ["want 7/3"]);
  opus.unwant(second.one);
  assertEquals(asked, ["want 7/3", "unwant 7/3"]);
  // The log was given back: who comes now waits for the next one.
  const late = reader();
  opus.want(late.one);
  assertEquals([late.told, asked.at(-1)], [[], "want 7/3"]);
});

Deno.test("SharedOpus: when it fails all are told, and control when nobody reads it", () => {
  const { opus, asked, reader, answer } = setUp();
  const [first, second] = [reader(), reader()];
  opus.want(first.one);
  answer().opened(sharedLog(1));
  opus.want(second.one);
  answer().closed("no sound");
  assertEquals([first.told.at(-1), second.told.at(-1)], ["no sound", "no sound"]);
  assertEquals(asked, ["want 7/3", "unwant 7/3"]);
  opus.want(second.one);
  assertEquals(asked.at(-1), "want 7/3");
  assertEquals(second.told.length, 2);
});
