import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type H265AccessUnit,
  type H265RtpFormat,
  packetizeH265,
} from "../../src/rtp/h265_packetizer.ts";
import { RTP_HEADER_SIZE } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { DEFAULT_MAX_PAYLOAD_SIZE } from "../../src/rtp/packet_carver.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import { CollectedPackets } from "./collected_packets.ts";
import { depacketizeH265 } from "./h265_depacketizer.ts";

const VPS = fromHex("40010c01");
const SPS = fromHex("4201015d");
const PPS = fromHex("4401c172");
const FORMAT: H265RtpFormat = { vps: [VPS], sps: [SPS], pps: [PPS], ssrc: 0xfedcba98 };
const NOW = { timestamp: 90_000, timeMs: 1000 };

/** Seeded bytes behind a NAL header of this type. */
function nalUnit(type: number, size: number, random = seededRandom(size)): Uint8Array {
  const unit = Uint8Array.from({ length: size }, () => random() * 256);
  unit[0] = type << 1;
  unit[1] = 1;
  return unit;
}

function packetize(
  unit: Partial<H265AccessUnit> & Pick<H265AccessUnit, "nalUnits">,
  format: Partial<H265RtpFormat> = {},
  out: CollectedPackets = new CollectedPackets(),
): Uint8Array<ArrayBuffer>[] {
  const before = out.packets.length;
  const accessUnit = { isKeyFrame: false, ...NOW, ...unit };
  assertEquals(
    packetizeH265(accessUnit, { ...FORMAT, ...format }, out),
    out.packets.length - before,
  );
  return out.packets.slice(before);
}

const hexOf = (units: readonly Uint8Array[]) => units.map(toHex);

Deno.test("H.265: known payloads", () => {
  const cases: [string, string[], Partial<H265AccessUnit>, string[]][] = [
    ["a slice is a single NAL unit", ["02019a2a"], {}, ["02019a2a"]],
    ["SEI and slice are aggregated", ["4e0105", "02019a2a"], {}, [
      "6001 0003 4e0105 0004 02019a2a",
    ]],
    [
      "an aggregate has the lowest layer and temporal layer, and F",
      ["4f1b05", "820342", "020a9a"],
      {},
      ["e002 0003 4f1b05 0003 820342 0003 020a9a"],
    ],
    ["a key frame is preceded by parameter sets", ["26018899"], { isKeyFrame: true }, [
      "6001 0004 40010c01 0004 4201015d 0004 4401c172 0004 26018899",
    ]],
    [
      "delimiter, ends, filler and undefined types are dropped",
      ["460150", "480150", "4a0150", "4c0150", "600150", "620185", "7e01ff", "02019a"],
      {},
      ["02019a"],
    ],
    ["a unit without a whole header is dropped", ["", "26", "02019a"], {}, ["02019a"]],
    ["nothing but a delimiter is nothing", ["460150"], { isKeyFrame: true }, []],
  ];
  for (const [name, nalUnits, unit, expected] of cases) {
    const packets = packetize({ nalUnits: nalUnits.map(fromHex), ...unit });
    assertEquals(
      packets.map((packet) => toHex(packet.subarray(RTP_HEADER_SIZE))),
      expected.map((hex) => hex.replaceAll(" ", "")),
      name,
    );
  }
});

Deno.test("H.265: a fragment's headers", () => {
  const unit = Uint8Array.of(0x27, 0x0b, ...new Uint8Array(120).fill(7));
  const packets = packetize({ nalUnits: [unit] }, { maxPayloadSize: 64 });
  const heads = packets.map((packet) =>
    toHex(packet.subarray(RTP_HEADER_SIZE, RTP_HEADER_SIZE + 3))
  );
  // The layer and temporal id of the unit, the type of a fragment; start, none, end, and type 19.
  assertEquals(heads, ["630b93", "630b53"]);
});

Deno.test("H.265: parameter sets in band replace the format's, in the right order", () => {
  const slice = fromHex("26018899");
  const [vps, sps, pps, sei] = ["4001aa", "4201bb", "4401cc", "4e0105"].map(fromHex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const cases: [string, Uint8Array[], Uint8Array[]][] = [
    ["none", [slice], [VPS, SPS, PPS, slice]],
    ["all", [vps, sps, pps, slice], [vps, sps, pps, slice]],
    ["VPS only, behind a SEI", [sei, vps, slice], [sei, vps, SPS, PPS, slice]],
    ["SPS only", [sps, slice], [VPS, sps, PPS, slice]],
    ["PPS only", [pps, slice], [VPS, SPS, pps, slice]],
    ["SPS and PPS", [sps, pps, slice], [VPS, sps, pps, slice]],
    ["VPS and PPS", [vps, pps, slice], [vps, SPS, pps, slice]],
    ["VPS and SPS", [vps, sps, slice], [vps, sps, PPS, slice]],
  ];
  for (const [name, nalUnits, expected] of cases) {
    const received = depacketizeH265(packetize({ nalUnits, isKeyFrame: true }));
    assertEquals(hexOf(received), hexOf(expected), name);
  }
  assertEquals(hexOf(depacketizeH265(packetize({ nalUnits: [slice] }))), [toHex(slice)]);
});

Deno.test("H.265: header and flags of the packets", () => {
  const out = new CollectedPackets(65_534);
  const packets = packetize({ nalUnits: [nalUnit(19, 3000)], isKeyFrame: true }, {}, out);
  const headers = packets.map(parseRtpPacket);
  assertEquals(headers.map(({ sequence }) => sequence), [65_534, 65_535, 0, 1]);
  assertEquals(headers.map(({ isMarked }) => isMarked), [false, false, false, true]);
  assertEquals(out.flags, [PacketFlag.accessUnitStart | PacketFlag.keyFrameStart, 0, 0, 0]);
});

Deno.test("H.265: units of every size around the limits come out byte for byte", () => {
  for (const maxPayloadSize of [64, 65, 100, DEFAULT_MAX_PAYLOAD_SIZE]) {
    const step = maxPayloadSize - 3;
    const near = Array.from({ length: 13 }, (_, at) => at - 6);
    const sizes = [2, 3, 4].concat(
      [maxPayloadSize, 2 * step, 3 * step, 4 * step].flatMap((size) => near.map((by) => size + by)),
    );
    for (const size of sizes) {
      const unit = nalUnit(1, size);
      const packets = packetize({ nalUnits: [unit] }, { maxPayloadSize });
      assertEquals(hexOf(depacketizeH265(packets)), [toHex(unit)], `${size}`);
      const payloadSizes = packets.map(({ length }) => length - RTP_HEADER_SIZE);
      assert(Math.max(...payloadSizes) <= maxPayloadSize, `${size}: ${payloadSizes}`);
      const fewest = size <= maxPayloadSize ? 1 : Math.ceil((size - 2) / step);
      assertEquals(packets.length, fewest, `${size} in packets of ${maxPayloadSize}`);
      assert(Math.max(...payloadSizes) - Math.min(...payloadSizes) <= 1, `${payloadSizes}`);
    }
  }
});

Deno.test("H.265: seeded access units come out byte for byte", () => {
  const random = seededRandom(7798);
  for (let round = 0; round < 600; round++) {
    const maxPayloadSize = 64 + Math.floor(random() * (round % 2 === 0 ? 40 : 1400));
    const nalUnits = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
      const size = 2 + Math.floor(random() ** 3 * 5 * maxPayloadSize);
      return nalUnit([1, 19, 39, 40][Math.floor(random() * 4)]!, size, random);
    });
    const isKeyFrame = random() < 0.3;
    const out = new CollectedPackets(Math.floor(random() * 2 ** 40));
    const packets = packetize({ nalUnits, isKeyFrame }, { maxPayloadSize }, out);
    const expected = isKeyFrame ? [VPS, SPS, PPS, ...nalUnits] : nalUnits;
    assertEquals(hexOf(depacketizeH265(packets)), hexOf(expected), `round ${round}`);
    for (const { length } of packets) assert(length <= maxPayloadSize + RTP_HEADER_SIZE);
  }
});

Deno.test("H.265: a payload size out of bounds is refused", () => {
  for (const maxPayloadSize of [63, 65_001, NaN]) {
    assertThrows(
      () => packetize({ nalUnits: [nalUnit(1, 9)] }, { maxPayloadSize }),
      RtpError,
      `Cannot packetize H.265: payload size must be 64..65000, got ${maxPayloadSize}`,
    );
  }
});
