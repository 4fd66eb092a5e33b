import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { splitH264NalUnits } from "../../src/codec/h264/slice.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { packetizeOpus } from "../../src/rtp/opus_packetizer.ts";
import { opusPacketDurationMs } from "../../testing/media/opus_toc.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { RtpClock } from "../../src/rtp/rtp_clock.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { type Frame, readFrames } from "./frame_hashes.ts";
import { oggPackets } from "./ogg_packets.ts";
import { readRecording, type Recording } from "./recording.ts";
import { receiveRtp } from "./rtp_receiver.ts";
import { sendRtp, type SentTrack } from "./rtp_sender.ts";

peerTest("ffmpeg receives what is packetized: same units, pictures, sound, in step", [
  "ffmpeg",
], async () => {
  const folder = await Deno.makeTempDir();
  try {
    const source = await encode(folder);
    const video = videoTrack(source.recording);
    const audio = audioTrack(source.opusPackets);
    assert(video.ring.head > 200, `only ${video.ring.head} packets of video`);
    const receiver = await receiveRtp(folder, [
      ...["-map", "0:v", "-c", "copy", "-f", "h264", "received.h264"],
      ...["-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "pictures.md5"],
      ...["-map", "0", "-c", "copy", "-f", "framemd5", "packets.md5"],
    ]);
    await sendRtp([video, audio], receiver.ports);
    await receiver.ended();

    const received = await Deno.readFile(`${folder}/received.h264`);
    assertEquals(hashOf(received), hashOf(expectedH264(source.recording)));
    await runPeer("ffmpeg", [
      ...["-v", "error", "-i", `${folder}/source.flv`, "-map", "0:v", "-fps_mode", "passthrough"],
      ...["-f", "framemd5", `${folder}/source.md5`],
    ]);
    const pictures = await readFrames(`${folder}/pictures.md5`);
    const sourcePictures = await readFrames(`${folder}/source.md5`);
    assertEquals(sourcePictures.length, 60);
    assertEquals(pictures.map(({ hash }) => hash), sourcePictures.map(({ hash }) => hash));
    assertInStep(await readFrames(`${folder}/packets.md5`), source.opusPackets);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Two seconds of H.264 with large key frames, slices and SEI, and as much of Opus. */
async function encode(folder: string) {
  await runPeer("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-t", "2"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "20"],
    ...["-x264-params", "slices=3:aud=1", "-b:v", "3M", "-pix_fmt", "yuv420p"],
    `${folder}/source.flv`,
  ]);
  await runPeer("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "2"],
    ...["-ac", "2", "-c:a", "libopus", "-b:a", "96k", `${folder}/source.ogg`],
  ]);
  const recording = readRecording(await Deno.readFile(`${folder}/source.flv`));
  // OpusHead and OpusTags come first.
  const opusPackets = oggPackets(await Deno.readFile(`${folder}/source.ogg`)).slice(2);
  return { recording, opusPackets };
}

function configurationOf({ tags }: Recording) {
  const tag = tags.find(({ kind }) => kind === "video configuration")!;
  const body = parseVideoBody(tag.body);
  if (body.kind !== "configuration") throw new Error(`Found ${body.kind}`);
  return parseH264Configuration(body.data);
}

function* accessUnitsOf(recording: Recording) {
  const { nalLengthSize } = configurationOf(recording);
  for (const { kind, timestampMs, body } of recording.tags) {
    if (kind !== "key frame" && kind !== "inter frame") continue;
    const frame = parseVideoBody(body);
    if (frame.kind !== "frame") throw new Error(`Found ${frame.kind}`);
    const nalUnits = splitH264NalUnits(frame.data, nalLengthSize);
    yield { nalUnits, isKeyFrame: kind === "key frame", timeMs: timestampMs };
  }
}

function videoTrack(recording: Recording): SentTrack {
  const ring = new PacketRing();
  const clock = new RtpClock(90_000, 0xffff_0000);
  const { sps, pps } = configurationOf(recording);
  for (const unit of accessUnitsOf(recording)) {
    const timestamp = clock.timestamp(unit.timeMs);
    packetizeH264({ ...unit, timestamp }, { sps, pps, ssrc: 0 }, ring);
  }
  return { name: "video", ring, clock, ssrc: 0xa0b0c0d0, offset: 65_500 };
}

function audioTrack(packets: readonly Uint8Array[]): SentTrack {
  const ring = new PacketRing();
  const clock = new RtpClock(48_000, 123_456);
  let timeMs = 0;
  for (const data of packets) {
    packetizeOpus({ data, timestamp: clock.timestamp(timeMs), timeMs }, { ssrc: 0 }, ring);
    timeMs += opusPacketDurationMs(data);
  }
  return { name: "audio", ring, clock, ssrc: 0x01020304, offset: 1000 };
}

/** What a receiver writes: every unit behind a start code, parameter sets before key frames. */
function expectedH264(recording: Recording): Uint8Array {
  const { sps, pps } = configurationOf(recording);
  const writer = new ByteWriter(1024 * 1024);
  let delimiters = 0;
  for (const { nalUnits, isKeyFrame } of accessUnitsOf(recording)) {
    const kept = nalUnits.filter((unit) => (unit[0]! & 31) !== 9);
    delimiters += nalUnits.length - kept.length;
    for (const unit of isKeyFrame ? [...sps, ...pps, ...kept] : kept) writer.u32(1).bytes(unit);
  }
  assert(delimiters > 0, "the source has no delimiters to be dropped");
  return writer.take();
}

/** Sound arrived unchanged, and what was at the same stream time has the same time again. */
function assertInStep(frames: readonly Frame[], opusPackets: readonly Uint8Array[]): void {
  const video = frames.filter(({ stream }) => stream === 0);
  const audio = frames.filter(({ stream }) => stream === 1);
  assertEquals(audio.map(({ hash }) => hash), opusPackets.map(hashOf));
  // Both tracks begin at stream time 0.
  const videoMs = video.map(({ ptsTicks }) => ptsTicks / 90);
  const audioMs = audio.map(({ ptsTicks }) => ptsTicks / 48);
  assertAlmostEquals(videoMs[0]!, audioMs[0]!, 1);
  assertAlmostEquals(videoMs.at(-1)! - videoMs[0]!, 59 * 1000 / 30, 1.5);
  assertAlmostEquals(audioMs[50]! - audioMs[0]!, 1000, 0.1);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
