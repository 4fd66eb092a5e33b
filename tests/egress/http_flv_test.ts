import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { FlvAudience } from "../../src/egress/flv_audience.ts";
import { HttpFlvSink } from "../../src/egress/http_flv.ts";
import { FlvReader } from "../../src/flv/tag_reader.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { interFrame, keyFrame, openLog } from "../stream/log_samples.ts";

const MAX_PART_SIZE = 32 * 1024;

function numbered(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => at % 251);
}

Deno.test("HttpFlvSink: a large piece is passed on in parts, one a turn", async () => {
  const sink = new HttpFlvSink(() => {});
  const reader = sink.stream.getReader();
  const piece = numbered(80_000);
  sink.send(piece);
  const parts: Uint8Array[] = [];
  for (;;) {
    assertEquals(sink.isReady(), false, "a part waits");
    parts.push((await reader.read()).value!);
    assertEquals(sink.isReady(), true);
    if (!sink.hasRest) break;
    sink.proceed();
  }
  assertEquals(parts.map(({ length }) => length), [
    MAX_PART_SIZE,
    MAX_PART_SIZE,
    80_000 % MAX_PART_SIZE,
  ]);
  assertEquals(concat(parts), piece);
});

Deno.test("HttpFlvSink: ends behind all it was given, also what it held back", async () => {
  const sink = new HttpFlvSink(() => {});
  const [first, second] = [numbered(100_000), numbered(40_000)];
  sink.send(first);
  sink.send(second);
  sink.end();
  sink.end();
  const got = new Uint8Array(await new Response(sink.stream).arrayBuffer());
  assertEquals(got, concat([first, second]));
});

Deno.test("HttpFlvSink: abort drops what is queued, and is said to the reader", async () => {
  let cancels = 0;
  const sink = new HttpFlvSink(() => cancels++);
  sink.send(numbered(100_000));
  sink.abort();
  assertEquals(sink.isReady(), false);
  await assertRejects(() => new Response(sink.stream).arrayBuffer(), DOMException);
  assertEquals(cancels, 0);
});

Deno.test("HttpFlvSink: a viewer that goes away is told of once, and never ready again", async () => {
  let cancels = 0;
  const sink = new HttpFlvSink(() => cancels++);
  await sink.stream.cancel();
  assertEquals([cancels, sink.isReady()], [1, false]);
  sink.end();
  sink.abort();
  assertEquals(cancels, 1);
});

Deno.test("HttpFlvSink: an audience that ends leaves no tag half, read or not", async () => {
  for (const readsOn of [true, false]) {
    const { shared, writer } = openLog({ maxBytes: 4 << 20 });
    const audience = new FlvAudience(
      new LogReader(shared),
      { audio: true, video: true },
      { flushMs: 0, stallMs: 1000 },
      { jumped: () => {}, stalled: () => {} },
    );
    writer.append(keyFrame(0, 200_000));
    for (let at = 1; at < 50; at++) writer.append(interFrame(at * 40, 50_000));
    const sink = new HttpFlvSink(() => {});
    audience.add(sink, 0);
    const pieces: Uint8Array[] = [];
    const reader = sink.stream.getReader();
    if (readsOn) { for (let at = 0; at < 4; at++) pieces.push((await reader.read()).value!); }
    audience.end();
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) break;
      pieces.push(value);
    }
    const flv = new FlvReader({ strict: true });
    let tags = 0;
    flv.push(concat(pieces));
    while (flv.next() !== undefined) tags++;
    assertEquals(flv.pending, 0, "bytes of a tag that is not whole");
    assert(tags >= 1);
  }
});
