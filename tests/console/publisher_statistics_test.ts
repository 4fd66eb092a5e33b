import { assertEquals } from "@std/assert";
import { PublisherStatistics, sentRows } from "../../src/console/publisher_statistics.js";

const PAIR = {
  id: "p",
  type: "candidate-pair",
  localCandidateId: "l",
  currentRoundTripTime: 0.012,
  availableOutgoingBitrate: 2_400_000,
};
const COMMON = [
  { id: "t", type: "transport", selectedCandidatePairId: "p" },
  PAIR,
  { id: "l", type: "local-candidate", protocol: "udp" },
  { id: "cv", type: "codec", mimeType: "video/H264" },
  { id: "ca", type: "codec", mimeType: "audio/opus" },
];

function sent(id: string, timestamp: number, bytesSent: number, more = {}) {
  return { id, type: "outbound-rtp", kind: "video", codecId: "cv", timestamp, bytesSent, ...more };
}

Deno.test("PublisherStatistics: rates since the last reading, and the worst of all layers", () => {
  const statistics = new PublisherStatistics();
  const size = { frameWidth: 640, frameHeight: 360, framesPerSecond: 30 };
  const report = (at: number, bytes: number) => [
    ...COMMON,
    sent("a", at, bytes / 8, { kind: "audio", codecId: "ca" }),
    sent("h", at, bytes, { rid: "h", retransmittedBytesSent: bytes / 2, ...size }),
    sent("f", at, bytes * 4, {
      ...{ rid: "f", ...size, frameWidth: 1280, frameHeight: 720 },
      qualityLimitationReason: "bandwidth",
    }),
    { id: "r", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.02, roundTripTime: 9 },
    { id: "s", type: "remote-inbound-rtp", kind: "audio", fractionLost: 0 },
  ];
  const first = statistics.read(report(1000, 0));
  assertEquals([first.bitrateBps, first.layers[0]?.bitrateBps], [undefined, undefined]);
  const figures = statistics.read(report(2000, 100_000));
  assertEquals(figures, {
    network: "udp",
    videoCodec: "H264",
    audioCodec: "opus",
    bitrateBps: 4_100_000,
    availableBps: 2_400_000,
    roundTripMs: 12,
    lossRatio: 0.02,
    limitedBy: "bandwidth",
    layers: [
      { rid: "f", width: 1280, height: 720, frameRate: 30, bitrateBps: 3_200_000 },
      { rid: "h", width: 640, height: 360, frameRate: 30, bitrateBps: 400_000 },
    ],
  });
  assertEquals(sentRows(figures), [
    ["Sent", "4.10 Mbit/s · link 2.40 Mbit/s"],
    ["Size 1", "1280×720 · 30 fps · 3.20 Mbit/s"],
    ["Size 2", "640×360 · 30 fps · 400 kbit/s"],
    ["Codecs", "H.264 · Opus · UDP"],
    ["Round trip", "12 ms"],
    ["Packets lost", "2.00 %"],
    ["Limited by", "the network"],
  ]);
});

Deno.test("PublisherStatistics: what is not known is told as that", () => {
  const figures = new PublisherStatistics().read([]);
  assertEquals(sentRows(figures), [
    ["Sent", "–"],
    ["Codecs", "–"],
    ["Round trip", "–"],
    ["Packets lost", "–"],
    ["Limited by", "nothing"],
  ]);
  const idle = new PublisherStatistics().read([
    sent("f", 1000, 0, { frameWidth: 640, frameHeight: 360 }),
    sent("h", 1000, 0),
  ]);
  assertEquals(sentRows(idle).slice(1, 3), [["Size 1", "640×360 · –"], ["Size 2", "not sent"]]);
});
