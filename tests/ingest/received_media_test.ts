import { assert, assertEquals } from "@std/assert";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { ReceivedMedia } from "../../src/ingest/received_media.ts";
import type { ReceivedMessage } from "../../src/ingest/received_message.ts";
import type { ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import type { VideoFrame } from "../../src/flv/video_body.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { splitVideoTracks } from "../../src/flv/multitrack.ts";
import { nackedSequences } from "../../src/rtp/rtcp_feedback.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { seededRandom, toHex } from "../../testing/mutation.ts";
import { bytesOf } from "../rtp/receive/bits.ts";
import type { CollectedPackets } from "../rtp/collected_packets.ts";
import { CAMERAS } from "./cameras.ts";
import {
  AUDIO_SSRC,
  optionsFor,
  REPAIR_TYPE,
  SimulatedPublisher,
  VIDEO_SSRC,
  VIDEO_TYPE,
} from "./simulated_publisher.ts";

const FRAME_MS = 40;
const SOUND_MS = 20;

interface LinkTerms {
  readonly lossFraction: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly untilMs: number;
}

interface Run {
  readonly media: ReceivedMedia;
  readonly publisher: SimulatedPublisher;
  readonly messages: ReceivedMessage[];
  /** What was taken by the camera, with its time. */
  readonly pictures: { readonly hex: string; readonly takenMs: number }[];
  readonly verdicts: Map<string, number>;
}

/** A publisher with sound and pictures over a link, and all that it brings. */
function run(codec: ReceivedVideoCodec, link: LinkTerms, seed = 1): Run {
  const random = seededRandom(seed);
  const camera = CAMERAS[codec];
  const publisher = new SimulatedPublisher();
  const media = new ReceivedMedia(optionsFor(codec));
  media.takeRoundTrip(2 * link.delayMs);
  const [messages, pictures] = [[] as ReceivedMessage[], [] as Run["pictures"]];
  const verdicts = new Map<string, number>();
  const way: { atMs: number; packet: Uint8Array }[] = [];
  const back: { atMs: number; packet: Uint8Array }[] = [];
  const send = (packets: readonly Uint8Array[], nowMs: number) => {
    for (const packet of packets) {
      if (random() < link.lossFraction) continue;
      const jitterMs = random() < 0.1 ? random() * link.jitterMs : 0;
      way.push({ atMs: nowMs + link.delayMs + jitterMs, packet });
    }
  };
  for (let nowMs = 0; nowMs < link.untilMs; nowMs++) {
    if (nowMs % FRAME_MS === 0) {
      send(
        publisher.picture((out, timestamp, isKeyFrame) => {
          const at = nowMs / FRAME_MS;
          const like = camera.interFrames[at % camera.interFrames.length]!;
          const data = (isKeyFrame ? camera.keyFrame : like).slice();
          // So that each is told from all others.
          data.set([at >> 8, at], data.length - 2);
          pictures.push({ hex: toHex(data), takenMs: nowMs });
          camera.put(out, timestamp, data, isKeyFrame);
        }, nowMs),
        nowMs,
      );
    }
    if (nowMs % SOUND_MS === 0) {
      send(publisher.sound(Uint8Array.of(0xfc, nowMs >> 8, nowMs), nowMs), nowMs);
    }
    for (const { packet } of takeDue(way, nowMs)) {
      const verdict = media.takeRtp(packet, nowMs);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    if (nowMs % 500 === 0) media.takeRtcp(publisher.senderReports(nowMs), nowMs);
    if (nowMs >= media.nextDueMs()) media.handleTimeout(nowMs);
    for (let next; (next = media.next()) !== undefined;) messages.push(next);
    for (let next; (next = media.nextFeedback(nowMs)) !== undefined;) {
      assert(next.length <= 1200);
      back.push({ atMs: nowMs + link.delayMs, packet: next });
    }
    assert(media.nextDueMs() > nowMs, "what is due is done");
    for (const { packet } of takeDue(back, nowMs)) send(publisher.takeFeedback(packet), nowMs);
  }
  return { media, publisher, messages, pictures, verdicts };
}

function takeDue<T extends { readonly atMs: number }>(list: T[], nowMs: number): T[] {
  const due = list.filter(({ atMs }) => atMs <= nowMs).sort((one, other) => one.atMs - other.atMs);
  if (due.length > 0) list.splice(0, list.length, ...list.filter(({ atMs }) => atMs > nowMs));
  return due;
}

function framesOf(messages: readonly ReceivedMessage[]) {
  const frames: { frame: VideoFrame; timestampMs: number }[] = [];
  for (const { kind, payload, timestampMs } of messages) {
    const body = kind === "video" ? parseVideoBody(payload) : undefined;
    if (body?.kind === "frame") frames.push({ frame: body, timestampMs });
  }
  return frames;
}

function soundOf(messages: readonly ReceivedMessage[]) {
  return messages.filter(({ kind }) => kind === "audio").map(({ payload, timestampMs }) => ({
    body: parseAudioBody(payload),
    timestampMs,
  }));
}

const GOOD_LINK: LinkTerms = { lossFraction: 0, delayMs: 20, jitterMs: 0, untilMs: 3000 };

for (const codec of Object.keys(CAMERAS) as ReceivedVideoCodec[]) {
  Deno.test(`${codec}: what is sent comes out as FLV bodies, byte by byte, at even times`, () => {
    const { messages, pictures, publisher } = run(codec, GOOD_LINK);
    const frames = framesOf(messages);
    const sent = pictures.slice(0, frames.length);
    assertEquals(frames.map(({ frame }) => toHex(frame.data)), sent.map(({ hex }) => hex));
    assert(frames.length >= pictures.length - 1);
    assertEquals(frames.map(({ frame }) => frame.codec), frames.map(() => codec));
    assertEquals(frames.map(({ frame }) => frame.isKeyFrame), frames.map((_, at) => at === 0));
    assertEquals(
      frames.map(({ timestampMs }) => timestampMs - frames[0]!.timestampMs),
      sent.map(({ takenMs }) => takenMs),
    );
    const kinds = messages.filter(({ kind }) => kind === "video")
      .map(({ payload }) => parseVideoBody(payload).kind);
    const isConfigured = codec === "vp9" || codec === "av1";
    assertEquals(kinds.filter((kind) => kind === "configuration").length, isConfigured ? 1 : 0);
    if (isConfigured) assertEquals(kinds[0], "configuration");
    assertEquals(publisher.keyFrameRequests, 0);
  });

  Deno.test(`${codec}: over a bad link no picture comes in part, and groups have no gaps`, () => {
    for (const [at, lossFraction] of [0.05, 0.15].entries()) {
      const link = { lossFraction, delayMs: 50, jitterMs: 30, untilMs: 10_000 };
      const { messages, pictures, publisher } = run(codec, link, 10 + at);
      const frames = framesOf(messages);
      const share = frames.length / pictures.length;
      assert(share > (lossFraction > 0.1 ? 0.6 : 0.9), `${lossFraction}: ${share}`);
      checkGroups(frames, pictures);
      // Key frames are asked for, but not too often.
      assert(publisher.keyFrameRequests <= 1 + link.untilMs / 500);
    }
  });
}

/** Each frame is a picture that was sent; behind each comes the next, or a key frame. */
function checkGroups(frames: ReturnType<typeof framesOf>, pictures: Run["pictures"]): void {
  const places = new Map(pictures.map(({ hex }, at) => [hex, at]));
  let before = -1;
  let beforeMs = -1;
  for (const { frame, timestampMs } of frames) {
    const at = places.get(toHex(frame.data)) ?? -1;
    assert(at >= 0, `what was sent, at ${timestampMs} ms`);
    assert(at === before + 1 || (at > before && frame.isKeyFrame), `${before} to ${at}`);
    const passedMs = (at - before) * FRAME_MS;
    const isEven = Math.abs(timestampMs - beforeMs - passedMs) <= passedMs * 0.1 + 1;
    assert(before < 0 || isEven, `${passedMs} ms later, not ${timestampMs - beforeMs}`);
    before = at;
    beforeMs = timestampMs;
  }
}

Deno.test("sound: behind its header, even, and in step with the pictures", () => {
  const link = { lossFraction: 0.05, delayMs: 75, jitterMs: 30, untilMs: 20_000 };
  const { messages, media } = run("vp8", link, 3);
  const sound = soundOf(messages);
  assertEquals(sound.map(({ body }) => body.kind).slice(0, 2), ["configuration", "frame"]);
  const times = sound.slice(1).map(({ timestampMs }) => timestampMs);
  const gaps = times.slice(1).map((timeMs, at) => timeMs - times[at]!);
  assert(gaps.every((gap) => gap > 0 && gap % SOUND_MS === 0));
  const lost = gaps.reduce((sum, gap) => sum + gap / SOUND_MS - 1, 0);
  assert(lost / times.length < 0.01, `${lost} of ${times.length}`);
  const last = framesOf(messages).at(-1)!;
  const [{ body, timestampMs }] = sound.slice(-1) as [typeof sound[number]];
  assert(body.kind === "frame");
  const data = (body as Extract<typeof body, { kind: "frame" }>).data;
  const zeroOfSoundMs = timestampMs - (data[1]! << 8 | data[2]!);
  const frameAt = Math.round((last.timestampMs - zeroOfSoundMs) / FRAME_MS) * FRAME_MS;
  assert(Math.abs(last.timestampMs - zeroOfSoundMs - frameAt) <= 3, "within 3 ms of the sound");
  assert(media.describe().layers[0]!.lost > 0);
});

Deno.test("repair packets take their place, and are told from packets that came twice", () => {
  const link = { lossFraction: 0.1, delayMs: 20, jitterMs: 0, untilMs: 5000 };
  const { verdicts, media, publisher } = run("h264", link);
  assert(verdicts.get("repaired")! > 20);
  const [video] = media.describe().layers;
  assertEquals(video!.repaired, verdicts.get("repaired"));
  assertEquals(publisher.keyFrameRequests <= 3, true);
});

Deno.test("the publisher is told: reports, arrivals of all packets, bitrate", () => {
  const { publisher } = run("h264", GOOD_LINK);
  const kinds = publisher.feedback.map(({ kind }) => kind);
  const reports = publisher.feedback.filter((packet) =>
    packet.kind === "receiverReport" && packet.blocks.length > 0
  );
  assertEquals(reports.length, 2);
  const [first] = reports;
  assert(first?.kind === "receiverReport");
  const { blocks } = first as Extract<typeof first, { kind: "receiverReport" }>;
  assertEquals(blocks.map(({ ssrc }) => ssrc), [VIDEO_SSRC, AUDIO_SSRC]);
  for (const block of blocks) {
    assertEquals(block.lossFraction, 0);
    assert(block.lastSenderReport > 0);
    assertEquals(Math.round(block.delaySinceLastSenderReport / 65.536), 0);
  }
  assertEquals(kinds.filter((kind) => kind === "remb").length, 2);
  const arrived = publisher.feedback.flatMap((packet) =>
    packet.kind === "transportFeedback" ? [packet.received.length] : []
  );
  assert(arrived.length >= 20, `${arrived.length}`);
  assert(arrived.every((count) => count > 0), `${arrived}`);
  for (const [at, packet] of publisher.feedback.entries()) {
    // RFC 3550 6.1: a compound begins with a report, and says who it is of.
    if (packet.kind === "receiverReport") assertEquals(kinds[at + 1], "sourceDescription");
  }
});

Deno.test("what is told of loss is as of the newest report, and not of the whole time", () => {
  const media = new ReceivedMedia(optionsFor("vp8"));
  const publisher = new SimulatedPublisher();
  const told = new Set<number | null>();
  for (let nowMs = 0; nowMs <= 3000; nowMs += SOUND_MS) {
    const isLost = nowMs < 1000 && nowMs % (4 * SOUND_MS) === SOUND_MS;
    for (const packet of publisher.sound(Uint8Array.of(0xfc), nowMs)) {
      if (!isLost) media.takeRtp(packet, nowMs);
    }
    while (media.nextFeedback(nowMs) !== undefined);
    told.add(media.describe().layers[1]!.lossFraction);
  }
  const [before, first, later, ...more] = told;
  assertEquals([before, later, more], [null, 0, []]);
  assert(first! > 0.2 && first! < 0.3, `${first}`);
});

Deno.test("a key frame that a viewer needs is asked for at once, and not too often", () => {
  const { media } = run("vp8", { ...GOOD_LINK, untilMs: 1000 });
  const requests: number[] = [];
  for (let nowMs = 1000; nowMs < 9000; nowMs++) {
    // However long the way is at the moment.
    if (nowMs === 3000) media.takeRoundTrip(60_000);
    media.requestKeyFrame(nowMs);
    for (let next; (next = media.nextFeedback(nowMs)) !== undefined;) {
      if (parseRtcp(next).some(({ kind }) => kind === "pictureLossIndication")) {
        requests.push(nowMs);
      }
    }
  }
  assertEquals(requests, [1000, 1500, 2000, 2500, 4500, 6500, 8500]);
});

Deno.test("a key frame that comes, or has just come, is not asked for", () => {
  const { media, publisher } = run("vp8", { ...GOOD_LINK, untilMs: 1000 });
  const keyFrame = () =>
    publisher.picture((out, timestamp) => {
      CAMERAS.vp8.put(out, timestamp, CAMERAS.vp8.keyFrame, true);
    }, 1000);
  const isAsked = (nowMs: number) => {
    let isFound = false;
    for (let next; (next = media.nextFeedback(nowMs)) !== undefined;) {
      isFound ||= parseRtcp(next).some(({ kind }) => kind === "pictureLossIndication");
    }
    return isFound;
  };
  media.requestKeyFrame(1000);
  for (const packet of keyFrame()) media.takeRtp(packet, 1001);
  while (media.next() !== undefined);
  media.requestKeyFrame(1050);
  assertEquals(isAsked(1060), false);
  media.requestKeyFrame(1110);
  assertEquals(isAsked(1110), true);
});

Deno.test("while a key frame comes in, packet by packet, none is asked for", () => {
  for (const codec of Object.keys(CAMERAS) as ReceivedVideoCodec[]) {
    const media = new ReceivedMedia(optionsFor(codec));
    const publisher = new SimulatedPublisher();
    const packets = publisher.picture((out, timestamp) => {
      CAMERAS[codec].put(out, timestamp, CAMERAS[codec].keyFrame, true);
    }, 0);
    for (const [at, packet] of packets.entries()) {
      media.takeRtp(packet, at);
      for (let next; (next = media.nextFeedback(at)) !== undefined;) publisher.takeFeedback(next);
    }
    assert(media.next() !== undefined);
    assertEquals([codec, publisher.keyFrameRequests], [codec, 0]);
  }
});

Deno.test("a datagram of feedback has up to 1200 bytes, however much there is to be told", () => {
  const options = optionsFor("vp8");
  const tracks = Array.from({ length: 16 }, (_, at) => ({
    ...options.tracks[0]!,
    mid: `${at}`,
    ssrcs: [100 + at],
  }));
  const media = new ReceivedMedia({ ...options, tracks, cname: "0123456789abcdef" });
  const asked = new Set<string>();
  for (let number = 0; number < 400; number++) {
    if (number % 18 === 1) continue;
    for (const { ssrcs: [ssrc] } of tracks) {
      const packet = new ByteWriter().u8(0x80).u8(VIDEO_TYPE).u16(number).u32(0).u32(ssrc!).u16(1);
      assertEquals(media.takeRtp(packet.take(), 995), "taken");
    }
  }
  let count = 0;
  for (let next; (next = media.nextFeedback(1000)) !== undefined; count++) {
    assert(next.length <= 1200, `${next.length}`);
    for (const packet of parseRtcp(next)) {
      if (packet.kind !== "nack") continue;
      for (const sequence of nackedSequences(packet)) asked.add(`${packet.mediaSsrc} ${sequence}`);
    }
  }
  assertEquals([count, asked.size], [5, 16 * 23]);
});

Deno.test("arrivals in an order that no link makes are told by and by", () => {
  const media = new ReceivedMedia(optionsFor("vp8"));
  const publisher = new SimulatedPublisher();
  const [sample] = publisher.sound(Uint8Array.of(0xfc), 0);
  const tell = (number: number, nowMs: number) => {
    const packet = sample!.slice();
    new DataView(packet.buffer).setUint16(19, number);
    media.takeRtp(packet, nowMs);
  };
  const told = (nowMs: number) => {
    let count = 0;
    while (media.nextFeedback(nowMs) !== undefined) count++;
    return count;
  };
  // Neighbours came ten seconds apart, which no feedback can tell of together.
  for (let number = 0; number < 2000; number += 2) tell(number, 0);
  for (let number = 3; number < 2000; number += 2) tell(number, 10_000);
  told(10_050);
  tell(1, 10_060);
  let compounds = 0;
  for (let nowMs = 10_160; nowMs < 12_160; nowMs += 10) {
    const count = told(nowMs);
    assert(count <= 8, `${count}`);
    compounds += count;
  }
  assert(compounds > 100, `${compounds}`);
});

Deno.test("the same again from another SSRC, with another clock: it goes on", () => {
  const { media, messages } = run("vp8", { ...GOOD_LINK, untilMs: 1000 });
  const newestMs = framesOf(messages).at(-1)!.timestampMs;
  const other = new SimulatedPublisher();
  const after: ReceivedMessage[] = [];
  for (let nowMs = 1000; nowMs < 3000; nowMs += FRAME_MS) {
    const packets = other.picture((out, timestamp, isKeyFrame) => {
      const camera = CAMERAS.vp8;
      const data = isKeyFrame ? camera.keyFrame : camera.interFrames[0]!;
      camera.put(out, timestamp + 12_345_678, data, isKeyFrame);
    }, nowMs);
    for (const packet of packets) {
      new DataView(packet.buffer).setUint32(8, 3000);
      const verdict = media.takeRtp(packet, nowMs);
      assertEquals(verdict, nowMs < 1280 ? "unknown-source" : "taken");
    }
    if (nowMs < 1280) other.isKeyFrameWanted = true;
    for (let next; (next = media.next()) !== undefined;) after.push(next);
  }
  const frames = framesOf(after);
  assert(frames.length > 40);
  assert(frames[0]!.timestampMs > newestMs && frames[0]!.timestampMs < newestMs + 500);
  assertEquals(media.describe().layers[0]!.ssrc, 3000);
});

Deno.test("a source that says that it ends is followed by another one at once", () => {
  const { media } = run("vp8", { ...GOOD_LINK, untilMs: 1000 });
  const other = new SimulatedPublisher().picture((out, timestamp) => {
    CAMERAS.vp8.put(out, timestamp, CAMERAS.vp8.keyFrame, true);
  }, 1000).map((packet) => packet.with(11, 9));
  assertEquals(media.takeRtp(other[0]!, 1000), "unknown-source");
  media.takeRtcp([{ kind: "bye", ssrcs: [VIDEO_SSRC, 12_345] }], 1000);
  assertEquals(media.takeRtp(other[0]!, 1000), "taken");
});

Deno.test("a source that goes back by some hundred numbers goes on after half a second", () => {
  const media = new ReceivedMedia(optionsFor("vp8"));
  const publisher = new SimulatedPublisher();
  const heardMs: number[] = [];
  for (let nowMs = 0; nowMs < 3000; nowMs += SOUND_MS) {
    const [packet] = publisher.sound(Uint8Array.of(0xfc), nowMs);
    const view = new DataView(packet!.buffer);
    view.setUint16(2, view.getUint16(2) - (nowMs < 1000 ? 0 : 900));
    media.takeRtp(packet!, nowMs);
    while (media.next() !== undefined) heardMs.push(nowMs);
  }
  const pauses = heardMs.map((atMs, at) => atMs - (heardMs[at - 1] ?? atMs));
  assertEquals(Math.max(...pauses), 500);
  assertEquals(heardMs.at(-1), 3000 - SOUND_MS);
});

Deno.test("stragglers, however many, are not taken for a source that goes back", () => {
  const media = new ReceivedMedia(optionsFor("vp8"));
  const publisher = new SimulatedPublisher();
  const late: Uint8Array[] = [];
  for (let nowMs = 0; nowMs < 5000; nowMs += SOUND_MS) {
    const [packet] = publisher.sound(Uint8Array.of(0xfc), nowMs);
    if (nowMs >= 1000 && nowMs < 2000) late.push(packet!);
    else assertEquals(media.takeRtp(packet!, nowMs), "taken");
    // Half of all packets are those that nobody waits for any more.
    const straggler = nowMs > 3000 ? late.shift() : undefined;
    if (straggler !== undefined) assertEquals(media.takeRtp(straggler, nowMs), "late");
  }
});

Deno.test("what was taken for a repair stream and brings media is the source", () => {
  const media = new ReceivedMedia(optionsFor("vp8"));
  const packets = new SimulatedPublisher().picture((out, timestamp) => {
    CAMERAS.vp8.put(out, timestamp, CAMERAS.vp8.keyFrame, true);
  }, 0);
  assertEquals(media.takeRtp(packets[0]!.with(1, REPAIR_TYPE), 0), "unknown-source");
  for (const packet of packets) assertEquals(media.takeRtp(packet, 0), "taken");
  assertEquals(media.takeRtp(packets[0]!.with(1, REPAIR_TYPE), 0), "unknown-payload");
  assertEquals(framesOf([media.next()!]).length, 1);
});

Deno.test("packets go where they belong, or nowhere", () => {
  const publisher = new SimulatedPublisher();
  const put = (out: CollectedPackets, timestamp: number) =>
    CAMERAS.vp8.put(out, timestamp, CAMERAS.vp8.keyFrame, true);
  const packet = () => publisher.picture(put, 0)[0]!;
  const cases: [string, (packet: Uint8Array) => Uint8Array, string][] = [
    ["as it is", (one) => one, "taken"],
    ["another payload type", (one) => one.with(1, 50), "unknown-payload"],
    ["sound's payload type", (one) => one.with(1, 111), "unknown-payload"],
    ["another section", (one) => one.with(17, 0x39).with(11, 9), "unknown-source"],
    ["another SSRC while this one is heard", (one) => one.with(11, 9), "unknown-source"],
    ["another version", (one) => one.with(0, 0x10), "malformed"],
    ["nothing", () => new Uint8Array(0), "malformed"],
    ["an RTCP packet", () => Uint8Array.of(0x80, 200, 0, 1, 0, 0, 0, 1), "malformed"],
    ["far away", (one) => one.with(2, 0x10), "late"],
    ["without a payload", (one) => one.slice(0, 24), "padding"],
  ];
  const media = new ReceivedMedia(optionsFor("vp8"));
  for (const [name, change, verdict] of cases) {
    assertEquals(media.takeRtp(change(packet()), 10), verdict, name);
  }
  // Without a name, the payload type tells; where two sections have it, nothing does.
  const nameless = packet().with(16, 0x50);
  const options = optionsFor("vp8");
  assertEquals(new ReceivedMedia(options).takeRtp(nameless, 0), "taken");
  const twice = { ...options, tracks: [options.tracks[0]!, { ...options.tracks[0]!, mid: "2" }] };
  assertEquals(new ReceivedMedia(twice).takeRtp(nameless, 0), "unknown-source");
  const said = { ...twice.tracks[1]!, ssrcs: [VIDEO_SSRC] };
  const withSsrcs = { ...options, tracks: [twice.tracks[0]!, said] };
  const known = new ReceivedMedia(withSsrcs);
  assertEquals(known.takeRtp(nameless, 0), "taken");
  assertEquals(known.describe().layers[1]!.ssrc, VIDEO_SSRC);
});

Deno.test("a lost picture that no other refers to costs no key frame, by its descriptors", () => {
  const options = optionsFor("vp8");
  const extensions = { ...options.extensions, dependencyDescriptor: 9 };
  const media = new ReceivedMedia({ ...options, extensions });
  // T0 and T1, each of which refers to the T0 before it.
  const structure = "1 0 0 0 0 000000 00000 00 01 11 10 10 10 0 1 0001 0 1 0000 0";
  const frames: [number, string, number][] = [
    [0, `1 1 000000 ${"0".repeat(16)} ${structure}`, 0x10],
    [2, `1 1 000001 ${"10".padStart(16, "0")}`, 0x11],
  ];
  const left: number[] = [];
  for (const [number, bits, tag] of frames) {
    const descriptor = bytesOf(bits);
    const element = new ByteWriter().u8(9).u8(descriptor.length).bytes(descriptor);
    while (element.length % 4 > 0) element.u8(0);
    const extension = element.take();
    const packet = new ByteWriter().u8(0x90).u8(0x80 | VIDEO_TYPE).u16(number).u32(number * 3000)
      .u32(VIDEO_SSRC).u16(0x1000).u16(extension.length / 4).bytes(extension)
      .u8(0x10).u8(tag).u8(number).take();
    assertEquals(media.takeRtp(packet, number * 400), "taken");
  }
  media.handleTimeout(2000);
  for (let next; (next = media.next()) !== undefined;) left.push(next.payload.at(-1)!);
  assertEquals(left, [0, 2]);
  while (media.nextFeedback(2000) !== undefined);
  assertEquals(media.describe().layers[0]!.keyFrameRequests, 0);
});

Deno.test("layers of simulcast are tracks of their own", () => {
  const options = optionsFor("vp8");
  const tracks = [{ ...options.tracks[0]!, rids: ["h", "l"] }];
  const extensions = { ...options.extensions, rid: 5 };
  const media = new ReceivedMedia({ ...options, tracks, extensions });
  const bodies: Uint8Array[] = [];
  for (const [at, rid] of ["h", "l"].entries()) {
    const publisher = new SimulatedPublisher();
    const packets = publisher.picture((out, timestamp) => {
      CAMERAS.vp8.put(out, timestamp, CAMERAS.vp8.keyFrame, true);
    }, 0);
    for (const packet of packets) {
      new DataView(packet.buffer).setUint32(8, 500 + at);
      packet.set([0x50, rid.charCodeAt(0)], 21);
      assertEquals(media.takeRtp(packet, 0), "taken");
    }
    for (let next; (next = media.next()) !== undefined;) bodies.push(next.payload);
  }
  const [high, low] = bodies as [Uint8Array, Uint8Array];
  assertEquals(parseVideoBody(high).kind, "frame");
  const split = splitVideoTracks(low);
  assert(split.kind === "tracks");
  const { tracks: parts } = split as Extract<typeof split, { kind: "tracks" }>;
  assertEquals(parts.map(({ trackId }) => trackId), [1]);
  assertEquals(parts[0]!.body, high);
});

Deno.test("layers of simulcast come in step with each other, without sound too", () => {
  const options = optionsFor("vp8");
  const tracks = [{ ...options.tracks[0]!, rids: ["h", "l"] }];
  const extensions = { ...options.extensions, rid: 5 };
  const media = new ReceivedMedia({ ...options, tracks, extensions });
  const publisher = new SimulatedPublisher();
  const shownMs: number[][] = [[], []];
  const numbers = [0, 0];
  for (let nowMs = 0; nowMs < 5000; nowMs += FRAME_MS) {
    for (const [at, rid] of ["h", "l"].entries()) {
      // The key frame of the second one is long under way.
      const arrivedMs = nowMs + (at === 1 && nowMs < 200 ? 200 : 0);
      publisher.isKeyFrameWanted = nowMs === 0;
      const packets = publisher.picture((out, timestamp, isKeyFrame) => {
        const { keyFrame, interFrames, put } = CAMERAS.vp8;
        put(out, timestamp, isKeyFrame ? keyFrame : interFrames[0]!, isKeyFrame);
      }, nowMs);
      for (const packet of packets) {
        const view = new DataView(packet.buffer);
        view.setUint16(2, numbers[at]!++);
        view.setUint32(8, 500 + at);
        packet.set([0x50, rid.charCodeAt(0)], 21);
        media.takeRtp(packet, arrivedMs);
      }
      const [report] = publisher.senderReports(nowMs);
      media.takeRtcp([{ ...report!, ssrc: 500 + at } as typeof report & object], arrivedMs);
      for (let next; (next = media.next()) !== undefined;) {
        const track = parseVideoBody(next.payload).kind === "multitrack" ? 1 : 0;
        shownMs[track]!.push(next.timestampMs);
      }
    }
  }
  const apartMs = (at: number) => shownMs[1]!.at(at)! - shownMs[0]!.at(at)!;
  assertEquals(shownMs.map(({ length }) => length), [125, 125]);
  assertEquals([apartMs(0), apartMs(-1)], [200, 0]);
});

Deno.test("garbage, 100,000 packets of it, is bounded and throws nothing; what is good goes on", () => {
  const random = seededRandom(6);
  const media = new ReceivedMedia(optionsFor("h264"));
  const publisher = new SimulatedPublisher();
  const samples = publisher.picture((out, timestamp) => {
    CAMERAS.h264.put(out, timestamp, CAMERAS.h264.keyFrame, true);
  }, 0);
  const begin = performance.now();
  for (let round = 0; round < 100_000; round++) {
    const packet = samples[round % samples.length]!.slice(0, 16 + random() * 200);
    for (let change = random() * 4; change > 0; change--) {
      packet[random() * packet.length | 0] = random() * 256;
    }
    const nowMs = round / 100;
    media.takeRtp(packet, nowMs);
    if (round % 10 > 0) continue;
    if (nowMs >= media.nextDueMs()) media.handleTimeout(nowMs);
    while (media.next() !== undefined);
    while (media.nextFeedback(nowMs) !== undefined);
  }
  // A second's worth of an attack, which takes some 500 ms.
  assert(performance.now() - begin < 5000);
  let frames = 0;
  publisher.isKeyFrameWanted = true;
  for (let nowMs = 1500; nowMs < 5000; nowMs += FRAME_MS) {
    const packets = publisher.picture((out, timestamp, isKeyFrame) => {
      const { keyFrame, interFrames } = CAMERAS.h264;
      const data = isKeyFrame ? keyFrame : interFrames[0]!;
      CAMERAS.h264.put(out, timestamp, data, isKeyFrame);
    }, nowMs);
    for (const packet of packets) media.takeRtp(packet, nowMs);
    if (nowMs >= media.nextDueMs()) media.handleTimeout(nowMs);
    for (let next; (next = media.next()) !== undefined;) if (next.kind === "video") frames++;
    for (let next; (next = media.nextFeedback(nowMs)) !== undefined;) publisher.takeFeedback(next);
  }
  assert(frames > 20, `${frames}`);
});
