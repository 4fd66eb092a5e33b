import { assertEquals } from "@std/assert";
import { StreamClock } from "../../../src/egress/stream_clock.ts";
import { RtpStream } from "../../../src/shard/live/rtp_stream.ts";
import { LogReader } from "../../../src/stream/log_reader.ts";
import { LogWriter } from "../../../src/stream/log_writer.ts";
import { Publication } from "../../../src/stream/publication.ts";
import { DEFAULT_TRACKS } from "../../../src/stream/track_selection.ts";
import { fromHex } from "../../../testing/mutation.ts";
import {
  enhancedAudio,
  ofTrack,
  OPUS_CONFIGURATION,
  opusFrame,
} from "../../../testing/media/enhanced_samples.ts";

const NO_HEADER = enhancedAudio("opus", "configuration", new Uint8Array(0));
const MONO = enhancedAudio("opus", "channels", fromHex("00 01"));
const SURROUND = enhancedAudio("opus", "channels", fromHex("01 06 0000003f"));

function audioOf(...bodies: readonly Uint8Array[]) {
  return audioOfTrack(undefined, ...bodies);
}

function audioOfTrack(audioTrack: number | undefined, ...bodies: readonly Uint8Array[]) {
  const shared = LogWriter.allocate(1 << 20);
  const publication = new Publication(new LogWriter(shared, { windowMs: 1000 }), {
    trackSettleMs: 0,
  });
  const frames = audioTrack === undefined ? [] : [ofTrack(audioTrack, opusFrame())];
  for (const body of [...bodies, ...frames, opusFrame()]) publication.audio(0, body, 0);
  const selection = { ...DEFAULT_TRACKS, ...(audioTrack !== undefined && { audioTrack }) };
  const noOpus = () => {
    throw new Error("Nobody wants Opus");
  };
  const log = new LogReader(shared);
  const clock = new StreamClock(log, { audio: 0, video: 0 });
  const options = { selection, clock, maxPayloadSize: 1200, nowMs: 0 };
  return new RtpStream(log, noOpus, options).media()?.audio;
}

Deno.test("RtpStream: Opus has the channels of its header, or those that are said beside it", () => {
  assertEquals(audioOf(OPUS_CONFIGURATION), { codec: "opus", channels: 2, isAsPublished: true });
  assertEquals(audioOf(NO_HEADER), { codec: "opus", channels: 2, isAsPublished: true });
  assertEquals(audioOf(NO_HEADER, MONO), { codec: "opus", channels: 1, isAsPublished: true });
});

Deno.test("RtpStream: Opus of more than two channels is none for WebRTC", () => {
  assertEquals(audioOf(NO_HEADER, SURROUND), undefined);
});

Deno.test("RtpStream: a track that is named is as it says of itself", () => {
  const bodies = [SURROUND, ofTrack(3, NO_HEADER), ofTrack(3, MONO)];
  assertEquals(audioOfTrack(3, NO_HEADER, ...bodies), {
    codec: "opus",
    channels: 1,
    isAsPublished: true,
  });
  assertEquals(audioOfTrack(undefined, NO_HEADER, ...bodies), undefined);
});
