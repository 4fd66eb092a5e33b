import { assertEquals, assertThrows } from "@std/assert";
import { ONE_BYTE_EXTENSION_PROFILE, RTP_MARKER, writeRtpHeader } from "../../src/rtp/packet.ts";
import {
  findExtensionElement,
  parseRtpPacket,
  rtpHeaderSize,
} from "../../testing/webrtc/rtp_packet.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { RTP_SAMPLES } from "../fuzz/rtp_targets.ts";
import { fromHex, surviveMutations, toHex } from "../../testing/mutation.ts";

Deno.test("RTP header: every field in its place, truncated to its width", () => {
  const cases: [number, number, number, number, string][] = [
    [96, 1, 2, 3, "8060 0001 00000002 00000003"],
    [RTP_MARKER | 127, 0xffff, 0xffffffff, 0xfedcba98, "80ff ffff ffffffff fedcba98"],
    [0, 65_536 + 7, 2 ** 32 + 9, 2 ** 31, "8000 0007 00000009 80000000"],
    [0, 2 ** 40 + 0x1234, 0, 0, "8000 1234 00000000 00000000"],
  ];
  for (const [type, sequence, timestamp, ssrc, hex] of cases) {
    const target = new Uint8Array(15).fill(0xee);
    writeRtpHeader(target, 2, type, sequence, timestamp, ssrc);
    assertEquals(toHex(target), `eeee${hex.replaceAll(" ", "")}ee`);
  }
});

Deno.test("RTP header: the target may be just long enough, and is left alone if it is not", () => {
  const short = new Uint8Array(13);
  assertThrows(() => writeRtpHeader(short, 2, 96, 1, 2, 3), RtpError, "got 11");
  assertEquals(short, new Uint8Array(13));
});

Deno.test("RTP packet: contributing sources, extension and padding are found", () => {
  const packet = parseRtpPacket(fromHex(
    `b2 e0 0102 03040506 0708090a 0000000b 0000000c
     bede 0002 10aa 2100bb00 5061
     0102 000003`,
  ));
  assertEquals(
    { ...packet, extension: undefined, payload: toHex(packet.payload) },
    {
      isMarked: true,
      payloadType: 96,
      sequence: 0x0102,
      timestamp: 0x03040506,
      ssrc: 0x0708090a,
      contributingSources: [11, 12],
      extension: undefined,
      payload: "0102",
    },
  );
  assertEquals(packet.extension?.profile, ONE_BYTE_EXTENSION_PROFILE);
  assertEquals(toHex(packet.extension!.data), "10aa2100bb005061");
});

Deno.test("RTP packet: a payload of nothing, and one of nothing but padding", () => {
  assertEquals(parseRtpPacket(fromHex("8060 0001 00000002 00000003")).payload.length, 0);
  assertEquals(parseRtpPacket(fromHex("a060 0001 00000002 00000003 00 02")).payload.length, 0);
});

Deno.test("RTP packet: what is broken is refused", () => {
  const cases: [string, string][] = [
    ["", "u8"],
    ["4060 0001 00000002 00000003", "got 1"],
    ["a060 0001 00000002 00000003", "padding must be 1..0"],
    ["a060 0001 00000002 00000003 0000", "got 0"],
    ["a060 0001 00000002 00000003 0003", "got 3"],
    ["8160 0001 00000002 00000003 000000", "u32"],
    ["9060 0001 00000002 00000003 bede 0001 000000", "bytes"],
  ];
  for (const [hex, message] of cases) {
    assertThrows(() => parseRtpPacket(fromHex(hex)), RtpError, message, hex);
  }
});

Deno.test("RTP packet: cut off anywhere within its header, it is refused", () => {
  const whole = fromHex("92 60 0102 03040506 0708090a 0000000b 0000000c bede 0001 10aa0000");
  assertEquals(rtpHeaderSize(whole), whole.length);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => parseRtpPacket(whole.subarray(0, length)), RtpError);
    assertThrows(() => rtpHeaderSize(whole.subarray(0, length)), RtpError);
  }
  const withMore = Uint8Array.of(...whole, 1, 2, 3);
  assertEquals(toHex(parseRtpPacket(withMore).payload), "010203");
  assertEquals(rtpHeaderSize(withMore), whole.length);
});

Deno.test("one-byte extension elements: found by id, with padding and stop", () => {
  const cases: [string, number, string | undefined][] = [
    ["10aa 2100bb00 5061", 1, "aa"],
    ["10aa 2100bb00 5061", 2, "00bb"],
    ["10aa0000 30cc", 3, "cc"],
    ["10aa0000", 2, undefined],
    ["f0aa 20bb", 2, undefined],
    ["1f 000102030405060708090a0b0c0d0e0f", 1, "000102030405060708090a0b0c0d0e0f"],
    ["", 1, undefined],
  ];
  for (const [hex, id, content] of cases) {
    const found = findExtensionElement({ profile: 0xbede, data: fromHex(hex) }, id);
    assertEquals(found && toHex(found), content, `${id} in ${hex}`);
  }
  assertEquals(findExtensionElement({ profile: 0x1000, data: fromHex("10aa") }, 1), undefined);
  assertEquals(findExtensionElement(undefined, 1), undefined);
  const tooLong = { profile: 0xbede, data: fromHex("12aabb") };
  assertThrows(() => findExtensionElement(tooLong, 1), RtpError);
});

Deno.test("RTP packets survive mutations", () => {
  surviveMutations(RTP_SAMPLES, (bytes) => {
    const { extension } = parseRtpPacket(bytes);
    for (let id = 1; id < 15; id++) findExtensionElement(extension, id);
    rtpHeaderSize(bytes);
  }, RtpError);
});
