import { assert, assertEquals } from "@std/assert";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { TAG_VIDEO } from "../../src/flv/tag.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";

const LOG_BYTES = 4096;

/** First two bytes of the FLV bodies that a cursor gets. */
function read(cursor: Cursor, flv: FlvReader): string[] {
  const bodies: string[] = [];
  for (let piece = cursor.next(); piece !== undefined; piece = cursor.next()) flv.push(piece);
  for (let record = flv.next(); record !== undefined; record = flv.next()) {
    if (record.kind === "tag") bodies.push(`${record.body[0]} ${record.body[1]}`);
  }
  return bodies;
}

class Stream {
  readonly #writer: LogWriter;
  readonly feed: Feed;
  #timestampMs = 0;

  constructor() {
    const shared = LogWriter.allocate(LOG_BYTES);
    this.#writer = new LogWriter(shared, { windowMs: 10_000 });
    this.#writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(0x17, 0, 0, 0, 0));
    this.#writer.setTracks(Track.video, true);
    this.feed = new Feed(new LogReader(shared), { audio: true, video: true });
  }

  frame(isKeyFrame: boolean, mark: number): void {
    const body = new Uint8Array(1000).fill(mark, 1);
    body[0] = isKeyFrame ? 0x17 : 0x27;
    const flags = RecordFlag.video | (isKeyFrame ? RecordFlag.keyFrame : 0);
    this.#writer.append({ type: TAG_VIDEO, timestampMs: this.#timestampMs++, body, flags });
  }
}

Deno.test("feed: a viewer that had read all jumps over what the log passed over", () => {
  const stream = new Stream();
  const cursor = new Cursor(stream.feed);
  const flv = new FlvReader({ strict: true });
  stream.frame(true, 1);
  stream.feed.update();
  assertEquals(read(cursor, flv), ["23 0", "23 1"]);

  for (let mark = 2; mark < 8; mark++) stream.frame(mark === 6, mark);
  stream.feed.update();
  assertEquals(read(cursor, flv), ["23 0", "23 6", "39 7"]);
  assertEquals(cursor.jumps, 1);
});

Deno.test("feed: behind a gap without a key frame, viewers wait for one", () => {
  const stream = new Stream();
  const cursor = new Cursor(stream.feed);
  const flv = new FlvReader({ strict: true });
  stream.frame(true, 1);
  stream.feed.update();
  assertEquals(read(cursor, flv).length, 2);

  for (let mark = 2; mark < 9; mark++) {
    stream.frame(false, mark);
    if (mark < 7) continue;
    stream.feed.update();
    assertEquals(read(cursor, flv), []);
  }
  assert(stream.feed.head > stream.feed.tail, "nothing was copied behind the gap");
  stream.frame(true, 9);
  stream.feed.update();
  assertEquals(read(cursor, flv), ["23 0", "23 9"]);
  assertEquals(cursor.jumps, 1);
});
