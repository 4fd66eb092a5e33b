/** Where viewers begin while one track has stopped, or comes late. */
import { assertEquals } from "@std/assert";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import type { TrackSelection } from "../../src/stream/track_selection.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import {
  AAC_CONFIGURATION,
  AAC_FRAME,
  H264_CONFIGURATION,
  H264_INTER_FRAME,
  H264_KEY_FRAME,
  OTHER_H264_CONFIGURATION,
} from "./track_samples.ts";

const WINDOW_MS = 10_000;
const BOTH = { audio: true, video: true };
const FRAME_MS = 100;

/** A stream whose tracks are as they are told to be, step by step. */
class Stream {
  readonly #shared = LogWriter.allocate(1 << 20);
  #publication: Publication;
  #nowMs = 0;

  constructor() {
    this.#publication = this.#publish();
  }

  /** Pictures begin, with a header. */
  configureVideo(configuration: Uint8Array = H264_CONFIGURATION): this {
    this.#publication.video(this.#nowMs, configuration, this.#nowMs);
    return this;
  }

  configureAudio(): this {
    this.#publication.audio(this.#nowMs, AAC_CONFIGURATION, this.#nowMs);
    return this;
  }

  /** Sends frames for so long; pictures have a key frame at the beginning, and every `keyMs`. */
  send(
    durationMs: number,
    { audio = false, video = false, keyMs = 1000, startsWithKey = true } = {},
  ): this {
    for (let at = 0; at < durationMs; at += FRAME_MS) {
      const isKey = at === 0 ? startsWithKey : at % keyMs === 0;
      const picture = isKey ? H264_KEY_FRAME : H264_INTER_FRAME;
      if (video) this.#publication.video(this.#nowMs, picture, this.#nowMs);
      if (audio) this.#publication.audio(this.#nowMs, AAC_FRAME, this.#nowMs);
      this.#nowMs += FRAME_MS;
    }
    return this;
  }

  /** Another publisher goes on with the stream. */
  replacePublisher(): this {
    this.#publication = this.#publish();
    return this;
  }

  view(selection: TrackSelection = BOTH): Viewer {
    return new Viewer(
      new Feed(new LogReader(this.#shared), selection, undefined, { windowMs: WINDOW_MS }),
    );
  }

  #publish(): Publication {
    const writer = new LogWriter(this.#shared, { windowMs: WINDOW_MS });
    return new Publication(writer, { trackSettleMs: 1000 });
  }
}

/** A viewer of FLV, which takes what there is. */
class Viewer {
  readonly #feed: Feed;
  readonly #cursor: Cursor;
  readonly #flv = new FlvReader({ strict: true });
  /** "A" and "V" by the header, once there is one. */
  header: string | undefined;

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#cursor = new Cursor(feed);
  }

  /** New tags in a word each: "K1000" a key frame, "p" other pictures, "a" sound, "CV" and "CA". */
  read(): string[] {
    this.#feed.update();
    for (let piece = this.#cursor.next(); piece; piece = this.#cursor.next()) this.#flv.push(piece);
    const tags: string[] = [];
    for (let record = this.#flv.next(); record; record = this.#flv.next()) {
      if (record.kind === "header") {
        this.header = (record.hasAudio ? "A" : "") + (record.hasVideo ? "V" : "");
        continue;
      }
      const { type, body, timestampMs } = record;
      if (type === TAG_SCRIPT) continue;
      if (body[1] === 0) tags.push(type === TAG_AUDIO ? "CA" : "CV");
      else if (type === TAG_VIDEO) tags.push(`${body[0] === 0x17 ? "K" : "p"}${timestampMs}`);
      else tags.push(`a${timestampMs}`);
    }
    return tags;
  }
}

Deno.test("beginnings: pictures have stopped: sound alone, until their next key frame", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(4000, { audio: true, video: true })
    .send(6000, { audio: true });
  const viewer = stream.view();
  assertEquals(viewer.read(), ["CA"]);
  assertEquals(viewer.header, "A");
  stream.send(100, { audio: true });
  assertEquals(viewer.read(), ["a10000"]);
  // They come again, but not at once with one that can be decoded.
  stream.send(200, { audio: true, video: true, startsWithKey: false });
  assertEquals(viewer.read(), ["a10100", "a10200"]);
  stream.send(200, { audio: true, video: true });
  assertEquals(viewer.read(), ["CV", "K10300", "a10300", "p10400", "a10400"]);
  const later = stream.view();
  assertEquals(later.read()[0], "CV");
  assertEquals(later.header, "AV");
});

Deno.test("beginnings: pictures of another configuration, after they had stopped", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(1000, { audio: true, video: true })
    .send(4000, { audio: true });
  const viewer = stream.view();
  viewer.read();
  stream.configureVideo(OTHER_H264_CONFIGURATION).send(100, { video: true });
  assertEquals(viewer.read(), ["CV", "K5000"]);
});

Deno.test("beginnings: a key frame older than the window is no place to begin, next to sound", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(10_000, { audio: true, video: true, keyMs: 60_000 });
  assertEquals(stream.view().read().slice(0, 3), ["CV", "CA", "K0"]);
  stream.send(200, { audio: true, video: true, startsWithKey: false });
  const late = stream.view();
  assertEquals([late.read(), late.header], [["CA"], "A"]);
  stream.send(200, { audio: true, video: true, startsWithKey: false });
  assertEquals(late.read(), ["a10200", "a10300"]);
  stream.send(100, { audio: true, video: true });
  assertEquals(late.read(), ["CV", "K10400", "a10400"]);
  // Without sound there is nothing better.
  const pictures = new Stream().configureVideo().send(15_000, { video: true, keyMs: 60_000 });
  assertEquals(pictures.view().read().slice(0, 2), ["CV", "K0"]);
});

Deno.test("beginnings: sound has stopped: pictures alone, until it comes again", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(2000, { audio: true, video: true })
    .send(4000, { video: true });
  const viewer = stream.view();
  assertEquals(viewer.read().slice(0, 2), ["CV", "K5000"]);
  assertEquals(viewer.header, "V");
  stream.send(100, { audio: true, video: true });
  assertEquals(viewer.read(), ["K6000", "CA", "a6000"]);
  stream.send(100, { audio: true, video: true });
  assertEquals(viewer.read(), ["K6100", "a6100"]);
});

Deno.test("beginnings: the header tells of sound that is still to come, though it has stopped", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(2000, { audio: true, video: true, keyMs: 60_000 })
    .send(4000, { video: true, keyMs: 60_000, startsWithKey: false });
  const viewer = stream.view();
  assertEquals(viewer.read().slice(0, 4), ["CV", "CA", "K0", "CA"]);
  assertEquals(viewer.header, "AV");
});

Deno.test("beginnings: headers without media are not sent, and hold nobody back", () => {
  for (
    const [tracks, header, first] of [
      [{ audio: true }, "A", "CA"],
      [{ video: true }, "V", "CV"],
    ] as const
  ) {
    const stream = new Stream().configureVideo().configureAudio().send(1100, tracks);
    const viewer = stream.view();
    assertEquals(viewer.read()[0], first);
    assertEquals(viewer.header, header);
    stream.send(100, tracks);
    assertEquals(viewer.read().length, 1);
  }
});

Deno.test("beginnings: a track that comes late reaches those who are there, with its header", () => {
  for (
    const [first, both, wanted] of [
      [{ audio: true }, { audio: true, video: true }, ["CV", "K1100", "a1100"]],
      [{ video: true }, { audio: true, video: true }, ["K1100", "CA", "a1100"]],
    ] as const
  ) {
    const stream = new Stream().send(0);
    stream.configureVideo().configureAudio().send(1100, first);
    const viewer = stream.view();
    viewer.read();
    stream.send(100, both);
    assertEquals(viewer.read(), [...wanted]);
    const later = stream.view();
    later.read();
    assertEquals(later.header, "AV");
  }
});

Deno.test("beginnings: another publisher without pictures, and one with them again", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(2000, { audio: true, video: true });
  const viewer = stream.view();
  viewer.read();
  stream.replacePublisher().configureAudio().send(1200, { audio: true });
  assertEquals(viewer.read().every((tag) => tag.startsWith("a")), true);
  const between = stream.view();
  assertEquals([between.read(), between.header], [["CA"], "A"]);
  stream.replacePublisher().configureVideo().configureAudio()
    .send(100, { audio: true, video: true });
  for (const one of [viewer, between]) {
    assertEquals(one.read().map((tag) => tag[0]), ["C", "K", "a"]);
  }
});

Deno.test("beginnings: sound waits for a key frame that is about to come, but not for long", () => {
  const stream = new Stream().configureVideo().configureAudio()
    .send(500, { audio: true, video: true, keyMs: 60_000 })
    .configureVideo(OTHER_H264_CONFIGURATION)
    .send(100, { audio: true, video: true, startsWithKey: false });
  const [short, long] = [stream.view(), stream.view()];
  assertEquals([short.read(), long.read()], [[], []]);
  const soon = stream.send(100, { audio: true, video: true });
  assertEquals(short.read().slice(0, 3), ["CV", "CA", "K600"]);
  soon.configureVideo().send(100, { audio: true, video: true, startsWithKey: false });
  const late = stream.view();
  assertEquals(late.read(), []);
  stream.send(900, { audio: true, video: true, startsWithKey: false });
  assertEquals([late.read(), late.header], [[], undefined]);
  stream.send(100, { audio: true, video: true, startsWithKey: false });
  assertEquals([late.read(), late.header], [["CA"], "A"]);
});

Deno.test("beginnings: without sound, or for who wants none, there is nothing but a key frame", () => {
  const silent = new Stream().configureVideo().send(1200, { video: true, keyMs: 60_000 });
  const muted = new Stream().configureVideo().configureAudio()
    .send(1200, { audio: true, video: true, keyMs: 60_000 });
  for (
    const [stream, selection] of [[silent, BOTH], [muted, { audio: false, video: true }]] as const
  ) {
    stream.configureVideo(OTHER_H264_CONFIGURATION)
      .send(100, { video: true, startsWithKey: false });
    const viewer = stream.view(selection);
    assertEquals(viewer.read(), []);
    stream.send(1500, { video: true, keyMs: 60_000, startsWithKey: false });
    assertEquals([viewer.read(), viewer.header], [[], undefined]);
    stream.send(100, { video: true });
    assertEquals(viewer.read(), ["CV", "K2800"]);
    assertEquals(viewer.header, "V");
  }
});
