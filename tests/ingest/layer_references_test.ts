import { assertEquals } from "@std/assert";
import { LayerReferences } from "../../src/ingest/layer_references.ts";
import type { ReceivedUnit } from "../../src/rtp/receive/depacketizer.ts";
import { VP9_DEPACKETIZER } from "../../src/rtp/receive/vp9_depacketizer.ts";

/** A frame of VP9 by its payload's descriptor, in flexible mode. */
function unitOf(pictureId: number, temporalId: number, distances: readonly number[]): ReceivedUnit {
  const isKeyFrame = distances.length === 0;
  const flags = 0x80 | 0x20 | 0x10 | 0x0c | (isKeyFrame ? 0 : 0x40);
  const references = distances.map((distance, at) =>
    distance << 1 | (at < distances.length - 1 ? 1 : 0)
  );
  const descriptor = [flags, 0x80 | pictureId >> 8, pictureId & 255, temporalId << 5];
  const data = isKeyFrame ? 0x82 : 0x86;
  const unit = VP9_DEPACKETIZER.read([Uint8Array.of(...descriptor, ...references, data, 1)]);
  return unit as ReceivedUnit;
}

const T2_OF_T1 = [0, 2, 1, 2] as const;

Deno.test("references to lower layers alone are where a layer can be begun", () => {
  const references = new LayerReferences();
  const switches = (first: number, distancesOf: (at: number) => readonly number[]) =>
    Array.from({ length: 8 }, (_, at) => {
      const isKeyFrame = at === 0;
      const unit = unitOf(first + at, T2_OF_T1[at % 4]!, isKeyFrame ? [] : distancesOf(at));
      return references.placed(unit).layerSwitch;
    });
  // T1 and the T2 before it refer to the T0, the other T2 to the T1; ids go round meanwhile.
  const lower = (at: number) => [[4], [1], [2], [1]][at % 4]!;
  const everyOne = ["none", "here", "here", "here"] as const;
  assertEquals(switches(125, lower), [...everyOne, ...everyOne]);
  // T1 refers to the T1 before it, too.
  const own = (at: number) => at === 6 ? [2, 4] : lower(at);
  assertEquals(switches(40, own), [...everyOne, "none", "here", "none", "here"]);
  // What has not come may be of any layer.
  assertEquals(switches(200, (at) => at === 1 ? [7] : lower(at))[1], "none");
});

Deno.test("what says nothing of its references stays as it is", () => {
  const unit = VP9_DEPACKETIZER.read([Uint8Array.of(0xac, 5, 0x20, 0, 0x86)]) as ReceivedUnit;
  assertEquals([unit.references, unit.layers.temporalId], [undefined, 1]);
  assertEquals(new LayerReferences().placed(unit), unit);
});
