import { assertEquals, assertThrows } from "@std/assert";
import { RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { writeRtxPacket } from "../../src/rtp/rtx.ts";
import { fromHex, toHex } from "../mutation.ts";

const STREAM = { payloadType: 97, ssrc: 0xa0b0c0d0 };

function original(marker: number, payloadHex: string): Uint8Array {
  const packet = Uint8Array.of(...new Uint8Array(12), ...fromHex(payloadHex));
  writeRtpHeader(packet, 0, marker, 5, 0x01020304, 9);
  return packet;
}

Deno.test("RTX: the viewer's header, the original's number, its payload", () => {
  const cases: [number, string, number, number, string][] = [
    [0, "7c8501", 1, 1005, "80 61 0001 01020304 a0b0c0d0 03ed 7c8501"],
    [RTP_MARKER, "7c4502", 65_536 + 2, -1, "80 e1 0002 01020304 a0b0c0d0 ffff 7c4502"],
    [0, "", 0, 65_536 + 258, "80 61 0000 01020304 a0b0c0d0 0102"],
  ];
  for (const [marker, payload, sequence, originalSequence, hex] of cases) {
    const packet = original(marker, payload);
    const target = new Uint8Array(3 + packet.length + 2 + 1).fill(0xee);
    const size = writeRtxPacket(target, 3, packet, STREAM, sequence, originalSequence);
    assertEquals(size, packet.length + 2);
    assertEquals(toHex(target), `eeeeee${hex.replaceAll(" ", "")}ee`);
  }
});

Deno.test("RTX: the target may be just long enough, and is left alone if it is not", () => {
  const packet = original(0, "7c8501");
  assertEquals(writeRtxPacket(new Uint8Array(17), 0, packet, STREAM, 1, 2), 17);
  const short = new Uint8Array(17);
  assertThrows(() => writeRtxPacket(short, 1, packet, STREAM, 1, 2), RtpError, "17 bytes, got 16");
  assertEquals(short, new Uint8Array(17));
});

Deno.test("RTX: what is no packet of a packetizer is refused", () => {
  const extended = original(0, "bede0000");
  extended[0] = 0x90;
  for (const packet of [extended, new Uint8Array(0), fromHex("8060")]) {
    assertThrows(() => writeRtxPacket(new Uint8Array(100), 0, packet, STREAM, 1, 2), RtpError);
  }
});
