import { assert, assertEquals } from "@std/assert";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { distance, RecordFlag } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { seededRandom } from "../../testing/mutation.ts";

const LOG_BYTES = 4096;

/** The bodies of all records that the log says it holds, by their first byte and length. */
function heldBodies(log: LogReader): { fill: number; length: number }[] {
  const bodies = [];
  for (let sequence = log.tail; distance(sequence, log.head) > 0; sequence++) {
    const record = new Uint8Array(log.lengthOf(sequence));
    assert(log.copy(sequence, record, 0, record.length));
    const body = record.subarray(11, -4);
    assert(body.every((byte) => byte === body[0]), "a record that is held was overwritten");
    bodies.push({ fill: body[0]!, length: body.length });
  }
  return bodies;
}

Deno.test("log: holds nothing but what was written, whatever the sizes", () => {
  const random = seededRandom(7);
  const shared = LogWriter.allocate(LOG_BYTES);
  const writer = new LogWriter(shared, { windowMs: 40 });
  const log = new LogReader(shared);
  const written: { fill: number; length: number }[] = [];
  for (let count = 0; count < 3000; count++) {
    const fill = count % 256;
    const body = new Uint8Array(1 + Math.floor(random() ** 2 * writer.maxBodySize)).fill(fill);
    const flags = RecordFlag.video | (random() < 0.1 ? RecordFlag.keyFrame : 0);
    writer.append({ type: TAG_VIDEO, timestampMs: count, body, flags });
    written.push({ fill, length: body.length });
    const held = heldBodies(log);
    assert(held.length > 0);
    assertEquals(held, written.slice(-held.length));
  }
});
