import { assert, assertEquals } from "@std/assert";
import { audioFrame } from "../stream/log_samples.ts";
import type { RtcpPacket } from "../../src/rtp/rtcp.ts";
import { append, type Arrived, AUDIO, openViewer, Place, RTX, VIDEO } from "./rtp_samples.ts";

const MAX_BATCH = 16;
const BURST_INTERVAL_MS = 4;
const MAX_RESENDS_PER_SECOND = 1000;

const of = (arrived: readonly Arrived[], { ssrc }: { readonly ssrc: number }) =>
  arrived.filter((packet) => packet.ssrc === ssrc);
const indexes = (arrived: readonly Arrived[]) => arrived.map(({ index }) => index);

/** Fails unless each of a source's packets has the number behind the one before. */
function assertInSequence(arrived: readonly Arrived[]): void {
  const first = arrived[0]!.sequence;
  assertEquals(arrived.map(({ sequence }) => sequence), arrived.map((_, at) => first + at));
}

function nack(mediaSsrc: number, sequences: readonly number[]): RtcpPacket {
  const entries = new Uint8Array(4 * sequences.length);
  const view = new DataView(entries.buffer);
  sequences.forEach((sequence, at) => view.setUint16(4 * at, sequence & 0xffff));
  return { kind: "nack", senderSsrc: 1, mediaSsrc, entries };
}

/** Sends a group of pictures, so that the viewer is no longer paced, and has got all. */
function openLive(options: Parameters<typeof openViewer>[0], packets = 10) {
  const opened = openViewer(options);
  append(opened.video, 0, Place.keyFrame);
  for (let at = 1; at < packets; at++) append(opened.video, at);
  const arrived: Arrived[] = [];
  let nowMs = 0;
  for (; arrived.length < packets; nowMs += BURST_INTERVAL_MS) {
    arrived.push(...opened.takeAll(nowMs));
  }
  assertEquals(opened.viewer.nextMs, undefined);
  return { ...opened, arrived, nowMs };
}

Deno.test("RtpViewer: it begins at the newest key frame, and sound with it at what is new", () => {
  const { viewer, video, audio, turn, takeAll } = openViewer();
  append(audio, 0);
  assertEquals(turn(0), { arrived: [], hasMore: false }, "nothing new has come");
  for (const place of [Place.keyFrame, Place.inside, Place.keyFrame, Place.inside]) {
    append(video, 20, place);
  }
  append(audio, 20);
  assertEquals(indexes(of(takeAll(1), VIDEO)), [2, 3]);
  append(audio, 40);
  append(video, 40);
  const next = takeAll(2);
  assertEquals([indexes(of(next, VIDEO)), indexes(of(next, AUDIO))], [[4], [2]]);
  assertEquals([viewer.packetCount, viewer.octetCount], [5, 10]);
});

Deno.test("RtpViewer: what is caught up with is paced, and then sent as it comes", () => {
  const { viewer, video, turn } = openViewer();
  append(video, 0, Place.keyFrame);
  for (let at = 1; at < 40; at++) append(video, at);
  assertEquals(turn(0).arrived.length, MAX_BATCH);
  assertEquals(viewer.nextMs, BURST_INTERVAL_MS);
  assertEquals(turn(3), { arrived: [], hasMore: false });
  assertEquals(turn(4).arrived.length, MAX_BATCH);
  append(video, 41);
  assertEquals(turn(viewer.nextMs!).arrived.length, 9);
  assertEquals(viewer.nextMs, undefined);
  for (let at = 0; at < 40; at++) append(video, 42);
  const sizes = [turn(9), turn(9), turn(9)].map((
    { arrived, hasMore },
  ) => [arrived.length, hasMore]);
  assertEquals(sizes, [[MAX_BATCH, true], [MAX_BATCH, true], [8, false]]);
});

Deno.test("RtpViewer: overtaken, it goes on at the newest key frame, without a gap in its numbers", () => {
  const { events, video, takeAll, turn, arrived, nowMs } = openLive({});
  for (let at = 0; at < 30; at++) append(video, 100 + at);
  video.release(20);
  assertEquals(turn(nowMs).arrived, [], "no key frame is there");
  assertEquals(events.jumps, 1);
  assertEquals(turn(nowMs + 1).arrived, []);
  assertEquals(events.jumps, 1, "it is told once");
  append(video, 200, Place.keyFrame);
  append(video, 201, Place.inside);
  arrived.push(...takeAll(nowMs + 20));
  assertEquals(indexes(of(arrived, VIDEO)), [...Array(10).keys(), 40, 41]);
  assertInSequence(of(arrived, VIDEO));
});

Deno.test("RtpViewer: sound waits for no key frame, and pictures take their place beside it", () => {
  const { video, audio, takeAll } = openViewer();
  append(video, 0, Place.inside);
  append(audio, 0);
  assertEquals(takeAll(0), []);
  append(audio, 20);
  const arrived = takeAll(20);
  assertEquals(arrived.map(({ ssrc, index }) => [ssrc, index]), [[AUDIO.ssrc, 1]]);
  append(video, 40, Place.keyFrame);
  append(audio, 40);
  arrived.push(...takeAll(40));
  append(audio, 60);
  arrived.push(...takeAll(60));
  assertEquals([indexes(of(arrived, VIDEO)), indexes(of(arrived, AUDIO))], [[1], [1, 2, 3]]);
  assertInSequence(of(arrived, AUDIO));
});

Deno.test("RtpViewer: pictures that have stopped are not begun with; those that come again are", () => {
  const { video, audio, feed, writer, takeAll } = openViewer();
  append(video, 0, Place.keyFrame);
  append(video, 40);
  for (let streamMs = 0; streamMs <= 3041; streamMs += 20) writer.append(audioFrame(streamMs));
  writer.append(audioFrame(3041));
  feed.update(0);
  assertEquals(takeAll(0), []);
  append(audio, 3040);
  assertEquals(takeAll(10).map(({ ssrc }) => ssrc), [AUDIO.ssrc]);
  // Not with a key frame, but in time: all since the newest one is needed.
  append(video, 3080);
  assertEquals(indexes(of(takeAll(50), VIDEO)), [0, 1, 2]);
});

Deno.test("RtpViewer: sound that comes late gives no burst of what is past", () => {
  const { video, audio, takeAll } = openViewer();
  append(video, 0, Place.keyFrame);
  takeAll(0);
  for (let at = 1; at < 100; at++) {
    append(video, 100 * at);
    takeAll(100 * at);
  }
  for (let at = 0; at < 40; at++) append(audio, 9100 + 20 * at);
  assertEquals(indexes(of(takeAll(9900), AUDIO)), [39]);
  append(audio, 9900);
  assertEquals(indexes(of(takeAll(9920), AUDIO)), [40]);
});

Deno.test("RtpViewer: sound that is overtaken goes on at what is new", () => {
  const { audio, takeAll } = openViewer({ video: null });
  append(audio, 0);
  const arrived = takeAll(0);
  append(audio, 20);
  arrived.push(...takeAll(20));
  for (let at = 2; at < 60; at++) append(audio, 20 * at);
  audio.release(50);
  arrived.push(...takeAll(3000));
  append(audio, 1200);
  arrived.push(...takeAll(3020));
  assertEquals(indexes(arrived), [1, 60]);
  assertInSequence(arrived);
});

Deno.test("RtpViewer: a transcoder that makes what is past, too, gives no burst of sound", () => {
  const { audio, takeAll } = openViewer({ video: null });
  takeAll(0);
  for (let at = 0; at < 40; at++) append(audio, 20 * at);
  assertEquals(indexes(takeAll(100)), [39]);
  for (let at = 40; at < 43; at++) append(audio, 20 * at);
  assertEquals(indexes(takeAll(200)), [40, 41, 42]);
  // Later, a burst is the network's, and all of it is wanted.
  for (let at = 43; at < 53; at++) append(audio, 20 * at);
  assertEquals(takeAll(2500).length, 10);
});

for (const lagMs of [40, 120]) {
  Deno.test(`RtpViewer: sound begins when a transcoder that is ${lagMs} ms behind has caught up`, () => {
    const { audio, feed, writer, takeAll } = openViewer({ video: null });
    takeAll(0);
    let nowMs = 0;
    let streamMs = 0;
    const arrived: Arrived[] = [];
    const step = (packetMs: number) => {
      for (nowMs += 20; streamMs < 1000 + nowMs; streamMs += 20) {
        writer.append(audioFrame(streamMs));
      }
      feed.update(nowMs);
      append(audio, packetMs);
      arrived.push(...takeAll(nowMs));
      // What else wakes the viewer tells nothing about sound.
      arrived.push(...takeAll(nowMs));
    };
    for (const packetMs of [0, 20, 40, 500, 800]) step(packetMs);
    assertEquals(arrived, []);
    step(streamMs - lagMs);
    const first = arrived.length;
    for (let at = 0; at < 10; at++) step(streamMs - lagMs);
    // One that comes no closer is known by its second packet.
    assertEquals(first, lagMs === 40 ? 1 : 0);
    assertEquals(arrived.length, 10 + first);
    // It is not left out again, though it may come closer for once.
    for (const closer of [20, 0, 40, -100]) step(streamMs - lagMs + closer);
    assertEquals(arrived.length, 14 + first);
  });
}

Deno.test("RtpViewer: sound stays beside the pictures of its time", () => {
  const { video, audio, turn, nowMs } = openLive({});
  for (let at = 0; at < 64; at++) {
    append(video, 1000 + at);
    if (at % 8 === 0) append(audio, 1000 + at);
  }
  const order = [
    turn(nowMs + 3000),
    turn(nowMs + 3000),
    turn(nowMs + 3000),
    turn(nowMs + 3000),
    turn(nowMs + 3000),
  ].map(
    ({ arrived }) => [of(arrived, VIDEO).length, of(arrived, AUDIO).length],
  );
  assertEquals(order, [[16, 3], [16, 2], [16, 2], [16, 1], [0, 0]]);
});

for (const retransmission of [undefined, RTX]) {
  const how = retransmission === undefined ? "as they were" : "as RTX";
  Deno.test(`RtpViewer: packets are sent again ${how}`, () => {
    const { viewer, events, takeAll, arrived, nowMs } = openLive({ video: { retransmission } });
    const first = of(arrived, VIDEO)[0]!.sequence;
    viewer.resend([nack(VIDEO.ssrc, [first + 3, first + 9, first + 10, first - 1])]);
    const again = takeAll(nowMs);
    assertEquals(indexes(again), [3, 9], "what was never sent is not");
    assertEquals(events.resent, 2);
    const own = retransmission === undefined
      ? [[VIDEO.ssrc, first + 3, undefined], [VIDEO.ssrc, first + 9, undefined]]
      : [[RTX.ssrc, 500, (first + 3) & 0xffff], [RTX.ssrc, 501, (first + 9) & 0xffff]];
    assertEquals(again.map(({ ssrc, sequence, original }) => [ssrc, sequence, original]), own);
    viewer.resend([nack(0xdead, [first]), nack(RTX.ssrc, [first])]);
    assertEquals(takeAll(nowMs + 10), [], "of another source");
  });
}

Deno.test("RtpViewer: resends are paced, and what is new goes on beside them", () => {
  const { viewer, video, takeAll, arrived, nowMs } = openLive({}, 200);
  const first = of(arrived, VIDEO)[0]!.sequence;
  viewer.resend([nack(VIDEO.ssrc, Array.from({ length: 40 }, (_, at) => first + at))]);
  const groups: number[][] = [];
  for (let ms = 0; ms < 12; ms++) {
    append(video, 300 + ms);
    const sequences = takeAll(nowMs + ms).map(({ index }) => index);
    const fresh = sequences.filter((index) => index >= 200);
    assertEquals(fresh, [200 + ms], "what is new comes at once");
    groups.push(sequences.filter((index) => index < 200));
    const isWaiting = groups.flat().length < 40;
    assertEquals(viewer.nextMs, isWaiting ? nowMs + ms - ms % 4 + BURST_INTERVAL_MS : undefined);
  }
  assertEquals(groups.map(({ length }) => length), [16, 0, 0, 0, 16, 0, 0, 0, 8, 0, 0, 0]);
  assertEquals(groups.flat(), [...Array(40).keys()]);
});

Deno.test("RtpViewer: resends of a second are bounded, and those of one request", () => {
  const { viewer, events, takeAll, arrived, nowMs } = openLive({}, 600);
  const first = of(arrived, VIDEO)[0]!.sequence;
  const ask = (half: number) => {
    const begin = first + half * 300;
    viewer.resend([nack(VIDEO.ssrc, Array.from({ length: 300 }, (_, at) => begin + at))]);
  };
  ask(0);
  let ms = nowMs;
  const drain = () => {
    const endMs = ms + 100;
    for (; ms < endMs; ms += BURST_INTERVAL_MS) takeAll(ms);
  };
  drain();
  assertEquals(events.resent, 256);
  for (let round = 0; round < 10; round++) {
    ask(round % 2);
    drain();
  }
  assertEquals(events.resent, MAX_RESENDS_PER_SECOND);
  viewer.tick();
  assertEquals(viewer.nextMs, undefined, "what was asked for in vain is forgotten");
  ask(1);
  drain();
  assertEquals(events.resent, MAX_RESENDS_PER_SECOND + 256);
});

Deno.test("RtpViewer: sender reports each second, once there is something to send", () => {
  const { video, audio, takeAll, receiver, viewer } = openViewer();
  takeAll(0);
  assertEquals(receiver.rtcp, []);
  append(video, 0, Place.keyFrame);
  takeAll(10);
  for (const atMs of [500, 1009, 1011, 1500]) {
    append(video, atMs);
    append(audio, atMs);
    takeAll(atMs);
  }
  const reports = receiver.rtcp.filter((packet) => packet.kind === "senderReport");
  const told = reports.map(({ ssrc, packetCount, octetCount }) => [ssrc, packetCount, octetCount]);
  assertEquals(told, [
    [VIDEO.ssrc, 0, 0],
    [AUDIO.ssrc, 0, 0],
    [VIDEO.ssrc, 3, 6],
    [AUDIO.ssrc, 2, 4],
  ]);
  // Both clocks go on by as much as the wall clock did.
  const [early, , late] = reports;
  const seconds = (report: typeof early) => report!.ntpSeconds + report!.ntpFraction / 2 ** 32;
  assert(Math.abs(seconds(late) - seconds(early) - 1.001) < 1e-6);
  assertEquals(late!.rtpTimestamp - early!.rtpTimestamp, 1001 * 90);
  assertEquals(receiver.rtcp.length, 2 * reports.length, "each has a name behind it");
  assertEquals(viewer.reception.tracks.map(({ ssrc }) => ssrc), [AUDIO.ssrc, VIDEO.ssrc]);
});

Deno.test("RtpViewer: requests for key frames are counted, and change nothing", () => {
  const { viewer, events, takeAll, nowMs } = openLive({});
  viewer.handle([
    { kind: "pictureLossIndication", senderSsrc: 1, mediaSsrc: VIDEO.ssrc },
    { kind: "fullIntraRequest", senderSsrc: 1, mediaSsrc: 0, requests: [] },
    nack(VIDEO.ssrc, [1]),
  ], nowMs);
  assertEquals(events.keyFrameRequests, 2);
  assertEquals(takeAll(nowMs), []);
  const { nackCount, pictureLossCount, fullIntraRequestCount, transport } = viewer.reception;
  assertEquals([nackCount, pictureLossCount, fullIntraRequestCount], [1, 1, 1]);
  assertEquals(transport, undefined);
});

Deno.test("RtpViewer: feedback on each packet tells of those that were numbered", () => {
  const extension = {
    bytes: Uint8Array.of(0xbe, 0xde, 0, 1, 0x31, 0, 0, 0),
    transportSequenceAt: 5,
  };
  const { viewer, nowMs, arrived } = openLive({
    audio: null,
    video: { identity: { ...VIDEO, extension } },
  });
  const first = arrived[0]!.sequence;
  viewer.resend([nack(VIDEO.ssrc, [first])]);
  viewer.take(nowMs, nowMs, []);
  const arrivals = new Int32Array(12).fill(4);
  viewer.handle([{
    kind: "transportFeedback",
    senderSsrc: 1,
    mediaSsrc: VIDEO.ssrc,
    baseSequence: 0,
    feedbackCount: 0,
    referenceTimeMs: 0,
    statusCount: arrivals.length,
    received: Uint16Array.from(arrivals.keys()),
    arrivals,
  }], nowMs);
  // Ten packets, and one of them again.
  assertEquals(viewer.reception.transport?.reportedCount, 11);
});
