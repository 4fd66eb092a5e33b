import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { compactNtp } from "../../src/rtp/ntp.ts";
import type { TrackReception } from "../../src/rtp/receiver_report.ts";
import type { ReportBlock } from "../../src/rtp/rtcp_report.ts";
import type { SessionDescription } from "../../src/shard/webrtc/session.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { until } from "../../testing/waiting.ts";
import { publish } from "../../testing/healthy_whep.ts";
import {
  writeFullIntraRequest,
  writePictureLoss,
  writeReceiverReport,
  writeRemb,
} from "../../testing/webrtc/viewer_reports.ts";
import { checkFrames, checkNoGaps } from "../../testing/webrtc/whep_reception.ts";
import { type ArrivedReport, WhepViewer } from "../../testing/webrtc/whep_viewer.ts";

const PATH = "live/test";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** What a viewer claims; the numbers are their own, so that none can be taken for another. */
const VIDEO_CLAIM = {
  lossFraction: 64 / 256,
  cumulativeLost: 37,
  extendedHighestSequence: 0x12345,
  jitter: 1800,
};
const AUDIO_CLAIM = {
  lossFraction: 3 / 256,
  // More came twice than were lost.
  cumulativeLost: -2,
  extendedHighestSequence: 0x23456,
  jitter: 240,
};
const BITRATE_BPS = 2_500_000;

/** By so much a viewer says that it held a report for less long than it did: a longer way. */
const WAY_MS = 250;
/** What may be added to it on a machine that is busy: far less than a report is held. */
const MAX_DELAY_MS = 5000;
/** For how long a report is held before it is answered: it is the last but one then. */
const HOLD_MS = 1500;

for (const transport of ["udp", "tcp"] as const) {
  Deno.test({
    name: `requests for key frames over ${transport} are counted, and pictures go on`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      await using _publisher = await publish(gateway, { path: PATH });
      await using viewer = await WhepViewer.join(gateway, { path: PATH, transport });
      const before = await keyFrameRequests(gateway);
      viewer.sendRtcp(writePictureLoss(viewer.video!.ssrc));
      viewer.sendRtcp(writeFullIntraRequest(viewer.video!.ssrc, 1));
      await until("both are counted", async () => await keyFrameRequests(gateway) === before + 2);
      const { reception } = await describe(viewer);
      assertEquals([reception!.pictureLossCount, reception!.fullIntraRequestCount], [1, 1]);
      assertEquals(reception!.nackCount, 0);
      const frames = viewer.frames().length;
      await until("pictures go on", () => viewer.frames().length > frames + 40);
      checkNoGaps(viewer.video!);
      checkFrames(viewer.frames());
      assertEquals(await keyFrameRequests(gateway), before + 2);
    },
  });

  Deno.test({
    name: `a viewer's resource tells what the viewer reports over ${transport}`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startGateway({ args: ["--shards", "1"] });
      await using _publisher = await publish(gateway, { path: PATH });
      await using viewer = await WhepViewer.join(gateway, { path: PATH, transport });
      await checkSilent(viewer);
      await checkReported(viewer, await answerReports(viewer));
      const first = await checkSent(viewer);
      await until("more has come", () => viewer.reception.packetCount > first.packetsSent + 100);
      const second = await checkSent(viewer);
      assert(second.packetsSent >= first.packetsSent + 100);
      assert(second.bytesSent > first.bytesSent);
      assertEquals(second.transport, transport);
    },
  });
}

async function describe(viewer: WhepViewer): Promise<SessionDescription> {
  const response = await fetch(viewer.resource);
  assertEquals(response.headers.get("content-type"), "application/json");
  return await response.json();
}

async function keyFrameRequests(gateway: GatewayProcess): Promise<number> {
  return (await gateway.status()).counters.webrtcKeyFrameRequests!;
}

/** Nothing is told that was not reported. */
async function checkSilent(viewer: WhepViewer): Promise<void> {
  const { reception } = await describe(viewer);
  assertEquals(reception!.estimatedBitrateBps, undefined);
  assertEquals(reception!.tracks.map(({ lossFraction }) => lossFraction), [0, 0]);
  assertEquals(reception!.tracks.map(({ reportCount }) => reportCount), [0, 0]);
}

/** Answers a sender report of each track, in a compound as browsers send it; the audio's SSRC. */
async function answerReports(viewer: WhepViewer): Promise<number> {
  const videoSsrc = viewer.video!.ssrc;
  const first = (isVideo: boolean) =>
    viewer.senderReports.find(({ ssrc }) => (ssrc === videoSsrc) === isVideo);
  const [video, audio] = await until("reports of both tracks are old enough", () => {
    const reports = [first(true), first(false)] as const;
    return reports.every((report) => heldMs(report) > HOLD_MS) ? reports : undefined;
  });
  const blocks = [
    { ...VIDEO_CLAIM, ...answer(video!) },
    { ...AUDIO_CLAIM, ...answer(audio!) },
  ];
  const ssrcs = blocks.map(({ ssrc }) => ssrc);
  viewer.sendRtcp(concat([writeReceiverReport(blocks), writeRemb(BITRATE_BPS, ssrcs)]));
  return audio!.ssrc;
}

function heldMs(report: ArrivedReport | undefined): number {
  return report === undefined ? -Infinity : performance.now() - report.arrivedMs;
}

function answer(report: ArrivedReport) {
  const { ssrc, ntpSeconds: seconds, ntpFraction: fraction } = report;
  return {
    ssrc,
    lastSenderReport: compactNtp({ seconds, fraction }),
    delaySinceLastSenderReport: Math.round((heldMs(report) - WAY_MS) * 65.536),
  } satisfies Partial<ReportBlock>;
}

async function checkReported(viewer: WhepViewer, audioSsrc: number): Promise<void> {
  const { reception } = await until("the report is told of", async () => {
    const told = await describe(viewer);
    return told.reception?.estimatedBitrateBps === undefined ? undefined : told;
  });
  const { tracks, roundTripMs, estimatedBitrateBps } = reception!;
  assertEquals(estimatedBitrateBps, BITRATE_BPS);
  assert(roundTripMs! > WAY_MS - 2 && roundTripMs! < WAY_MS + MAX_DELAY_MS, `${roundTripMs} ms`);
  console.log(`Round trip with ${WAY_MS} ms added: ${roundTripMs!.toFixed(1)} ms`);
  checkTrack(tracks, viewer.video!.ssrc, VIDEO_CLAIM, 20);
  checkTrack(tracks, audioSsrc, AUDIO_CLAIM, 5);
}

function checkTrack(
  tracks: readonly TrackReception[],
  ssrc: number,
  { jitter: _jitter, ...claim }: typeof VIDEO_CLAIM,
  expectedJitterMs: number,
): void {
  const { jitterMs, ...told } = tracks.find((track) => track.ssrc === ssrc)!;
  assertEquals(told, { ssrc, ...claim, reportCount: 1 });
  assertAlmostEquals(jitterMs, expectedJitterMs, 1e-9);
}

/** What is told to be sent is no less than what had come before, and comes. */
async function checkSent(viewer: WhepViewer): Promise<SessionDescription> {
  const before = received(viewer);
  const told = await describe(viewer);
  assert(told.packetsSent >= before.packets, `${told.packetsSent} of ${before.packets} packets`);
  assert(told.bytesSent >= before.bytes, `${told.bytesSent} of ${before.bytes} bytes`);
  await until("all of it has come", () => received(viewer).packets >= told.packetsSent);
  const { bytes } = received(viewer);
  assert(bytes >= told.bytesSent, `${told.bytesSent} bytes are told, ${bytes} have come`);
  return told;
}

function received(viewer: WhepViewer): { readonly packets: number; readonly bytes: number } {
  const packets = viewer.reception.sources.flatMap((source) => source.packets);
  const bytes = packets.reduce((sum, { payload }) => sum + payload.length, 0);
  return { packets: packets.length, bytes };
}
