import { assert, assertEquals } from "@std/assert";
import { lengthPrefixed } from "../../src/codec/annex_b.ts";
import { splitObus } from "../../src/codec/av1/obu.ts";
import { splitNalUnits } from "../../src/codec/nal_units.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import type { ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { packetizeAv1 } from "../../src/rtp/av1_packetizer.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../../src/rtp/h265_packetizer.ts";
import { packetizeVp8 } from "../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../../src/rtp/vp9_packetizer.ts";
import { VideoTrack } from "../../src/stream/video_track.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { ACCESS_UNIT_SAMPLES, PPS_SAMPLES, SPS } from "../../testing/media/corpus.ts";
import { VP9_KEY_FRAMES } from "../../testing/media/parameter_samples.ts";
import { optionsFor, type PutPicture, SimulatedPublisher } from "./simulated_publisher.ts";

const FRAME_MS = 200;
const BASE = { ssrc: 0, timeMs: 0, isKeyFrame: true };

const h264Picture = (sps: Uint8Array): PutPicture => (out, timestamp) => {
  const [slice] = splitNalUnits(ACCESS_UNIT_SAMPLES[0]!, 4, 1).filter((unit) => unit[0] === 0x65);
  const nalUnits = [sps, PPS_SAMPLES[0]!, slice!];
  packetizeH264({ ...BASE, nalUnits, timestamp }, { ...BASE, sps: [], pps: [] }, out);
};

const h265Picture = (picture: Uint8Array): PutPicture => (out, timestamp) => {
  const nalUnits = splitNalUnits(picture, 4, 2);
  packetizeH265({ ...BASE, nalUnits, timestamp }, { ...BASE, vps: [], sps: [], pps: [] }, out);
};

const vp8Picture = (data: Uint8Array): PutPicture => (out, timestamp) =>
  packetizeVp8({ ...BASE, data, timestamp }, BASE, out);

const vp9Picture = (data: Uint8Array): PutPicture => (out, timestamp) =>
  packetizeVp9({ ...BASE, data, width: 1, height: 1, timestamp }, BASE, out);

const av1Picture = (picture: Uint8Array): PutPicture => (out, timestamp) => {
  const unit = { ...BASE, obus: splitObus(picture), timestamp };
  packetizeAv1(unit, { ...BASE, sequenceHeader: undefined }, out);
};

/** What a stream knows of the pictures, and how many configurations its viewers get. */
function received(codec: ReceivedVideoCodec, pictures: readonly PutPicture[]) {
  const media = new ReceivedMedia(optionsFor(codec));
  const publisher = new SimulatedPublisher();
  const track = new VideoTrack();
  const sizes: string[] = [];
  let configurations = 0;
  for (const [at, put] of pictures.entries()) {
    publisher.isKeyFrameWanted = true;
    const nowMs = at * FRAME_MS;
    for (const packet of publisher.picture(put, nowMs)) media.takeRtp(packet, nowMs);
    for (let message; (message = media.next()) !== undefined;) {
      assert(parseVideoBody(message.payload).kind !== "malformed");
      for (const intake of track.take(message.payload, message.timestampMs, nowMs)) {
        if (intake.kind === "configuration") configurations++;
        assert(intake.kind !== "skip", JSON.stringify(intake));
      }
    }
    const { width, height, codec } = track.describe()!;
    sizes.push(`${codec} ${width}x${height}`);
  }
  return { sizes, configurations };
}

Deno.test("H.264: parameter sets in band are a configuration, once, and again when they change", () => {
  const [small, wide, turned] = [SPS.baseline, SPS.main, SPS.hrd].map(h264Picture) as [
    PutPicture,
    PutPicture,
    PutPicture,
  ];
  assertEquals(received("h264", [small, small, wide, wide, turned, small]), {
    sizes: [
      "avc1.42c01e 640x360",
      "avc1.42c01e 640x360",
      "avc1.4d4020 1366x768",
      "avc1.4d4020 1366x768",
      "avc1.4d401e 720x576",
      "avc1.42c01e 640x360",
    ],
    configurations: 4,
  });
});

Deno.test("H.265: the same", () => {
  const picture = h265Picture(lengthPrefixed(splitNalUnits(H265_STREAMS.lowDelay[0]!, 4, 2)));
  const { sizes, configurations } = received("h265", [picture, picture]);
  assertEquals([sizes[1]!.endsWith(" 96x64"), configurations], [true, 1]);
});

Deno.test("VP9 and AV1: key frames are configurations, once, and again when they change", () => {
  const [first, other] = [
    VP_STREAMS.vp9Realtime[0]!,
    Object.values(VP9_KEY_FRAMES).at(-1)!,
  ].map(vp9Picture) as [PutPicture, PutPicture];
  const vp9 = received("vp9", [first, first, other, first]);
  assertEquals(vp9.configurations, 3);
  assertEquals(vp9.sizes[0], "vp09.00.10.08 98x66");
  assertEquals(vp9.sizes[3], vp9.sizes[0]);
  const [camera, screen] = [AV1_STREAMS.realtime[0]!, AV1_STREAMS.hiddenFrames[0]!]
    .map(av1Picture) as [PutPicture, PutPicture];
  const av1 = received("av1", [camera, camera, screen]);
  assertEquals(av1.configurations, 2);
  assertEquals(av1.sizes.map((size) => size.split(" ")[1]), ["98x66", "98x66", "130x74"]);
});

Deno.test("VP8: pictures say their size themselves", () => {
  const vp8 = received("vp8", [VP_STREAMS.vp8Realtime[0]!].map(vp8Picture));
  assertEquals(vp8, { sizes: ["vp8 66x50"], configurations: 0 });
});
