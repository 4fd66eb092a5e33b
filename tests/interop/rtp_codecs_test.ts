/** ffmpeg and GStreamer as judges of packets; neither can receive AV1 by RTP. */
import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { equals } from "@std/bytes/equals";
import { VideoPackets } from "../../src/egress/video_packets.ts";
import { splitH265Stream } from "../../testing/media/bitstreams.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { enhancedVideo, H265_CONFIGURATION } from "../../testing/media/enhanced_samples.ts";
import { readFrames } from "./frame_hashes.ts";
import { encodeIvf, enhancedFrameBody, readIvf } from "./ivf.ts";
import { depayloadByGstreamer, receiveRtp } from "./rtp_receiver.ts";
import { sendRtp } from "./rtp_sender.ts";

const FRAME_MS = 1000 / 30;
const FRAMES = 60;

interface Codec {
  readonly name: "VP8" | "H265";
  readonly codec: "vp8" | "h265";
  readonly file: string;
  readonly encoderArgs: readonly string[];
  /** The frames in `file`, as FLV carries them. */
  readonly framesOf: (file: Uint8Array<ArrayBuffer>) => readonly Uint8Array[];
}

const ivfFrames = (file: Uint8Array) => readIvf(file).frames.map(({ data }) => data);

const CODECS: readonly Codec[] = [
  {
    name: "VP8",
    codec: "vp8",
    file: "source.ivf",
    encoderArgs: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"],
    framesOf: ivfFrames,
  },
  {
    name: "H265",
    codec: "h265",
    file: "source.h265",
    encoderArgs: [
      ...["-c:v", "libx265", "-preset", "ultrafast", "-b:v", "2M", "-x265-params"],
      "bframes=0:aud=1:repeat-headers=1:slices=3:log-level=none",
    ],
    framesOf: (file) => splitH265Stream(file).map((unit) => Uint8Array.of(0, 0, 0, ...unit)),
  },
];

for (const { name, codec, file, encoderArgs, framesOf } of CODECS) {
  peerTest(`ffmpeg receives ${name} as it was packetized: the same pictures`, [
    "ffmpeg",
  ], async () => {
    const folder = await Deno.makeTempDir();
    try {
      await runPeer("ffmpeg", [
        ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"],
        ...["-frames:v", `${FRAMES}`, ...encoderArgs, "-g", "20", "-pix_fmt", "yuv420p"],
        `${folder}/${file}`,
      ]);
      const video = new VideoPackets(0xffff_0000);
      if (codec === "h265") video.take(H265_CONFIGURATION, 0, 0);
      const frames = framesOf(await Deno.readFile(`${folder}/${file}`));
      assertEquals(frames.length, FRAMES);
      // Whether a frame is a key frame, H.265 is asked itself.
      for (const [index, data] of frames.entries()) {
        const frameType = codec !== "vp8" || (data[0]! & 1) === 0 ? "key" : "inter";
        const body = enhancedVideo(codec, "frame", frameType, data);
        video.take(body, Math.round(index * FRAME_MS), 0);
      }
      const { ring, clock } = video;
      assert(ring.head > 2 * FRAMES, `only ${ring.head} packets`);
      assertEquals(ring.tail, 0, "packets were let go of before they are sent");

      const outputArgs = [
        ...["-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "pictures.md5"],
      ];
      const receiver = await receiveRtp(folder, outputArgs, {
        video: { name },
        audio: undefined,
      });
      await sendRtp(
        [{ name: "video", ring, clock, ssrc: 0xa0b0c0d0, offset: 65_500 }],
        receiver.ports,
      );
      await receiver.ended();
      await runPeer("ffmpeg", [
        ...["-v", "error", "-i", `${folder}/${file}`, "-map", "0:v", "-fps_mode", "passthrough"],
        ...["-f", "framemd5", `${folder}/source.md5`],
      ]);
      const sent = await readFrames(`${folder}/source.md5`);
      const received = await readFrames(`${folder}/pictures.md5`);
      assertEquals(sent.length, FRAMES);
      assertEquals(received.map(({ hash }) => hash), sent.map(({ hash }) => hash));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** ffmpeg reads VP9 by an early draft. */
peerTest("GStreamer receives VP9 as it was packetized: the same frames", [
  "ffmpeg",
  "gst-launch-1.0",
], async () => {
  const file = await Deno.makeTempFile();
  try {
    const { fourCc, frames } = await encodeIvf([
      ...[
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-b:v",
        "2M",
        "-g",
        "20",
      ],
    ]);
    const video = new VideoPackets(0xffff_0000);
    for (const [index, frame] of frames.entries()) {
      video.take(enhancedFrameBody(fourCc, "inter", frame), Math.round(index * FRAME_MS), 0);
    }
    const { ring, clock } = video;
    assert(ring.head > 2 * FRAMES, `only ${ring.head} packets`);
    const receiver = await depayloadByGstreamer({ name: "VP9", depayloader: "rtpvp9depay", file });
    await sendRtp(
      [{ name: "video", ring, clock, ssrc: 0xa0b0c0d0, offset: 65_500 }],
      receiver.ports,
    );
    await receiver.ended();
    const received = await Deno.readFile(file);
    const sent = concat(frames.map(({ data }) => data.slice()));
    assertEquals(received.length, sent.length);
    assert(equals(received, sent), "other bytes");
  } finally {
    await Deno.remove(file);
  }
});
