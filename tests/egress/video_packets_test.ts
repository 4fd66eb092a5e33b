import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { splitObus } from "../../src/codec/av1/obu.ts";
import { VideoPackets } from "../../src/egress/video_packets.ts";
import { layerBits } from "../../src/codec/picture_layer.ts";
import { layerOfPacket, PacketFlag } from "../../src/rtp/packet_sink.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";
import { depacketizeAv1 } from "../rtp/av1_depacketizer.ts";
import { depacketizeH265 } from "../rtp/h265_depacketizer.ts";
import { depacketizeVp8, depacketizeVp9 } from "../rtp/vpx_depacketizer.ts";
import {
  enhancedVideo,
  H265_B_FRAME,
  H265_CONFIGURATION,
  H265_INTER_FRAME,
  H265_KEY_FRAME,
} from "../../testing/media/enhanced_samples.ts";
import { H264_CONFIGURATION, H264_INTER_FRAME, H264_KEY_FRAME } from "../stream/track_samples.ts";

type Codec = "h265" | "av1" | "vp9" | "vp8";

const FRAME_MS = 40;
const MAX_PAYLOAD_SIZE = 100;

/** Takes frames, of which the tags call those of `keys` key frames. */
function takeAll(
  video: VideoPackets,
  codec: Codec,
  frames: readonly Uint8Array[],
  keys: (index: number) => boolean,
): void {
  for (const [index, data] of frames.entries()) {
    const prefix = codec === "h265" ? [0, 0, 0] : [];
    const body = enhancedVideo(
      codec,
      "frame",
      keys(index) ? "key" : "inter",
      Uint8Array.of(...prefix, ...data),
    );
    video.take(body, index * FRAME_MS, 0);
  }
}

/** The packets of each access unit that the ring holds, with whether they begin with a key frame. */
function accessUnits({ ring }: VideoPackets) {
  const units: { packets: Uint8Array[]; isKeyFrame: boolean }[] = [];
  for (let index = ring.tail; index < ring.head; index++) {
    const flags = ring.flags(index);
    if ((flags & PacketFlag.accessUnitStart) !== 0) {
      units.push({ packets: [], isKeyFrame: (flags & PacketFlag.keyFrameStart) !== 0 });
    }
    units.at(-1)!.packets.push(ring.get(index)!);
  }
  return units;
}

const EVERY_FOURTH = (index: number) => index % 4 === 0;
const FIRST = (index: number) => index === 0;

Deno.test("VP9: frames come out whole, with key frames by the bitstream and the size in front", () => {
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  // The tags say nothing of the key frames that the stream has.
  takeAll(video, "vp9", VP_STREAMS.vp9Realtime, FIRST);
  assertEquals(video.format, { codec: "vp9", profile: 0 });
  const received = accessUnits(video).map(({ packets, isKeyFrame }) => ({
    ...depacketizeVp9(packets),
    isKeyFrame,
  }));
  assertEquals(received.map(({ data }) => toHex(data)), VP_STREAMS.vp9Realtime.map(toHex));
  assertEquals(received.map(({ isKeyFrame }) => isKeyFrame), received.map((_, at) => at % 4 === 0));
  for (const { isKeyFrame, isPredicted, size } of received) {
    assertEquals(isPredicted, !isKeyFrame);
    assertEquals(size, isKeyFrame ? { width: 98, height: 66 } : undefined);
  }
});

Deno.test("the place of a picture among layers goes with its first packet", () => {
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  const [keyFrame, interFrame] = VP_STREAMS.vp9Realtime;
  const layer = layerBits({ temporalId: 2, layerSwitch: "here", isUnreferenced: true });
  const take = (data: Uint8Array, place: number) => {
    const begin = video.ring.head;
    video.take(enhancedVideo("vp9", "frame", begin === 0 ? "key" : "inter", data), begin, 0, place);
    return begin;
  };
  take(keyFrame!, 0);
  const second = take(interFrame!, layer);
  const third = take(interFrame!, 0);
  const flags = [second, second + 1, third].map((index) => video.ring.flags(index));
  assertEquals(flags.map(layerOfPacket), [layer, 0, 0]);
  assertEquals(flags.map((bits) => (bits & PacketFlag.unreferencedStart) !== 0), [
    true,
    false,
    false,
  ]);
});

Deno.test("VP9: superframes go as they are", () => {
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  takeAll(video, "vp9", VP_STREAMS.vp9AltRef, FIRST);
  const received = accessUnits(video).map(({ packets }) => toHex(depacketizeVp9(packets).data));
  assertEquals(received, VP_STREAMS.vp9AltRef.map(toHex));
});

Deno.test("VP8: frames come out whole, and nothing is to be known of them", () => {
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  assertEquals(video.format, undefined);
  // What a tag says of a key frame is not believed.
  takeAll(video, "vp8", VP_STREAMS.vp8Realtime, () => true);
  assertEquals([video.format, video.bFrames], [{ codec: "vp8" }, undefined]);
  const units = accessUnits(video);
  const received = units.map(({ packets }) => toHex(depacketizeVp8(packets).data));
  assertEquals(received, VP_STREAMS.vp8Realtime.map(toHex));
  assertEquals(units.map(({ isKeyFrame }) => isKeyFrame), units.map((_, at) => at % 2 === 0));
});

/** A temporal unit in the form it is sent in: no delimiter, no sizes. */
function sentObus(temporalUnit: Uint8Array): string[] {
  return splitObus(temporalUnit).filter(({ type }) => type !== 2).map(({ bytes, payload }) =>
    toHex(concat([Uint8Array.of(bytes[0]! & ~2), payload]))
  );
}

for (const name of ["realtime", "hiddenFrames"] as const) {
  Deno.test(`AV1: temporal units come out whole: ${name}`, () => {
    const frames = AV1_STREAMS[name];
    const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
    // Claims of the tags are checked.
    takeAll(video, "av1", frames, () => true);
    const units = accessUnits(video);
    const received = units.map(({ packets, isKeyFrame }) => ({
      ...depacketizeAv1(packets),
      isKeyFrame,
    }));
    assertEquals(received.map(({ obus }) => obus.map(toHex)), frames.map(sentObus));
    const keyFrames = received.filter(({ isKeyFrame }) => isKeyFrame);
    assertEquals(keyFrames.length, 2);
    for (const { isKeyFrame, startsSequence, obus } of received) {
      assertEquals(startsSequence, isKeyFrame);
      assertEquals((obus[0]![0]! >> 3) === 1, isKeyFrame, "the sequence header");
    }
    assertEquals(video.format?.codec === "av1" && video.format.profile, 0);
  });
}

Deno.test("AV1: a sequence header that only the configuration has goes in front of key frames", () => {
  const [key, inter] = AV1_STREAMS.realtime as [Uint8Array, Uint8Array];
  const obus = splitObus(key);
  const sequenceHeader = obus.find(({ type }) => type === 1)!;
  const bare = concat(obus.filter(({ type }) => type !== 1).map(({ bytes }) => bytes.slice()));
  const record = concat([fromHex("81 25 8c 00"), sequenceHeader.bytes.slice()]);
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  video.take(enhancedVideo("av1", "configuration", "key", record), 0, 0);
  assertEquals(video.format, { codec: "av1", profile: 1, levelIndex: 5, tier: 1 });
  takeAll(video, "av1", [bare, inter], FIRST);
  const received = accessUnits(video).map(({ packets }) => depacketizeAv1(packets).obus.map(toHex));
  assertEquals(received, [sentObus(key), sentObus(inter)]);
});

Deno.test("AV1: a still picture is a key frame by the configuration's reduced headers", () => {
  const obus = splitObus(AV1_STREAMS.still[0]!);
  const sequenceHeader = obus.find(({ type }) => type === 1)!;
  const bare = concat(obus.filter(({ type }) => type !== 1).map(({ bytes }) => bytes.slice()));
  const record = concat([fromHex("81 00 0c 00"), sequenceHeader.bytes.slice()]);
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  video.take(enhancedVideo("av1", "configuration", "key", record), 0, 0);
  takeAll(video, "av1", [bare], FIRST);
  assertEquals(accessUnits(video).map(({ isKeyFrame }) => isKeyFrame), [true]);
});

Deno.test("H.264: a key frame by the tag alone is none", () => {
  const video = new VideoPackets(0);
  const key = H264_KEY_FRAME;
  const bodies = [key, H264_INTER_FRAME, H264_INTER_FRAME.with(0, 0x17), key.with(0, 0x27), key];
  for (const body of [H264_CONFIGURATION, ...bodies]) video.take(body, 0, 0);
  assertEquals(
    accessUnits(video).map(({ isKeyFrame }) => isKeyFrame),
    [true, false, false, false, true],
  );
});

Deno.test("H.265: access units come out whole, with delimiters left out", () => {
  const video = new VideoPackets(0, MAX_PAYLOAD_SIZE);
  video.take(H265_CONFIGURATION, 0, 0);
  assertEquals(video.format, { codec: "h265", profileIdc: 1, tier: 0, levelIdc: 60 });
  takeAll(video, "h265", H265_STREAMS.lowDelay, EVERY_FOURTH);
  const units = accessUnits(video);
  for (const [index, { packets, isKeyFrame }] of units.entries()) {
    const nalUnits = depacketizeH265(packets);
    const types = nalUnits.map((unit) => unit[0]! >> 1);
    assertEquals(isKeyFrame, index % 4 === 0);
    assertEquals(types.includes(35), false);
    if (isKeyFrame) assertEquals(types.slice(0, 3), [32, 33, 34]);
    const sizes = nalUnits.reduce((sum, { length }) => sum + 4 + length, 0);
    // The delimiter that is left out has 3 bytes behind its length.
    assertEquals(sizes, H265_STREAMS.lowDelay[index]!.length - 7);
  }
  assertEquals(units.length, 8);
  assertEquals(video.bFrames?.bFrames, false);
});

Deno.test("H.265: a key frame by the tag alone is none", () => {
  const video = new VideoPackets(0);
  video.take(H265_CONFIGURATION, 0, 0);
  takeAll(video, "h265", H265_STREAMS.lowDelay.slice(0, 4), () => true);
  assertEquals(accessUnits(video).map(({ isKeyFrame }) => isKeyFrame), [true, false, false, false]);
});

Deno.test("H.265: B slices are no obstacle, pictures that have to be reordered are", () => {
  const reordered = (bodies: readonly (readonly [Uint8Array, number])[]) => {
    const video = new VideoPackets(0xffff_f000);
    video.take(H265_CONFIGURATION, 0, 0);
    for (const [body, timestampMs] of bodies) video.take(body, timestampMs, 0);
    const { bFrames, areDropped } = video.bFrames!;
    assertEquals(areDropped, false);
    return bFrames;
  };
  assertEquals(reordered([[H265_KEY_FRAME, 0], [H265_INTER_FRAME, 40]]), false);
  // Each is shown 40 ms after it is decoded, and none is passed by another.
  assertEquals(reordered([[H265_B_FRAME, 0], [H265_B_FRAME, 40], [H265_B_FRAME, 80]]), false);
  // Shown at 40, 80 and 40.
  assertEquals(reordered([[H265_KEY_FRAME, 40], [H265_B_FRAME, 40], [H265_INTER_FRAME, 40]]), true);
});

Deno.test("VideoPackets: a change of codec lets go of the packets before", () => {
  const video = new VideoPackets(0);
  takeAll(video, "vp8", VP_STREAMS.vp8Realtime, FIRST);
  const { ring } = video;
  const { head } = ring;
  assert(head > 0);
  assertEquals([video.codec, ring.newestKeyFrame], ["vp8", 0]);

  takeAll(video, "av1", AV1_STREAMS.realtime.slice(1, 2), () => false);
  assertEquals([video.codec, ring.tail, ring.newestKeyFrame], ["av1", head, undefined]);
  takeAll(video, "av1", AV1_STREAMS.realtime.slice(0, 1), FIRST);
  assertEquals(ring.newestKeyFrame, head + 1);

  // Sorenson H.263, of which nothing can be sent.
  video.take(fromHex("12 0000840200"), 0, 0);
  assertEquals([video.codec, video.format, video.isUnsendable], ["h263", undefined, true]);
  assertEquals([ring.tail, ring.newestKeyFrame], [ring.head, undefined]);
});

Deno.test("VideoPackets: what is broken is passed over, and the rest goes on", () => {
  const video = new VideoPackets(0);
  takeAll(video, "av1", [AV1_STREAMS.realtime[0]!], FIRST);
  const { head } = video.ring;
  const brokenObu = fromHex("32 ff ff ff 0f 00");
  for (const body of ["", "91617630", "80", "ff", "93617630310"]) video.take(fromHex(body), 40, 0);
  video.take(enhancedVideo("av1", "frame", "inter", brokenObu), 40, 0);
  video.take(enhancedVideo("av1", "configuration", "key", fromHex("00")), 40, 0);
  assertEquals([video.codec, video.ring.head], ["av1", head]);
  takeAll(video, "av1", [AV1_STREAMS.realtime[1]!], () => false);
  assert(video.ring.head > head);
});

Deno.test("VideoPackets: an offset in nanoseconds moves the timestamp by ticks", () => {
  const timestampOf = (body: Uint8Array) => {
    const video = new VideoPackets(0);
    video.take(body, 1000, 7);
    return video.ring.timestamp(0);
  };
  const data = VP_STREAMS.vp8Realtime[0]!;
  assertEquals(timestampOf(enhancedVideo("vp8", "frame", "key", data)), 1007 * 90);
  // ModEx (7) of three bytes, TimestampOffsetNano (0) and CodedFrames (1): 500,000 ns.
  const withOffset = Uint8Array.of(
    0x97,
    2,
    0x07,
    0xa1,
    0x20,
    0x01,
    ...fromHex("76703038"),
    ...data,
  );
  assertEquals(timestampOf(withOffset), 1007 * 90 + 45);
});
