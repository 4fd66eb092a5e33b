import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { lengthPrefixed } from "../../src/codec/annex_b.ts";
import { parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { MAX_HELD_MESSAGES, MAX_HELD_SIZE } from "../../src/stream/held_picture.ts";
import type { Intake } from "../../src/stream/track_intake.ts";
import { VideoTrack } from "../../src/stream/video_track.ts";
import { parseH264Sps } from "../../src/codec/h264/sps.ts";
import { BitWriter } from "../../testing/media/bit_writer.ts";
import { SPS as SPS_SAMPLES } from "../../testing/media/corpus.ts";
import { fromHex, toHex } from "../../testing/mutation.ts";

const SPS = fromHex("6764000cacb40a0cfcf808800000030080000019078a1550");
const PPS = fromHex("68ee3cb0");
const AVCC = fromHex(`0164000cffe10018${toHex(SPS)}010004${toHex(PPS)}fdf8f800`);
const CONFIGURATION = frameless(AVCC);

/** NAL units of one byte of slice header; the second slices have another first macroblock than 0. */
const IDR = fromHex("6588");
const IDR_SECOND = fromHex("6546");
const P = fromHex("419a");
const P_SECOND = fromHex("4152");
const SEI = fromHex("0605ff80");
const DELIMITER = fromHex("09f0");
/** recovery_frame_cnt is 3. */
const RECOVERY = fromHex("060601c880");
const I = fromHex("4188");

const KEY = 0x17;
const INTER = 0x27;

function frameless(record: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([fromHex("1700000000"), record]);
}

function frame(first: number, nalUnits: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(first, 1, 0, 0, 40), lengthPrefixed(nalUnits)]);
}

function byteStream(first: number, nalUnits: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const parts = nalUnits.flatMap((unit) => [fromHex("00000001"), unit]);
  return concat([Uint8Array.of(first, 1, 0, 0, 40), ...parts]);
}

/** Kind and, of frames, timestamp and body. */
function lineOf(intake: Intake): string {
  switch (intake.kind) {
    case "skip":
      return intake.reason;
    case "frame":
      return `${intake.isKeyFrame ? "key" : "inter"} ${intake.encoderMs} ${toHex(intake.body)}`;
    default:
      return `${intake.kind} ${toHex(intake.body)}`;
  }
}

function key(encoderMs: number, ...nalUnits: Uint8Array[]): string {
  return `key ${encoderMs} ${toHex(frame(KEY, nalUnits))}`;
}

function inter(encoderMs: number, ...nalUnits: Uint8Array[]): string {
  return `inter ${encoderMs} ${toHex(frame(INTER, nalUnits))}`;
}

/** What comes of messages, one after the other, and of what is held in the end. */
function taken(
  messages: readonly (readonly [encoderMs: number, body: Uint8Array])[],
  track = new VideoTrack(),
): string[] {
  const intakes = messages.flatMap(([encoderMs, body]) => track.take(body, encoderMs, encoderMs));
  return [...intakes, ...track.release()].map(lineOf);
}

const CONFIGURED = `configuration ${toHex(CONFIGURATION)}`;

Deno.test("pictures: one in a message is passed on as it is, the first with the next message", () => {
  const track = new VideoTrack();
  track.take(CONFIGURATION, 0, 0);
  const bodies = [[IDR], [P], [P]].map((units, at) => frame(at === 0 ? KEY : INTER, units));
  assertEquals(track.take(bodies[0]!, 0, 0), []);
  assertEquals(track.held?.isOnTrial, true);
  assertEquals(track.take(bodies[1]!, 40, 40).map(lineOf), [key(0, IDR), inter(40, P)]);
  assertEquals(track.held, undefined);
  const [last] = track.take(bodies[2]!, 80, 80);
  // Not a copy.
  assert(last?.kind === "frame" && last.body === bodies[2]);
});

Deno.test("pictures: two slices in the first message are a picture, and nothing is held", () => {
  const track = new VideoTrack();
  track.take(CONFIGURATION, 0, 0);
  const intakes = track.take(frame(KEY, [IDR, IDR_SECOND]), 0, 0);
  assertEquals(intakes.map(lineOf), [key(0, IDR, IDR_SECOND)]);
});

Deno.test("pictures: slices that come as messages are gathered", () => {
  const lines = taken([
    [0, CONFIGURATION],
    [0, frame(KEY, [SEI])],
    [0, frame(KEY, [IDR])],
    [0, frame(KEY, [IDR_SECOND])],
    [0, frame(KEY, [IDR_SECOND])],
    [40, frame(INTER, [P])],
    [40, frame(INTER, [P_SECOND])],
    [80, frame(INTER, [P])],
    [80, frame(INTER, [P_SECOND])],
  ]);
  assertEquals(lines, [
    CONFIGURED,
    key(0, SEI, IDR, IDR_SECOND, IDR_SECOND),
    inter(40, P, P_SECOND),
    inter(80, P, P_SECOND),
  ]);
});

Deno.test("pictures: what begins the next one ends the one before", () => {
  for (const first of [DELIMITER, SEI, SPS]) {
    const track = new VideoTrack();
    taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])], [0, frame(KEY, [IDR_SECOND])]], track);
    track.take(frame(INTER, [P]), 40, 40);
    track.take(frame(INTER, [P_SECOND]), 40, 40);
    assertEquals(track.take(frame(INTER, [first]), 80, 80).map(lineOf), [inter(40, P, P_SECOND)]);
  }
});

Deno.test("pictures: of a stream that begins to send slices as messages, one picture is lost", () => {
  const lines = taken([
    [0, CONFIGURATION],
    [0, frame(KEY, [IDR])],
    [40, frame(INTER, [P])],
    [80, frame(INTER, [P])],
    [80, frame(INTER, [P_SECOND])],
    [120, frame(INTER, [P])],
    [120, frame(INTER, [P_SECOND])],
  ]);
  assertEquals(lines, [
    CONFIGURED,
    key(0, IDR),
    inter(40, P),
    inter(80, P),
    "malformed",
    inter(120, P, P_SECOND),
  ]);
});

Deno.test("pictures: the two fields of a frame are one, if they have its time", () => {
  const layout = parseH264Sps(SPS_SAMPLES.interlaced);
  const field = (header: number, frameNum: number, isBottom: 0 | 1) => {
    const bits = new BitWriter().ue(0).ue(7).ue(0).bits(frameNum, layout.frameNumBits);
    return concat([Uint8Array.of(header), bits.bits(1, 1).bits(isBottom, 1).bits(0x55, 8).take()]);
  };
  const sps = SPS_SAMPLES.interlaced;
  const [top, bottom] = [field(0x65, 0, 0), field(0x41, 0, 1)];
  const [nextTop, nextBottom] = [field(0x41, 1, 0), field(0x41, 1, 1)];
  const lines = taken([
    [0, frame(KEY, [sps, PPS, top])],
    [0, frame(INTER, [bottom])],
    [40, frame(INTER, [nextTop])],
    [40, frame(INTER, [nextBottom])],
    // Of other times, they are pictures of their own.
    [80, frame(INTER, [nextTop])],
    [100, frame(INTER, [nextBottom])],
  ]);
  assertEquals(lines.slice(1), [
    key(0, sps, PPS, top, bottom),
    inter(40, nextTop, nextBottom),
    inter(80, nextTop),
    inter(100, nextBottom),
  ]);
});

Deno.test("pictures: the rest of one that is not written is not, for the same reason", () => {
  const track = new VideoTrack();
  const slices = [[0, frame(KEY, [IDR])], [0, frame(KEY, [IDR_SECOND])]] as const;
  assertEquals(taken(slices, track), ["no-configuration", "no-configuration"]);
  const lines = taken([
    [0, CONFIGURATION],
    [40, frame(INTER, [P])],
    [40, frame(INTER, [P_SECOND])],
    ...slices,
  ], track);
  const awaiting = ["awaiting-key-frame", "awaiting-key-frame"];
  assertEquals(lines, [CONFIGURED, ...awaiting, key(0, IDR, IDR_SECOND)]);
});

Deno.test("pictures: after 50 in one message each, none is held any more", () => {
  const track = new VideoTrack();
  taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])], [0, frame(KEY, [IDR_SECOND])]], track);
  let held = 0;
  for (let at = 1; at <= 60; at++) {
    track.take(frame(INTER, [P]), at * 40, at * 40);
    if (track.held !== undefined) held++;
  }
  assertEquals(held, 50);
});

Deno.test("pictures: one with too many messages or bytes is dropped, and the next one is whole", () => {
  const slice = (size: number) => {
    const unit = new Uint8Array(size);
    unit.set(P_SECOND);
    return frame(INTER, [unit]);
  };
  for (const [count, size] of [[MAX_HELD_MESSAGES, 10], [3, MAX_HELD_SIZE >> 1]] as const) {
    const track = new VideoTrack();
    taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])], [0, frame(KEY, [IDR_SECOND])]], track);
    const more = Array.from({ length: count - 1 }, () => [40, slice(size)] as const);
    const lines = taken([
      [40, frame(INTER, [P])],
      ...more,
      [40, slice(10)],
      [80, frame(INTER, [P])],
      [80, frame(INTER, [P_SECOND])],
    ], track);
    assertEquals(lines[0], "too-large", `${count} of ${size}`);
    assertEquals(lines.at(-1), inter(80, P, P_SECOND));
  }
});

Deno.test("key frames: told by the bitstream, and tagged so", () => {
  const lines = taken([
    [0, CONFIGURATION],
    [0, frame(INTER, [IDR, IDR_SECOND])],
    [40, frame(KEY, [P])],
    // An intra picture that says nothing more is what its tag says.
    [80, frame(KEY, [I])],
    [120, frame(INTER, [I])],
    [160, frame(INTER, [RECOVERY, I])],
  ]);
  assertEquals(lines, [
    CONFIGURED,
    key(0, IDR, IDR_SECOND),
    inter(40, P),
    key(80, I),
    inter(120, I),
    key(160, RECOVERY, I),
  ]);
});

Deno.test("refresh: a start where there is none better, and the publisher is told", () => {
  const track = new VideoTrack();
  assertEquals(taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])]], track).length, 2);
  // Tagged as an inter frame, while the key frame is near.
  assertEquals(taken([[40, frame(INTER, [RECOVERY, P])]], track), [inter(40, RECOVERY, P)]);
  assertEquals(track.advice, undefined);
  // As x264 tags it.
  assertEquals(taken([[80, frame(KEY, [RECOVERY, P])]], track), [key(80, RECOVERY, P)]);
  assert(track.advice?.includes("intra refresh"), track.advice);
  assertEquals(taken([[11_000, frame(INTER, [RECOVERY, P])]], track), [key(11_000, RECOVERY, P)]);
  taken([[11_040, frame(KEY, [IDR])]], track);
  assertEquals(track.advice, undefined);
});

Deno.test("key frames: after 10 s without one, the publisher is told", () => {
  const track = new VideoTrack();
  taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])], [10_000, frame(INTER, [P])]], track);
  assertEquals(track.advice, undefined);
  taken([[10_040, frame(INTER, [P])]], track);
  assert(track.advice?.includes("key frame interval"), track.advice);
});

Deno.test("configuration: made of parameter sets in band, however they come", () => {
  const ahead: readonly (readonly Uint8Array[])[] = [
    [],
    [frameless(new Uint8Array(0))],
    [frameless(fromHex("0164000cffe000"))],
    [frameless(fromHex("0000"))],
  ];
  for (const bodies of ahead) {
    const before = bodies.map((body) => [0, body] as const);
    const inFront = taken([...before, [0, frame(KEY, [SPS, PPS, IDR, IDR_SECOND])]]);
    assertEquals(inFront.slice(-2), [CONFIGURED, key(0, SPS, PPS, IDR, IDR_SECOND)]);
    const before2 = taken([
      ...before,
      [0, frame(KEY, [SPS])],
      [0, frame(KEY, [PPS])],
      [0, frame(KEY, [IDR, IDR_SECOND])],
    ]);
    assertEquals(before2.slice(-2), [CONFIGURED, key(0, SPS, PPS, IDR, IDR_SECOND)]);
  }
});

Deno.test("configuration: start codes in header and frames become a record and lengths", () => {
  const header = concat([fromHex("1700000000 00000001"), SPS, fromHex("000001"), PPS]);
  const lines = taken([
    [0, header],
    [0, byteStream(KEY, [DELIMITER, IDR, IDR_SECOND])],
    [40, byteStream(INTER, [P])],
  ]);
  assertEquals(lines, [CONFIGURED, key(0, DELIMITER, IDR, IDR_SECOND), inter(40, P)]);
});

Deno.test("start codes: a message that has sense by lengths, too, is told by those before it", () => {
  const track = new VideoTrack();
  taken([[0, CONFIGURATION], [0, byteStream(KEY, [IDR, IDR_SECOND])]], track);
  // 00 00 01 41 is a start code, and a length of 321 bytes, which is right.
  const slice = new Uint8Array(322).fill(0x9a);
  slice[0] = 0x41;
  const body = concat([Uint8Array.of(INTER, 1, 0, 0, 40), fromHex("000001"), slice]);
  assertEquals(taken([[40, body]], track), [inter(40, slice)]);
});

Deno.test("configuration: with other length sizes, start codes make another record", () => {
  const twoBytes = AVCC.with(4, 0xfd);
  const lines = taken([
    [0, frameless(twoBytes)],
    [0, byteStream(KEY, [IDR, IDR_SECOND])],
  ]);
  assertEquals(lines, [
    `configuration ${toHex(frameless(twoBytes))}`,
    CONFIGURED,
    key(0, IDR, IDR_SECOND),
  ]);
});

Deno.test("configuration: a new one when sets in band change, with the next key frame", () => {
  const otherPps = fromHex("68ee3cb1");
  const track = new VideoTrack();
  taken([[0, CONFIGURATION], [0, frame(KEY, [SPS, PPS, IDR, IDR_SECOND])]], track);
  assertEquals(taken([[40, frame(INTER, [otherPps, P])]], track), [inter(40, otherPps, P)]);
  const [configuration, picture] = taken([[120, frame(KEY, [IDR])]], track);
  assertEquals(picture, key(120, IDR));
  const record = fromHex(configuration!.replace("configuration ", "")).subarray(5);
  const { sps, pps } = parseH264Configuration(record);
  assertEquals([sps, pps], [[SPS], [otherPps]]);
  // The header that is no longer right is not put in force again.
  assertEquals(taken([[160, CONFIGURATION]], track), ["redundant"]);
  // A next one not at once, but with a later key frame.
  const thirdPps = fromHex("68ee3cb2");
  const soon = taken([[200, frame(KEY, [thirdPps, IDR])], [240, frame(KEY, [IDR])]], track);
  assertEquals(soon.map((line) => line.split(" ")[0]), ["key", "configuration", "key"]);
});

Deno.test("pictures: what waits for one is bounded, and so are its parameter sets", () => {
  const track = new VideoTrack();
  taken([[0, CONFIGURATION], [0, frame(KEY, [IDR, IDR_SECOND])]], track);
  const many = frame(INTER, Array.from({ length: 1000 }, () => SEI));
  for (let round = 0; round < 5; round++) taken([[40, many]], track);
  const [picture] = taken([[40, frame(INTER, [P])]], track);
  assertEquals(picture, inter(40, ...Array.from({ length: 64 }, () => SEI), P));
});

Deno.test("configuration: nothing to make one of, and the publisher is told", () => {
  const track = new VideoTrack();
  const lines = taken(Array.from({ length: 10 }, (_, at) => [at, frame(KEY, [IDR])]), track);
  assertEquals(new Set(lines), new Set(["no-configuration"]));
  assert(track.advice?.includes("parameter sets"), track.advice);
  taken([[400, CONFIGURATION], [400, frame(KEY, [IDR])]], track);
  assertEquals(track.advice, undefined);
});

Deno.test("configuration: a record that we cannot read goes to those who may", () => {
  // An SPS that is longer than its record.
  const broken = frameless(fromHex("0164000cffe1ffff 6764"));
  const lines = taken([[0, broken], [0, frame(KEY, [IDR, IDR_SECOND])]]);
  assertEquals(lines, [`configuration ${toHex(broken)}`, key(0, IDR, IDR_SECOND)]);
});

Deno.test("codecs: one that comes again is known by the header that it comes with", () => {
  const vp9 = fromHex("91 76703039 82498342");
  const hevc = fromHex("93 68766331 00000003 260180");
  const track = new VideoTrack();
  const first = taken([[0, CONFIGURATION], [0, frame(KEY, [IDR])], [40, vp9]], track);
  assertEquals(first, [CONFIGURED, key(0, IDR), `key 40 ${toHex(vp9)}`]);
  const again = taken([[80, CONFIGURATION], [80, frame(KEY, [IDR])]], track);
  assertEquals(again, [CONFIGURED, key(80, IDR)]);
  // What is held of one is no part of the other.
  const messages = [[80, CONFIGURATION], [80, frame(KEY, [IDR])], [120, hevc]] as const;
  assertEquals(taken(messages), [CONFIGURED, key(80, IDR), "no-configuration"]);
});

Deno.test("H.264 by its FourCC leaves as FLV's own, which all players know", () => {
  const enhanced = (first: number, body: Uint8Array) =>
    concat([Uint8Array.of(first), fromHex("61766331"), body]);
  const lines = taken([
    [0, enhanced(0x90, AVCC)],
    [0, enhanced(0x91, frame(KEY, [IDR, IDR_SECOND]).subarray(2))],
    // Colours, of which it has no words.
    [0, enhanced(0x94, fromHex("0200"))],
    // Frame type 0, and no composition time.
    [40, enhanced(0x83, lengthPrefixed([P]))],
    // An offset of 1 ns in front.
    [80, concat([fromHex("a7 02 000001 03 61766331"), lengthPrefixed([P])])],
  ]);
  const body = toHex(concat([fromHex("2701000000"), lengthPrefixed([P])]));
  assertEquals(lines, [
    CONFIGURED,
    key(0, IDR, IDR_SECOND),
    `inter 40 ${body}`,
    `inter 80 ${body}`,
  ]);
});
