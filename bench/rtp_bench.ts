/**
 * What is done once per stream (packetizing) and once per viewer and packet (headers), and the
 * reading of RTCP: `deno bench bench/rtp_bench.ts`.
 */
import { packetizeAv1 } from "../src/rtp/av1_packetizer.ts";
import { packetizeH264 } from "../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../src/rtp/h265_packetizer.ts";
import { packetizeOpus } from "../src/rtp/opus_packetizer.ts";
import { PacketRing } from "../src/rtp/packet_ring.ts";
import { parseRtcp } from "../src/rtp/rtcp.ts";
import { nackedSequences } from "../src/rtp/rtcp_feedback.ts";
import { packetizeVp8 } from "../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../src/rtp/vp9_packetizer.ts";
import { fromHex } from "../testing/mutation.ts";

const FORMAT = {
  sps: [fromHex("674d400af6f6022000000300200000030281e244a7")],
  pps: [fromHex("68ce0fc8")],
  ssrc: 1,
};

for (
  const [name, size, isKeyFrame] of [["10 KB", 10_000, false], ["100 KB", 100_000, true]] as const
) {
  const ring = new PacketRing();
  const slice = new Uint8Array(size).fill(0x5a);
  slice[0] = isKeyFrame ? 0x65 : 0x41;
  const unit = { nalUnits: [slice], isKeyFrame, timestamp: 0, timeMs: 0 };
  Deno.bench(`packetizeH264, access unit of ${name}`, () => {
    packetizeH264(unit, FORMAT, ring);
  });
}

{
  const ring = new PacketRing();
  const now = { isKeyFrame: true, timestamp: 0, timeMs: 0 };
  const data = new Uint8Array(100_000).fill(0x5a);
  const slice = data.with(0, 0x26);
  const sets = { vps: [fromHex("40010c")], sps: [fromHex("420101")], pps: [fromHex("4401c1")] };
  Deno.bench("packetizeH265, access unit of 100 KB", () => {
    packetizeH265({ nalUnits: [slice], ...now }, { ...sets, ssrc: 1 }, ring);
  });
  const obus = [0x0a, 0x32].map((header) => {
    const type = header >> 3;
    const payload = type === 1 ? data.subarray(0, 11) : data;
    return { type, hasExtension: false, bytes: Uint8Array.of(header), payload };
  });
  const av1Format = { sequenceHeader: undefined, ssrc: 1 };
  Deno.bench("packetizeAv1, temporal unit of 100 KB", () => {
    packetizeAv1({ obus, ...now }, av1Format, ring);
  });
  const picture = { data, ...now, width: 1280, height: 720 };
  Deno.bench("packetizeVp9, frame of 100 KB", () => {
    packetizeVp9(picture, FORMAT, ring);
  });
  Deno.bench("packetizeVp8, frame of 100 KB", () => {
    packetizeVp8(picture, FORMAT, ring);
  });
}

{
  const ring = new PacketRing();
  const packet = { data: new Uint8Array(320).fill(0x5a), timestamp: 0, timeMs: 0 };
  Deno.bench("packetizeOpus, 320 bytes", () => {
    packetizeOpus(packet, FORMAT, ring);
  });
}

const RTCP: readonly (readonly [name: string, hex: string])[] = [
  [
    "RR and REMB",
    `81c90007 00000001 00000009 00000000 00012345 0000005a 12345678 00010000
      8fce0005 00000001 00000000 52454d42 010fd090 00000009`,
  ],
  ["RR and NACK of 34", `80c90001 00000001 81cd0004 00000001 00000009 fffeffff 0010ffff`],
  [
    "transport feedback on 70 packets",
    `8fcd0016 00000001 00000009 0005 0046 000001 07 2046 ${"04".repeat(70)}`,
  ],
];

for (const [name, hex] of RTCP) {
  const datagram = fromHex(hex);
  Deno.bench(`RTCP: ${name}`, () => {
    for (const packet of parseRtcp(datagram)) {
      if (packet.kind === "nack") { for (const _ of nackedSequences(packet)); }
    }
  });
}
