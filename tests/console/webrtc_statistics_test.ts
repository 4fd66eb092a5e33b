import { assertAlmostEquals, assertEquals } from "@std/assert";
import { webRtcRows } from "../../src/console/player_statistics.js";
import { readCounts, WebRtcStatistics } from "../../src/console/webrtc_statistics.js";

const FMTP = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f";

/** A report as Chromium gives it, `seconds` after the beginning. */
function report(seconds: number) {
  return [
    { id: "T", type: "transport", selectedCandidatePairId: "P" },
    { id: "Q", type: "candidate-pair", nominated: true, currentRoundTripTime: 9 },
    { id: "P", type: "candidate-pair", localCandidateId: "L", currentRoundTripTime: 0.0124 },
    { id: "L", type: "local-candidate", protocol: "udp" },
    { id: "CV", type: "codec", mimeType: "video/H264", sdpFmtpLine: FMTP },
    { id: "CA", type: "codec", mimeType: "audio/opus" },
    {
      id: "V",
      type: "inbound-rtp",
      kind: "video",
      codecId: "CV",
      timestamp: 1e12 + seconds * 1000,
      bytesReceived: 250_000 * seconds,
      packetsReceived: 250 * seconds,
      packetsLost: 2 * seconds,
      frameWidth: 1280,
      frameHeight: 720,
      framesPerSecond: 30,
      framesDecoded: 30 * seconds,
      framesDropped: 1,
      freezeCount: 3,
      jitterBufferDelay: seconds * 30 * 0.02 * seconds,
      jitterBufferEmittedCount: 30 * seconds,
      estimatedPlayoutTimestamp: 4e12 + 12.4,
    },
    {
      id: "A",
      type: "inbound-rtp",
      kind: "audio",
      codecId: "CA",
      timestamp: 1e12 + seconds * 1000,
      bytesReceived: 16_000 * seconds,
      packetsReceived: 50 * seconds,
      packetsLost: 0,
      jitterBufferDelay: 48_000 * seconds * 0.04,
      jitterBufferEmittedCount: 48_000 * seconds,
      estimatedPlayoutTimestamp: 4e12,
      totalSamplesReceived: 48_000 * seconds,
      concealedSamples: 480,
    },
  ];
}

Deno.test("WebRtcStatistics reads a report of Chromium, rates since the last one", () => {
  const statistics = new WebRtcStatistics();
  const first = statistics.read(report(1));
  assertEquals(
    [first.bitrateBps, first.videoDelayMs, first.audioDelayMs],
    [undefined, undefined, undefined],
  );
  const figures = statistics.read(report(2));
  assertEquals(figures.network, "udp");
  assertEquals([figures.videoCodec, figures.audioCodec], ["H264", "opus"]);
  assertEquals([figures.width, figures.height, figures.frameRate], [1280, 720, 30]);
  assertAlmostEquals(figures.bitrateBps!, 2_128_000);
  assertEquals(figures.packetsLost, 4);
  assertAlmostEquals(figures.lossRatio!, 4 / 604);
  assertAlmostEquals(figures.roundTripMs!, 12.4);
  // Over the last second alone: 0.6 * 4 - 0.6 * 1 seconds for 30 frames.
  assertAlmostEquals(figures.videoDelayMs!, 60);
  assertAlmostEquals(figures.audioDelayMs!, 40);
  assertEquals([figures.framesDecoded, figures.framesDropped, figures.freezes], [60, 1, 3]);
  assertAlmostEquals(figures.videoAheadMs!, 12.4, 0.01);
  // The stream's own profile, whatever was offered.
  assertEquals(webRtcRows(figures, undefined)[1], ["Codecs", "H.264 · Opus"]);
  assertEquals(webRtcRows(figures, { video: { codecString: "avc1.64001f" } }), [
    ["Transport", "WebRTC · UDP"],
    ["Codecs", "H.264 High 3.1 · Opus"],
    ["Picture", "1280×720 · 30 fps"],
    ["Received", "2.13 Mbit/s"],
    ["Packets lost", "4 · 0.66 %"],
    ["Round trip", "12 ms"],
    ["Jitter buffer", "60 ms · 40 ms"],
    ["Lip sync", "picture 12 ms ahead"],
    ["Frames decoded", "60"],
    ["Frames dropped", "1"],
    ["Freezes", "3"],
  ]);
});

Deno.test("readCounts: what goes on only while media come", () => {
  assertEquals(readCounts(report(2)), {
    framesDecoded: 60,
    videoPackets: 500,
    audibleSamples: 96_000 - 480,
  });
  // Where samples are not counted, packets are.
  const without = report(2).map((record) => ({ ...record, totalSamplesReceived: undefined }));
  assertEquals(readCounts(without).audibleSamples, 100);
  assertEquals(readCounts([]), {
    framesDecoded: undefined,
    videoPackets: undefined,
    audibleSamples: undefined,
  });
});

Deno.test("WebRtcStatistics leaves out what a report does not say", () => {
  const statistics = new WebRtcStatistics();
  const empty = statistics.read([]);
  assertEquals(Object.values(empty).filter((value) => value !== undefined), []);
  assertEquals(
    webRtcRows(empty, { video: { codecString: "avc1.64001f" } }).map(([, value]) => value),
    [
      "WebRTC",
      ..."– – –".split(" "),
      "– · –",
      "–",
      "– · –",
      ..."– – – –".split(" "),
    ],
  );
  for (const member of ["packetsLost", "timestamp", "bytesReceived", "jitterBufferDelay"]) {
    const spoilt = report(3).map((record) => ({ ...record, [member]: "many" }));
    statistics.read(spoilt);
    statistics.read(spoilt);
  }
});

Deno.test("WebRtcStatistics finds the pair of a browser that names none, and TCP", () => {
  const records = [
    { id: "P", type: "candidate-pair", state: "failed", nominated: true },
    { id: "Q", type: "candidate-pair", state: "succeeded", nominated: true, localCandidateId: "L" },
    { id: "L", type: "local-candidate", protocol: "tcp" },
  ];
  assertEquals(new WebRtcStatistics().read(records).network, "tcp");
});

Deno.test("WebRtcStatistics knows no lip sync before the first Sender Reports", () => {
  const records = report(1).map((record) => ({ ...record, estimatedPlayoutTimestamp: 0 }));
  assertEquals(new WebRtcStatistics().read(records).videoAheadMs, undefined);
});
