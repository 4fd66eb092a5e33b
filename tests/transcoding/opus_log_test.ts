import type { SharedLog } from "../../src/stream/log_arena.ts";
import { assertEquals } from "@std/assert";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { TAG_HEADER_SIZE } from "../../src/flv/tag.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { OpusLog } from "../../src/transcoding/opus_log.ts";
import { readRecord } from "../stream/log_samples.ts";

const DATA = Uint8Array.of(0xfc, 0xff, 0xfe);

/** Kinds and timestamps of all records. */
function contents(shared: SharedLog): [string, number][] {
  const reader = new LogReader(shared);
  const records: [string, number][] = [];
  for (let at = reader.tail; at !== reader.head; at++) {
    const body = readRecord(reader, at)!.subarray(TAG_HEADER_SIZE, -4);
    records.push([parseAudioBody(body).kind, reader.timestampMsOf(at)]);
  }
  return records;
}

Deno.test("OpusLog: a configuration, then packets; readers are woken", () => {
  const shared = LogWriter.allocate(1 << 16);
  const reader = new LogReader(shared);
  const log = new OpusLog(shared, 10_000);
  log.setState(LogState.live);
  const { wake } = reader;
  log.append({ timestampMs: 40, data: DATA });
  log.append({ timestampMs: 60, data: DATA });
  assertEquals(reader.wake, wake);
  log.flush();
  log.flush();
  assertEquals(reader.wake, wake + 1);
  assertEquals(contents(shared), [["configuration", 40], ["frame", 40], ["frame", 60]]);
  const preamble = reader.preamble()!;
  assertEquals([preamble.hasAudio, preamble.hasVideo, preamble.tags.length], [true, false, 1]);
  assertEquals([reader.tracksSettled, log.packets], [true, 2]);
  log.setState(LogState.ended);
  assertEquals(reader.state, LogState.ended);
});

Deno.test("OpusLog: goes on with a log that has something already, but not back in time", () => {
  const shared = LogWriter.allocate(1 << 16);
  new OpusLog(shared, 10_000).append({ timestampMs: 1000, data: DATA });
  const again = new OpusLog(shared, 10_000);
  for (const timestampMs of [-3999, 990, 1000, 1010]) again.append({ timestampMs, data: DATA });
  assertEquals(contents(shared), [["configuration", 1000], ["frame", 1000], ["frame", 1010]]);
  // A clock that was set back for good.
  again.append({ timestampMs: -10_000, data: DATA });
  again.append({ timestampMs: -9980, data: DATA });
  assertEquals(contents(shared).at(-1), ["frame", -9980]);
});
