import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TAG_AUDIO, TAG_SCRIPT, TAG_VIDEO } from "../../src/flv/tag.ts";
import { distance, RecordFlag } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogWriter } from "../../src/stream/log_writer.ts";
import { Publication } from "../../src/stream/publication.ts";
import { readRecord } from "./log_samples.ts";
import {
  AAC_CONFIGURATION,
  AAC_FRAME,
  H264_CONFIGURATION,
  H264_INTER_FRAME,
  H264_KEY_FRAME,
  OTHER_AAC_CONFIGURATION,
  OTHER_H264_CONFIGURATION,
} from "./track_samples.ts";
import { fromHex } from "../../testing/mutation.ts";

const SETTLE = { trackSettleMs: 1000 };
const METADATA = Uint8Array.of(2, 0, 1, 65, 5);

function open(maxBytes = 1 << 20) {
  const shared = LogWriter.allocate(maxBytes);
  const reader = new LogReader(shared);
  const publish = (settle = SETTLE) =>
    new Publication(new LogWriter(shared, { windowMs: 10_000 }), settle);
  return { reader, publish };
}

const FLAG_NAMES = Object.entries(RecordFlag);

/** All records as "40 video keyFrame". */
function records(reader: LogReader): string[] {
  const lines: string[] = [];
  for (let at = reader.tail; distance(at, reader.head) > 0; at = (at + 1) | 0) {
    const names = FLAG_NAMES.filter(([, bit]) => reader.flagsOf(at) & bit).map(([name]) => name);
    lines.push([reader.timestampMsOf(at), ...names].join(" "));
  }
  return lines;
}

Deno.test("Publication: messages become records with true types, flags and bodies", () => {
  const { reader, publish } = open();
  const publication = publish();
  assertEquals(publication.metadata(METADATA, 0), undefined);
  assertEquals(publication.video(0, H264_CONFIGURATION, 0), undefined);
  assertEquals(publication.audio(0, AAC_CONFIGURATION, 0), undefined);
  assertEquals(publication.hasMedia, false);
  assertEquals(publication.video(10, H264_KEY_FRAME, 0), undefined);
  assertEquals(publication.hasMedia, true);
  assertEquals(publication.audio(12, AAC_FRAME, 0), undefined);
  assertEquals(publication.video(50, H264_INTER_FRAME, 0), undefined);
  assertEquals(publication.data(Uint8Array.of(2, 0, 0), 0), undefined);
  assertEquals(records(reader), [
    "0 script",
    "10 video configuration",
    "10 video keyFrame",
    "12 audio configuration",
    "12 audio",
    "50 video",
    "50 script",
  ]);
  const types = [18, 9, 9, 8, 8, 9, 18];
  const bodies = [METADATA, H264_CONFIGURATION, H264_KEY_FRAME, AAC_CONFIGURATION, AAC_FRAME];
  types.forEach((type, at) => assertEquals(readRecord(reader, at)![0], type));
  bodies.forEach((body, at) => assertEquals(readRecord(reader, at)!.subarray(11, -4), body));
  assertEquals(reader.preamble(), {
    hasAudio: true,
    hasVideo: true,
    tags: [
      { type: TAG_SCRIPT, body: METADATA },
      { type: TAG_VIDEO, body: H264_CONFIGURATION },
      { type: TAG_AUDIO, body: AAC_CONFIGURATION },
    ],
  });
});

Deno.test("Publication: skipped messages are counted by reason, and leave no record", () => {
  const { reader, publish } = open();
  const publication = publish();
  const skipped = publication.video(0, H264_KEY_FRAME, 0);
  assertEquals(skipped?.reason, "no-configuration");
  assertStringIncludes(skipped!.detail!(), "parameter sets");
  publication.audio(0, AAC_FRAME, 0);
  publication.video(0, new Uint8Array(0), 0);
  publication.video(0, H264_CONFIGURATION, 0);
  publication.video(0, H264_INTER_FRAME, 0);
  assertEquals(records(reader), []);
  assertEquals(publication.hasMedia, false);
  assertEquals(publication.describe().skipped, {
    "no-configuration": 2,
    "empty": 1,
    "awaiting-key-frame": 1,
  });
});

Deno.test("Publication: what the log or a slot does not take is skipped", () => {
  const { reader, publish } = open(10_000);
  const publication = publish();
  publication.video(0, H264_CONFIGURATION, 0);
  const large = new Uint8Array(6000);
  large.set(H264_KEY_FRAME);
  const skipped = publication.video(0, large, 0);
  assertEquals(skipped?.reason, "too-large");
  assertEquals(
    skipped?.detail?.(),
    "Cannot append to the log: a tag body may have 4985 bytes, got 6000",
  );
  assertEquals(publication.metadata(new Uint8Array(33_000), 0)?.reason, "too-large");
  assertEquals(publication.data(new Uint8Array(6000), 0)?.reason, "too-large");
  assertEquals(publication.describe().skipped, { "too-large": 3 });
  assertEquals(records(reader), ["0 video configuration"]);
});

Deno.test("Publication: identical configurations and metadata are not repeated", () => {
  const { reader, publish } = open();
  const publication = publish();
  for (let round = 0; round < 3; round++) {
    publication.metadata(METADATA, 0);
    publication.video(round * 40, H264_CONFIGURATION, 0);
    publication.audio(round * 40, AAC_CONFIGURATION, 0);
    publication.video(round * 40, H264_KEY_FRAME, 0);
    publication.audio(round * 40, AAC_FRAME, 0);
  }
  assertEquals(records(reader).filter((record) => !/ (video keyFrame|audio)$/.test(record)), [
    "0 script",
    "0 video configuration",
    "0 audio configuration",
  ]);
  assertEquals(publication.describe().skipped, {});
});

Deno.test("Publication: a configuration that replaces another says so, where its track stands", () => {
  const { reader, publish } = open();
  const publication = publish();
  publication.video(0, H264_CONFIGURATION, 0);
  publication.audio(0, AAC_CONFIGURATION, 0);
  publication.video(40, H264_KEY_FRAME, 0);
  publication.audio(63, AAC_FRAME, 0);
  publication.video(9999, OTHER_H264_CONFIGURATION, 0);
  publication.audio(9999, OTHER_AAC_CONFIGURATION, 0);
  assertEquals(records(reader).slice(4), [
    "40 video configuration reconfiguration",
    "63 audio configuration reconfiguration",
  ]);
  assertEquals(
    reader.preamble()!.tags.map(({ body }) => body),
    [OTHER_H264_CONFIGURATION, OTHER_AAC_CONFIGURATION],
  );
});

/** Publishes one track's frames from `fromMs` on, and tells when the tracks were settled. */
function settledAfter(
  publication: Publication,
  reader: LogReader,
  track: "audio" | "video",
  clock: (step: number) => { mediaMs: number; nowMs: number },
): number | undefined {
  for (let step = 0; step < 100; step++) {
    const { mediaMs, nowMs } = clock(step);
    if (track === "video") publication.video(mediaMs, H264_KEY_FRAME, nowMs);
    else publication.audio(mediaMs, AAC_FRAME, nowMs);
    if (reader.tracksSettled) return step;
  }
  return undefined;
}

Deno.test("Publication: a track is there when its frames are, and both settle it", () => {
  const { reader, publish } = open();
  const publication = publish();
  const tracks = () => [reader.hasVideo, reader.hasAudio, reader.tracksSettled];
  publication.video(0, H264_CONFIGURATION, 0);
  publication.audio(0, AAC_CONFIGURATION, 0);
  assertEquals(tracks(), [false, false, false]);
  assertEquals(reader.preamble()!.tags, [], "who has a configuration waits for its track");
  publication.audio(0, AAC_FRAME, 0);
  assertEquals(tracks(), [false, true, false]);
  publication.video(0, H264_INTER_FRAME, 0);
  assertEquals(tracks(), [false, true, false], "that cannot be shown");
  publication.video(40, H264_KEY_FRAME, 0);
  assertEquals(tracks(), [true, true, true]);
  assertEquals(records(reader), [
    "0 audio configuration",
    "0 audio",
    "40 video configuration",
    "40 video keyFrame",
  ]);
});

Deno.test("Publication: a header without frames is no track, whatever is waited for", () => {
  for (const name of ["video", "audio"] as const) {
    const { reader, publish } = open();
    const publication = publish();
    publication.video(0, H264_CONFIGURATION, 0);
    publication.audio(0, AAC_CONFIGURATION, 0);
    for (let ms = 0; ms <= 1000; ms += 100) {
      if (name === "video") publication.video(ms, H264_KEY_FRAME, ms);
      else publication.audio(ms, AAC_FRAME, ms);
    }
    assertEquals([reader.hasVideo, reader.hasAudio, reader.tracksSettled], [
      name === "video",
      name === "audio",
      true,
    ]);
    assertEquals(reader.preamble()!.tags.length, 1);
    const { video, audio, tracks } = publication.describe();
    assertEquals([video === null, audio === null, tracks.length], [
      name === "audio",
      name === "video",
      1,
    ]);
  }
});

Deno.test("Publication: after one frame, time alone settles the tracks, and wakes who waits", () => {
  const { reader, publish } = open();
  const publication = publish();
  publication.settle(0);
  publication.video(0, H264_CONFIGURATION, 100);
  publication.video(0, H264_KEY_FRAME, 100);
  publication.settle(1099);
  assertEquals(reader.tracksSettled, false);
  const { wake } = reader;
  publication.settle(1100);
  assertEquals([reader.tracksSettled, reader.wake !== wake], [true, true]);
});

Deno.test("Publication: one track is settled by media time or by wall time", () => {
  for (const track of ["video", "audio"] as const) {
    const clocks = [
      // A burst: a second of media comes at once.
      { clock: (step: number) => ({ mediaMs: 500 + step * 40, nowMs: 7000 }), steps: 25 },
      // Timestamps stand still.
      { clock: (step: number) => ({ mediaMs: 500, nowMs: 7000 + step * 100 }), steps: 10 },
      { clock: (step: number) => ({ mediaMs: step, nowMs: 7000 + step }), steps: undefined },
    ];
    for (const { clock, steps } of clocks) {
      const { reader, publish } = open();
      const publication = publish();
      if (track === "video") publication.video(0, H264_CONFIGURATION, 7000);
      else publication.audio(0, AAC_CONFIGURATION, 7000);
      assertEquals(settledAfter(publication, reader, track, clock), steps);
      assertEquals([reader.hasVideo, reader.hasAudio], [track === "video", track === "audio"]);
    }
  }
});

Deno.test("Publication: a track that comes after the settle time is added", () => {
  const { reader, publish } = open();
  const publication = publish({ trackSettleMs: 0 });
  publication.video(0, H264_CONFIGURATION, 0);
  publication.video(0, H264_KEY_FRAME, 0);
  assertEquals([reader.hasAudio, reader.tracksSettled], [false, true]);
  publication.audio(5000, AAC_CONFIGURATION, 5000);
  assertEquals([reader.hasAudio, reader.tracksSettled], [false, true]);
  publication.audio(5000, AAC_FRAME, 5000);
  assertEquals([reader.hasAudio, reader.tracksSettled], [true, true]);
  assertEquals(records(reader).slice(2), ["5000 audio configuration", "5000 audio"]);
});

Deno.test("Publication: the next publisher goes on in time, and repeats nothing", () => {
  const { reader, publish } = open();
  const first = publish();
  first.video(0, H264_CONFIGURATION, 0);
  first.audio(0, AAC_CONFIGURATION, 0);
  first.video(5000, H264_KEY_FRAME, 0);
  first.audio(5000, AAC_FRAME, 0);
  const second = publish();
  assertEquals([reader.tracksSettled, reader.hasVideo, reader.hasAudio], [false, false, false]);
  second.video(0, H264_CONFIGURATION, 0);
  second.audio(0, AAC_CONFIGURATION, 0);
  second.video(0, H264_INTER_FRAME, 0);
  second.video(0, H264_KEY_FRAME, 0);
  second.audio(13, AAC_FRAME, 0);
  assertEquals([reader.tracksSettled, reader.hasVideo, reader.hasAudio], [true, true, true]);
  assertEquals(records(reader).slice(4), ["5040 video keyFrame", "5053 audio"]);
  assertEquals(second.describe().skipped, { "awaiting-key-frame": 1 });
});

Deno.test("Publication: the next publisher's configurations replace; tracks it has not are gone", () => {
  const { reader, publish } = open();
  const first = publish();
  first.video(0, H264_CONFIGURATION, 0);
  first.audio(0, AAC_CONFIGURATION, 0);
  first.video(5000, H264_KEY_FRAME, 0);
  first.audio(5000, AAC_FRAME, 0);
  const second = publish();
  second.video(0, OTHER_H264_CONFIGURATION, 0);
  second.video(0, H264_KEY_FRAME, 0);
  assertEquals(records(reader).slice(4), [
    "5040 video configuration reconfiguration",
    "5040 video keyFrame",
  ]);
  assertEquals(reader.preamble()!.tags.length, 2);
  second.video(1000, H264_KEY_FRAME, 0);
  assertEquals([reader.tracksSettled, reader.hasAudio], [true, false]);
  assertEquals(reader.preamble()!.tags, [{ type: TAG_VIDEO, body: OTHER_H264_CONFIGURATION }]);
});

Deno.test("Publication: who waits for sound alone is woken by it at once, and by every flush", () => {
  const { reader, publish } = open();
  const publication = publish();
  const wakesOf = (send: () => void, nowMs: number) => {
    const before = [reader.soundWake, reader.wake] as const;
    send();
    publication.flush(nowMs);
    return [reader.soundWake !== before[0], reader.wake !== before[1]];
  };
  publication.audio(0, AAC_CONFIGURATION, 100);
  publication.video(0, H264_CONFIGURATION, 100);
  assertEquals(wakesOf(() => publication.audio(0, AAC_FRAME, 110), 110), [true, false]);
  assertEquals(wakesOf(() => {}, 120), [false, false]);
  assertEquals(wakesOf(() => publication.video(0, H264_KEY_FRAME, 130), 130), [true, true]);
  assertEquals(wakesOf(() => {}, 140), [false, false]);
  assertEquals(wakesOf(() => publication.audio(21, AAC_FRAME, 150), 211), [true, true]);
});

Deno.test("Publication: audio waits for a picture to be sent with, but not for long", () => {
  const { reader, publish } = open();
  const publication = publish();
  let wakes = reader.wake;
  const isWoken = (nowMs: number) => {
    publication.flush(nowMs);
    const before = wakes;
    wakes = reader.wake;
    return wakes !== before;
  };
  assertEquals(isWoken(0), false);
  publication.audio(0, AAC_CONFIGURATION, 100);
  publication.audio(0, AAC_FRAME, 100);
  assertEquals([isWoken(110), isWoken(159), isWoken(160), isWoken(1000)], [
    false,
    false,
    true,
    false,
  ]);
  publication.audio(21, AAC_FRAME, 1000);
  publication.video(0, H264_CONFIGURATION, 1001);
  publication.video(22, H264_KEY_FRAME, 1001);
  assertEquals([isWoken(1001), isWoken(1200)], [true, false]);
  publication.video(30, H264_KEY_FRAME, 1300);
  assertEquals([isWoken(1300), isWoken(1400)], [true, false]);
  publication.video(30, new Uint8Array(0), 1500);
  assertEquals(isWoken(2000), false);
});

Deno.test("Publication: describes both tracks, and their rates together", () => {
  const { publish } = open();
  const publication = publish();
  assertEquals(publication.describe(), {
    video: null,
    audio: null,
    tracks: [],
    bitrateBps: null,
    timestampFaults: {},
    advice: [],
    skipped: {},
  });
  publication.video(0, H264_CONFIGURATION, 0);
  publication.audio(0, AAC_CONFIGURATION, 0);
  for (let at = 0; at <= 2000; at += 40) {
    publication.video(at, at % 1000 === 0 ? H264_KEY_FRAME : H264_INTER_FRAME, at);
    publication.audio(at, AAC_FRAME, at);
  }
  publication.audio(1500, AAC_FRAME, 2000);
  const { video, audio, bitrateBps, timestampFaults } = publication.describe();
  assertEquals([video?.frameRate, video?.keyFrameDistanceMs, audio?.codec], [
    25,
    1000,
    "mp4a.40.2",
  ]);
  assert(video!.bitrateBps! > 0 && audio!.bitrateBps! > 0);
  assertEquals(bitrateBps, video!.bitrateBps! + audio!.bitrateBps!);
  assertEquals(timestampFaults, { disorder: 1 });
});

Deno.test("Publication: what is malformed makes text only if it is asked for", () => {
  const { publish } = open(10_000);
  const publication = publish();
  const skipped = publication.audio(0, Uint8Array.of(0xaf), 0);
  assertEquals(skipped?.reason, "malformed");
  assertEquals(
    skipped?.detail?.(),
    "Cannot parse audio body: AACPacketType must be 0 or 1, got undefined",
  );
  for (const hex of ["9f", "97 ff 1000", "1701", "96"]) {
    assertEquals(publication.video(0, fromHex(hex), 0)?.reason, "malformed", hex);
  }
});
