import { assert, assertEquals } from "@std/assert";
import { writeFlvHeader } from "../src/flv/header.ts";
import { encodeTag, TAG_AUDIO, TAG_VIDEO } from "../src/flv/tag.ts";
import { H264_DEPACKETIZER } from "../src/rtp/receive/h264_depacketizer.ts";
import { VIDEO_CONFIGURATION, videoFrame } from "../testing/media/self_describing.ts";
import { makeRtpLoop } from "./rtp_loop.ts";

const picture = (sequence: number) => {
  const timestampMs = 1000 + sequence * 40;
  const body = videoFrame({ sequence, timestampMs, isKeyFrame: sequence % 2 === 0 }, 3000);
  return encodeTag(TAG_VIDEO, timestampMs, body);
};

/** Two groups of two pictures at 40 ms, with sound that is left out. */
const file = Uint8Array.from([
  writeFlvHeader({ hasAudio: true, hasVideo: true }),
  encodeTag(TAG_VIDEO, 1000, VIDEO_CONFIGURATION),
  encodeTag(TAG_AUDIO, 1000, Uint8Array.of(0xaf, 0, 0x11, 0x90)),
  ...[0, 1, 2, 3].map(picture),
].flatMap((part) => [...part]));

Deno.test("a loop of RTP has the file's pictures, and sound of its own all the way", () => {
  const { frames, durationMs } = makeRtpLoop(file);
  assertEquals(durationMs, 160);
  const videos = frames.filter(({ kind }) => kind === "video");
  assertEquals(videos.map(({ timestampMs, isKeyFrame }) => [timestampMs, isKeyFrame]), [
    [0, true],
    [40, false],
    [80, true],
    [120, false],
  ]);
  for (const { packets, timestampMs, isKeyFrame } of videos) {
    const unit = H264_DEPACKETIZER.read(packets.map((packet) => packet.subarray(12)));
    assertEquals(unit.kind === "unit" && unit.isKeyFrame, isKeyFrame);
    assertEquals(
      new DataView(packets[0]!.buffer, packets[0]!.byteOffset).getUint32(4),
      timestampMs * 90,
    );
    assert(packets.every(({ length }) => length <= 12 + 1200));
  }
  const sounds = frames.filter(({ kind }) => kind === "audio");
  assertEquals(sounds.map(({ timestampMs }) => timestampMs), [0, 20, 40, 60, 80, 100, 120, 140]);
});
