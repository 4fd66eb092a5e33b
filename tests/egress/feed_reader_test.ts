import type { SharedLog } from "../../src/stream/log_arena.ts";
import { assert, assertEquals } from "@std/assert";
import { FeedAudience } from "../../src/egress/feed_audience.ts";
import { RtmpForm } from "../../src/egress/rtmp_form.ts";
import { FeedReader } from "../../src/egress/feed_reader.ts";
import { Feed } from "../../src/stream/feed.ts";
import type { TrackSelection } from "../../src/stream/track_selection.ts";
import { Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import type { LogRecord } from "../../src/stream/log_writer.ts";
import { seededRandom } from "../../testing/mutation.ts";
import { audioFrame, interFrame, keyFrame, openLog } from "../stream/log_samples.ts";
import { PlayedMessages } from "./rtmp_messages.ts";

const BOTH = { audio: true, video: true };
const SOUND = { audio: true, video: false };
const PICTURES = { audio: false, video: true };

/** A player of a log, with an audience for each selection, as a shard has them. */
class Player {
  readonly shared: SharedLog;
  readonly writer;
  readonly viewer: FeedReader;
  wakes = 0;
  jumps = 0;
  readonly #messages = new PlayedMessages();
  readonly #audiences = new Map<string, FeedAudience>();

  constructor(
    { windowMs = 10_000, maxBytes = 1 << 20, tracks = Track.audio | Track.video as number } = {},
  ) {
    const { shared, writer } = openLog({ windowMs, maxBytes, tracks });
    this.shared = shared;
    this.writer = writer;
    writer.writeSlot(Slot.metadata, Uint8Array.of(0xaa));
    writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(0xbb));
    writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(0xcc));
    this.viewer = new FeedReader(() => void this.wakes++);
  }

  watch(selection: TrackSelection): void {
    const key = JSON.stringify(selection);
    let audience = this.#audiences.get(key);
    if (audience === undefined || audience.size === 0) {
      const feed = new Feed(new LogReader(this.shared), selection, new RtmpForm(1));
      audience = new FeedAudience(feed, { flushMs: 0 }, {
        jumped: () => void this.jumps++,
        starved: () => {},
      });
      this.#audiences.set(key, audience);
    }
    this.viewer.watch(audience, selection);
  }

  append(...records: readonly LogRecord[]): void {
    for (const record of records) this.writer.append(record);
    for (const audience of this.#audiences.values()) audience.notify(0);
  }

  end(): void {
    for (const audience of this.#audiences.values()) audience.end();
  }

  /** All that is there: "v40" is a picture of that time, "V" of a key frame, "c" a configuration. */
  read(): string[] {
    const read: string[] = [];
    for (let piece = this.viewer.next(); piece !== undefined; piece = this.viewer.next()) {
      for (const { type, timestampMs, body } of this.#messages.read(piece)) {
        const isSlot = body.length === 1;
        const kind = type === 18 ? "m" : isSlot ? "c" : type === 8 ? "a" : "v";
        read.push(`${kind}${type === 18 || isSlot ? body[0]!.toString(16) : timestampMs}`);
      }
    }
    return read;
  }
}

Deno.test("FeedReader: begins with metadata and configurations on the newest key frame", () => {
  const player = new Player();
  player.append(keyFrame(0), keyFrame(40), audioFrame(50));
  player.watch(BOTH);
  assert(player.wakes > 0);
  assertEquals(player.read(), ["maa", "cbb", "ccc", "v40", "a50"]);
  const before = player.wakes;
  player.append(interFrame(80));
  assert(player.wakes > before);
  assertEquals(player.read(), ["v80"]);
});

Deno.test("FeedReader: leaves the pictures out without a gap in the sound", () => {
  const player = new Player();
  player.append(keyFrame(0), audioFrame(10));
  player.watch(BOTH);
  player.read();
  player.watch(SOUND);
  player.append(interFrame(40), audioFrame(50));
  assertEquals(player.read(), ["ccc", "a50"]);
  player.append(audioFrame(70), interFrame(80));
  assertEquals(player.read(), ["a70"]);
});

Deno.test("FeedReader: pictures come back with a key frame, and the sound goes on until then", () => {
  const player = new Player();
  player.append(keyFrame(0), audioFrame(10));
  player.watch(SOUND);
  player.read();
  player.append(audioFrame(30));
  assertEquals(player.read(), ["a30"]);
  player.watch(BOTH);
  // The key frame of 0 is before what was played.
  player.append(interFrame(40), audioFrame(50));
  assertEquals(player.read(), ["a50"]);
  player.append(audioFrame(70), keyFrame(80), audioFrame(90));
  assertEquals(player.read(), ["cbb", "ccc", "v80", "a90"]);
});

Deno.test("FeedReader: sound comes back at once, where the pictures are", () => {
  const player = new Player();
  player.append(keyFrame(0), audioFrame(10));
  player.watch(PICTURES);
  assertEquals(player.read(), ["maa", "cbb", "v0"]);
  player.append(interFrame(40));
  assertEquals(player.read(), ["v40"]);
  player.watch(BOTH);
  player.append(audioFrame(50), interFrame(80));
  assertEquals(player.read(), ["cbb", "ccc", "a50", "v80"]);
});

Deno.test("FeedReader: goes on live after a pause, and never back", () => {
  const player = new Player();
  player.append(keyFrame(0), interFrame(40));
  player.watch(BOTH);
  player.read();
  player.viewer.pause();
  assertEquals(player.viewer.next(), undefined);
  player.append(interFrame(80), keyFrame(120), interFrame(160), keyFrame(200), interFrame(240));
  assertEquals(player.viewer.next(), undefined);
  player.watch(BOTH);
  assertEquals(player.read(), ["cbb", "ccc", "v200", "v240"]);
  // Within a group of pictures nothing is to be waited for.
  player.viewer.pause();
  player.append(interFrame(280));
  player.watch(BOTH);
  assertEquals(player.read(), ["cbb", "ccc", "v280"]);
  // The sound alone goes on where it is now.
  player.viewer.pause();
  player.append(audioFrame(290), audioFrame(310));
  player.watch(SOUND);
  player.append(audioFrame(330));
  assertEquals(player.read(), ["ccc", "a330"]);
});

Deno.test("FeedReader: a stream of sound alone goes on with what is new after a pause", () => {
  const player = new Player({ tracks: Track.audio });
  player.append(audioFrame(0));
  player.watch(BOTH);
  player.append(audioFrame(20));
  player.read();
  player.viewer.pause();
  player.append(audioFrame(40));
  player.watch(BOTH);
  player.append(audioFrame(60));
  assertEquals(player.read().filter((message) => message.startsWith("a")), ["a60"]);
});

Deno.test("FeedReader: a choice that is taken back changes nothing", () => {
  const player = new Player();
  player.append(keyFrame(0));
  player.watch(SOUND);
  player.read();
  player.watch(BOTH);
  player.append(audioFrame(10));
  player.watch(SOUND);
  player.append(keyFrame(40), audioFrame(50));
  assertEquals(player.read(), ["a10", "a50"]);
});

Deno.test("FeedReader: ends behind what there is, paused or not", () => {
  for (const isPaused of [false, true]) {
    const player = new Player();
    player.append(keyFrame(0));
    player.watch(BOTH);
    player.read();
    player.append(interFrame(40));
    if (isPaused) player.viewer.pause();
    player.end();
    if (isPaused) player.viewer.end("the stream is over");
    assertEquals(player.viewer.endReason, "the stream is over");
    assertEquals(player.read(), isPaused ? [] : ["v40"]);
  }
});

Deno.test("FeedReader: whatever a player chooses, no track goes back and pictures are whole", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const player = new Player({ windowMs: 600, maxBytes: 1 << 15 });
    const choices = [BOTH, SOUND, PICTURES];
    /** Of each picture, the one before it; of a key frame none. */
    const needed = new Map<number, number | undefined>();
    const newest = { a: -1, v: -1 };
    let newestPictureMs: number | undefined;
    for (let timeMs = 0; timeMs < 6000; timeMs += 20) {
      if (random() < 0.5) {
        player.append(audioFrame(timeMs, 100));
      } else {
        const isKeyFrame = random() < 0.1;
        player.append(isKeyFrame ? keyFrame(timeMs, 200) : interFrame(timeMs, 200));
        needed.set(timeMs, isKeyFrame ? undefined : newestPictureMs);
        newestPictureMs = timeMs;
      }
      const choice = random();
      if (choice < 0.05) player.viewer.pause();
      else if (choice < 0.15) player.watch(choices[Math.floor(random() * 3)]!);
      // A player that is slow now and then.
      if (random() < (timeMs % 2000 < 1000 ? 0.3 : 0.97)) continue;
      for (const message of player.read()) {
        const kind = message[0]!;
        if (kind !== "a" && kind !== "v") continue;
        const at = Number(message.slice(1));
        assert(at > newest[kind], `seed ${seed}: ${message} after ${newest[kind]}`);
        const need = kind === "v" ? needed.get(at) : undefined;
        assert(need === undefined || need === newest.v, `seed ${seed}: ${message} needs ${need}`);
        newest[kind] = at;
      }
    }
    assert(newest.a > 0 && newest.v > 0);
  }
});
