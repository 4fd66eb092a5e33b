import { assertEquals, assertThrows } from "@std/assert";
import { MAX_OPUS_PACKET_SIZE, packetizeOpus } from "../../src/rtp/opus_packetizer.ts";
import { opusPacketDurationMs, opusPacketSamples } from "../../testing/media/opus_toc.ts";
import { PacketFlag } from "../../src/rtp/packet_sink.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";
import { CollectedPackets } from "./collected_packets.ts";

Deno.test("Opus: one packet is one RTP packet", () => {
  const out = new CollectedPackets(65_536 + 5);
  const data = fromHex("fcfffe");
  const format = { ssrc: 0x01020304 };
  assertEquals(packetizeOpus({ data, timestamp: 960, timeMs: 20.5 }, format, out), 1);
  data.fill(0);
  assertEquals(out.packets.map(toHex), ["80000005000003c001020304fcfffe"]);
  assertEquals([out.timesMs, out.flags], [[20.5], [PacketFlag.accessUnitStart]]);
});

Deno.test("Opus: packets of any size up to the limit", () => {
  const out = new CollectedPackets();
  const packetize = (size: number) =>
    packetizeOpus({ data: new Uint8Array(size), timestamp: 0, timeMs: 0 }, { ssrc: 1 }, out);
  assertEquals(packetize(1), 1);
  assertEquals(packetize(MAX_OPUS_PACKET_SIZE), 1);
  assertThrows(() => packetize(0), RtpError, "got 0");
  assertThrows(() => packetize(MAX_OPUS_PACKET_SIZE + 1), RtpError, "got 1277");
  assertEquals(out.packets.length, 2);
});

Deno.test("Opus: the duration of every configuration (RFC 6716 table 2)", () => {
  const frameMs = [
    ...[10, 20, 40, 60, 10, 20, 40, 60, 10, 20, 40, 60],
    ...[10, 20, 10, 20],
    ...[2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20, 2.5, 5, 10, 20],
  ];
  for (const [configuration, durationMs] of frameMs.entries()) {
    for (const stereo of [0, 4]) {
      const toc = (configuration << 3) | stereo;
      assertEquals(opusPacketDurationMs(Uint8Array.of(toc)), durationMs);
      assertEquals(opusPacketDurationMs(Uint8Array.of(toc | 1, 9)), 2 * durationMs);
      assertEquals(opusPacketDurationMs(Uint8Array.of(toc | 2, 1, 9)), 2 * durationMs);
      const count = Math.floor(120 / durationMs);
      // With the flags for variable bitrate and padding above the count.
      assertEquals(
        opusPacketSamples(Uint8Array.of(toc | 3, 0xc0 | count)),
        count * durationMs * 48,
      );
      assertThrows(() => opusPacketSamples(Uint8Array.of(toc | 3, count + 1)), RtpError, "5760");
    }
  }
});

Deno.test("Opus: what has no duration is refused", () => {
  assertThrows(() => opusPacketSamples(fromHex("")), RtpError, "got 0");
  assertThrows(() => opusPacketSamples(fromHex("ff")), RtpError, "got 1");
  assertThrows(() => opusPacketSamples(fromHex("ff80")), RtpError, "got 0");
});

Deno.test("Opus: durations survive mutations", () => {
  surviveMutations([fromHex("fcfffe"), fromHex("ff03010203")], opusPacketSamples, RtpError);
});
