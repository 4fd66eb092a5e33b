import { assert, assertEquals } from "@std/assert";
import { ViewerLink } from "../../src/egress/viewer_link.ts";
import type { RtcpPacket } from "../../src/rtp/rtcp.ts";
import { writeHeaderExtension } from "../../src/rtp/header_extension.ts";
import { parseRtpPacket } from "../../testing/webrtc/rtp_packet.ts";
import { NarrowViewer } from "./narrow_viewer.ts";
import { append, openViewer, Place, RTX, VIDEO } from "./rtp_samples.ts";

const TWIN_AFTER_MS = 15;
const MAX_RESENDS_PER_SECOND = 1000;
const FAR_MS = 150;
const PACKETS = 600;

function nack(sequences: readonly number[]): RtcpPacket {
  const entries = new Uint8Array(4 * sequences.length);
  const view = new DataView(entries.buffer);
  sequences.forEach((sequence, at) => view.setUint16(4 * at, sequence & 0xffff));
  return { kind: "nack", senderSsrc: 1, mediaSsrc: VIDEO.ssrc, entries };
}

/** A viewer that was sent pictures, and has told for two seconds what it loses. */
function openLossy(
  { roundTripMs = FAR_MS, lossFraction = 0.05, hasRtx = true },
) {
  const opened = openViewer({
    audio: null,
    video: { retransmission: hasRtx ? RTX : undefined },
    link: new ViewerLink(0),
  });
  const { viewer, video, takeAll } = opened;
  append(video, 0, Place.keyFrame);
  for (let at = 1; at < PACKETS; at++) append(video, at);
  let nowMs = 0;
  let first: number | undefined;
  for (let count = 0; count < PACKETS; nowMs += 4) {
    const arrived = takeAll(nowMs);
    first ??= arrived[0]?.sequence;
    count += arrived.length;
  }
  for (let report = 1; report <= 3; report++) {
    viewer.takeRoundTrip(roundTripMs, nowMs - roundTripMs, nowMs);
    const block = {
      ssrc: VIDEO.ssrc,
      lossFraction,
      cumulativeLost: 0,
      extendedHighestSequence: first! + 100 * report,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    viewer.handle([{ kind: "receiverReport", ssrc: 1, blocks: [block] }], nowMs);
    nowMs += 1000;
  }
  const ask = (from: number, count: number) =>
    viewer.resend([nack(Array.from({ length: count }, (_, at) => first! + from + at))]);
  return { ...opened, ask, nowMs, first: first! };
}

Deno.test("RtpViewer: far away, what was lost is sent twice, for three times at most", () => {
  const { viewer, events, takeAll, ask, nowMs, first } = openLossy({});
  ask(7, 1);
  const once = takeAll(nowMs);
  assertEquals(viewer.nextMs, nowMs + TWIN_AFTER_MS);
  assertEquals(takeAll(nowMs + TWIN_AFTER_MS - 1), []);
  const twice = takeAll(nowMs + TWIN_AFTER_MS);
  assertEquals(viewer.nextMs, undefined);
  const original = (first + 7) & 0xffff;
  assertEquals(
    [...once, ...twice].map(({ ssrc, sequence, index, original }) => ({
      ssrc,
      sequence,
      index,
      original,
    })),
    [500, 501].map((sequence) => ({ ssrc: RTX.ssrc, sequence, index: 7, original })),
  );
  ask(7, 1);
  assertEquals(takeAll(nowMs + FAR_MS), [], "the second has not had its time");
  for (const [laterMs, count] of [[1000, 1], [2000, 1], [3000, 0]] as const) {
    ask(7, 1);
    assertEquals(takeAll(nowMs + laterMs).length, count, `${laterMs} ms later`);
    assertEquals(takeAll(nowMs + laterMs + TWIN_AFTER_MS).length, count, `${laterMs} ms, twin`);
  }
  assertEquals(events.resent, 6);
});

for (
  const [who, options] of [
    ["near that loses some", { roundTripMs: 5, lossFraction: 0.03 }],
    ["that loses next to nothing", { lossFraction: 0.004 }],
    ["that takes no RTX", { hasRtx: false }],
  ] as const
) {
  Deno.test(`RtpViewer: a viewer ${who} is sent once what it asks for`, () => {
    const { viewer, takeAll, ask, nowMs } = openLossy(options);
    ask(7, 1);
    assertEquals(takeAll(nowMs).length, 1);
    assertEquals(takeAll(nowMs + TWIN_AFTER_MS), []);
    assertEquals(viewer.nextMs, undefined);
  });
}

Deno.test("RtpViewer: a viewer near that loses much is sent twice what it asks for", () => {
  const { takeAll, ask, nowMs } = openLossy({ roundTripMs: 5, lossFraction: 0.1 });
  ask(7, 1);
  assertEquals(takeAll(nowMs).length, 1);
  assertEquals(takeAll(nowMs + TWIN_AFTER_MS).length, 1);
});

Deno.test("RtpViewer: what is sent twice counts twice among the resends of a second", () => {
  const { events, takeAll, ask, nowMs } = openLossy({});
  let ms = nowMs;
  for (let round = 0; round < 10; round++) {
    ask(round % 2 * 300, 250);
    for (const endMs = ms + 400; ms < endMs; ms += 4) takeAll(ms);
  }
  assertEquals(events.resent, MAX_RESENDS_PER_SECOND);
});

Deno.test("RtpViewer: on a narrow link that is far away, nothing is sent twice", () => {
  const narrow = new NarrowViewer();
  narrow.link.change({ lossFraction: 0.05, roundTripMs: FAR_MS }, 0);
  narrow.run(10_000);
  narrow.link.change({ capacityBps: 500_000 }, 10_000);
  narrow.run(14_000);
  const { viewer, takeAll } = narrow.opened;
  // Padding is sent twice, too: pictures that are sent while there is none are waited for.
  const isSending = () => viewer.link?.state === "clear";
  for (let length = Infinity; narrow.videoSequences.length <= length || !isSending();) {
    length = narrow.videoSequences.length;
    narrow.run(narrow.nowMs + 4);
  }
  assert(viewer.quality !== "all", viewer.quality);
  const sequence = narrow.videoSequences.at(-1)!;
  viewer.resend([nack([sequence])]);
  let again = 0;
  for (let nowMs = narrow.nowMs; nowMs < narrow.nowMs + 200; nowMs += 4) {
    again += takeAll(nowMs).filter(({ original }) => original === (sequence & 0xffff)).length;
  }
  assertEquals(again, 1);
});

Deno.test("RtpViewer: far away, what is lost twice does not come late", () => {
  const narrow = new NarrowViewer();
  assertEquals(narrow.heldMs, 110, "for its sound");
  narrow.link.change({ lossFraction: 0.05, roundTripMs: FAR_MS }, 0);
  narrow.run(64_000);
  // By when a second resend is there, at the latest.
  const lateMs = FAR_MS / 2 + 2 * FAR_MS;
  const pictures = narrow.pictures.filter(({ atMs }) => atMs >= 4000 && atMs < 62_000);
  const late = pictures.filter(({ atMs, decodedMs = Infinity }) => decodedMs - atMs > lateMs);
  // Of 230 packets a second, a 400th are lost with their first resend: 34 in a minute, which are 41 late.
  const runs = late.filter((picture, at) =>
    late[at - 1] !== pictures[pictures.indexOf(picture) - 1]
  );
  assert(runs.length <= 12, `${runs.length} times, ${late.length} pictures`);
  assertEquals(narrow.heldMs, 300);
  assertEquals(narrow.opened.viewer.quality, "all");
  narrow.link.change({ lossFraction: 0 }, 64_000);
  narrow.run(110_000);
  assertEquals(narrow.heldMs, 110);
});

Deno.test("RtpViewer: how long pictures are held is told by the packets that follow, and by resends", () => {
  const extension = (minMs: number) =>
    writeHeaderExtension({
      transportSequenceId: undefined,
      playoutDelayId: 5,
      playoutDelay: { minMs, maxMs: 10_000 },
    });
  const { viewer, video } = openViewer({
    audio: null,
    video: { retransmission: RTX, held: { leastMs: 0, extension } },
  });
  let nowMs = 0;
  let highest = 65_500;
  /** What the packets of some pictures tell: the least time of the extension. */
  const toldMs = (packets: number, lossFraction: number) => {
    const told = new Set<number | undefined>();
    for (let at = 0; at < packets; at++) {
      append(video, nowMs, at === 0 ? Place.keyFrame : Place.accessUnit);
      const datagrams: Uint8Array[] = [];
      viewer.take(nowMs += 10, nowMs, datagrams);
      for (const datagram of datagrams) {
        const isRtp = datagram[1]! < 192 || datagram[1]! > 223;
        if (isRtp) told.add(minMsOf(datagram));
      }
    }
    const block = {
      ssrc: VIDEO.ssrc,
      lossFraction,
      cumulativeLost: 0,
      extendedHighestSequence: highest += packets,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    viewer.takeRoundTrip(FAR_MS, nowMs - FAR_MS, nowMs);
    viewer.handle([{ kind: "receiverReport", ssrc: 1, blocks: [block] }], nowMs);
    return [...told];
  };
  assertEquals(toldMs(100, 0), [0], "what holds at first is told at first");
  for (let second = 0; second < 5; second++) toldMs(100, 0);
  assertEquals(toldMs(100, 0.05), [undefined]);
  assertEquals(toldMs(100, 0.05), [200]);
  viewer.resend([nack([65_500 + 50])]);
  assertEquals(toldMs(1, 0), [250], "what was sent before tells it, too");
  for (let second = 0; second < 40; second++) toldMs(100, 0);
  assertEquals(toldMs(100, 0), [undefined], "in the end, packets tell nothing any more");
  viewer.resend([nack([highest - 20])]);
  assertEquals(toldMs(1, 0).includes(0), true, "nor are they held when one is sent again");
});

function minMsOf(datagram: Uint8Array): number | undefined {
  const { extension } = parseRtpPacket(datagram);
  const element = extension?.data;
  return element === undefined ? undefined : (element[1]! << 4 | element[2]! >> 4) * 10;
}
