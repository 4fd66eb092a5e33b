import { assertEquals } from "@std/assert";
import { TAG_AUDIO } from "../../src/flv/tag.ts";
import { RecordFlag, Slot, Track } from "../../src/stream/log_layout.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import type { LogWriter } from "../../src/stream/log_writer.ts";
import { SoundFollower } from "../../src/stream/sound_follower.ts";
import { audioFrame, interFrame, keyFrame, openLog, startAt } from "../stream/log_samples.ts";

const CONFIGURATION = Uint8Array.of(0xaf, 0, 0x12, 0x10);

function open(options: { maxBytes?: number; sequence?: number } = {}) {
  const { shared, writer } = openLog({ ...options, tracks: Track.audio | Track.video });
  if (options.sequence !== undefined) startAt(shared, options.sequence);
  return { shared, writer };
}

function appendConfiguration(writer: LogWriter, timestampMs: number, last = 0x10): void {
  const body = CONFIGURATION.with(3, last);
  const flags = RecordFlag.audio | RecordFlag.configuration;
  writer.appendConfiguration(Slot.audioConfiguration, {
    type: TAG_AUDIO,
    timestampMs,
    body,
    flags,
  });
}

/** Audio every 20 ms with a picture beside every other, in [from, to). */
function appendMedia(writer: LogWriter, fromMs: number, toMs: number): void {
  for (let ms = fromMs; ms < toMs; ms += 20) {
    writer.append(audioFrame(ms));
    if (ms % 40 === 0) writer.append(ms % 400 === 0 ? keyFrame(ms) : interFrame(ms));
  }
}

/** Timestamps of what there is to read; configurations as "c" and their last byte. */
function readAll(follower: SoundFollower, nowMs: number): (number | string)[] {
  const read: (number | string)[] = [];
  for (let tag = follower.next(nowMs); tag !== undefined; tag = follower.next(nowMs)) {
    const isConfiguration = tag.body[0] === 0xaf && tag.body[1] === 0;
    read.push(isConfiguration ? `c${tag.body[3]}` : tag.timestampMs);
  }
  return read;
}

function steps(fromMs: number, toMs: number): number[] {
  return Array.from({ length: (toMs - fromMs) / 20 }, (_, at) => fromMs + 20 * at);
}

Deno.test("SoundFollower: audio only, in order, as it comes", () => {
  for (const sequence of [0, 0x7fff_fff8, -5]) {
    const { shared, writer } = open({ sequence });
    const follower = new SoundFollower(new LogReader(shared), 0);
    assertEquals(readAll(follower, 0), []);
    appendConfiguration(writer, 0);
    appendMedia(writer, 0, 200);
    assertEquals(readAll(follower, 10), ["c16", ...steps(0, 200)]);
    appendMedia(writer, 200, 400);
    assertEquals(readAll(follower, 20), steps(200, 400));
    assertEquals(follower.jumps, 0);
  }
});

Deno.test("SoundFollower: begins with the newest second, and its configuration", () => {
  const { shared, writer } = open();
  appendConfiguration(writer, 0);
  appendMedia(writer, 0, 3000);
  const follower = new SoundFollower(new LogReader(shared), 0);
  assertEquals(readAll(follower, 0), ["c16", ...steps(1980, 3000)]);
});

Deno.test("SoundFollower: begins with a configuration that came within the newest second", () => {
  const { shared, writer } = open();
  appendConfiguration(writer, 0);
  appendMedia(writer, 0, 2500);
  appendConfiguration(writer, 2500, 0x90);
  appendMedia(writer, 2500, 3000);
  const follower = new SoundFollower(new LogReader(shared), 0);
  assertEquals(readAll(follower, 0), [`c${0x90}`, ...steps(2500, 3000)]);
});

Deno.test("SoundFollower: takes the slot's configuration if its record is gone", () => {
  const { shared, writer } = open({ maxBytes: 4096 });
  appendConfiguration(writer, 0);
  appendMedia(writer, 0, 10_000);
  const follower = new SoundFollower(new LogReader(shared), 0);
  assertEquals(readAll(follower, 0), ["c16", ...steps(8980, 10_000)]);
});

Deno.test("SoundFollower: what waits for more than a second is passed over", () => {
  const { shared, writer } = open();
  const follower = new SoundFollower(new LogReader(shared), 0);
  appendConfiguration(writer, 0);
  appendMedia(writer, 0, 5000);
  // A burst is no lag: all of it is read, if that does not take too long.
  assertEquals(follower.next(0)?.body[1], 0);
  assertEquals(follower.next(1000)?.timestampMs, 0);
  assertEquals(follower.jumps, 0);
  assertEquals(readAll(follower, 1001), ["c16", ...steps(4780, 5000)]);
  assertEquals(follower.jumps, 1);
  // An idle time is no lag either.
  appendMedia(writer, 5000, 5100);
  assertEquals(readAll(follower, 60_000), steps(5000, 5100));
  assertEquals(follower.jumps, 1);
});

Deno.test("SoundFollower: what the log let go of is passed over, but no configuration", () => {
  const { shared, writer } = open({ maxBytes: 16 * 1024 });
  const follower = new SoundFollower(new LogReader(shared), 0);
  appendConfiguration(writer, 0);
  appendMedia(writer, 0, 100);
  assertEquals(readAll(follower, 0).length, 6);
  appendConfiguration(writer, 100, 0x90);
  appendMedia(writer, 100, 60_000);
  assertEquals(readAll(follower, 1), [`c${0x90}`, ...steps(59_780, 60_000)]);
  assertEquals(follower.jumps, 1);
});

Deno.test("SoundFollower: tags that are too large for audio are passed over", () => {
  const { shared, writer } = open();
  const follower = new SoundFollower(new LogReader(shared), 0);
  writer.append(audioFrame(0, 100_000));
  writer.append(audioFrame(20, 60_000));
  assertEquals(readAll(follower, 0), [20]);
});
