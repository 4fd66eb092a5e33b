import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Av1RtpFormat, packetizeAv1 } from "../../src/rtp/av1_packetizer.ts";
import type { Av1ObuView } from "../../src/rtp/av1_payload_cutter.ts";
import { RTP_HEADER_SIZE } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { DEFAULT_MAX_PAYLOAD_SIZE } from "../../src/rtp/packet_carver.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import { depacketizeAv1 } from "./av1_depacketizer.ts";
import { CollectedPackets } from "./collected_packets.ts";

const NOW = { timestamp: 90_000, timeMs: 1000 };

/** OBUs as in a stream, with a size (of up to 127 here); `extension` is the header's second byte. */
function obu(type: number, payload: Uint8Array, extension?: number): Av1ObuView {
  const hasExtension = extension !== undefined;
  const head = [type << 3 | 2 | (hasExtension ? 4 : 0), ...(hasExtension ? [extension] : [])];
  const bytes = Uint8Array.of(...head, payload.length & 0x7f, ...payload);
  return { type, hasExtension, bytes, payload: bytes.subarray(bytes.length - payload.length) };
}

function randomBytes(size: number, random = seededRandom(size)): Uint8Array {
  return Uint8Array.from({ length: size }, () => random() * 256);
}

/** What comes out again: the OBU without its size. */
function sent({ bytes, hasExtension, payload }: Av1ObuView): string {
  const extension = hasExtension ? toHex(bytes.subarray(1, 2)) : "";
  return toHex(Uint8Array.of(bytes[0]! & ~2)) + extension + toHex(payload);
}

const SEQUENCE = obu(1, fromHex("0a0b"));

function packetize(
  obus: readonly Av1ObuView[],
  { isKeyFrame = false, out = new CollectedPackets(), ...format }:
    & Partial<Av1RtpFormat>
    & { isKeyFrame?: boolean; out?: CollectedPackets } = {},
): Uint8Array<ArrayBuffer>[] {
  const full = { sequenceHeader: SEQUENCE, ssrc: 0xfedcba98, ...format };
  assertEquals(packetizeAv1({ obus, isKeyFrame, ...NOW }, full, out), out.packets.length);
  return out.packets;
}

Deno.test("AV1: known payloads", () => {
  const frame = obu(6, fromHex("aabbcc"));
  const cases: [string, Av1ObuView[], boolean, string[]][] = [
    ["one OBU needs no length", [frame], false, ["10 30aabbcc"]],
    [
      "delimiter, tile list and padding are left out",
      [
        obu(2, new Uint8Array(0)),
        obu(8, fromHex("01")),
        frame,
        obu(15, fromHex("0102")),
      ],
      false,
      ["10 30aabbcc"],
    ],
    ["a key frame gets the sequence header", [frame], true, ["28 03 080a0b 30aabbcc"]],
    ["it keeps its own", [obu(1, fromHex("0c")), frame], true, ["28 02 080c 30aabbcc"]],
    ["three are counted", [obu(5, fromHex("01")), frame, obu(4, fromHex("02"))], false, [
      "30 02 2801 04 30aabbcc 2002",
    ]],
    ["four are not", [frame, frame, frame, obu(4, fromHex("02"))], false, [
      "00 04 30aabbcc 04 30aabbcc 04 30aabbcc 02 2002",
    ]],
    ["an extension is kept", [obu(6, fromHex("aa"), 0x28)], false, ["10 3428aa"]],
    [
      "an OBU may be nothing but its header",
      [obu(6, fromHex("aa")), obu(7, new Uint8Array(0))],
      false,
      [
        "20 02 30aa 38",
      ],
    ],
    ["nothing but a delimiter is nothing", [obu(2, new Uint8Array(0))], true, []],
    ["no OBUs are nothing", [], true, []],
  ];
  for (const [name, obus, isKeyFrame, expected] of cases) {
    const payloads = packetize(obus, { isKeyFrame })
      .map((packet) => toHex(packet.subarray(RTP_HEADER_SIZE)));
    assertEquals(payloads, expected.map((hex) => hex.replaceAll(" ", "")), name);
  }
});

Deno.test("AV1: fragments are told from whole elements", () => {
  const frame = obu(6, randomBytes(180));
  const packets = packetize([SEQUENCE, frame], { isKeyFrame: true, maxPayloadSize: 64 });
  const headers = packets.map((packet) => packet[RTP_HEADER_SIZE]!.toString(16).padStart(2, "0"));
  // Y, W = 2 and N; then Z, Y and W = 1; Z and W = 1 at the end.
  assertEquals(headers, ["68", "d0", "90"]);
  const { obus, startsSequence } = depacketizeAv1(packets);
  assertEquals([startsSequence, ...obus.map(toHex)], [true, sent(SEQUENCE), sent(frame)]);
});

Deno.test("AV1: header and flags of the packets", () => {
  const out = new CollectedPackets(65_535);
  const packets = packetize([obu(6, randomBytes(3000))], { isKeyFrame: true, out });
  const headers = packets.map(parseRtpPacket);
  assertEquals(headers.map(({ sequence }) => sequence), [65_535, 0, 1]);
  assertEquals(headers.map(({ isMarked }) => isMarked), [false, false, true]);
  assertEquals(out.flags, [PacketFlag.accessUnitStart | PacketFlag.keyFrameStart, 0, 0]);
  for (const { byteOffset } of packets) assertEquals(byteOffset % 4, 0);
  const last = packets.at(-1)!;
  assertEquals(last.buffer.byteLength, (last.byteOffset + last.length + 3) & ~3);
  const inter = new CollectedPackets();
  packetize([obu(6, randomBytes(10))], { out: inter });
  assertEquals(inter.flags, [PacketFlag.accessUnitStart]);
});

Deno.test("AV1: a packet keeps its bytes when the temporal unit's buffer is used again", () => {
  const frame = obu(6, randomBytes(3000));
  const packets = packetize([frame]);
  const before = packets.map(toHex);
  frame.bytes.fill(0);
  assertEquals(packets.map(toHex), before);
});

Deno.test("AV1: frames of every size around the limits come out whole, in the fewest packets", () => {
  for (const maxPayloadSize of [64, 65, 130, 131, DEFAULT_MAX_PAYLOAD_SIZE]) {
    const near = Array.from({ length: 25 }, (_, at) => at - 12);
    const sizes = [0, 1, 2].concat(
      [1, 2, 3, 4].flatMap((count) => near.map((by) => count * (maxPayloadSize - 1) + by)),
    );
    for (const size of sizes) {
      const frame = obu(6, randomBytes(size));
      const packets = packetize([frame], { maxPayloadSize });
      assertEquals(depacketizeAv1(packets).obus.map(toHex), [sent(frame)], `${size}`);
      const payloads = packets.map(({ length }) => length - RTP_HEADER_SIZE);
      assert(Math.max(...payloads) <= maxPayloadSize, `${size}: ${payloads}`);
      assertEquals(packets.length, Math.ceil((size + 1) / (maxPayloadSize - 1)), `${size}`);
      const spread = Math.max(...payloads) - Math.min(...payloads);
      assert(spread < packets.length, `${size}: ${payloads}`);
    }
  }
});

Deno.test("AV1: two OBUs of all sizes around a packet's limit", () => {
  const maxPayloadSize = 140;
  for (let first = 100; first < 150; first++) {
    for (const second of [0, 1, 14, 15, 16, 17, 30, 200]) {
      const obus = [obu(3, randomBytes(first)), obu(4, randomBytes(second))];
      const packets = packetize(obus, { maxPayloadSize });
      assertEquals(depacketizeAv1(packets).obus.map(toHex), obus.map(sent), `${first}, ${second}`);
      for (const { length } of packets) assert(length <= maxPayloadSize + RTP_HEADER_SIZE);
      // Aggregation headers, and a length where both share a packet.
      const least = Math.ceil((first + second + 2) / (maxPayloadSize - 1));
      assert(packets.length <= least + 1, `${first}, ${second}: ${packets.length}`);
    }
  }
});

Deno.test("AV1: seeded temporal units come out byte for byte", () => {
  const random = seededRandom(1);
  for (let round = 0; round < 1500; round++) {
    const maxPayloadSize = 64 + Math.floor(random() * (round % 2 === 0 ? 80 : 1400));
    const obus = Array.from({ length: 1 + Math.floor(random() * 9) }, () => {
      const size = 1 + Math.floor(random() ** 4 * 4 * maxPayloadSize);
      const extension = random() < 0.2 ? 0x20 : undefined;
      return obu(
        [1, 3, 4, 5, 6, 7][Math.floor(random() * 6)]!,
        randomBytes(size, random),
        extension,
      );
    });
    const isKeyFrame = random() < 0.3;
    const out = new CollectedPackets(Math.floor(random() * 2 ** 40));
    const packets = packetize(obus, { isKeyFrame, maxPayloadSize, out });
    const received = depacketizeAv1(packets);
    const isInserted = isKeyFrame && obus.every(({ type }) => type !== 1);
    const expected = isInserted ? [SEQUENCE, ...obus] : obus;
    assertEquals(received.obus.map(toHex), expected.map(sent), `round ${round}`);
    assertEquals(received.startsSequence, isKeyFrame);
    // No packet but the last ends where an OBU does: Y is set.
    const isContinued = packets.map((packet) => (packet[RTP_HEADER_SIZE]! & 0x40) !== 0);
    assertEquals(isContinued, packets.map((_, at) => at < packets.length - 1), `round ${round}`);
    for (const { length } of packets) assert(length <= maxPayloadSize + RTP_HEADER_SIZE);
  }
});

Deno.test("AV1: a payload size out of bounds is refused", () => {
  for (const maxPayloadSize of [63, 65_001, NaN]) {
    assertThrows(
      () => packetize([obu(6, randomBytes(10))], { maxPayloadSize }),
      RtpError,
      `Cannot packetize AV1: payload size must be 64..65000, got ${maxPayloadSize}`,
    );
  }
});
