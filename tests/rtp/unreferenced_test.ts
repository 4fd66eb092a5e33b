import { assertEquals } from "@std/assert";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../../src/rtp/h265_packetizer.ts";
import { PacketRing } from "../../src/rtp/packet_ring.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";

const NOW = { isKeyFrame: false, timestamp: 0, timeMs: 0 };

/** Whether the access unit is marked as one that nobody refers to. */
function isMarked(packetize: (ring: PacketRing) => number): boolean {
  const ring = new PacketRing();
  packetize(ring);
  return (ring.flags(0) & PacketFlag.unreferencedStart) !== 0;
}

Deno.test("H.264: a picture is unreferenced if all of its units say so", () => {
  const format = { sps: [], pps: [], ssrc: 1 };
  const marked = (...headers: number[]) =>
    isMarked((ring) => {
      const nalUnits = headers.map((header) => Uint8Array.of(header, 1, 2));
      return packetizeH264({ nalUnits, ...NOW }, format, ring);
    });
  assertEquals(marked(0x01), true);
  assertEquals(marked(0x06, 0x01, 0x01), true, "with a message to it");
  assertEquals([marked(0x41), marked(0x01, 0x41)], [false, false]);
  assertEquals(marked(0x68, 0x01), false, "a parameter set has to arrive");
});

Deno.test("H.265: a picture is unreferenced if none of its sub-layer or a higher one refers to it", () => {
  const marked = (temporalLayers: number, ...headers: readonly [type: number, layer: number][]) =>
    isMarked((ring) => {
      const nalUnits = headers.map(([type, layer]) => Uint8Array.of(type << 1, layer + 1, 0x80));
      const format = { vps: [], sps: [], pps: [], ssrc: 1, temporalLayers };
      return packetizeH265({ nalUnits, ...NOW }, format, ring);
    });
  assertEquals(marked(1, [0, 0]), true, "TRAIL_N");
  assertEquals(marked(1, [1, 0]), false, "TRAIL_R");
  assertEquals([marked(2, [0, 0]), marked(2, [0, 1])], [false, true]);
  assertEquals(marked(0, [0, 0]), false, "how many layers there are is not known");
  assertEquals(marked(1, [39, 0], [2, 0]), true, "with a message to it");
  assertEquals(marked(1, [34, 0], [0, 0]), false, "a parameter set has to arrive");
});
