import { assertEquals, assertThrows } from "@std/assert";
import { MAX_RTCP_PACKETS, parseRtcp, type RtcpPacket } from "../../src/rtp/rtcp.ts";
import { MAX_NACKED_SEQUENCES, type Nack, nackedSequences } from "../../src/rtp/rtcp_feedback.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { RTCP_SAMPLES } from "../fuzz/rtp_targets.ts";
import { fromHex, surviveMutations } from "../../testing/mutation.ts";

const BLOCK_HEX = "fedcba98 40 fffffe 00012345 0000005a 12345678 00010000";
const BLOCK = {
  ssrc: 0xfedcba98,
  lossFraction: 0.25,
  cumulativeLost: -2,
  extendedHighestSequence: 0x12345,
  jitter: 90,
  lastSenderReport: 0x12345678,
  delaySinceLastSenderReport: 65_536,
};

/** Packets and what they say. */
const VECTORS: readonly (readonly [hex: string, packet: RtcpPacket])[] = [
  [
    "80 c8 0006 00000001 e8fe6ff0 80000000 ffffffff 00000002 00000003",
    {
      kind: "senderReport",
      ssrc: 1,
      ntpSeconds: 0xe8fe6ff0,
      ntpFraction: 0x80000000,
      rtpTimestamp: 0xffffffff,
      packetCount: 2,
      octetCount: 3,
      blocks: [],
    },
  ],
  [
    `81 c8 000c 00000001 e8fe6ff0 00000000 00000009 00000002 00000003 ${BLOCK_HEX}`,
    {
      kind: "senderReport",
      ssrc: 1,
      ntpSeconds: 0xe8fe6ff0,
      ntpFraction: 0,
      rtpTimestamp: 9,
      packetCount: 2,
      octetCount: 3,
      blocks: [BLOCK],
    },
  ],
  ["80 c9 0001 00000007", { kind: "receiverReport", ssrc: 7, blocks: [] }],
  [
    `82 c9 000d 00000007 ${BLOCK_HEX} ${BLOCK_HEX}`,
    { kind: "receiverReport", ssrc: 7, blocks: [BLOCK, BLOCK] },
  ],
  // With an extension of the profile behind the blocks (RFC 3550 6.4.3).
  [`81 c9 0008 00000007 ${BLOCK_HEX} aabbccdd`, {
    kind: "receiverReport",
    ssrc: 7,
    blocks: [BLOCK],
  }],
  ["81 ca 0002 00000007 01 01 61 00", { kind: "sourceDescription" }],
  ["80 cb 0000", { kind: "bye", ssrcs: [] }],
  ["82 cb 0004 00000007 00000008 03 627965 00000000", { kind: "bye", ssrcs: [7, 8] }],
  [
    "81 cd 0004 00000001 00000002 fffe 8003 0010 0000",
    { kind: "nack", senderSsrc: 1, mediaSsrc: 2, entries: fromHex("fffe8003 00100000") },
  ],
  ["81 ce 0002 00000001 00000002", {
    kind: "pictureLossIndication",
    senderSsrc: 1,
    mediaSsrc: 2,
  }],
  ["84 ce 0006 00000001 00000000 00000002 05 000000 00000003 ff 000000", {
    kind: "fullIntraRequest",
    senderSsrc: 1,
    mediaSsrc: 0,
    requests: [{ ssrc: 2, commandSequence: 5 }, { ssrc: 3, commandSequence: 255 }],
  }],
  // 250,000 << 3
  ["8f ce 0006 00000001 00000000 52454d42 02 0fd090 00000002 00000003", {
    kind: "remb",
    senderSsrc: 1,
    mediaSsrc: 0,
    bitrateBps: 2_000_000,
    ssrcs: [2, 3],
  }],
  ["8f ce 0004 00000001 00000000 52454d42 00 ffffff", {
    kind: "remb",
    senderSsrc: 1,
    mediaSsrc: 0,
    bitrateBps: 0x3ffff * 2 ** 63,
    ssrcs: [],
  }],
  ["8f cd 0006 00000001 00000002 0005 0003 ffffff 07 2003 04 ff 00 000000", {
    kind: "transportFeedback",
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence: 5,
    feedbackCount: 7,
    referenceTimeMs: -64,
    statusCount: 3,
    received: Uint16Array.of(0, 1, 2),
    arrivals: Int32Array.of(4, 259, 259),
  }],
  ["8f ce 0003 00000001 00000002 41424344", unknown(206, 15, "00000001 00000002 41424344")],
  ["8f ce 0002 00000001 00000002", unknown(206, 15, "00000001 00000002")],
  ["82 ce 0002 00000001 00000002", unknown(206, 2, "00000001 00000002")],
  ["83 cd 0002 00000001 00000002", unknown(205, 3, "00000001 00000002")],
  ["80 cc 0002 00000001 6e616d65", unknown(204, 0, "00000001 6e616d65")],
  ["80 cf 0001 00000001", unknown(207, 0, "00000001")],
  ["9f 00 0000", unknown(0, 31, "")],
];

function unknown(packetType: number, format: number, hex: string): RtcpPacket {
  return { kind: "unknown", packetType, format, body: fromHex(hex) };
}

Deno.test("RTCP: each packet alone says what it says", () => {
  for (const [hex, packet] of VECTORS) assertEquals(parseRtcp(fromHex(hex)), [packet], hex);
});

Deno.test("RTCP: any two packets behind each other say the same", () => {
  for (const [first, firstPacket] of VECTORS) {
    for (const [second, secondPacket] of VECTORS) {
      assertEquals(parseRtcp(fromHex(first + second)), [firstPacket, secondPacket]);
    }
  }
});

Deno.test("RTCP: cut off anywhere but between packets, the datagram is refused", () => {
  for (const [hex] of VECTORS) {
    const whole = fromHex(hex);
    for (let length = 0; length < whole.length; length++) {
      assertThrows(() => parseRtcp(whole.subarray(0, length)), RtpError);
      if (length === 0) continue;
      const behind = fromHex(VECTORS[0]![0] + hex).subarray(0, 28 + length);
      assertThrows(() => parseRtcp(behind), RtpError);
    }
    assertThrows(() => parseRtcp(Uint8Array.of(...whole, 0)), RtpError);
  }
});

Deno.test("RTCP: a packet takes nothing from the one behind it", () => {
  // Shortened by its own length field, each lacks its last word, which the next one would have.
  for (const [hex, { kind }] of VECTORS) {
    const bytes = fromHex(hex);
    if (bytes[3] === 0) continue;
    bytes[3]!--;
    const datagram = Uint8Array.of(
      ...bytes.subarray(0, -4),
      ...fromHex("81ce00020000000100000002"),
    );
    let packets: readonly RtcpPacket[] = [];
    try {
      packets = parseRtcp(datagram);
    } catch (error) {
      if (!(error instanceof RtpError)) throw error;
      continue;
    }
    assertEquals(packets.length, 2, kind);
    assertEquals(packets[1]!.kind, "pictureLossIndication", kind);
  }
});

Deno.test("RTCP: padding is taken off, and refused if it is wrong", () => {
  const bye = { kind: "bye", ssrcs: [7] } as const;
  assertEquals(parseRtcp(fromHex("a1 cb 0002 00000007 00000004")), [bye]);
  assertEquals(parseRtcp(fromHex("a1 cb 0003 00000007 00000000 00000008")), [bye]);
  const nack = parseRtcp(fromHex("a1 cd 0004 00000001 00000002 fffe 8003 00000004"))[0] as Nack;
  assertEquals(nack.entries, fromHex("fffe8003"));
  // Chromium's transport-wide feedback: three packets, filled up with three bytes.
  const [feedback] = parseRtcp(
    fromHex("afcd 0006 00000001 00000002 0005 0003 000001 07 2003 040101 000003"),
  );
  assertEquals(feedback?.kind === "transportFeedback" && [...feedback.arrivals], [4, 5, 6]);
  for (const padding of ["00", "09", "0c", "ff"]) {
    assertThrows(() => parseRtcp(fromHex(`a1 cb 0002 00000007 000000${padding}`)), RtpError);
  }
  // Padding that covers what the packet must hold.
  assertThrows(() => parseRtcp(fromHex("a1 cb 0002 00000007 00000008")), RtpError);
  assertThrows(() => parseRtcp(fromHex("a0 cb 0000")), RtpError, "got 0");
});

Deno.test("RTCP: another version is refused, too many packets are too", () => {
  assertThrows(() => parseRtcp(fromHex("41ce00020000000100000002")), RtpError, "got 1");
  const byes = (count: number) => fromHex("80cb0000".repeat(count));
  assertEquals(parseRtcp(byes(MAX_RTCP_PACKETS)).length, MAX_RTCP_PACKETS);
  assertThrows(() => parseRtcp(byes(MAX_RTCP_PACKETS + 1)), RtpError, "up to 64");
  // 1366 lost packets each.
  const lost = "8f cd 0005 00000001 00000002 0005 0556 000000 00 0556 0000";
  assertEquals(parseRtcp(fromHex(lost.repeat(2))).length, 2);
  assertThrows(() => parseRtcp(fromHex(lost.repeat(3))), RtpError, "up to 4096 packets, got 4098");
  const passed = parseRtcp(fromHex(lost.repeat(3)), { transportFeedback: "pass" });
  assertEquals(passed.map(({ kind }) => kind), ["unknown", "unknown", "unknown"]);
});

Deno.test("NACK: sequence numbers, across the wrap and in order", () => {
  const cases: [string, number[]][] = [
    ["", []],
    ["0005 0000", [5]],
    ["0005 0001", [5, 6]],
    ["0005 8000", [5, 21]],
    ["fffe 8003", [65_534, 65_535, 0, 14]],
    ["0005 0000 0001 0002", [5, 1, 3]],
    ["0005 ffff", Array.from({ length: 17 }, (_, at) => 5 + at)],
  ];
  for (const [hex, sequences] of cases) {
    assertEquals([...nackedSequences(nackOf(hex))], sequences, hex);
  }
});

Deno.test("NACK: no more sequence numbers than the limit", () => {
  const all = nackOf("0005ffff".repeat(300));
  assertEquals([...nackedSequences(all)].length, MAX_NACKED_SEQUENCES);
  for (const limit of [0, 1, 16, 17, 18, 34, 5099, 5100, 5101]) {
    assertEquals([...nackedSequences(all, limit)].length, Math.min(limit, 5100));
  }
});

function nackOf(hex: string): Nack {
  return { kind: "nack", senderSsrc: 1, mediaSsrc: 2, entries: fromHex(hex) };
}

Deno.test("RTCP survives mutations", () => {
  surviveMutations(
    [...RTCP_SAMPLES, ...VECTORS.map(([hex]) => fromHex(hex))],
    (bytes) => {
      for (const packet of parseRtcp(bytes)) {
        if (packet.kind === "nack") { for (const _ of nackedSequences(packet)); }
      }
    },
    RtpError,
  );
});
