import { assert, assertEquals } from "@std/assert";
import { splitObus } from "../../../src/codec/av1/obu.ts";
import { lengthPrefixed } from "../../../src/codec/annex_b.ts";
import { splitNalUnits } from "../../../src/codec/nal_units.ts";
import { parseVp9FrameHeader } from "../../../src/codec/vp9/frame.ts";
import { packetizeAv1 } from "../../../src/rtp/av1_packetizer.ts";
import { packetizeH264 } from "../../../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../../../src/rtp/h265_packetizer.ts";
import { packetizeVp8 } from "../../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../../../src/rtp/vp9_packetizer.ts";
import { AV1_DEPACKETIZER } from "../../../src/rtp/receive/av1_depacketizer.ts";
import type { Depacketizer, ReceivedUnit } from "../../../src/rtp/receive/depacketizer.ts";
import { H264_DEPACKETIZER } from "../../../src/rtp/receive/h264_depacketizer.ts";
import { H265_DEPACKETIZER } from "../../../src/rtp/receive/h265_depacketizer.ts";
import {
  parseReceivedPacket,
  type ReceivedPacket,
} from "../../../src/rtp/receive/received_packet.ts";
import { VP8_DEPACKETIZER } from "../../../src/rtp/receive/vp8_depacketizer.ts";
import { VP9_DEPACKETIZER } from "../../../src/rtp/receive/vp9_depacketizer.ts";
import { assertMalformed, NoError, wellFormed } from "../../../testing/malformed.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { ACCESS_UNIT_SAMPLES } from "../../../testing/media/corpus.ts";
import { splitVp9Superframe } from "../../../testing/media/vp9_superframe.ts";
import { fromHex, seededRandom, surviveMutations, toHex } from "../../../testing/mutation.ts";
import { CollectedPackets } from "../collected_packets.ts";

const DEPACKETIZERS = {
  h264: H264_DEPACKETIZER,
  h265: H265_DEPACKETIZER,
  vp8: VP8_DEPACKETIZER,
  vp9: VP9_DEPACKETIZER,
  av1: AV1_DEPACKETIZER,
} as const;

type Codec = keyof typeof DEPACKETIZERS;

const NOW = { timestamp: 90_000, timeMs: 1000 };

/** Payloads as RFCs show them, and what they carry. */
const KNOWN: readonly [Codec, string, string[], string][] = [
  ["h264", "a NAL unit", ["419a2a"], "00000003 419a2a"],
  ["h264", "a STAP-A", ["78 0002 6742 0003 68ce3c"], "00000002 6742 00000003 68ce3c"],
  ["h264", "an empty unit in it", ["78 0000 0002 6742"], "00000002 6742"],
  ["h264", "FU-As", ["7c85 aabb", "7c05 cc", "7c45 dd"], "00000005 65aabbccdd"],
  ["h264", "one FU-A of a whole unit", ["7cc5 aa"], "00000002 65aa"],
  ["h264", "types to be passed over", ["0011", "1e22", "1f33", "41aa"], "00000002 41aa"],
  ["h265", "a NAL unit", ["0201aa"], "00000003 0201aa"],
  ["h265", "an aggregate", ["6001 0003 400101 0003 420102"], "00000003 400101 00000003 420102"],
  ["h265", "fragments", ["620193 aa", "620113 bb", "620153 cc"], "00000005 2601aabbcc"],
  ["vp8", "a byte of descriptor", ["10 1234"], "1234"],
  ["vp8", "a short picture id", ["9080 11 1234", "8080 11 56"], "123456"],
  ["vp8", "a long picture id", ["9080 8011 1234"], "1234"],
  ["vp8", "all extensions", ["90f0 8011 22 60 1234"], "1234"],
  ["vp8", "further partitions", ["10 12", "01 34", "11 56"], "123456"],
  ["vp9", "no picture id", ["0c 82ab"], "82ab"],
  ["vp9", "a long one and layers", ["ac 8011 00 22 82ab"], "82ab"],
  ["vp9", "flexible mode with references", ["fc 11 00 03 05 02 82ab"], "82ab"],
  ["vp9", "a structure", ["8e 11 18 0140 00f0 02 04 01 00 82ab"], "82ab"],
  ["vp9", "in pieces", ["08 82", "00 ab", "04 cd"], "82abcd"],
  [
    "vp9",
    "two spatial layers",
    ["2c 00 00 82ab", "2c 02 00 82"],
    "82ab82 d9 02000000 01000000 d9",
  ],
  ["av1", "one OBU", ["10 30aabbcc"], "32 03 aabbcc"],
  ["av1", "two, counted", ["28 03 080a0b 30aabb"], "0a 02 0a0b 32 02 aabb"],
  ["av1", "without their number", ["00 02 08aa 03 30bbcc"], "0a 01 aa 32 02 bbcc"],
  ["av1", "with a size", ["10 3202aabb"], "32 02 aabb"],
  ["av1", "cut in three", ["50 30aa", "d0 bb", "90 cc"], "32 03 aabbcc"],
  ["av1", "cut within its header", ["50 34", "90 28aa"], "36 28 01 aa"],
  ["av1", "delimiter and padding are left out", ["30 01 10 02 30aa 78"], "32 01 aa"],
];

const MALFORMED: readonly [Codec, string, string[], string][] = [
  ["h264", "the rest of a unit alone", ["7c05 cc"], "fragments must begin"],
  ["h264", "a unit without its end", ["7c85 aa"], "must have its last fragment"],
  ["h264", "a unit begun twice", ["7c85 aa", "7c85 aa"], "follow each other"],
  ["h264", "a unit between fragments", ["7c85 aa", "41aa"], "must be followed by its next"],
  ["h264", "a STAP-A that is too short", ["78 0005 6742"], "must end within its aggregate"],
  ["h264", "half a length", ["78 00"], "must end within its aggregate"],
  ["h264", "the interleaved mode", ["7900"], "must be a NAL unit"],
  ["h264", "an FU-A of a byte", ["7c"], "must have a header"],
  ["h265", "half a header", ["02"], "header of two bytes"],
  ["h265", "an aggregate that is too short", ["6001 0009 4001"], "must end within its aggregate"],
  ["h265", "a PACI", ["640100"], "must be a NAL unit"],
  ["h265", "a fragment of two bytes", ["6201"], "must have a header"],
  ["h265", "the rest of a unit alone", ["620113 bb"], "fragments must begin"],
  ["vp8", "nothing but a descriptor", ["90 80 11"], "longer than its descriptor"],
  ["vp8", "a descriptor cut short", ["90f0 80"], "longer than its descriptor"],
  ["vp8", "no begin", ["00 12"], "must begin with the first partition"],
  ["vp8", "the second partition", ["11 12"], "must begin with the first partition"],
  ["vp9", "nothing but a descriptor", ["0c"], "longer than its descriptor"],
  ["vp9", "a structure cut short", ["0e ff"], "longer than its descriptor"],
  ["vp9", "no begin", ["04 82"], "must have a begin"],
  ["vp9", "no end", ["08 82"], "must have their ends"],
  ["vp9", "nine frames", Array(9).fill("0c 82"), "frames must be up to 8"],
  ["av1", "nothing but a header", ["10"], "must have an element"],
  ["av1", "the rest of an OBU alone", ["90 30aa"], "must be followed by the rest"],
  ["av1", "the rest of an OBU missing", ["50 30aa"], "OBU must have its end"],
  ["av1", "a size beyond the end", ["00 05 30aa"], "must end within its payload"],
  ["av1", "a size without end", ["00 ffffffff01 30"], "must end within its payload"],
  ["av1", "more than said", ["20 01 30 02 30"], ""],
  ["av1", "another size within", ["10 3203aabb"], "must end within its payload"],
  ["av1", "a forbidden bit", ["10 b0aa"], "forbidden bit"],
];

function read(codec: Codec, payloads: readonly Uint8Array[]): ReceivedUnit {
  return wellFormed(DEPACKETIZERS[codec].read(payloads)) as ReceivedUnit;
}

/** Packets to payloads, and these to what was sent. */
function readPackets(codec: Codec, packets: readonly Uint8Array[]): ReceivedUnit {
  return read(codec, packets.map(payloadOf));
}

function payloadOf(packet: Uint8Array): Uint8Array {
  return (wellFormed(parseReceivedPacket(packet)) as ReceivedPacket).payload;
}

Deno.test("depacketizers: known payloads", () => {
  for (const [codec, name, payloads, expected] of KNOWN) {
    const { data } = read(codec, payloads.map(fromHex));
    assertEquals(toHex(data), expected.replaceAll(" ", ""), `${codec}: ${name}`);
  }
});

Deno.test("depacketizers: what is malformed", () => {
  for (const [codec, name, payloads, text] of MALFORMED) {
    assertMalformed(DEPACKETIZERS[codec].read(payloads.map(fromHex)), text, `${codec}: ${name}`);
  }
  const many = Array.from({ length: 1025 }, () => fromHex("41aa"));
  assertMalformed(H264_DEPACKETIZER.read(many), "NAL units must be up to 1024");
  const obus = Array.from({ length: 1025 }, () => fromHex("10 30aa"));
  assertMalformed(AV1_DEPACKETIZER.read(obus), "OBUs must be up to 1024");
});

Deno.test("depacketizers: no payload that is cut short makes a picture of what is behind its end", () => {
  for (const [codec, name, payloads] of KNOWN) {
    const last = fromHex(payloads.at(-1)!);
    for (let size = 1; size < last.length; size++) {
      const cut = last.slice(0, size);
      const earlier = payloads.slice(0, -1).map(fromHex);
      const whole = DEPACKETIZERS[codec].read([...earlier, cut]);
      const inside = new Uint8Array(last.length).fill(0xff);
      inside.set(cut);
      const within = DEPACKETIZERS[codec].read([...earlier, inside.subarray(0, size)]);
      assertEquals(within, whole, `${codec}: ${name}, ${size} bytes`);
    }
  }
});

Deno.test("depacketizers: where pictures begin, and whether they are key frames", () => {
  const cases: [Codec, string, string, boolean, boolean][] = [
    ["h264", "SPS", "6742", true, true],
    ["h264", "delimiter", "0910", true, false],
    ["h264", "STAP-A of SPS and more", "78 0002 6742 0002 68ce", true, true],
    ["h264", "STAP-A of SEI and IDR", "78 0002 0601 0002 6588", false, true],
    ["h264", "IDR alone may be a later slice", "6588", false, true],
    ["h264", "first FU-A of an IDR", "7c85 88", false, true],
    ["h264", "last FU-A of an IDR", "7c45 88", false, true],
    ["h264", "slice", "419a", false, false],
    ["h264", "nothing", "", false, false],
    ["h265", "VPS", "4001", true, true],
    ["h265", "aggregate of VPS and more", "6001 0003 400101 0003 420102", true, true],
    ["h265", "aggregate of SEI and IDR", "6001 0003 4e0101 0003 260102", false, true],
    ["h265", "fragment of a CRA", "6201 95 aa", false, true],
    ["h265", "slice", "0201aa", false, false],
    ["h265", "nothing", "", false, false],
    ["vp8", "key frame", "9080 11 10", true, true],
    ["vp8", "inter frame", "9080 11 11", true, false],
    ["vp8", "a later piece", "8080 11 10", false, false],
    ["vp8", "nothing", "", false, false],
    ["vp9", "key frame", "8a 11 82", true, true],
    ["vp9", "its end", "84 11 82", false, true],
    ["vp9", "inter frame", "ca 11 82", true, false],
    ["vp9", "second layer of a key frame", "2c 02 00 82", false, false],
    ["vp9", "nothing", "", false, false],
    ["av1", "begin of a sequence", "18 0a", true, true],
    ["av1", "another picture", "10 30", false, false],
    ["av1", "nothing", "", false, false],
  ];
  for (const [codec, name, hex, begins, isOfKeyFrame] of cases) {
    const { begins: does, isOfKeyFrame: is } = DEPACKETIZERS[codec] as Depacketizer;
    const payload = fromHex(hex);
    assertEquals([does(payload), is(payload)], [begins, isOfKeyFrame], `${codec}: ${name}`);
  }
});

Deno.test("depacketizers: layers, and pictures that no other refers to", () => {
  const cases: [Codec, string[], Partial<ReceivedUnit>][] = [
    ["h264", ["01aa", "0601"], { isDisposable: true, isKeyFrame: false }],
    ["h264", ["01aa", "41bb"], { isDisposable: false }],
    ["h264", ["6742", "6588"], { isKeyFrame: true, isDisposable: false }],
    ["h265", ["0203aa"], { layers: { temporalId: 2, spatialId: 0 } }],
    ["h265", ["2601aa"], { isKeyFrame: true, layers: { temporalId: 0, spatialId: 0 } }],
    ["vp8", ["b0f0 8011 22 80 11"], {
      isDisposable: true,
      isKeyFrame: false,
      layers: { temporalId: 2, spatialId: 0 },
      layerSwitch: "none",
    }],
    ["vp8", ["90 20 60 11"], { layers: { temporalId: 1, spatialId: 0 }, layerSwitch: "here" }],
    ["vp8", ["10 11"], { layers: { temporalId: 0, spatialId: 0 }, layerSwitch: "none" }],
    ["vp9", ["2c 40 00 82ab", "2c 42 00 82"], {
      layers: { temporalId: 2, spatialId: 1 },
      layerSwitch: "none",
    }],
    ["vp9", ["2c 10 00 82ab", "2c 12 00 82"], { layerSwitch: "behind" }],
    ["vp9", ["2c 10 00 82ab", "2c 02 00 82"], { layerSwitch: "none" }],
    ["av1", ["20 03 342800 343000"], { layers: { temporalId: 1, spatialId: 2 } }],
  ];
  for (const [codec, payloads, expected] of cases) {
    const unit = read(codec, payloads.map(fromHex));
    assertEquals({ ...unit, ...expected }, unit, `${codec}: ${payloads}`);
  }
});

Deno.test("what is packetized comes out again: H.264", () => {
  for (const maxPayloadSize of [64, 300, 1176]) {
    for (const nalUnits of h264Pictures()) {
      const out = new CollectedPackets();
      const format = { sps: [], pps: [], ssrc: 1, maxPayloadSize };
      packetizeH264({ nalUnits, isKeyFrame: false, ...NOW }, format, out);
      const { data, isKeyFrame } = readPackets("h264", out.packets);
      assertEquals(data, lengthPrefixed(nalUnits));
      assertEquals(isKeyFrame, nalUnits.some((unit) => (unit[0]! & 31) === 5));
    }
  }
});

function h264Pictures(): Uint8Array[][] {
  const random = seededRandom(3);
  const unit = (header: number, size: number) =>
    Uint8Array.from({ length: size }, (_, at) => at === 0 ? header : random() * 256);
  const fixed = ACCESS_UNIT_SAMPLES.map((sample) => splitNalUnits(sample, 4, 1))
    .map((units) => units.filter((one) => (one[0]! & 31) < 9)).filter((units) => units.length > 0);
  const made = Array.from({ length: 40 }, (_, at) => [
    ...(at % 3 === 0 ? [unit(0x67, 20), unit(0x68, 5)] : []),
    ...Array.from(
      { length: 1 + at % 4 },
      () => unit(at % 3 === 0 ? 0x65 : 0x41, 1 + random() * 3000 | 0),
    ),
  ]);
  return [...fixed, ...made];
}

Deno.test("what is packetized comes out again: H.265", () => {
  for (const maxPayloadSize of [64, 300, 1176]) {
    for (const picture of [...H265_STREAMS.openGop, ...H265_STREAMS.lowDelay]) {
      const nalUnits = splitNalUnits(picture, 4, 2).filter((unit) => unit[0]! >> 1 !== 35);
      const out = new CollectedPackets();
      const format = { vps: [], sps: [], pps: [], ssrc: 1, maxPayloadSize };
      packetizeH265({ nalUnits, isKeyFrame: false, ...NOW }, format, out);
      assertEquals(readPackets("h265", out.packets).data, lengthPrefixed(nalUnits));
    }
  }
});

Deno.test("what is packetized comes out again: VP8 and VP9", () => {
  for (const maxPayloadSize of [64, 300, 1176]) {
    for (const data of VP_STREAMS.vp8Realtime) {
      const out = new CollectedPackets();
      const isKeyFrame = (data[0]! & 1) === 0;
      packetizeVp8({ data, isKeyFrame, ...NOW }, { ssrc: 1, maxPayloadSize }, out);
      const unit = readPackets("vp8", out.packets);
      assertEquals([unit.data, unit.isKeyFrame], [data, isKeyFrame]);
      assertEquals(VP8_DEPACKETIZER.isOfKeyFrame(payloadOf(out.packets[0]!)), isKeyFrame);
    }
    for (const data of [...VP_STREAMS.vp9Realtime, ...VP_STREAMS.vp9AltRef]) {
      const out = new CollectedPackets();
      const { isKeyFrame } = parseVp9FrameHeader(data);
      const picture = { data, isKeyFrame, width: 98, height: 66, ...NOW };
      packetizeVp9(picture, { ssrc: 1, maxPayloadSize }, out);
      const unit = readPackets("vp9", out.packets);
      assertEquals([unit.data, unit.isKeyFrame], [data, isKeyFrame]);
      assert(VP9_DEPACKETIZER.begins(payloadOf(out.packets[0]!)));
    }
  }
});

Deno.test("spatial layers of VP9 become a superframe that splits again", () => {
  const frames = VP_STREAMS.vp9Realtime.slice(0, 3);
  const payloads = frames.map((frame, layer) => Uint8Array.of(0x2c, layer << 1, 0, ...frame));
  assertEquals(splitVp9Superframe(read("vp9", payloads).data), frames);
});

Deno.test("what is packetized comes out again: AV1", () => {
  for (const maxPayloadSize of [64, 300, 1176]) {
    for (const picture of [...AV1_STREAMS.realtime, ...AV1_STREAMS.hiddenFrames]) {
      const obus = splitObus(picture);
      const out = new CollectedPackets();
      const format = { sequenceHeader: undefined, ssrc: 1, maxPayloadSize };
      const isKeyFrame = obus.some(({ type }) => type === 1);
      packetizeAv1({ obus, isKeyFrame, ...NOW }, format, out);
      const unit = readPackets("av1", out.packets);
      const kept = obus.filter(({ type }) => type !== 2);
      const payloadsOf = (list: typeof obus) => list.map(({ type, payload }) => [type, payload]);
      assertEquals(payloadsOf(splitObus(unit.data)), payloadsOf(kept));
      assertEquals(unit.isKeyFrame, isKeyFrame);
    }
  }
});

Deno.test("depacketizers: mutations throw nothing", () => {
  for (const [codec, , payloads] of KNOWN) {
    const depacketizer: Depacketizer = DEPACKETIZERS[codec];
    for (const [changed, payload] of payloads.map(fromHex).entries()) {
      surviveMutations(
        [payload],
        (bytes) => {
          depacketizer.begins(bytes);
          depacketizer.isOfKeyFrame(bytes);
          const mutated = payloads.map((hex, at) => at === changed ? bytes : fromHex(hex))
            .filter(({ length }) => length > 0);
          depacketizer.read(mutated);
        },
        NoError,
        { count: 500 },
      );
    }
  }
});
