/** Readers that lag, of a stream whose pictures come in two sizes. */
import { assert, assertEquals } from "@std/assert";
import { FeedAudience } from "../../src/egress/feed_audience.ts";
import { FeedReader, type LagRules } from "../../src/egress/feed_reader.ts";
import { RtmpForm } from "../../src/egress/rtmp_form.ts";
import { Feed } from "../../src/stream/feed.ts";
import { Slot, Track, trackBits } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import type { LogRecord } from "../../src/stream/log_writer.ts";
import { encodeTrackList } from "../../src/stream/track_list.ts";
import type { TrackSelection } from "../../src/stream/track_selection.ts";
import { audioFrame, interFrame, keyFrame, openLog } from "../stream/log_samples.ts";
import { PlayedMessages } from "./rtmp_messages.ts";

const BOTH = { audio: true, video: true };
const SMALL = { ...BOTH, videoTrack: 1 };
const SMALL_BYTES = 3;

/** A picture of the smaller track. */
function small(record: LogRecord): LogRecord {
  const body = new Uint8Array(SMALL_BYTES);
  return { ...record, body, flags: record.flags | trackBits(1) };
}

class Player {
  readonly reader: FeedReader;
  jumps = 0;
  /** Whether the default pictures can be had. */
  hasHome = true;
  readonly #writer;
  readonly #log: LogReader;
  readonly #messages = new PlayedMessages();
  readonly #audiences = new Map<string, FeedAudience>();
  /** The larger pictures come first: who has those of a moment waits for the others' next ones. */
  readonly #isSmallFirst: boolean;

  constructor(
    keeps: LagRules["keeps"],
    { isAuto = true, smaller = SMALL, windowMs = 20_000 }: {
      readonly isAuto?: boolean;
      /** Which of the two counts as the smaller one. */
      readonly smaller?: TrackSelection;
      readonly windowMs?: number;
    } = {},
  ) {
    const { shared, writer } = openLog({ windowMs, tracks: Track.audio | Track.video });
    writer.writeSlot(Slot.videoConfiguration, Uint8Array.of(0xbb));
    writer.writeSlot(Slot.audioConfiguration, Uint8Array.of(0xcc));
    const entry = { name: "video" as const, supplement: new Uint8Array(0) };
    writer.writeSlot(
      Slot.tracks,
      encodeTrackList([
        { ...entry, trackId: 0, isDefault: true, configuration: new Uint8Array(0) },
        { ...entry, trackId: 1, isDefault: false, configuration: Uint8Array.of(0xdd) },
      ]),
    );
    this.#writer = writer;
    this.#isSmallFirst = smaller !== SMALL;
    this.#log = new LogReader(shared);
    this.reader = new FeedReader(() => {}, {
      keeps,
      ladder: !isAuto ? undefined : {
        step: ({ videoTrack }, step) => {
          const selection = (step === "down") === (smaller === SMALL) ? SMALL : BOTH;
          if (selection === BOTH ? videoTrack === undefined : videoTrack === 1) return undefined;
          return { audience: this.audience(selection), selection };
        },
        home: () => this.hasHome ? { audience: this.audience(BOTH), selection: BOTH } : undefined,
      },
    });
    this.reader.watch(this.audience(BOTH), BOTH);
  }

  audience(selection: TrackSelection): FeedAudience {
    const key = JSON.stringify(selection);
    let audience = this.#audiences.get(key);
    if (audience === undefined || audience.size === 0) {
      audience = new FeedAudience(new Feed(this.#log, selection, new RtmpForm(1)), { flushMs: 0 }, {
        jumped: () => void this.jumps++,
        starved: () => {},
      });
      this.#audiences.set(key, audience);
    }
    return audience;
  }

  /** A second of the stream. */
  second(timeMs: number): void {
    this.half(timeMs);
    this.half(timeMs + 500);
  }

  /** Half a second: sound, and a picture of both, which is a key frame each second. */
  half(timeMs: number): void {
    const picture = timeMs % 1000 === 0 ? keyFrame : interFrame;
    this.#writer.append(audioFrame(timeMs));
    const pictures = [picture(timeMs), small(picture(timeMs))];
    for (const record of this.#isSmallFirst ? pictures.toReversed() : pictures) {
      this.#writer.append(record);
    }
    for (const audience of this.#audiences.values()) audience.notify(0);
  }

  /** What comes next, if anything: "v40" is a picture of that time, "s40" a small one, "c" a configuration. */
  piece(): string[] {
    const piece = this.reader.next() ?? new Uint8Array(0);
    return this.#messages.read(piece).map(({ type, timestampMs, body }) => {
      if (body.length === 1) return `c${body[0]!.toString(16)}`;
      const isSmall = type === 9 && body.length === SMALL_BYTES;
      return `${isSmall ? "s" : type === 8 ? "a" : "v"}${timestampMs}`;
    });
  }

  /** All that is there. */
  read(): string[] {
    const read: string[] = [];
    for (let piece = this.piece(); piece.length > 0; piece = this.piece()) read.push(...piece);
    return read;
  }
}

/** A player that has read the first second, and then nothing up to 5 s. */
function lagging(...options: ConstructorParameters<typeof Player>): Player {
  const player = new Player(...options);
  player.second(0);
  assertEquals(player.read(), ["cbb", "ccc", "v0", "a500", "v500"]);
  for (let timeMs = 1000; timeMs < 6000; timeMs += 1000) player.second(timeMs);
  return player;
}

Deno.test("FeedReader: who lags goes on with smaller pictures, behind the newest key frame", () => {
  const player = lagging("nothing");
  // Two more of the size before fill the gap.
  assertEquals(player.read(), ["v4000", "v4500", "cdd", "s5000", "a5500", "s5500"]);
  assertEquals([player.jumps, player.reader.jumps], [1, 1]);
  player.second(6000);
  assertEquals(player.read(), ["a6000", "s6000", "a6500", "s6500"]);
});

Deno.test("FeedReader: over RTMP, all sound comes before the smaller pictures", () => {
  const player = lagging("sound");
  const sound = [1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000].map((at) => `a${at}`);
  assertEquals(player.read(), [...sound, "cdd", "s5000", "a5500", "s5500"]);
  assertEquals(player.jumps, 1);
});

Deno.test("FeedReader: over RTMP, all sound comes before pictures of the only size, too", () => {
  const player = lagging("sound", { isAuto: false });
  const sound = [1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000].map((at) => `a${at}`);
  assertEquals(player.read(), [...sound, "cbb", "v5000", "a5500", "v5500"]);
  assertEquals(player.jumps, 1);
});

Deno.test("FeedReader: who asks for no other pictures is sent all that is held", () => {
  const player = lagging("nothing", { isAuto: false });
  assertEquals(player.read().length, 20);
  assertEquals(player.jumps, 0);
});

Deno.test("FeedReader: who keeps up again is sent the larger pictures, without a gap in the sound", () => {
  const player = lagging("nothing");
  player.read();
  const read: string[] = [];
  for (let timeMs = 6000; timeMs < 18_000; timeMs += 1000) {
    player.second(timeMs);
    read.push(...player.read());
  }
  // The last small one comes twice more, right before the change.
  const repeated = read.filter((message) => /^s\d+99[89]$/.test(message));
  assertEquals(repeated.length, 2);
  const sizes = read.filter((message) => /^[sv]/.test(message) && !repeated.includes(message));
  assertEquals(sizes.slice(0, 3), ["s6000", "s6500", "s7000"]);
  assertEquals(sizes.at(-1), "v17500");
  const first = sizes.find((message) => message.startsWith("v"))!;
  assertEquals(first.endsWith("000"), true, `${first} is a key frame`);
  assertEquals(
    sizes.map((message) => Number(message.slice(1))),
    [...sizes.keys()].map((at) => 6000 + at * 500),
  );
  const sound = read.filter((message) => message.startsWith("a"));
  assertEquals(
    sound.map((message) => Number(message.slice(1))),
    [...sound.keys()].map((at) => 6000 + at * 500),
  );
  assertEquals(read.filter((message) => message.startsWith("c")), ["cbb"]);
  assertEquals(player.jumps, 1);
});

Deno.test("FeedReader: who lags while it waits for larger pictures goes down", () => {
  const player = lagging("nothing");
  player.read();
  for (let timeMs = 6000; timeMs < 16_000; timeMs += 1000) {
    player.second(timeMs);
    player.read();
  }
  for (let timeMs = 16_000; timeMs < 21_000; timeMs += 1000) player.second(timeMs);
  assertEquals(player.read().at(-1), "s20500");
});

Deno.test("FeedReader: whose smaller pictures are no more goes on with the default ones", () => {
  const player = lagging("nothing");
  player.read();
  player.audience(SMALL).dissolve("it is gone");
  player.second(6000);
  assertEquals(player.read(), [
    ...["a6000", "s5998", "s5999"],
    ...["cbb", "v6000", "a6500", "v6500"],
  ]);
  assertEquals(player.reader.endReason, undefined);
});

/** Until a player waits for a key frame of other pictures, which is due at the time returned. */
function readUntilWaiting(player: Player, selection: TrackSelection, timeMs: number): number {
  for (; player.audience(selection).size === 0; timeMs += 500) {
    assert(timeMs < 60_000, "it does not wait for other pictures");
    player.half(timeMs);
    player.read();
  }
  assertEquals(timeMs % 1000, 0);
  return timeMs;
}

Deno.test("FeedReader: who waits for pictures that are no more goes on with those it has", () => {
  const player = new Player("nothing", { smaller: BOTH });
  player.second(0);
  player.read();
  const timeMs = readUntilWaiting(player, SMALL, 1000);
  player.audience(SMALL).dissolve("it is gone");
  player.second(timeMs);
  assertEquals(
    player.read(),
    ["a", "v"].map((kind) => `${kind}${timeMs}`).concat(
      ["a", "v"].map((kind) => `${kind}${timeMs + 500}`),
    ),
  );
  assertEquals(player.reader.endReason, undefined);
});

Deno.test("FeedReader: whose pictures are no more while it waits for the default ones gets these", () => {
  const player = lagging("nothing");
  player.read();
  const timeMs = readUntilWaiting(player, BOTH, 6000);
  player.audience(SMALL).dissolve("it is gone");
  player.second(timeMs);
  assertEquals(player.read().slice(-3), [`v${timeMs}`, `a${timeMs + 500}`, `v${timeMs + 500}`]);
  assertEquals(player.reader.endReason, undefined);
});

Deno.test("FeedReader: who has nothing left but what is no more ends", () => {
  const player = lagging("nothing");
  player.read();
  readUntilWaiting(player, BOTH, 6000);
  const waitedFor = player.audience(BOTH);
  player.audience(SMALL).dissolve("it is gone");
  player.hasHome = false;
  waitedFor.dissolve("so is this");
  assertEquals(player.read(), []);
  assertEquals(player.reader.endReason, "so is this");
});
