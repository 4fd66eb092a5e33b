import { assert, assertEquals } from "@std/assert";
import { encodeOpusHead } from "../../src/codec/sound/opus.ts";
import { AAC_LC } from "../../testing/media/aac_streams.ts";
import { type GatewayProcess, startGateway } from "../../testing/gateway_process.ts";
import { delay, until } from "../../testing/waiting.ts";
import { HealthyWhep, publish } from "../../testing/healthy_whep.ts";
import type { SyntheticAudio } from "../../testing/rtmp/synthetic_publisher.ts";
import {
  checkFrames,
  checkNoGaps,
  inOrder,
  type ReceivedPacket,
} from "../../testing/webrtc/whep_reception.ts";
import { WhepViewer } from "../../testing/webrtc/whep_viewer.ts";
import { longForm } from "../../testing/long_form.ts";

const STAP_A = 24;
const PATH = "live/test";

/** werift's timers for repeated flights outlive a handshake by seconds. */
const WERIFT = { sanitizeOps: false, sanitizeResources: false };

/** Real AAC: a unit for each picture. */
const AAC = { rate: 44_100 / 1024, configuration: Uint8Array.of(0xaf, 0, ...AAC_LC.configuration) };
const AAC_AUDIO: SyntheticAudio = {
  configuration: AAC.configuration,
  frame: (sequence) =>
    Uint8Array.of(0xaf, 1, ...AAC_LC.units[sequence % AAC_LC.units.length]!.data),
};

const OPUS_FOUR_CC = new TextEncoder().encode("Opus");
/** A packet of Opus of 20 ms, CELT only, which holds its number. */
const opusPacket = (sequence: number) => Uint8Array.of(0xfc, sequence >> 8, sequence, 1, 2, 3);
const OPUS_AUDIO: SyntheticAudio = {
  configuration: Uint8Array.of(
    0x90,
    ...OPUS_FOUR_CC,
    ...encodeOpusHead({ channels: 2, preSkip: 312, inputSampleRate: 48_000 }),
  ),
  frame: (sequence) => Uint8Array.of(0x91, ...OPUS_FOUR_CC, ...opusPacket(sequence)),
};

function startOne(gracePeriodMs = 2000): Promise<GatewayProcess> {
  return startGateway({ args: ["--shards", "1"], config: { gracePeriodMs } });
}

for (const transport of ["udp", "tcp"] as const) {
  Deno.test({
    name: `a viewer over ${transport} gets each picture as published, from a key frame on`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startOne();
      await using _publisher = await publish(gateway, { path: PATH, bitrateBps: 2_000_000 });
      await delay(600);
      await using viewer = await WhepViewer.join(gateway, { path: PATH, transport });
      await until("pictures of some groups have come", () => viewer.frames().length > 80);
      checkNoGaps(viewer.video!);
      assertEquals(viewer.video!.packets[0]!.payload[0]! & 31, STAP_A, "parameter sets come first");
      assertEquals(viewer.frames()[0]!.firstIndex, viewer.video!.packets[0]!.index);
      checkFrames(viewer.frames());
      assertEquals(viewer.reception.unauthentic, 0);
      assertEquals(await viewer.delete(), 200);
      assertEquals(await viewer.delete(), 404);
      await until("the viewer is told of its end", () => viewer.isToldOfEnd);
    },
  });
}

Deno.test({
  name: "sound of AAC comes as Opus, and both tracks' clocks are tied by sender reports",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startOne();
    const options = { path: PATH, frameRate: AAC.rate, audio: AAC_AUDIO };
    await using _publisher = await publish(gateway, options);
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    await until("two seconds of sound have come", () => (viewer.audio?.packets.length ?? 0) > 100);
    const audio = viewer.audio!;
    checkNoGaps(audio);
    // What the transcoder makes of the past may be left out at the beginning.
    const steady = audio.packets.slice(-60);
    for (const [at, { timestamp, payload, isMarked }] of steady.entries()) {
      assertEquals(timestamp, (steady[0]!.timestamp + at * 960) % 2 ** 32, "20 ms each");
      assert(payload.length > 2 && !isMarked);
    }
    await until("reports of both tracks have come", () => {
      return [audio, viewer.video!].every(({ ssrc }) =>
        viewer.senderReports.filter((report) => report.ssrc === ssrc).length >= 3
      );
    });
    checkReports(viewer);
    await until("both clocks show about the time that it is", () => areClocksInStep(viewer));
  },
});

const clocksOf = ({ video, audio }: WhepViewer) => [[video!, 90_000], [audio!, 48_000]] as const;

/** Reports go with the packets. */
function checkReports(viewer: WhepViewer): void {
  const { senderReports } = viewer;
  for (const [{ ssrc, packets }, rateHz] of clocksOf(viewer)) {
    const reports = senderReports.filter((report) => report.ssrc === ssrc);
    const [first] = reports;
    for (const report of reports) {
      const elapsedS = secondsOf(report) - secondsOf(first!);
      const elapsedTicks = (report.rtpTimestamp - first!.rtpTimestamp) | 0;
      assert(Math.abs(elapsedTicks - elapsedS * rateHz) < rateHz / 500, "a report's clocks differ");
      const sent = packets.filter(({ arrivedMs }) => arrivedMs > 0).length;
      assert(report.packetCount <= sent + 100 && report.packetCount >= first!.packetCount);
    }
  }
}

/** What comes at the same time is of about the same time: at some time at least, when all is there. */
function areClocksInStep(viewer: WhepViewer): boolean {
  const [videoS, audioS] = clocksOf(viewer).map(([{ ssrc, packets }, rateHz]) => {
    const last = viewer.senderReports.findLast((report) => report.ssrc === ssrc)!;
    const newest = packets.at(-1)!;
    return secondsOf(last) + ((newest.timestamp - last.rtpTimestamp) | 0) / rateHz;
  }) as [number, number];
  return Math.abs(videoS - audioS) < 0.25 && Math.abs(videoS - Date.now() / 1000) < 1;
}

function secondsOf(report: { ntpSeconds: number; ntpFraction: number }): number {
  return report.ntpSeconds - 2_208_988_800 + report.ntpFraction / 2 ** 32;
}

Deno.test({
  name: "sound that is Opus already is passed through unchanged",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startOne();
    await using _publisher = await publish(gateway, { path: PATH, audio: OPUS_AUDIO });
    await using viewer = await WhepViewer.join(gateway, { path: PATH });
    await until("a second of sound has come", () => (viewer.audio?.packets.length ?? 0) > 50);
    const { packets } = viewer.audio!;
    checkNoGaps(viewer.audio!);
    const firstNumber = packets[0]!.payload[1]! * 256 + packets[0]!.payload[2]!;
    for (const [at, { payload, timestamp }] of packets.entries()) {
      assertEquals(payload, opusPacket(firstNumber + at));
      assertEquals(timestamp, (packets[0]!.timestamp + at * 960) % 2 ** 32);
    }
  },
});

/** What a clock that stands still while the publisher is away would be late by, at least. */
const AWAY_MS = 1000;

/** Receivers take another time than that which has passed for a clock that is off. */
function checkClock(packets: readonly ReceivedPacket[], rateHz: number): void {
  const [first] = packets;
  const delaysMs = packets.map(({ timestamp, arrivedMs }, at) => {
    const step = (timestamp - packets[Math.max(0, at - 1)]!.timestamp) | 0;
    assert(step >= 0, `an RTP timestamp steps by ${step}`);
    return arrivedMs - first!.arrivedMs - ((timestamp - first!.timestamp) | 0) * 1000 / rateHz;
  });
  // The least of some: a busy machine makes packets late, none early. What was made of the past
  // comes at once at the beginning, and a maker of sound takes its time.
  const before = Math.min(...delaysMs.slice(50, 75));
  const after = Math.min(...delaysMs.slice(-40));
  const laterMs = after - before;
  assert(Math.abs(laterMs) < AWAY_MS / 2, `packets come ${laterMs} ms later than before`);
}

for (
  const [audio, audioAfter] of longForm(
    [
      ["aac", "aac"],
      ["opus", "aac"],
      ["aac", "opus"],
      ["opus", "opus"],
    ] as const,
    2,
  )
) {
  Deno.test({
    name:
      `a publisher with ${audio} that comes back with ${audioAfter} goes on without renegotiation`,
    ...WERIFT,
    fn: async () => {
      await using gateway = await startOne(10_000);
      const formats = {
        aac: { path: PATH, frameRate: AAC.rate, audio: AAC_AUDIO },
        opus: { path: PATH, audio: OPUS_AUDIO },
      };
      const first = await publish(gateway, formats[audio]);
      await using viewer = await WhepViewer.join(gateway, { path: PATH });
      await until("there is sound", () => (viewer.audio?.packets.length ?? 0) > 75);
      await first[Symbol.asyncDispose]();
      await until(
        "the stream waits",
        async () => (await gateway.stream(PATH))?.state === "waiting",
      );
      await delay(AWAY_MS);
      const before = viewer.audio!.packets.length;
      // An encoder that is started again begins at 0.
      await using _second = await publish(gateway, formats[audioAfter]);
      await until("it goes on", () => {
        const frames = viewer.frames();
        const again = frames.findLastIndex(({ sequence }) => sequence === 0);
        if (again > 0) assert(frames[again]!.isKeyFrame && again < frames.length);
        return again > 0 && frames.length > again + 50;
      });
      // Another codec's sound is first caught up with, in the seconds in which its maker starts.
      await until("sound goes on", () => viewer.audio!.packets.length > before + 125);
      assertEquals(viewer.reception.unauthentic, 0);
      for (
        const [source, rateHz] of [[viewer.video!, 90_000], [viewer.audio!, 48_000]] as const
      ) {
        checkNoGaps(source);
        checkClock(source.packets, rateHz);
      }
      assertEquals(viewer.isToldOfEnd, false);
      const { counters } = await gateway.status();
      assertEquals([counters.webrtcViewersAccepted, counters.webrtcViewers], [1, 1]);
    },
  });
}

Deno.test({
  name: "viewers of a stream that is over are told, and gone",
  ...WERIFT,
  fn: async () => {
    await using gateway = await startOne(300);
    await using healthy = await HealthyWhep.start(gateway, { path: PATH });
    await healthy.checkAll();
    await healthy.publisher[Symbol.asyncDispose]();
    for (const viewer of healthy.viewers) {
      await until("the viewer is told", () => viewer.isToldOfEnd);
      assertEquals(await viewer.delete(), 404);
      const packets = inOrder(viewer.video!.packets);
      assert(packets.at(-1)!.isMarked, "the last picture is cut");
    }
    await until("the TCP connection is ended", () => healthy.viewers[1]!.isCutOff);
    const { counters } = await gateway.status();
    assertEquals([counters.webrtcViewers, counters.viewers, counters.webrtcTcpConnections], [
      0,
      0,
      0,
    ]);
  },
});
