/** The real worker, from its bundled module. */
import type { SharedLog } from "../../src/stream/log_arena.ts";
import { assert, assertEquals } from "@std/assert";
import transcoderText from "../../dist/transcoding.js" with { type: "text" };
import { TranscoderPool } from "../../src/control/transcoder_pool.ts";
import { TAG_AUDIO } from "../../src/flv/tag.ts";
import { LogState, RecordFlag, Slot } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { type LogRecord, LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { AAC_HE_V1, AAC_LC } from "../../testing/media/aac_streams.ts";
import { fromHex } from "../../testing/mutation.ts";
import { enhancedAudio, ofTrack } from "../../testing/media/enhanced_samples.ts";
import { openStore } from "../stream/log_samples.ts";
import { until } from "../../testing/waiting.ts";
import type { TranscodingReport } from "../../src/transcoding/transcoding_report.ts";

const WINDOW = { windowMs: 60_000 };
const MAX_BYTES = 1 << 21;

interface Published {
  readonly log: SharedLog;
  readonly writer: LogWriter;
  /** Publishes access units [from, to) of AAC_LC as if one came after the other. */
  send(from: number, to: number): void;
}

function publish(configuration = AAC_LC.configuration): Published {
  const log = LogWriter.allocate(MAX_BYTES);
  const writer = new LogWriter(log, WINDOW);
  const publication = new Publication(writer, { trackSettleMs: 0 });
  publication.audio(0, Uint8Array.of(0xaf, 0, ...configuration), 0);
  const send = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const { data } = AAC_LC.units[at % AAC_LC.units.length]!;
      publication.audio(Math.round((at * 1024) / 44.1), Uint8Array.of(0xaf, 1, ...data), 0);
    }
    writer.flush();
  };
  return { log, writer, send };
}

function open(opusBitrateBps = 64_000) {
  const failed: [number, string][] = [];
  const ended: number[] = [];
  /** Newest report of each stream. */
  const reports = new Map<number, TranscodingReport>();
  const pool = new TranscoderPool(
    transcoderText,
    { logs: openStore(MAX_BYTES), maxBytes: MAX_BYTES, opusBitrateBps, ...WINDOW },
    {
      failed: (streamId, reason) => failed.push([streamId, reason]),
      reported: (streamId, report) => void reports.set(streamId, report),
      ended: (streamId) => ended.push(streamId),
    },
  );
  return { pool, failed, ended, reports, [Symbol.dispose]: () => pool.close() };
}

function audioRecord(timestampMs: number, body: Uint8Array): LogRecord {
  return { type: TAG_AUDIO, timestampMs, body, flags: RecordFlag.audio };
}

const newestMs = (log: SharedLog) => new LogReader(log).lastTimestampMs;

Deno.test("transcoding: a stream that runs already begins with its newest second", async () => {
  using transcoding = open();
  const source = publish();
  source.send(0, 200);
  const target = transcoding.pool.start(1, source.log)!;
  await until("sound", () => newestMs(target) > 4500);
  const reader = new LogReader(target);
  const firstMs = reader.timestampMsOf(reader.tail);
  assert(firstMs > 3590 && firstMs < 3650, `${firstMs} ms`);
});

Deno.test("transcoding: what one stream does, others do not feel", async () => {
  using transcoding = open();
  const { pool, failed, ended, reports } = transcoding;
  const [good, wrong, noisy, over] = [
    publish(),
    publish(fromHex("1214")), // 960 samples per frame
    publish(AAC_HE_V1.configuration), // what follows is not that
    publish(),
  ];
  const targets = [good, wrong, noisy, over].map(({ log }, at) => pool.start(at + 1, log)!);
  for (let at = 0; at < 400; at += 20) {
    for (const source of [good, wrong, noisy, over]) source.send(at, at + 20);
    if (at === 200) over.writer.setState(LogState.ended);
    await until("it is followed", () => newestMs(targets[0]!) > ((at + 16) * 1024) / 44.1);
  }
  await until("two ends", () => failed.length + ended.length === 2);
  assertEquals(failed.map(([streamId]) => streamId), [2]);
  assert(failed[0]![1].includes("must be LC"), failed[0]![1]);
  assertEquals(ended, [4]);
  await until("reports", () => (reports.get(1)?.packets ?? 0) > 400);
  const { dropped, restarts } = reports.get(1)!;
  assertEquals({ dropped, restarts }, { dropped: {}, restarts: 0 });
  assert(reports.get(3)!.dropped.damaged! > 10, "of the noisy one");
  assertEquals(pool.restarts, 0);
});

Deno.test("transcoding: tracks of a stream, each for itself", async () => {
  const failed: unknown[] = [];
  const pool = new TranscoderPool(
    transcoderText,
    { logs: openStore(MAX_BYTES), maxBytes: MAX_BYTES, opusBitrateBps: 64_000, ...WINDOW },
    { failed: (...what) => failed.push([what[0], what[2]]), reported: () => {}, ended: () => {} },
  );
  using _closing = { [Symbol.dispose]: () => pool.close() };
  const log = LogWriter.allocate(MAX_BYTES);
  const writer = new LogWriter(log, WINDOW);
  const publication = new Publication(writer, { trackSettleMs: 0 });
  // Of the default track, 960 samples per frame, which is not transcoded.
  publication.audio(0, Uint8Array.of(0xaf, 0, ...fromHex("1214")), 0);
  const numbered = (trackId: number, packet: "configuration" | "frame", data: Uint8Array) =>
    ofTrack(trackId, enhancedAudio("aac", packet, data));
  for (const trackId of [2, 3]) {
    publication.audio(0, numbered(trackId, "configuration", AAC_LC.configuration), 0);
  }
  const targets = [undefined, 2, 3].map((track) => pool.start(1, log, track)!);
  assertEquals(new Set(targets).size, 3);
  assert(pool.start(1, log, 2) === targets[1]);
  const send = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const { data } = AAC_LC.units[at % AAC_LC.units.length]!;
      const timestampMs = Math.round((at * 1024) / 44.1);
      publication.audio(timestampMs, Uint8Array.of(0xaf, 1, ...data), timestampMs);
      for (const id of [2, 3]) {
        publication.audio(timestampMs, numbered(id, "frame", data), timestampMs);
      }
    }
    // No picture: they are woken by the sound alone.
    publication.flush(0);
  };
  for (let at = 0; at < 100; at += 10) {
    send(at, at + 10);
    await until("it is followed", () => newestMs(targets[1]!) > ((at + 6) * 1024) / 44.1);
  }
  await until("the other is followed", () => newestMs(targets[2]!) > 2100);
  assertEquals(failed, [[1, undefined]]);
  await pool.stop(1, 2);
  assertEquals(new LogReader(targets[1]!).state, LogState.ended);
  send(100, 120);
  await until("it goes on", () => newestMs(targets[2]!) > 2600);
});

Deno.test("transcoding: frames before a configuration are passed over, other codecs fail", async () => {
  using transcoding = open();
  const [late, mp3] = [LogWriter.allocate(MAX_BYTES), LogWriter.allocate(MAX_BYTES)];
  const lateWriter = new LogWriter(late, WINDOW);
  const target = transcoding.pool.start(1, late)!;
  lateWriter.append(audioRecord(0, Uint8Array.of(0xaf, 1, ...AAC_LC.units[9]!.data)));
  lateWriter.append(audioRecord(0, Uint8Array.of(0xaf, 7)));
  const configuration = audioRecord(0, Uint8Array.of(0xaf, 0, ...AAC_LC.configuration));
  lateWriter.appendConfiguration(Slot.audioConfiguration, {
    ...configuration,
    flags: RecordFlag.audio | RecordFlag.configuration,
  });
  for (let at = 0; at < 10; at++) {
    const body = Uint8Array.of(0xaf, 1, ...AAC_LC.units[at]!.data);
    lateWriter.append(audioRecord(Math.round((at * 1024) / 44.1), body));
  }
  lateWriter.flush();
  await until("sound", () => newestMs(target) > 100);
  new LogWriter(mp3, WINDOW).append(audioRecord(0, fromHex("2f fffb9064")));
  transcoding.pool.start(2, mp3);
  await until("a refusal", () => transcoding.failed.length > 0);
  assertEquals(transcoding.failed, [[
    2,
    "Cannot transcode: must be AAC, G.711 or linear samples, got mp3",
  ]]);
});

Deno.test("transcoding: stops when asked, and tells its readers", async () => {
  using transcoding = open();
  const source = publish();
  const target = transcoding.pool.start(1, source.log)!;
  source.send(0, 20);
  await until("sound", () => newestMs(target) > 0);
  const reader = new LogReader(target);
  await transcoding.pool.stop(1);
  assertEquals(reader.state, LogState.ended);
  const { head } = reader;
  const again = transcoding.pool.start(1, source.log)!;
  source.send(20, 40);
  await until("sound again", () => newestMs(again) > 400);
  assertEquals(reader.head, head, "what was stopped is not written any more");
});

Deno.test("transcoding: readers see that a publisher is away, and back", async () => {
  using transcoding = open();
  const source = publish();
  const reader = new LogReader(transcoding.pool.start(1, source.log)!);
  source.writer.setState(LogState.waiting);
  await until("away", () => reader.state === LogState.waiting);
  source.writer.setState(LogState.live);
  await until("back", () => reader.state === LogState.live);
});

Deno.test("transcoding: a bitrate that Opus has not fails the stream, not the worker", async () => {
  using transcoding = open(1000);
  transcoding.pool.start(1, publish().log);
  await until("its end", () => transcoding.failed.length === 1);
  assert(transcoding.failed[0]![1].includes("bitrate must be"), transcoding.failed[0]![1]);
  assertEquals(transcoding.pool.restarts, 0);
});
