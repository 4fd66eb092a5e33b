import { assertEquals } from "@std/assert";
import { layerBits } from "../../src/codec/picture_layer.ts";
import { encodeNalFrameBody } from "../../src/flv/nal_video_body.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogTags } from "../../src/stream/log_tags.ts";
import { Publication } from "../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../../testing/media/enhanced_samples.ts";
import { accessUnitOf, makePps, makeSlice, makeSps } from "../../testing/media/h264_streams.ts";
import { openLog } from "./log_samples.ts";

const T1 = layerBits({ temporalId: 1, layerSwitch: "here", isUnreferenced: false });
const T2 = layerBits({ temporalId: 2, layerSwitch: "none", isUnreferenced: true });

Deno.test("the place of a picture among layers is a fact of its record, of every track", () => {
  const { shared, writer } = openLog();
  const publication = new Publication(writer, { trackSettleMs: 0 });
  const pictures: [Uint8Array, number | undefined][] = [
    [vp8KeyFrame(64, 32), undefined],
    [vp8InterFrame(), T2],
    [vp8InterFrame(), T1],
    [vp8InterFrame(), undefined],
  ];
  for (const [at, [body, layer]] of pictures.entries()) {
    assertEquals(publication.video(at * 40, body, at * 40, layer), undefined);
    assertEquals(publication.video(at * 40, ofTrack(3, body), at * 40, layer), undefined);
  }
  publication.flush(200);
  for (const videoTrack of [0, 3]) {
    assertEquals(layersOf(shared, videoTrack), [0, T2, T1, 0], `track ${videoTrack}`);
  }
});

Deno.test("a picture that was held for the next one keeps its own place", () => {
  const { shared, writer } = openLog();
  const publication = new Publication(writer, { trackSettleMs: 0 });
  const head = { compositionTimeMs: 0, trackId: 0 };
  const key = accessUnitOf(makeSps(), makePps(), makeSlice({ type: "I", isIdr: true }));
  const other = accessUnitOf(makeSlice({ type: "P", isReference: false, frameNum: 1 }));
  const pictures = [
    [encodeNalFrameBody("h264", { isKeyFrame: true, ...head }, key), 0],
    [encodeNalFrameBody("h264", { isKeyFrame: false, ...head }, other), T2],
  ] as const;
  for (const [at, [body, layer]] of pictures.entries()) {
    assertEquals(publication.video(at * 40, body, at * 40, layer), undefined);
  }
  publication.flush(200);
  assertEquals(layersOf(shared, 0).slice(-2), [0, T2]);
});

function layersOf(shared: ConstructorParameters<typeof LogReader>[0], videoTrack: number) {
  const tags = new LogTags(new LogReader(shared), { audio: false, video: true, videoTrack });
  const layers: number[] = [];
  for (let tag; (tag = tags.next()) !== undefined;) layers.push(tag.layer);
  return layers;
}
