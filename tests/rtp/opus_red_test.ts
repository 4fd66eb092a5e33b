import { assert, assertEquals } from "@std/assert";
import { MAX_REDUNDANT_SIZE, packRedundant } from "../../src/rtp/opus_red.ts";
import { RTP_HEADER_SIZE, writeRtpHeader } from "../../src/rtp/packet.ts";
import { readRedundant } from "../../testing/webrtc/redundant_payload.ts";

const OPUS = 111;

function packet(timestamp: number, payload: number[] | number): Uint8Array {
  const content = typeof payload === "number" ? Array(payload).fill(7) : payload;
  const made = new Uint8Array(RTP_HEADER_SIZE + content.length);
  writeRtpHeader(made, 0, 0, 5, timestamp, 9);
  made.set(content, RTP_HEADER_SIZE);
  return made;
}

Deno.test("RED: a packet carries the ones before it, oldest first, with their times", () => {
  const earlier = [packet(0xffff_ff00, [1, 2]), packet(0x2c0, [3])];
  const made = packRedundant(packet(0x680, [4, 5, 6]), earlier, OPUS);
  assertEquals(made.subarray(0, RTP_HEADER_SIZE), packet(0x680, []));
  assertEquals(
    [...made.subarray(RTP_HEADER_SIZE)],
    // Distances of 1920 and 960 in 14 bits, lengths of 2 and 1 in ten.
    [0x80 | OPUS, 1920 >> 6, 0, 2, 0x80 | OPUS, 960 >> 6, 0, 1, OPUS, 1, 2, 3, 4, 5, 6],
  );
  assertEquals(readRedundant(made.subarray(RTP_HEADER_SIZE)), [
    { payloadType: OPUS, timestampOffset: 1920, data: Uint8Array.of(1, 2) },
    { payloadType: OPUS, timestampOffset: 960, data: Uint8Array.of(3) },
    { payloadType: OPUS, timestampOffset: 0, data: Uint8Array.of(4, 5, 6) },
  ]);
});

Deno.test("RED: what is too large, too old or from later is left out, and all before it", () => {
  const carried = (earlier: Uint8Array[], size = 3) => {
    const made = packRedundant(packet(100_000, size), earlier, OPUS);
    assert(
      earlier.length === 0 ||
        made.length <= RTP_HEADER_SIZE + Math.max(MAX_REDUNDANT_SIZE, size + 1),
    );
    return readRedundant(made.subarray(RTP_HEADER_SIZE)).length - 1;
  };
  const near = packet(99_040, 3);
  assertEquals(carried([]), 0);
  assertEquals(carried([near]), 1);
  assertEquals(carried([packet(100_000 - 0x3fff, 3)]), 1);
  assertEquals(carried([packet(100_000 - 0x4000, 3)]), 0);
  assertEquals(carried([packet(100_960, 3)]), 0);
  assertEquals(carried([near, packet(100_000, 3)]), 0);
  assertEquals(carried([packet(99_040, 1023)]), 1);
  assertEquals(carried([packet(99_040, 1024)]), 0);
  for (let size = 1; size <= 1276; size++) {
    const expected = size * 2 + 5 > MAX_REDUNDANT_SIZE
      ? 0
      : size * 3 + 9 > MAX_REDUNDANT_SIZE
      ? 1
      : 2;
    assertEquals(carried([packet(98_080, size), packet(99_040, size)], size), expected, `${size}`);
  }
});
