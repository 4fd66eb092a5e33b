import { assert, assertEquals } from "@std/assert";
import { MAX_REDUNDANT_SIZE, packRedundant } from "../../../src/rtp/opus_red.ts";
import { RTP_HEADER_SIZE, writeRtpHeader } from "../../../src/rtp/packet.ts";
import { readRedundantPayload } from "../../../src/rtp/receive/redundant_payload.ts";
import { surviveMutations } from "../../../testing/mutation.ts";

const OPUS = 111;

function packet(timestamp: number, payload: readonly number[]): Uint8Array {
  const made = new Uint8Array(RTP_HEADER_SIZE + payload.length);
  writeRtpHeader(made, 0, 0, 5, timestamp, 9);
  made.set(payload, RTP_HEADER_SIZE);
  return made;
}

/** A payload with so many packets of so many bytes, each 20 ms after the one before. */
function payloadOf(count: number, size: number): Uint8Array {
  const packets = Array.from(
    { length: count },
    (_, at) => packet(at * 960, Array(size).fill(at + 1)),
  );
  return packRedundant(packets.at(-1)!, packets.slice(0, -1), OPUS).subarray(RTP_HEADER_SIZE);
}

Deno.test("redundant payloads: the newest first, each with its time and its bytes", () => {
  for (const count of [1, 2, 3, 8]) {
    for (const size of [1, 130]) {
      assert(count * (size + 4) < MAX_REDUNDANT_SIZE);
      assertEquals(
        readRedundantPayload(payloadOf(count, size)),
        Array.from({ length: count }, (_, back) => ({
          payloadType: OPUS,
          earlierBy: back * 960,
          payload: new Uint8Array(size).fill(count - back),
        })),
      );
    }
  }
});

Deno.test("redundant payloads: what is cut short, or carries too much, is malformed", () => {
  const rule = (payload: Uint8Array) => {
    const read = readRedundantPayload(payload);
    return "kind" in read ? `${read.rule}, ${read.got}` : read.length;
  };
  const cutShort = (length: number) => `blocks must end within their payload, ${length}`;
  const payload = payloadOf(3, 5);
  const ownFrom = payload.length - 5;
  for (let length = 0; length < ownFrom; length++) {
    assertEquals(rule(payload.subarray(0, length)), cutShort(length));
  }
  // Without a byte of its own, the packet is empty.
  assertEquals(rule(payload.subarray(0, ownFrom)), 3);
  assertEquals(rule(new Uint8Array(1000).fill(0xff)), "blocks must be up to 8, 9");
  assertEquals(rule(payloadOf(9, 5)), "blocks must be up to 8, 9");
});

Deno.test("redundant payloads: mutations throw nothing", () => {
  surviveMutations([payloadOf(1, 3), payloadOf(3, 40)], readRedundantPayload, RangeError);
});
