/**
 * Puts the AAC of an FLV file, which it reads from standard input, into a stream's log, has the
 * real worker transcode it, and prints the tags of the Opus log as an FLV file.
 */
import transcoderText from "../../dist/transcoding.js" with { type: "text" };
import { TranscoderPool } from "../../src/control/transcoder_pool.ts";
import { writeFlvHeader } from "../../src/flv/header.ts";
import { TAG_AUDIO } from "../../src/flv/tag.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { LogState } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { until } from "../../testing/waiting.ts";
import { openStore, readAll } from "../stream/log_samples.ts";

/** What is sent at once, and how near the transcoder must come before the next piece. */
const PIECE_MS = 500;
const CATCH_UP_MS = 100;

const WINDOW = { windowMs: 120_000 };

const flv = new FlvReader();
flv.push(new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()));

const source = LogWriter.allocate(1 << 22);
const writer = new LogWriter(source, WINDOW);
const pool = new TranscoderPool(
  transcoderText,
  { logs: openStore(1 << 22), maxBytes: 1 << 22, opusBitrateBps: 128_000, ...WINDOW },
  {
    failed: (_, reason) => {
      console.error(reason);
      Deno.exit(1);
    },
    reported: () => {},
    ended: () => {
      pool.close();
      Deno.stdout.writeSync(writeFlvHeader({ hasAudio: true, hasVideo: false }));
      for (const tag of readAll(new LogReader(target))) Deno.stdout.writeSync(tag);
    },
  },
);
const target = pool.start(1, source)!;

const publication = new Publication(writer, { trackSettleMs: 0 });
let sentMs = 0;
for (let record = flv.next(); record !== undefined; record = flv.next()) {
  if (record.kind !== "tag" || record.type !== TAG_AUDIO) continue;
  publication.audio(record.timestampMs, record.body, 0);
  if (record.timestampMs - sentMs < PIECE_MS) continue;
  sentMs = record.timestampMs;
  writer.flush();
  await until("the transcoder has followed", () => {
    return sentMs - new LogReader(target).lastTimestampMs < CATCH_UP_MS;
  });
}
writer.setState(LogState.ended);
