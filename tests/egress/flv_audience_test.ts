import { assert, assertEquals } from "@std/assert";
import { FlvAudience, type ViewerSink } from "../../src/egress/flv_audience.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { interFrame, keyFrame, openLog } from "../stream/log_samples.ts";
import { delay, until } from "../waiting.ts";

const FORM = { audio: true, video: true };

/** A sink that takes everything at once, or nothing. */
class TestSink implements ViewerSink {
  readonly hasRest = false;
  proceed(): void {}
  bytes = 0;
  looks = 0;
  state: "open" | "ended" | "aborted" = "open";
  #takes = true;

  stall(): void {
    this.#takes = false;
  }
  goOn(): void {
    this.#takes = true;
  }
  isReady(): boolean {
    this.looks++;
    return this.#takes;
  }
  send({ length }: Uint8Array): void {
    this.bytes += length;
  }
  end(): void {
    this.state = "ended";
  }
  abort(): void {
    this.state = "aborted";
  }
}

function open({ flushMs = 0, stallMs = 1000 } = {}) {
  const { shared, writer } = openLog();
  const stalls: number[] = [];
  const audience = new FlvAudience(new LogReader(shared), FORM, { flushMs, stallMs }, {
    jumped: () => {},
    stalled: (count) => stalls.push(count),
  });
  return { writer, audience, stalls };
}

Deno.test("FlvAudience: with a flush interval, frames come when it is over", async () => {
  const { writer, audience } = open({ flushMs: 30 });
  writer.append(keyFrame(0));
  const sink = new TestSink();
  const startMs = performance.now();
  audience.add(sink, startMs);
  audience.notify(startMs);
  const before = sink.bytes;
  assert(before > 0);
  writer.append(keyFrame(40));
  audience.notify(startMs + 1);
  audience.notify(startMs + 2);
  assertEquals(sink.bytes, before);
  await until("the flush interval is over", () => sink.bytes > before);
  assertEquals(sink.bytes, before + 20);
});

Deno.test("FlvAudience: a viewer that comes as the last one goes is served as well", async () => {
  const { writer, audience } = open({ flushMs: 30 });
  writer.append(keyFrame(0));
  const startMs = performance.now();
  const first = audience.add(new TestSink(), startMs);
  audience.notify(startMs);
  audience.notify(startMs + 1);
  audience.remove(first);
  const sink = new TestSink();
  audience.add(sink, startMs + 2);
  const before = sink.bytes;
  writer.append(keyFrame(40));
  audience.notify(startMs + 3);
  await until("the flush interval is over", () => sink.bytes > before, { timeoutMs: 2000 });
});

Deno.test("FlvAudience: who takes nothing for too long is given up", () => {
  const { writer, audience, stalls } = open({ stallMs: 1000 });
  writer.append(keyFrame(0));
  const [quick, slow] = [new TestSink(), new TestSink()];
  audience.add(quick, 0);
  audience.add(slow, 0);
  audience.sweep(500);
  slow.stall();
  audience.sweep(1499);
  assertEquals([slow.state, audience.size, stalls], ["open", 2, []]);
  audience.sweep(1500);
  assertEquals([slow.state, quick.state, audience.size, stalls], ["aborted", "open", 1, [1]]);
});

Deno.test("FlvAudience: the end comes after what there is left", () => {
  const { writer, audience } = open({ flushMs: 1000 });
  writer.append(keyFrame(0));
  const sink = new TestSink();
  audience.add(sink, 0);
  audience.notify(0);
  const before = sink.bytes;
  writer.append(keyFrame(40));
  audience.notify(1);
  audience.end();
  assertEquals([sink.bytes, sink.state, audience.size], [before + 20, "ended", 0]);
});

Deno.test("FlvAudience: a viewer that was busy gets the rest without a further flush", async () => {
  const { writer, audience } = open({ flushMs: 5000 });
  writer.append(keyFrame(0));
  const sink = new TestSink();
  const startMs = performance.now();
  audience.add(sink, startMs);
  sink.stall();
  writer.append(keyFrame(40));
  audience.notify(startMs);
  const before = sink.bytes;
  sink.goOn();
  await until("the busy viewer gets the rest", () => sink.bytes > before);
  audience.end();
});

Deno.test("FlvAudience: a viewer that waits for a key frame is not looked at all the time", async () => {
  const { writer, audience } = open();
  const sink = new TestSink();
  writer.append(keyFrame(0));
  audience.add(sink, 0);
  audience.notify(0);
  sink.stall();
  // The log passes over the viewer, and over its key frame too.
  for (let at = 1; at < 3000; at++) writer.append(interFrame(at, 4000));
  audience.notify(1);
  sink.goOn();
  const looks = sink.looks;
  await delay(150);
  assert(sink.looks - looks < 10, `looked at ${sink.looks - looks} times`);
  audience.end();
});
