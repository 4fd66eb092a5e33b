import { assert, assertEquals, assertThrows } from "@std/assert";
import { splitH264NalUnits } from "../../src/codec/h264/slice.ts";
import {
  type H264AccessUnit,
  type H264RtpFormat,
  packetizeH264,
} from "../../src/rtp/h264_packetizer.ts";
import { RTP_HEADER_SIZE } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { DEFAULT_MAX_PAYLOAD_SIZE } from "../../src/rtp/packet_carver.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { ACCESS_UNIT_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import { CollectedPackets } from "./collected_packets.ts";
import { depacketizeH264 } from "../../testing/webrtc/depacketizer.ts";

const SPS = fromHex("6742c01ed9");
const PPS = fromHex("68ce0fc8");
const FORMAT: H264RtpFormat = { sps: [SPS], pps: [PPS], ssrc: 0xfedcba98 };
const NOW = { timestamp: 90_000, timeMs: 1000 };

/** Seeded bytes behind a NAL header. */
function nalUnit(header: number, size: number, random = seededRandom(size)): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => at === 0 ? header : random() * 256);
}

function packetize(
  unit: Partial<H264AccessUnit> & Pick<H264AccessUnit, "nalUnits">,
  format: Partial<H264RtpFormat> = {},
  out: CollectedPackets = new CollectedPackets(),
): Uint8Array<ArrayBuffer>[] {
  const before = out.packets.length;
  const count = packetizeH264(
    { isKeyFrame: false, ...NOW, ...unit },
    { ...FORMAT, ...format },
    out,
  );
  assertEquals(count, out.packets.length - before);
  return out.packets.slice(before);
}

const hexOf = (units: readonly Uint8Array[]) => units.map(toHex);
const payloads = (packets: readonly Uint8Array[]) =>
  packets.map((packet) => toHex(packet.subarray(RTP_HEADER_SIZE)));

Deno.test("H.264: known payloads", () => {
  const cases: [string, Uint8Array[], Partial<H264AccessUnit>, string[]][] = [
    ["a slice is a single NAL unit", [fromHex("419a2a")], {}, ["419a2a"]],
    ["SEI and slice are aggregated", [fromHex("0605"), fromHex("419a2a")], {}, [
      "58 0002 0605 0003 419a2a",
    ]],
    ["NRI of an aggregate is the highest, F is kept", [fromHex("e601"), fromHex("0102")], {}, [
      "f8 0002 e601 0002 0102",
    ]],
    ["a key frame is preceded by parameter sets", [fromHex("6588")], { isKeyFrame: true }, [
      "78 0005 6742c01ed9 0004 68ce0fc8 0002 6588",
    ]],
    [
      "delimiter, filler, ends and undefined types are dropped",
      [
        ...["0910", "0c80ff", "0a", "0b", "00aa", "7801", "7c85", "1fff"].map(fromHex),
        fromHex("419a"),
      ],
      {},
      ["419a"],
    ],
    ["an empty unit is dropped", [new Uint8Array(0), fromHex("419a")], {}, ["419a"]],
    ["nothing but a delimiter is nothing", [fromHex("0910")], { isKeyFrame: true }, []],
    ["no units are nothing", [], { isKeyFrame: true }, []],
  ];
  for (const [name, nalUnits, unit, expected] of cases) {
    assertEquals(
      payloads(packetize({ nalUnits, ...unit })),
      expected.map((hex) => hex.replaceAll(" ", "")),
      name,
    );
  }
});

Deno.test("H.264: parameter sets in band replace the format's, in the right order", () => {
  const slice = fromHex("6588");
  const inBandSps = fromHex("67640028");
  const inBandPps = fromHex("68ef");
  const cases: [string, Uint8Array[], Uint8Array[]][] = [
    ["none", [slice], [SPS, PPS, slice]],
    ["both", [inBandSps, inBandPps, slice], [inBandSps, inBandPps, slice]],
    ["PPS only", [inBandPps, slice], [SPS, inBandPps, slice]],
    ["SPS only, behind a SEI", [fromHex("0605"), inBandSps, slice], [
      fromHex("0605"),
      inBandSps,
      PPS,
      slice,
    ]],
  ];
  for (const [name, nalUnits, expected] of cases) {
    const received = depacketizeH264(packetize({ nalUnits, isKeyFrame: true }));
    assertEquals(hexOf(received.nalUnits), hexOf(expected), name);
  }
  const withoutKeyFrame = depacketizeH264(packetize({ nalUnits: [slice] }));
  assertEquals(hexOf(withoutKeyFrame.nalUnits), ["6588"]);
  const none = depacketizeH264(
    packetize({ nalUnits: [slice], isKeyFrame: true }, { sps: [], pps: [] }),
  );
  assertEquals(hexOf(none.nalUnits), ["6588"]);
});

Deno.test("H.264: header, flags and memory of the packets", () => {
  const out = new CollectedPackets(65_534);
  const nalUnits = [nalUnit(0x65, 5000)];
  const packets = packetize({ nalUnits, isKeyFrame: true }, {}, out);
  assertEquals(packets.length, 6);
  const headers = packets.map(parseRtpPacket);
  assertEquals(headers.map(({ sequence }) => sequence), [65_534, 65_535, 0, 1, 2, 3]);
  assertEquals(headers.map(({ isMarked }) => isMarked), [false, false, false, false, false, true]);
  for (const header of headers) {
    assertEquals([header.payloadType, header.timestamp, header.ssrc], [0, 90_000, 0xfedcba98]);
  }
  assertEquals(out.timesMs, Array(6).fill(1000));
  assertEquals(out.flags, [PacketFlag.accessUnitStart | PacketFlag.keyFrameStart, 0, 0, 0, 0, 0]);
  assertEquals(new Set(packets.map(({ buffer }) => buffer)).size, 1);
  for (const { byteOffset } of packets) assertEquals(byteOffset % 4, 0);
  const last = packets.at(-1)!;
  assertEquals(last.buffer.byteLength, (last.byteOffset + last.length + 3) & ~3);

  packetize({ nalUnits: [fromHex("419a")] }, {}, out);
  assertEquals(out.flags.at(-1), PacketFlag.accessUnitStart);
});

Deno.test("H.264: a packet keeps its bytes when the access unit's buffer is used again", () => {
  const nalUnits = [nalUnit(0x41, 3000), nalUnit(0x41, 100)];
  const packets = packetize({ nalUnits });
  const before = packets.map(toHex);
  for (const unit of nalUnits) unit.fill(0);
  assertEquals(packets.map(toHex), before);
});

Deno.test("H.264: units of every size around the limits come out byte for byte", () => {
  for (const maxPayloadSize of [64, 65, 100, DEFAULT_MAX_PAYLOAD_SIZE]) {
    const step = maxPayloadSize - 2;
    const sizes = [1, 2, 3].concat(
      [maxPayloadSize, 2 * step, 3 * step, 4 * step].flatMap((size) =>
        [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map((distance) => size + distance)
      ),
    );
    for (const size of sizes) {
      const unit = nalUnit(0x65, size);
      const packets = packetize({ nalUnits: [unit] }, { maxPayloadSize });
      assertEquals(hexOf(depacketizeH264(packets).nalUnits), [toHex(unit)], `${size}`);
      const payloadSizes = packets.map(({ length }) => length - RTP_HEADER_SIZE);
      assert(Math.max(...payloadSizes) <= maxPayloadSize, `${size}: ${payloadSizes}`);
      const fewest = size <= maxPayloadSize ? 1 : Math.ceil((size - 1) / step);
      assertEquals(packets.length, fewest, `${size} in packets of ${maxPayloadSize}`);
      assert(Math.max(...payloadSizes) - Math.min(...payloadSizes) <= 1, `${payloadSizes}`);
    }
  }
});

Deno.test("H.264: aggregates fill a packet to the last byte, and not beyond", () => {
  // 1 for the header of the aggregate, 2 in front of each unit.
  const fitting = [nalUnit(0x06, 20), nalUnit(0x41, 100 - 1 - 2 - 20 - 2)];
  assertEquals(packetize({ nalUnits: fitting }, { maxPayloadSize: 100 }).length, 1);
  const tooLarge = [nalUnit(0x06, 20), nalUnit(0x41, 100 - 1 - 2 - 20 - 2 + 1)];
  assertEquals(packetize({ nalUnits: tooLarge }, { maxPayloadSize: 100 }).length, 2);
});

Deno.test("H.264: seeded access units come out byte for byte", () => {
  const random = seededRandom(6184);
  for (let round = 0; round < 600; round++) {
    const maxPayloadSize = 64 + Math.floor(random() * (round % 2 === 0 ? 40 : 1400));
    const count = 1 + Math.floor(random() * 6);
    const nalUnits = Array.from({ length: count }, () => {
      const size = 1 + Math.floor(random() ** 3 * 5 * maxPayloadSize);
      return nalUnit([0x06, 0x41, 0x65, 0x01][Math.floor(random() * 4)]!, size, random);
    });
    const out = new CollectedPackets(Math.floor(random() * 2 ** 40));
    const firstIndex = out.head;
    const isKeyFrame = random() < 0.3;
    const packets = packetize({ nalUnits, isKeyFrame }, { maxPayloadSize }, out);
    const received = depacketizeH264(packets);
    const expected = isKeyFrame ? [SPS, PPS, ...nalUnits] : nalUnits;
    assertEquals(hexOf(received.nalUnits), hexOf(expected), `round ${round}`);
    assertEquals(received.firstSequence, firstIndex % 65_536);
    for (const { length } of packets) assert(length <= maxPayloadSize + RTP_HEADER_SIZE);
  }
});

Deno.test("H.264: access units of the corpus, as FLV carries them", () => {
  for (const sample of ACCESS_UNIT_SAMPLES) {
    const nalUnits = splitH264NalUnits(sample, 4);
    const received = depacketizeH264(packetize({ nalUnits }));
    const expected = nalUnits.filter((unit) => (unit[0]! & 31) !== 9);
    assertEquals(hexOf(received.nalUnits), hexOf(expected));
  }
});

Deno.test("H.264: a payload size out of bounds is refused", () => {
  for (const maxPayloadSize of [63, 65_001, NaN, -1]) {
    assertThrows(
      () => packetize({ nalUnits: [fromHex("419a")] }, { maxPayloadSize }),
      RtpError,
      `got ${maxPayloadSize}`,
    );
  }
});
