import { assert, assertEquals, assertThrows } from "@std/assert";
import { RTP_HEADER_SIZE } from "../../src/rtp/packet.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { DEFAULT_MAX_PAYLOAD_SIZE } from "../../src/rtp/packet_carver.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import type { PayloadFormat } from "../../src/rtp/payload_size.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { packetizeVp8, type Vp8Frame } from "../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9, type Vp9Frame } from "../../src/rtp/vp9_packetizer.ts";
import { fromHex, seededRandom, toHex } from "../../testing/mutation.ts";
import { CollectedPackets } from "./collected_packets.ts";
import { depacketizeVp8, depacketizeVp9 } from "./vpx_depacketizer.ts";

const NOW = { timestamp: 90_000, timeMs: 1000 };
const SIZE = { width: 640, height: 360 };

function bytes(size: number, random = seededRandom(size)): Uint8Array {
  return Uint8Array.from({ length: size }, () => random() * 256);
}

/** Both packetizers by the same arguments. */
const CODECS = {
  VP8: {
    packetize: (frame: Vp8Frame, format: PayloadFormat, out: CollectedPackets) =>
      packetizeVp8(frame, format, out),
    depacketize: depacketizeVp8,
    headerSize: { key: 1, other: 1 },
  },
  VP9: {
    packetize: (frame: Vp8Frame, format: PayloadFormat, out: CollectedPackets) =>
      packetizeVp9({ ...frame, ...SIZE }, format, out),
    depacketize: depacketizeVp9,
    headerSize: { key: 6, other: 1 },
  },
};

function payloadsOf(out: CollectedPackets): string[] {
  return out.packets.map((packet) => toHex(packet.subarray(RTP_HEADER_SIZE)));
}

Deno.test("VP8: known payloads", () => {
  const out = new CollectedPackets();
  const frame: Vp8Frame = { ...NOW, data: fromHex("10020304"), isKeyFrame: true };
  assertEquals(packetizeVp8(frame, { ssrc: 1 }, out), 1);
  const large = { ...frame, data: new Uint8Array(119).fill(9) };
  assertEquals(packetizeVp8(large, { ssrc: 1, maxPayloadSize: 64 }, out), 2);
  const nines = (count: number) => "09".repeat(count);
  assertEquals(payloadsOf(out), ["10" + "10020304", "10" + nines(60), "00" + nines(59)]);
});

Deno.test("VP9: known payloads", () => {
  const out = new CollectedPackets();
  const key: Vp9Frame = { ...NOW, ...SIZE, data: fromHex("824983"), isKeyFrame: true };
  assertEquals(packetizeVp9(key, { ssrc: 1 }, out), 1);
  assertEquals(packetizeVp9({ ...key, isKeyFrame: false }, { ssrc: 1 }, out), 1);
  const format = { ssrc: 1, maxPayloadSize: 64 };
  const large = { ...key, data: new Uint8Array(109).fill(9) };
  assertEquals(packetizeVp9(large, format, out), 2);
  assertEquals(packetizeVp9({ ...large, isKeyFrame: false }, format, out), 2);
  const nines = (count: number) => "09".repeat(count);
  assertEquals(payloadsOf(out), [
    "0e" + "1002800168" + "824983",
    "4c" + "824983",
    "0a" + "1002800168" + nines(52),
    "04" + nines(57),
    "48" + nines(55),
    "44" + nines(54),
  ]);
});

for (const [name, { packetize, depacketize, headerSize }] of Object.entries(CODECS)) {
  const collect = (frame: Vp8Frame, format: PayloadFormat, index = 0) => {
    const out = new CollectedPackets(index);
    assertEquals(packetize(frame, format, out), out.packets.length);
    return out;
  };

  Deno.test(`${name}: header and flags of the packets`, () => {
    const frame = { ...NOW, data: bytes(3000), isKeyFrame: true };
    const { packets, flags, timesMs } = collect(frame, { ssrc: 0xfedcba98 }, 65_535);
    const headers = packets.map(parseRtpPacket);
    assertEquals(headers.map(({ sequence }) => sequence), [65_535, 0, 1]);
    assertEquals(headers.map(({ isMarked }) => isMarked), [false, false, true]);
    assertEquals(headers.map(({ ssrc }) => ssrc), Array(3).fill(0xfedcba98));
    assertEquals(flags, [PacketFlag.accessUnitStart | PacketFlag.keyFrameStart, 0, 0]);
    assertEquals(timesMs, [1000, 1000, 1000]);
    const inter = collect({ ...frame, isKeyFrame: false, data: bytes(10) }, { ssrc: 1 });
    assertEquals(inter.flags, [PacketFlag.accessUnitStart]);
  });

  Deno.test(`${name}: frames of every size around the limits come out byte for byte`, () => {
    for (const maxPayloadSize of [64, 65, DEFAULT_MAX_PAYLOAD_SIZE]) {
      const near = Array.from({ length: 33 }, (_, at) => at - 16);
      const sizes = [1, 2, 3].concat(
        [1, 2, 3].flatMap((count) =>
          near.map((by) => count * (maxPayloadSize - headerSize.other) + by)
        ),
      );
      for (const size of sizes) {
        for (const isKeyFrame of [false, true]) {
          const data = bytes(size);
          const format = { ssrc: 1, maxPayloadSize };
          const { packets } = collect({ ...NOW, data, isKeyFrame }, format);
          const received = depacketize(packets);
          assertEquals(toHex(received.data), toHex(data), `${size}`);
          const payloads = packets.map(({ length }) => length - RTP_HEADER_SIZE);
          assert(Math.max(...payloads) <= maxPayloadSize, `${size}: ${payloads}`);
          assert(Math.max(...payloads) - Math.min(...payloads) <= 1, `${size}: ${payloads}`);
          const extra = isKeyFrame ? headerSize.key - headerSize.other : 0;
          const fewest = Math.ceil((size + extra) / (maxPayloadSize - headerSize.other));
          assertEquals(packets.length, fewest, `${size}`);
        }
      }
    }
  });

  Deno.test(`${name}: an empty frame is nothing, and packets keep their bytes`, () => {
    const frame = { ...NOW, data: bytes(2000), isKeyFrame: true };
    assertEquals(collect({ ...frame, data: new Uint8Array(0) }, { ssrc: 1 }).packets, []);
    const { packets } = collect(frame, { ssrc: 1 });
    const before = packets.map(toHex);
    frame.data.fill(0);
    assertEquals(packets.map(toHex), before);
    for (const { byteOffset } of packets) assertEquals(byteOffset % 4, 0);
    const last = packets.at(-1)!;
    assertEquals(last.buffer.byteLength, (last.byteOffset + last.length + 3) & ~3);
  });

  Deno.test(`${name}: a payload size out of bounds is refused`, () => {
    const frame = { ...NOW, data: bytes(20), isKeyFrame: true };
    for (const maxPayloadSize of [63, 65_001, NaN]) {
      assertThrows(
        () => collect(frame, { ssrc: 1, maxPayloadSize }),
        RtpError,
        `Cannot packetize ${name}: payload size must be 64..65000, got ${maxPayloadSize}`,
      );
    }
  });
}

Deno.test("VP9: key frames tell their size, all others that they need others", () => {
  const frame = (isKeyFrame: boolean) => {
    const out = new CollectedPackets();
    packetizeVp9({ ...NOW, ...SIZE, data: bytes(3000), isKeyFrame }, { ssrc: 1 }, out);
    const { data: _, ...said } = depacketizeVp9(out.packets);
    return said;
  };
  assertEquals(frame(true), { isPredicted: false, size: SIZE });
  assertEquals(frame(false), { isPredicted: true, size: undefined });
});
