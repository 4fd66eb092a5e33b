import { assertEquals, assertThrows } from "@std/assert";
import { MAX_PLAYOUT_DELAY_MS, writeHeaderExtension } from "../../src/rtp/header_extension.ts";
import { findExtensionElement, parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";

const DELAY = { minMs: 0, maxMs: 0 };

Deno.test("header extension: elements, whole words, and where the number goes", () => {
  const cases: readonly (readonly [number | undefined, number | undefined, string, number])[] = [
    [3, undefined, "bede0001 31000000", 5],
    [14, undefined, "bede0001 e1000000", 5],
    [undefined, 5, "bede0001 52000000", -1],
    [3, 5, "bede0002 52000000 31000000", 9],
  ];
  for (const [transportSequenceId, playoutDelayId, hex, transportSequenceAt] of cases) {
    const written = writeHeaderExtension({
      transportSequenceId,
      playoutDelayId,
      playoutDelay: DELAY,
    })!;
    assertEquals(toHex(written.bytes), toHex(fromHex(hex)));
    assertEquals(written.transportSequenceAt, transportSequenceAt);
  }
  const nothing = { transportSequenceId: undefined, playoutDelayId: undefined };
  assertEquals(writeHeaderExtension({ ...nothing, playoutDelay: DELAY }), undefined);
});

Deno.test("header extension: a receiver finds what was written", () => {
  const { bytes } = writeHeaderExtension({
    transportSequenceId: 7,
    playoutDelayId: 1,
    playoutDelay: { minMs: 20, maxMs: MAX_PLAYOUT_DELAY_MS },
  })!;
  const packet = Uint8Array.of(0x90, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ...bytes, 0xab);
  const { extension, payload } = parseRtpPacket(packet);
  // 12 bits each: 2 and 4095 steps of 10 ms.
  assertEquals(toHex(findExtensionElement(extension, 1)!), "002fff");
  assertEquals(findExtensionElement(extension, 7)!.length, 2);
  assertEquals(findExtensionElement(extension, 2), undefined);
  assertEquals([...payload], [0xab]);
});

Deno.test("header extension: what has no place in one-byte elements is refused", () => {
  for (const id of [0, 15, -1, 1.5, NaN, 256]) {
    const write = (transportSequenceId?: number, playoutDelayId?: number) => () =>
      writeHeaderExtension({ transportSequenceId, playoutDelayId, playoutDelay: DELAY });
    assertThrows(write(id), RtpError, `must be 1..14, got ${id}`);
    assertThrows(write(undefined, id), RtpError, `must be 1..14, got ${id}`);
  }
  for (const delayMs of [-1, MAX_PLAYOUT_DELAY_MS + 1, NaN]) {
    const write = (minMs: number, maxMs: number) => () =>
      writeHeaderExtension({
        transportSequenceId: undefined,
        playoutDelayId: 1,
        playoutDelay: { minMs, maxMs },
      });
    assertThrows(write(delayMs, 0), RtpError, `got ${delayMs}`);
    assertThrows(write(0, delayMs), RtpError, `got ${delayMs}`);
  }
});
