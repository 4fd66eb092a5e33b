import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { isAv1KeyFrame } from "../../src/codec/av1/av1.ts";
import { highestAv1SpatialId, withoutHigherAv1Layers } from "../../src/codec/av1/lower_layers.ts";
import { AV1_OBU, splitObus } from "../../src/codec/av1/obu.ts";
import { keyFrameSize } from "../../src/codec/picture_size.ts";
import { isVp9KeyFrame, parseVp9FrameHeader } from "../../src/codec/vp9/frame.ts";
import { joinVp9Frames, splitVp9Frames } from "../../src/codec/vp9/superframe.ts";
import { isVideoMultitrack, splitVideoTracks } from "../../src/flv/multitrack.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import type { LayerPicture } from "../../src/ingest/layer_picture.ts";
import { LayerTracks, type TrackedLayer } from "../../src/ingest/layer_tracks.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import { type LowerPicture, SpatialLayers } from "../../src/ingest/spatial_layers.ts";
import { RTP_HEADER_SIZE, RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { AV1_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { optionsFor, VIDEO_SSRC, VIDEO_TYPE } from "./simulated_publisher.ts";

/** A picture of a publisher whose frames are of these layers. */
function pictureOf(
  data: Uint8Array<ArrayBuffer>,
  spatialIds: readonly number[],
  isKeyFrame = isVp9KeyFrame(data),
  codec: "vp9" | "av1" = "vp9",
): LayerPicture {
  const layers = { temporalId: 1, spatialId: Math.max(...spatialIds) };
  const layered = { isDisposable: false, layers, layerSwitch: "none", spatialIds } as const;
  return { codec, unit: { kind: "unit", data, isKeyFrame, ...layered }, shownMs: 40 };
}

class Whole {
  picturesHeardAtMs = 7;
  readonly wanted: number[] = [];

  wantKeyFrame(nowMs: number): void {
    this.wanted.push(nowMs);
  }
}

Deno.test("spatial layers: the smaller size of Chromium's pictures is a stream of its own", () => {
  const whole = new Whole();
  const spatial = new SpatialLayers(whole);
  const seen = new Set<unknown>();
  for (const [at, data] of VP_STREAMS.vp9Spatial.entries()) {
    const [lower, ...more] = spatial.below(pictureOf(data, [0, 1]), at);
    assertEquals(more, []);
    const { unit, shownMs, codec } = lower!.picture;
    assertEquals([unit.data, codec, shownMs], [splitVp9Frames(data)[0], "vp9", 40]);
    assertEquals(unit.layers, { temporalId: 1, spatialId: 0 });
    assertEquals(parseVp9FrameHeader(unit.data).showFrame, true);
    if (unit.isKeyFrame) {
      assertEquals(keyFrameSize("vp9", unit.data), { width: 320, height: 240 });
    }
    seen.add(lower!.layer);
  }
  assertEquals(seen.size, 1);
  const [layer] = seen as Set<Whole>;
  layer!.wantKeyFrame(5);
  const newestMs = VP_STREAMS.vp9Spatial.length - 1;
  assertEquals([whole.wanted, layer!.picturesHeardAtMs], [[5], newestMs]);
});

Deno.test("spatial layers: of three sizes each smaller one, of more no more", () => {
  const [first] = VP_STREAMS.vp9Spatial;
  const [small, large] = splitVp9Frames(first!);
  const sizesOf = (ids: readonly number[]) => {
    const frames = ids.map((id) => [id === 0 ? small! : large!]);
    const lower = new SpatialLayers(new Whole()).below(pictureOf(joinVp9Frames(frames), ids), 0);
    return [...lower].map(({ picture: { unit } }) => [
      splitVp9Frames(unit.data).length,
      unit.layers.spatialId,
    ]);
  };
  assertEquals(sizesOf([0]), []);
  assertEquals(sizesOf([0, 1]), [[1, 0]]);
  assertEquals(sizesOf([0, 1, 2]), [[2, 1], [1, 0]]);
  assertEquals(sizesOf([0, 1, 2, 3, 4]), [[2, 1], [1, 0]]);
});

Deno.test("spatial layers: what has one size costs nothing, and what lacks the smaller one is none of it", () => {
  const [first, second] = VP_STREAMS.vp9Spatial;
  const whole = new Whole();
  const spatial = new SpatialLayers(whole);
  const plain = VP_STREAMS.vp9Realtime[0]!;
  assertEquals([...spatial.below(pictureOf(plain, [0]), 0)], []);
  // Sizes begin with a key frame, which is asked for.
  assertEquals([...spatial.below(pictureOf(second!, [0, 1]), 30)], []);
  assertEquals(whole.wanted, [30]);
  assertEquals([...spatial.below(pictureOf(first!, [0, 1]), 0)].length, 1);
  const large = splitVp9Frames(second!)[1]!.slice();
  assertEquals([...spatial.below(pictureOf(large, [1]), 0)], []);
  // Without the larger one, both have the smaller.
  const small = splitVp9Frames(second!)[0]!.slice();
  const [lower] = spatial.below(pictureOf(small, [0]), 0);
  assertEquals(lower!.picture.unit.data, small);
  // What is told of it does not fit: the whole is left to say what it is.
  assertEquals([...spatial.below(pictureOf(second!, [0]), 0)], []);
});

Deno.test("spatial layers: the smaller size of AV1, once a key frame says how large it is", () => {
  const whole = new Whole();
  const spatial = new SpatialLayers(whole);
  const [first, ...others] = AV1_STREAMS.spatial;
  const below = (data: Uint8Array<ArrayBuffer>, nowMs: number) => {
    return [...spatial.below(pictureOf(data, [0], isAv1KeyFrame(data), "av1"), nowMs)];
  };
  // Nothing is known before a key frame, which is not asked for: it may say no more.
  assertEquals([below(others[0]!, 0), whole.wanted], [[], []]);
  const small = withoutHigherAv1Layers(first!, 0, { width: 320, height: 240 })!;
  // An encoder adds the larger size between key frames.
  const [alone] = below(small, 10).map(({ picture }) => picture.unit.data);
  assertEquals([alone, below(others[0]!, 20), whole.wanted], [undefined, [], [20]]);
  const [lower, ...more] = below(first!, 30);
  assertEquals([more, lower!.picture.unit.data, whole.wanted], [[], small, [20]]);
  assertEquals(keyFrameSize("av1", lower!.picture.unit.data), { width: 320, height: 240 });
  for (const data of others) {
    const [{ picture: { unit }, layer }] = below(data, 40) as [LowerPicture];
    assertEquals([highestAv1SpatialId(unit.data), unit.layers.spatialId], [0, 0]);
    assertEquals(layer, lower!.layer);
  }
  // Without the larger one, both have the smaller.
  assertEquals(below(small, 50)[0]?.picture.unit.data, small);
  const plain = new SpatialLayers(new Whole());
  for (const data of AV1_STREAMS.realtime) {
    const picture = pictureOf(data, [0], isAv1KeyFrame(data), "av1");
    assertEquals([...plain.below(picture, 0)], []);
  }
});

/** Pictures of AV1 in three sizes, of which the largest two are equal: a key frame, and others. */
const THREE_SIZES = AV1_STREAMS.spatial.map((unit) => {
  const obus = splitObus(unit);
  const highest = obus.filter(({ spatialId }) => spatialId === 1).map(({ bytes }) => {
    const copy = bytes.slice();
    copy[1] = copy[1]! + 0b1000; // spatial_id 2
    return copy;
  });
  return concat([...obus.map(({ bytes }) => bytes), ...highest]);
});

/** Of all its layers up to one. */
function upTo(unit: Uint8Array, spatialId: number): Uint8Array<ArrayBuffer> {
  const obus = splitObus(unit).filter((obu) => obu.spatialId <= spatialId);
  return concat(obus.map(({ bytes }) => bytes));
}

Deno.test("spatial layers: where an encoder goes on with fewer layers, all tracks have what is left", () => {
  const whole = new Whole();
  const tracks = new LayerTracks<TrackedLayer>([whole], 0);
  const spatial = new SpatialLayers(whole);
  const [keyFrame, other] = THREE_SIZES as [Uint8Array, Uint8Array];
  let nowMs = 0;
  /** The tracks that have a picture, and how large key frames of them are. */
  const shown = (data: Uint8Array<ArrayBuffer>) => {
    nowMs += 40;
    whole.picturesHeardAtMs = nowMs;
    const picture = { ...pictureOf(data, [0], isAv1KeyFrame(data), "av1"), shownMs: nowMs };
    const all = [{ layer: whole as TrackedLayer, picture }, ...spatial.below(picture, nowMs)];
    return all.flatMap(({ layer, picture }) => {
      tracks.add(layer);
      return [...tracks.take(layer, picture, nowMs)].flatMap(({ payload }) => {
        const split = isVideoMultitrack(payload) ? splitVideoTracks(payload) : undefined;
        const part = split?.kind === "tracks" ? split.tracks[0]! : { trackId: 0, body: payload };
        const parsed = parseVideoBody(part.body);
        if (parsed.kind !== "frame") return [];
        return [`${part.trackId}: ${keyFrameSize("av1", parsed.data)?.width ?? "-"}`];
      });
    });
  };
  assertEquals(shown(upTo(keyFrame, 2)), ["0: 640", "1: 640", "2: 320"]);
  assertEquals(shown(upTo(other, 2)), ["0: -", "1: -", "2: -"]);
  assertEquals(whole.wanted, []);
  // A key frame of the smallest alone, and pictures behind it.
  assertEquals(shown(upTo(keyFrame, 0)).length, 3);
  for (let count = 0; count < 20; count++) assertEquals(shown(upTo(other, 0)).length, 3);
  assertEquals(whole.wanted, []);
  // The others come again: a key frame is asked for, once, and until then all have the smallest.
  const begunMs = nowMs + 40;
  for (let count = 0; count < 20; count++) assertEquals(shown(upTo(other, 2)).length, 3);
  assertEquals(whole.wanted, [begunMs]);
  assertEquals(shown(upTo(keyFrame, 0)).length, 3);
  assertEquals(shown(upTo(other, 2)).length, 3);
  assertEquals(whole.wanted, [begunMs], "who does not bring it is not asked again");
  assertEquals(shown(upTo(keyFrame, 2)), ["0: 640", "1: 640", "2: 320"]);
  assertEquals(shown(upTo(other, 2)), ["0: -", "1: -", "2: -"]);
  assertEquals(whole.wanted, [begunMs]);
});

Deno.test("spatial layers: a key frame without a sequence header is as large as the one before", () => {
  const spatial = new SpatialLayers(new Whole());
  const [keyFrame] = AV1_STREAMS.spatial as [Uint8Array<ArrayBuffer>];
  const [header, ...frames] = splitObus(keyFrame);
  const bare = concat(frames.map(({ bytes }) => bytes));
  const below = (data: Uint8Array<ArrayBuffer>) => {
    return [...spatial.below(pictureOf(data, [0], true, "av1"), 0)].length;
  };
  assertEquals(header!.type, AV1_OBU.SEQUENCE_HEADER);
  assertEquals([below(bare), below(keyFrame), below(bare)], [0, 1, 1]);
});

Deno.test("spatial layers: a publisher's sizes become tracks of its stream, which ask it for key frames", () => {
  const media = new ReceivedMedia(optionsFor("vp9"));
  const sizes: (readonly [trackId: number, isShown: readonly boolean[]])[] = [];
  let sequence = 100;
  for (const [at, data] of VP_STREAMS.vp9Spatial.entries()) {
    const nowMs = 33 * at;
    for (const [spatialId, frame] of splitVp9Frames(data).entries()) {
      const isLast = spatialId === 1;
      // The descriptor: predicted or not, with layers, and begin and end of a frame (RFC 9628 4.2).
      const flags = 0x2c | (at > 0 ? 0x40 : 0);
      const payload = Uint8Array.of(flags, spatialId << 1 | spatialId, at, ...frame);
      const packet = new Uint8Array(RTP_HEADER_SIZE + payload.length);
      const marker = isLast ? RTP_MARKER : 0;
      writeRtpHeader(packet, 0, marker | VIDEO_TYPE, sequence++, 3000 * at, VIDEO_SSRC);
      packet.set(payload, RTP_HEADER_SIZE);
      assertEquals(media.takeRtp(packet, nowMs), "taken");
    }
    for (let message; (message = media.next()) !== undefined;) {
      const { payload } = message;
      const tracks = isVideoMultitrack(payload) ? splitVideoTracks(payload) : undefined;
      const { trackId, body } = tracks?.kind === "tracks"
        ? tracks.tracks[0]!
        : { trackId: 0, body: payload };
      const parsed = parseVideoBody(body);
      if (parsed.kind !== "frame") continue;
      sizes.push([
        trackId,
        splitVp9Frames(parsed.data).map((one) => parseVp9FrameHeader(one).showFrame),
      ]);
    }
  }
  const expected = VP_STREAMS.vp9Spatial.flatMap(() => [[0, [false, true]], [1, [true]]]);
  assertEquals(sizes as unknown, expected);
  assertEquals(media.describe().layers[0]?.tracks, [0]);
  media.requestKeyFrame(1000, [1]);
  const asked = parseRtcp(media.nextFeedback(1000)!).map(({ kind }) => kind);
  assertEquals(asked.includes("pictureLossIndication"), true);
});
