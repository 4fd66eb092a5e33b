import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { Feed } from "../../src/stream/feed.ts";
import { RecordFlag } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import type { LogRecord } from "../../src/stream/log_writer.ts";
import { configuration, interFrame, keyFrame, openLog, tagOf } from "./log_samples.ts";

/** What a viewer is sent that reads all of these records, from the first on. */
function sent(batches: readonly (readonly LogRecord[])[]): Uint8Array {
  const { shared, writer } = openLog();
  const feed = new Feed(new LogReader(shared), { audio: true, video: true });
  for (const batch of batches) {
    for (const record of batch) writer.append(record);
    feed.update();
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0, piece; (piece = feed.read(at)) !== undefined; at = piece.next) {
    pieces.push(piece.bytes);
  }
  return concat(pieces);
}

const replacement = (timestampMs: number) => configuration(timestampMs, RecordFlag.reconfiguration);

Deno.test("Feed: pictures of another size that come behind a gap have the last one again before them", () => {
  const before = [keyFrame(0), interFrame(40), interFrame(80)];
  const change = [replacement(80), keyFrame(500), interFrame(540)];
  const again = [498, 499].map((timestampMs) => ({ ...before[2]!, timestampMs }));
  assertEquals(sent([before, change]), concat([...before, ...again, ...change].map(tagOf)));
  // It is none of the stream's pictures: the next gap is filled with one of those.
  const later = [replacement(540), keyFrame(900)];
  const then = [898, 899].map((timestampMs) => ({ ...change[2]!, timestampMs }));
  assertEquals(
    sent([before, change, later]),
    concat([...before, ...again, ...change, ...then, ...later].map(tagOf)),
  );
});

Deno.test("Feed: pictures of another size have nothing before them that come in time", () => {
  const records = [keyFrame(0), interFrame(40), interFrame(80), replacement(80), keyFrame(120)];
  assertEquals(sent([records.slice(0, 3), records.slice(3)]), concat(records.map(tagOf)));
});
