import { assertEquals } from "@std/assert";
import { PublisherSilence } from "../../../src/shard/rtmp/publisher_silence.ts";

const IDLE_MS = 1000;

Deno.test("PublisherSilence: nobody is ended who was not asked, and had time to answer", () => {
  const asked: number[] = [];
  const silence = new PublisherSilence((nowMs) => asked.push(nowMs));
  const isEnded = (nowMs: number, heardAtMs: number) =>
    silence.reason(nowMs, heardAtMs, IDLE_MS) !== undefined;
  assertEquals([isEnded(999, 0), asked], [false, []]);
  // It is looked after late.
  assertEquals([isEnded(2500, 0), asked], [false, [2500]]);
  assertEquals([isEnded(3499, 0), asked], [false, [2500]]);
  // It has answered.
  assertEquals([isEnded(3600, 3500), isEnded(4500, 3500), asked], [false, false, [2500, 4500]]);
  assertEquals([isEnded(5499, 3500), isEnded(5500, 3500), asked], [false, true, [2500, 4500]]);
});
