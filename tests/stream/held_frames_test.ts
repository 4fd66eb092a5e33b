import { assertEquals } from "@std/assert";
import { distance, RecordFlag } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { fromHex } from "../../testing/mutation.ts";
import { ofTrack, vp8KeyFrame } from "../../testing/media/enhanced_samples.ts";
import { AAC_CONFIGURATION, AAC_FRAME, H264_CONFIGURATION } from "./track_samples.ts";

/** One slice each; the second one is not its picture's first. */
const IDR = fromHex("1701000000 00000002 6588");
const IDR_SECOND = fromHex("1701000000 00000002 6546");
const P = fromHex("2701000000 00000002 419a");
const P_SECOND = fromHex("2701000000 00000002 4152");

/** A publisher's log with its configurations in it, and what is behind them. */
class Stream {
  readonly #shared = LogWriter.allocate(1 << 20);
  readonly reader = new LogReader(this.#shared);
  readonly publication = new Publication(
    new LogWriter(this.#shared, { windowMs: 10_000 }),
    { trackSettleMs: 1000 },
  );
  #next: number;

  constructor() {
    this.publication.video(0, H264_CONFIGURATION, 0);
    this.publication.audio(0, AAC_CONFIGURATION, 0);
    this.publication.flush(1000);
    this.#next = this.reader.head;
  }

  /** Frames since the last call: "40 key 12", with their sizes. */
  news(): string[] {
    const lines: string[] = [];
    for (; distance(this.#next, this.reader.head) > 0; this.#next = (this.#next + 1) | 0) {
      const flags = this.reader.flagsOf(this.#next);
      if (flags & RecordFlag.configuration) continue;
      const kind = flags & RecordFlag.audio
        ? "sound"
        : flags & RecordFlag.keyFrame
        ? "key"
        : "inter";
      const size = this.reader.lengthOf(this.#next) - 15;
      lines.push(`${this.reader.timestampMsOf(this.#next)} ${kind} ${size}`);
    }
    return lines;
  }
}

Deno.test("held frames: the first picture is written before sound that comes behind it", () => {
  const { publication, news } = bound(new Stream());
  publication.video(0, IDR, 1000);
  assertEquals([news(), publication.heldUntilMs], [[], 1100]);
  publication.audio(21, AAC_FRAME, 1001);
  assertEquals([news(), publication.heldUntilMs], [["0 key 11", "21 sound 5"], undefined]);
  publication.video(40, P, 1040);
  assertEquals(news(), ["40 inter 11"]);
});

Deno.test("held frames: the first picture is written before that of another track", () => {
  const { publication, news } = bound(new Stream());
  publication.video(0, IDR, 1000);
  publication.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 1000);
  assertEquals(news().length, 2);
});

Deno.test("held frames: slices are one picture, written when the next one begins", () => {
  const { publication, news } = bound(new Stream());
  publication.video(0, IDR, 1000);
  publication.video(0, IDR_SECOND, 1001);
  assertEquals(publication.heldBytes, 17);
  publication.audio(21, AAC_FRAME, 1002);
  // It is known by now that there may be more of it.
  assertEquals(news(), ["21 sound 5"]);
  publication.video(40, P, 1040);
  assertEquals(news(), ["0 key 17"]);
  assertEquals(publication.describe().video?.keyFrameDistanceMs, null);
  publication.video(40, P_SECOND, 1041);
  publication.video(80, P, 1080);
  assertEquals(news(), ["40 inter 17"]);
});

Deno.test("held frames: written after 100 ms though nothing follows, and viewers are woken", () => {
  const { publication, news, reader } = bound(new Stream());
  publication.video(0, IDR, 1000);
  publication.video(0, IDR_SECOND, 1001);
  publication.flush(1001);
  publication.release(1099);
  assertEquals(news(), []);
  const { wake } = reader;
  publication.release(1100);
  publication.flush(1100);
  assertEquals([news(), publication.heldUntilMs], [["0 key 17"], undefined]);
  assertEquals(reader.wake !== wake, true);
});

Deno.test("held frames: written when their publisher ends", () => {
  const { publication, news, reader } = bound(new Stream());
  publication.video(0, IDR, 1000);
  publication.video(0, IDR_SECOND, 1001);
  const { wake } = reader;
  publication.close(1002);
  assertEquals(news(), ["0 key 17"]);
  assertEquals(reader.wake !== wake, true);
});

function bound(stream: Stream) {
  const { publication, reader } = stream;
  return { publication, reader, news: () => stream.news() };
}
