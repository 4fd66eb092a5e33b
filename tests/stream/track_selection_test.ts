import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeTag, TAG_AUDIO, TAG_VIDEO } from "../../src/flv/tag.ts";
import { FlvReader, type FlvRecord } from "../../testing/flv/tag_reader.ts";
import { Cursor } from "../../src/stream/cursor.ts";
import { Feed } from "../../src/stream/feed.ts";
import { SoundFollower } from "../../src/stream/sound_follower.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogTags } from "../../src/stream/log_tags.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { MAX_PREFACE_SIZE } from "../../src/stream/track_list.ts";
import { trackIds, type TrackSelection } from "../../src/stream/track_selection.ts";
import { toHex } from "../../testing/mutation.ts";
import {
  enhancedVideo,
  H265_CONFIGURATION,
  H265_INTER_FRAME,
  H265_KEY_FRAME,
  ofTrack,
  ofTracks,
  OPUS_CONFIGURATION,
  opusFrame,
  vp8InterFrame,
  vp8KeyFrame,
} from "../../testing/media/enhanced_samples.ts";
import {
  AAC_CONFIGURATION,
  AAC_FRAME,
  H264_CONFIGURATION,
  H264_INTER_FRAME,
  H264_KEY_FRAME,
} from "./track_samples.ts";

const METADATA = Uint8Array.of(2, 0, 1, 65, 5);
const BOTH = { audio: true, video: true };

class Stream {
  readonly shared = LogWriter.allocate(1 << 20);
  readonly reader = new LogReader(this.shared);

  publish(trackSettleMs = 0): Publication {
    return new Publication(new LogWriter(this.shared, { windowMs: 10_000 }), { trackSettleMs });
  }
}

/** A viewer's bytes, as they come. */
class Viewer {
  readonly #feed: Feed;
  readonly #cursor: Cursor;
  readonly #pieces: Uint8Array[] = [];

  constructor(reader: LogReader, selection: TrackSelection) {
    this.#feed = new Feed(reader, selection);
    this.#cursor = new Cursor(this.#feed);
  }

  read(): Uint8Array {
    this.#feed.update();
    for (let piece = this.#cursor.next(); piece; piece = this.#cursor.next()) {
      this.#pieces.push(piece);
    }
    return concat(this.#pieces);
  }

  /** Timestamp, type and body of every tag. */
  tags(): string[] {
    const reader = new FlvReader({ strict: true });
    reader.push(this.read());
    const lines: string[] = [];
    for (let record: FlvRecord | undefined; (record = reader.next());) {
      if (record.kind === "tag") {
        lines.push(`${record.timestampMs} ${record.type} ${toHex(record.body)}`);
      }
    }
    assertEquals(reader.pending, 0);
    return lines;
  }
}

function video(timestampMs: number, body: Uint8Array): string {
  return `${timestampMs} 9 ${toHex(body)}`;
}

function audio(timestampMs: number, body: Uint8Array): string {
  return `${timestampMs} 8 ${toHex(body)}`;
}

/** Two seconds of H.264 and AAC, and of additional tracks if `extra` says so. */
function* steps(publication: Publication, extra: "extra" | "plain") {
  publication.metadata(METADATA, 0);
  publication.video(0, H264_CONFIGURATION, 0);
  publication.audio(0, AAC_CONFIGURATION, 0);
  if (extra === "extra") {
    publication.video(0, ofTrack(1, H265_CONFIGURATION), 0);
    publication.audio(0, ofTrack(4, OPUS_CONFIGURATION), 0);
  }
  for (let at = 0; at < 2000; at += 40) {
    const isKey = at % 400 === 0;
    publication.video(at, isKey ? H264_KEY_FRAME : H264_INTER_FRAME, at);
    if (extra === "extra") {
      publication.video(at, ofTrack(1, isKey ? H265_KEY_FRAME : H265_INTER_FRAME), at);
      publication.video(at + 3, ofTrack(2, at % 600 ? vp8InterFrame(at) : vp8KeyFrame(64, 32)), at);
      publication.audio(at + 5, ofTrack(4, opusFrame(at)), at);
    }
    publication.audio(at, AAC_FRAME, at);
    publication.flush(at);
    yield at;
  }
}

interface Outcome {
  readonly bytes: Uint8Array[];
  readonly media: string[];
  readonly head: number;
}

Deno.test("tracks: what default readers get is the same, byte for byte, with others and without", () => {
  const selections = [BOTH, { audio: true, video: false }, { audio: false, video: true }];
  const [plain, extra] = (["plain", "extra"] as const).map((kind) => {
    const stream = new Stream();
    const viewers: Viewer[] = [];
    let rtp: LogTags | undefined;
    let sound: SoundFollower | undefined;
    const media: string[] = [];
    for (const at of steps(stream.publish(), kind)) {
      // Some from the start, some that join late.
      if (at % 800 === 0) viewers.push(...selections.map((one) => new Viewer(stream.reader, one)));
      rtp ??= new LogTags(stream.reader);
      sound ??= new SoundFollower(stream.reader, at);
      for (let tag = rtp.next(); tag; tag = rtp.next()) {
        media.push(`${tag.track} ${tag.timestampMs} ${toHex(tag.body)}`);
      }
      for (let tag = sound.next(at); tag; tag = sound.next(at)) {
        media.push(`${tag.timestampMs} ${toHex(tag.body)}`);
      }
      for (const viewer of viewers) viewer.read();
    }
    return { bytes: viewers.map((viewer) => viewer.read()), media, head: stream.reader.head };
  }) as [Outcome, Outcome];
  assertEquals(extra.bytes, plain.bytes);
  assertEquals(extra.media, plain.media);
  assert(plain.bytes.every((bytes) => bytes.length > 200));
  assert(extra.head > 2 * plain.head);
});

Deno.test("tracks: a viewer of another track gets its configuration, key frames and frames", () => {
  const stream = new Stream();
  const run = steps(stream.publish(), "extra");
  for (const at of run) if (at === 480) break;
  const viewer = new Viewer(stream.reader, { ...BOTH, videoTrack: 1, audioTrack: 4 });
  assertEquals(viewer.tags(), [
    `0 18 ${toHex(METADATA)}`,
    video(0, H265_CONFIGURATION),
    audio(0, OPUS_CONFIGURATION),
    video(400, H265_KEY_FRAME),
    audio(405, opusFrame(400)),
    video(440, H265_INTER_FRAME),
    audio(445, opusFrame(440)),
    video(480, H265_INTER_FRAME),
    audio(485, opusFrame(480)),
  ]);
  assertEquals(trackIds("video", stream.reader.tracks), [0, 1, 2]);
  assertEquals(trackIds("audio", stream.reader.tracks), [0, 4]);
});

Deno.test("tracks: a viewer begins on its own track's key frame, wherever the default one's is", () => {
  const stream = new Stream();
  for (const at of steps(stream.publish(), "extra")) {
    // The default track's newest is at 800, that of track 2 at 600.
    if (at === 840) break;
  }
  const viewer = new Viewer(stream.reader, { ...BOTH, videoTrack: 2, audio: false });
  const lines = viewer.tags();
  assertEquals(lines.slice(0, 3), [
    `0 18 ${toHex(METADATA)}`,
    video(603, vp8KeyFrame(64, 32)),
    video(643, vp8InterFrame(640)),
  ]);
  assertEquals(lines.length, 8);
});

Deno.test("tracks: another track's sound goes with the default pictures", () => {
  const stream = new Stream();
  for (const at of steps(stream.publish(), "extra")) if (at === 40) break;
  const viewer = new Viewer(stream.reader, { ...BOTH, audioTrack: 4 });
  assertEquals(viewer.tags(), [
    `0 18 ${toHex(METADATA)}`,
    video(0, H264_CONFIGURATION),
    audio(0, OPUS_CONFIGURATION),
    video(0, H264_KEY_FRAME),
    // Where it came, too.
    audio(5, OPUS_CONFIGURATION),
    audio(5, opusFrame(0)),
    video(40, H264_INTER_FRAME),
    audio(45, opusFrame(40)),
  ]);
});

Deno.test("tracks: the number of the default track asks for it", () => {
  const stream = new Stream();
  const run = steps(stream.publish(), "extra");
  run.next();
  const viewers = [
    new Viewer(stream.reader, BOTH),
    new Viewer(stream.reader, { ...BOTH, videoTrack: 0, audioTrack: 0 }),
  ];
  for (const _ of run);
  const [one, other] = viewers.map((viewer) => viewer.read());
  assertEquals(one, other);
});

Deno.test("tracks: one message may have several, and the default one as well", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, ofTracks([[2, vp8KeyFrame(64, 32)], [0, vp8KeyFrame(128, 64)]]), 0);
  publication.video(
    40,
    ofTracks([[0, vp8InterFrame(1)], [2, vp8InterFrame(2)], [1, vp8InterFrame(3)]]),
    40,
  );
  assertEquals(publication.describe().skipped, { "awaiting-key-frame": 1 });
  assertEquals(new Viewer(stream.reader, BOTH).tags(), [
    video(0, vp8KeyFrame(128, 64)),
    video(40, vp8InterFrame(1)),
  ]);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 2 }).tags(), [
    video(0, vp8KeyFrame(64, 32)),
    video(40, vp8InterFrame(2)),
  ]);
});

Deno.test("tracks: without a track 0, the lowest number is the default one and stays so", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, ofTrack(7, H265_CONFIGURATION), 0);
  publication.video(0, ofTrack(3, H265_CONFIGURATION), 0);
  assertEquals(stream.reader.head, 0);
  publication.video(0, ofTrack(7, H265_KEY_FRAME), 0);
  publication.video(0, ofTrack(3, H265_KEY_FRAME), 0);
  publication.video(40, ofTrack(0, vp8KeyFrame(64, 32)), 40);
  publication.video(40, ofTrack(1, vp8KeyFrame(32, 64)), 40);
  const three = [video(0, H265_CONFIGURATION), video(0, H265_KEY_FRAME)];
  assertEquals(new Viewer(stream.reader, BOTH).tags(), three);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 3 }).tags(), three);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 7 }).tags(), three);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 0 }).tags(), [
    video(40, vp8KeyFrame(64, 32)),
  ]);
  assertEquals(trackIds("video", stream.reader.tracks), [0, 1, 3, 7]);
  assertEquals(publication.describe().tracks.map(({ id, isDefault }) => `${id} ${isDefault}`), [
    "7 false",
    "3 true",
    "0 false",
    "1 false",
  ]);
});

Deno.test("tracks: one that says nothing is not the default one, one that comes too early may be", () => {
  const silent = new Stream().publish();
  silent.video(0, new Uint8Array(0), 0);
  silent.video(0, Uint8Array.of(0x90, 0x76, 0x76, 0x63, 0x31), 0);
  silent.video(0, ofTrack(2, vp8KeyFrame(64, 32)), 0);
  assertEquals(silent.describe().video?.width, 64);

  const early = new Stream().publish();
  early.video(0, ofTracks([[1, vp8KeyFrame(64, 32)], [0, H265_KEY_FRAME]]), 0);
  assertEquals(early.describe().video, null);
  early.video(0, vp8KeyFrame(128, 64), 0);
  assertEquals(early.describe().video?.width, 128);
});

Deno.test("tracks: a new configuration of another track reaches its viewers in line", () => {
  const stream = new Stream();
  const publication = stream.publish();
  const other = H265_CONFIGURATION.with(17, 96);
  publication.video(0, H264_CONFIGURATION, 0);
  publication.video(0, H264_KEY_FRAME, 0);
  publication.video(0, ofTrack(1, H265_CONFIGURATION), 0);
  publication.video(0, ofTrack(1, H265_KEY_FRAME), 0);
  const viewer = new Viewer(stream.reader, { ...BOTH, videoTrack: 1 });
  viewer.read();
  publication.video(40, ofTrack(1, H265_CONFIGURATION), 40);
  publication.video(40, ofTrack(1, other), 40);
  // Nobody begins between a configuration and the key frame that it is for.
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 1 }).read().length, 0);
  publication.video(80, ofTrack(1, H265_KEY_FRAME), 80);
  assertEquals(viewer.tags(), [
    video(0, H265_CONFIGURATION),
    video(0, H265_KEY_FRAME),
    video(0, other),
    video(80, H265_KEY_FRAME),
  ]);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 1 }).tags(), [
    video(0, other),
    video(80, H265_KEY_FRAME),
  ]);
});

Deno.test("tracks: what is said of one may grow and shrink, and leaves the others as they were", () => {
  const stream = new Stream();
  const publication = stream.publish();
  const said = (size: number) =>
    enhancedVideo("vp8", "metadata", "key", new Uint8Array(size).fill(size));
  const bodies = new Map<number, Uint8Array>();
  const say = (trackId: number, size: number) => {
    bodies.set(trackId, said(size));
    publication.video(0, ofTrack(trackId, said(size)), 0);
    const listed = stream.reader.tracks.map(({ trackId, supplement }) => [trackId, supplement]);
    assertEquals(listed.slice(1), [...bodies]);
  };
  publication.video(0, vp8KeyFrame(64, 32), 0);
  for (const trackId of [1, 2, 3]) {
    bodies.set(trackId, new Uint8Array(0));
    publication.video(0, ofTrack(trackId, vp8KeyFrame(64, 32)), 0);
  }
  say(2, 10);
  say(1, MAX_PREFACE_SIZE - 5);
  say(2, 3);
  say(3, 40);
  say(1, 1);
  say(2, MAX_PREFACE_SIZE - 5);
  // A track more is in front of those of sound, and moves them.
  publication.audio(0, ofTrack(4, OPUS_CONFIGURATION), 0);
  publication.audio(0, ofTrack(4, opusFrame()), 0);
  publication.video(0, ofTrack(9, vp8KeyFrame(64, 32)), 0);
  publication.video(0, ofTrack(9, said(7)), 0);
  const { tracks } = stream.reader;
  assertEquals(tracks.map(({ trackId }) => trackId), [0, 1, 2, 3, 9, 4]);
  assertEquals(tracks.map(({ supplement }) => supplement).slice(1, 5), [
    ...bodies.values(),
    said(7),
  ]);
});

Deno.test("tracks: a configuration that comes before the default track's reaches viewers in line", () => {
  const other = H265_CONFIGURATION.with(17, 96);
  for (const first of [[H265_CONFIGURATION, H265_KEY_FRAME], [vp8KeyFrame(64, 32)]]) {
    const stream = new Stream();
    const before = stream.publish();
    for (const body of [H265_CONFIGURATION, H265_KEY_FRAME]) {
      before.video(0, body, 0);
      before.video(0, ofTrack(1, body), 0);
    }
    const viewer = new Viewer(stream.reader, { ...BOTH, videoTrack: 1 });
    viewer.read();

    const publication = stream.publish();
    publication.video(0, ofTrack(1, other), 1000);
    for (const body of first) publication.video(0, body, 1000);
    publication.video(0, ofTrack(1, H265_KEY_FRAME), 1000);
    assertEquals(viewer.tags().map((line) => line.split(" ")[2]), [
      toHex(H265_CONFIGURATION),
      toHex(H265_KEY_FRAME),
      toHex(other),
      toHex(H265_KEY_FRAME),
    ]);
  }
});

Deno.test("tracks: a publisher that counts otherwise moves viewers, with what they need", () => {
  const stream = new Stream();
  const first = stream.publish();
  first.video(0, H264_CONFIGURATION, 0);
  first.video(0, H264_KEY_FRAME, 0);
  first.video(0, ofTrack(1, H265_CONFIGURATION), 0);
  first.video(0, ofTrack(1, H265_KEY_FRAME), 0);
  const viewer = new Viewer(stream.reader, { ...BOTH, videoTrack: 1 });
  const before = viewer.tags();
  const second = stream.publish();
  second.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 1000);
  second.video(40, ofTrack(1, vp8InterFrame(5)), 1040);
  assertEquals(viewer.tags(), [
    ...before,
    video(40, vp8KeyFrame(64, 32)),
    video(80, vp8InterFrame(5)),
  ]);
  assertEquals(trackIds("video", stream.reader.tracks), [1]);
});

Deno.test("tracks: of another kind of stream, the list is empty and the log as it was", () => {
  const stream = new Stream();
  for (const _ of steps(stream.publish(), "plain"));
  assertEquals(stream.reader.tracks, []);
  assertEquals(stream.reader.preamble({ ...BOTH, videoTrack: 3 })!.tags, [
    { type: 18, body: METADATA },
    { type: TAG_AUDIO, body: AAC_CONFIGURATION },
  ]);
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 3 }).read().length, 0);
});

Deno.test("tracks: as many as the limit, one more is skipped", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, vp8KeyFrame(64, 32), 0);
  for (let id = 1; id <= 15; id++) {
    assertEquals(publication.video(0, ofTrack(17 * id, vp8KeyFrame(64, 32)), 0), undefined);
  }
  assertEquals(publication.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 0)?.reason, "too-many-tracks");
  assertEquals(publication.video(0, ofTrack(255, vp8InterFrame()), 0), undefined);
  assertEquals(publication.describe().tracks.length, 16);
  // Of audio there may be as many again.
  assertEquals(publication.audio(0, ofTrack(200, OPUS_CONFIGURATION), 0), undefined);
});

Deno.test("tracks: configurations up to the limit are kept, larger ones skipped", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, H264_KEY_FRAME, 0);
  publication.video(0, vp8KeyFrame(64, 32), 0);
  const padded = (size: number) =>
    concat([H265_CONFIGURATION, new Uint8Array(size - H265_CONFIGURATION.length)]);
  for (
    const [size, reason] of [[4095, undefined], [4096, undefined], [4097, "too-large"]] as const
  ) {
    const message = ofTrack(1, padded(size));
    assertEquals(publication.video(0, message, 0)?.reason, reason, `${size}`);
  }
  publication.video(0, ofTrack(1, H265_KEY_FRAME), 0);
  assertEquals(stream.reader.preamble({ ...BOTH, videoTrack: 1 })!.tags[0]!.body.length, 4096);
  // All that there may be at once fit.
  for (let id = 2; id <= 15; id++) {
    const body = padded(4096).with(4095, id);
    assertEquals(publication.video(0, ofTrack(id, body), 0), undefined);
    assertEquals(publication.video(0, ofTrack(id, H265_KEY_FRAME), 0), undefined);
  }
  for (let id = 0; id < 16; id++) {
    const channels = concat([
      Uint8Array.of(0x94, 0x4f, 0x70, 0x75, 0x73, 2, 255),
      new Uint8Array(4089),
    ]);
    for (const body of [channels, OPUS_CONFIGURATION, opusFrame()]) {
      assertEquals(publication.audio(0, ofTrack(id, body), 0), undefined);
    }
  }
  assertEquals(stream.reader.preamble({ ...BOTH, videoTrack: 9 })!.tags[0]!.body[4095], 9);
});

Deno.test("tracks: a broken message of several is skipped whole", () => {
  const stream = new Stream();
  const publication = stream.publish();
  const whole = ofTracks([[0, vp8KeyFrame(64, 32)], [1, vp8KeyFrame(64, 32)]]);
  assertEquals(publication.video(0, whole.subarray(0, -1), 0)?.reason, "malformed");
  assertEquals(stream.reader.head, 0);
  assertEquals(publication.video(0, whole, 0), undefined);
  assertEquals(stream.reader.head, 2);
});

Deno.test("tracks: their time goes on by itself, beside that of the default one", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(5000, vp8KeyFrame(64, 32), 0);
  publication.video(4990, ofTrack(1, vp8KeyFrame(64, 32)), 0);
  publication.video(5040, vp8InterFrame(), 40);
  publication.video(5030, ofTrack(1, vp8InterFrame()), 40);
  publication.video(5010, ofTrack(1, vp8InterFrame(9)), 40);
  assertEquals(publication.describe().timestampFaults, { disorder: 1 });
  assertEquals(new Viewer(stream.reader, { ...BOTH, videoTrack: 1 }).tags(), [
    video(4990, vp8KeyFrame(64, 32)),
    video(5030, vp8InterFrame()),
    video(5030, vp8InterFrame(9)),
  ]);
});

Deno.test("tracks: pictures of other tracks wait for one of the default to wake viewers", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, vp8KeyFrame(64, 32), 0);
  publication.flush(0);
  const { wake } = stream.reader;
  publication.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 1);
  publication.flush(1);
  publication.flush(60);
  assertEquals(stream.reader.wake, wake);
  publication.flush(61);
  assertEquals(stream.reader.wake, wake + 1);
});

Deno.test("tracks: metadata of pictures go to those who watch and to those who join", () => {
  const stream = new Stream();
  const publication = stream.publish();
  const colours = Uint8Array.of(0x94, 0x76, 0x70, 0x30, 0x38, 2, 0, 0);
  const others = colours.with(7, 1);
  publication.video(0, vp8KeyFrame(64, 32), 0);
  publication.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 0);
  const viewer = new Viewer(stream.reader, BOTH);
  viewer.read();
  for (const body of [colours, colours, others, ofTrack(1, colours)]) publication.video(0, body, 0);
  publication.video(40, vp8InterFrame(), 40);
  assertEquals(viewer.tags(), [
    video(0, vp8KeyFrame(64, 32)),
    video(0, colours),
    video(0, others),
    video(40, vp8InterFrame()),
  ]);
  assertEquals(new Viewer(stream.reader, BOTH).tags()[0], video(0, others));
  assertEquals(stream.reader.preamble({ ...BOTH, videoTrack: 1 })!.tags, [
    { type: TAG_VIDEO, body: colours },
  ]);
  // Of a publisher that has none, nobody is told those of the one before.
  const next = stream.publish();
  next.video(0, vp8KeyFrame(64, 32), 100);
  assertEquals(stream.reader.preamble()!.tags, []);
});

Deno.test("tracks: tags are as their messages were, without the number", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.audio(0, ofTrack(2, OPUS_CONFIGURATION), 0);
  publication.audio(0, ofTrack(2, opusFrame(7)), 0);
  const viewer = new Viewer(stream.reader, { audio: true, video: false });
  viewer.read();
  publication.audio(20, ofTrack(2, opusFrame(8)), 20);
  const bytes = viewer.read();
  assertEquals(bytes.subarray(-8 - 15), encodeTag(TAG_AUDIO, 20, opusFrame(8)));
});

/** Everything that there is to read, each as one line. */
function readTags(tags: LogTags): string[] {
  const lines: string[] = [];
  for (let tag = tags.next(); tag; tag = tags.next()) {
    lines.push((tag.track === "video" ? video : audio)(tag.timestampMs, tag.body));
  }
  return lines;
}

Deno.test("LogTags: selected tracks from their own key frame on, configurations in front", () => {
  const stream = new Stream();
  for (const at of steps(stream.publish(), "extra")) if (at === 480) break;
  const { lastTimestampMs } = stream.reader;
  assertEquals(readTags(new LogTags(stream.reader, { ...BOTH, videoTrack: 1, audioTrack: 4 })), [
    video(lastTimestampMs, H265_CONFIGURATION),
    audio(lastTimestampMs, OPUS_CONFIGURATION),
    video(400, H265_KEY_FRAME),
    audio(405, opusFrame(400)),
    video(440, H265_INTER_FRAME),
    audio(445, opusFrame(440)),
    video(480, H265_INTER_FRAME),
    audio(485, opusFrame(480)),
  ]);
  // The default sound goes with other pictures; their newest key frame is at 0.
  const lines = readTags(new LogTags(stream.reader, { ...BOTH, videoTrack: 2 }));
  assertEquals(lines.slice(0, 5), [
    audio(lastTimestampMs, AAC_CONFIGURATION),
    video(3, vp8KeyFrame(64, 32)),
    // Where it came, too.
    audio(0, AAC_CONFIGURATION),
    audio(0, AAC_FRAME),
    video(43, vp8InterFrame(40)),
  ]);
});

/** Everything that there is to follow, each as one line. */
function readSound(follower: SoundFollower, nowMs: number): string[] {
  const lines: string[] = [];
  for (let tag = follower.next(nowMs); tag; tag = follower.next(nowMs)) {
    lines.push(audio(tag.timestampMs, tag.body));
  }
  return lines;
}

Deno.test("SoundFollower: another track by its number, from its newest second on", () => {
  const stream = new Stream();
  let follower: SoundFollower | undefined;
  const lines: string[] = [];
  for (const at of steps(stream.publish(), "extra")) {
    if (at < 1200) continue;
    follower ??= new SoundFollower(stream.reader, at, 4);
    lines.push(...readSound(follower, at));
  }
  const frames = lines.slice(1);
  // The configuration of the beginning, and what came since.
  assertEquals(lines[0], audio(5, OPUS_CONFIGURATION));
  assertEquals(frames[0], audio(205, opusFrame(200)));
  assertEquals(frames.at(-1), audio(1965, opusFrame(1960)));
  assertEquals(frames.length, 45);
});

Deno.test("SoundFollower: takes the configuration from the list if its record is gone", () => {
  const shared = LogWriter.allocate(1 << 20);
  const publication = new Publication(new LogWriter(shared, { windowMs: 100 }), {
    trackSettleMs: 0,
  });
  for (const _ of steps(publication, "extra"));
  const reader = new LogReader(shared);
  assert(reader.timestampMsOf(reader.tail) > 0);
  const [first] = readSound(new SoundFollower(reader, 0, 4), 0);
  assertEquals(first, audio(reader.lastTimestampMs, OPUS_CONFIGURATION));
});

Deno.test("SoundFollower: the number of the default track asks for it, none that is not there does", () => {
  const stream = new Stream();
  for (const at of steps(stream.publish(), "extra")) if (at === 480) break;
  const [plain, zero, nothing] = [undefined, 0, 9].map((audioTrack) =>
    readSound(new SoundFollower(stream.reader, 0, audioTrack), 0)
  );
  assertEquals([zero, nothing], [plain, []]);
  assertEquals(plain!.length, 14);
});

Deno.test("SoundFollower: a publisher that counts otherwise moves readers on, never back", () => {
  const stream = new Stream();
  const first = stream.publish();
  first.audio(0, AAC_CONFIGURATION, 0);
  first.audio(0, AAC_FRAME, 0);
  first.audio(0, ofTrack(4, OPUS_CONFIGURATION), 0);
  first.audio(0, ofTrack(4, opusFrame(1)), 0);
  const follower = new SoundFollower(stream.reader, 0, 4);
  assertEquals(readSound(follower, 0), [audio(0, OPUS_CONFIGURATION), audio(0, opusFrame(1))]);
  // Of the default track, and not read when number 4 becomes that.
  first.audio(20, AAC_FRAME, 20);
  const second = stream.publish();
  second.audio(0, ofTrack(4, OPUS_CONFIGURATION), 1000);
  second.audio(0, ofTrack(4, opusFrame(2)), 1000);
  second.audio(20, ofTrack(4, opusFrame(3)), 1020);
  const bodies = readSound(follower, 0).map((line) => line.split(" ")[2]);
  assertEquals(bodies, [OPUS_CONFIGURATION, opusFrame(2), opusFrame(3)].map(toHex));
});

Deno.test("LogTags: a track that comes later is read from its beginning on", () => {
  const stream = new Stream();
  const publication = stream.publish();
  publication.video(0, vp8KeyFrame(64, 32), 0);
  const tags = new LogTags(stream.reader, { ...BOTH, videoTrack: 1 });
  assertEquals(readTags(tags), []);
  publication.video(0, ofTrack(1, H265_CONFIGURATION), 0);
  publication.video(40, ofTrack(1, H265_KEY_FRAME), 40);
  assertEquals(readTags(tags), [video(40, H265_CONFIGURATION), video(40, H265_KEY_FRAME)]);
});

Deno.test("LogTags: a publisher that counts otherwise moves readers on, never back", () => {
  for (const unread of [0, 1]) {
    const stream = new Stream();
    const first = stream.publish();
    first.video(0, H264_CONFIGURATION, 0);
    first.video(0, H264_KEY_FRAME, 0);
    first.video(0, ofTrack(1, H265_CONFIGURATION), 0);
    first.video(0, ofTrack(1, H265_KEY_FRAME), 0);
    const tags = new LogTags(stream.reader, { ...BOTH, videoTrack: 1 });
    assertEquals(readTags(tags), [video(0, H265_CONFIGURATION), video(0, H265_KEY_FRAME)]);
    // Of the other track, and not read when the track's bits change to its.
    if (unread > 0) first.video(40, H264_INTER_FRAME, 40);
    const second = stream.publish();
    second.video(0, ofTrack(1, vp8KeyFrame(64, 32)), 1000);
    second.video(40, ofTrack(1, vp8InterFrame(5)), 1040);
    const lines = readTags(tags);
    const bodies = lines.map((line) => line.split(" ")[2]);
    assertEquals(bodies, [vp8KeyFrame(64, 32), vp8InterFrame(5)].map(toHex), `${unread}`);
  }
});
