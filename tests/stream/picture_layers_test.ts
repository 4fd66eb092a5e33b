import { assertEquals } from "@std/assert";
import { layerBits } from "../../src/codec/picture_layer.ts";
import { LogReader } from "../../src/stream/log_reader.ts";
import { LogTags } from "../../src/stream/log_tags.ts";
import { Publication } from "../../src/stream/publication.ts";
import { ofTrack, vp8InterFrame, vp8KeyFrame } from "../../testing/media/enhanced_samples.ts";
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
    const tags = new LogTags(new LogReader(shared), { audio: false, video: true, videoTrack });
    const layers: number[] = [];
    for (let tag; (tag = tags.next()) !== undefined;) layers.push(tag.layer);
    assertEquals(layers, [0, T2, T1, 0], `track ${videoTrack}`);
  }
});
