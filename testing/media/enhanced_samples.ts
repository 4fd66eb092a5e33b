/** Message bodies of Enhanced RTMP, and of tracks with numbers. */
import { concat } from "@std/bytes/concat";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import { FourCc } from "../../src/flv/four_cc.ts";
import { HVCC } from "./parameter_samples.ts";
import { fromHex } from "../mutation.ts";

type VideoCodec = "h264" | "h265" | "av1" | "vp9" | "vp8";
type AudioCodec = "opus" | "flac" | "ac3" | "eac3" | "mp3" | "aac";

const PACKET_TYPES = { configuration: 0, frame: 1, end: 2, frameX: 3, metadata: 4 } as const;

/** A video body with an Enhanced header. */
export function enhancedVideo(
  codec: VideoCodec,
  packet: keyof typeof PACKET_TYPES,
  frameType: "key" | "inter",
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const first = 0x80 | (frameType === "key" ? 0x10 : 0x20) | PACKET_TYPES[packet];
  return new ByteWriter().u8(first).u32(FourCc[codec]).bytes(data).take();
}

/** An audio body with an Enhanced header; `channels` for a MultichannelConfig. */
export function enhancedAudio(
  codec: AudioCodec,
  packet: "configuration" | "frame" | "end" | "channels",
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const type = packet === "channels" ? 4 : PACKET_TYPES[packet];
  return new ByteWriter().u8(0x90 | type).u32(FourCc[codec]).bytes(data).take();
}

/** A message in which a body is of the track with this number; the body has an Enhanced header. */
export function ofTrack(trackId: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = multitrackByte(body);
  return concat([[head, body[0]! & 15], body.subarray(1, 5), [trackId], body.subarray(5)]
    .map((part) => Uint8Array.from(part)));
}

/** A message with bodies of several tracks and codecs; packet and frame type are those of the first. */
export function ofTracks(
  tracks: readonly (readonly [trackId: number, body: Uint8Array])[],
): Uint8Array<ArrayBuffer> {
  const first = tracks[0]![1];
  const writer = new ByteWriter().u8(multitrackByte(first)).u8(0x20 | (first[0]! & 15));
  for (const [trackId, body] of tracks) {
    writer.bytes(body.subarray(1, 5)).u8(trackId).u24(body.length - 5).bytes(body.subarray(5));
  }
  return writer.take();
}

function multitrackByte(body: Uint8Array): number {
  const isVideo = body[0]! >> 4 !== 9 || VIDEO_FOUR_CCS.has(fourCcOf(body));
  return (body[0]! & 0xf0) | (isVideo ? 6 : 5);
}

const VIDEO_FOUR_CCS = new Set<number>(
  [FourCc.h264, FourCc.h265, FourCc.av1, FourCc.vp9, FourCc.vp8],
);

function fourCcOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(1);
}

/** A VP8 key frame of this size, as far as its header goes, and `fill`. */
export function vp8KeyFrame(width: number, height: number, fill = 0): Uint8Array<ArrayBuffer> {
  const size = [width & 255, width >> 8, height & 255, height >> 8];
  const data = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, ...size, fill, fill);
  return enhancedVideo("vp8", "frame", "key", data);
}

/** A VP8 frame that needs others. */
export function vp8InterFrame(fill = 0): Uint8Array<ArrayBuffer> {
  return enhancedVideo("vp8", "frame", "inter", Uint8Array.of(0x11, 0x02, 0x00, fill, fill));
}

/** hvc1.1.6.L60.90, 320x180. */
export const H265_CONFIGURATION = enhancedVideo("h265", "configuration", "key", HVCC.main);
/** Two slices, whose headers say IDR_W_RADL and I; the composition time is 0. */
export const H265_KEY_FRAME = enhancedVideo(
  "h265",
  "frame",
  "key",
  fromHex("000000 00000006 2601 ae00 1234 00000006 2601 2e00 1234"),
);
/** TRAIL_R and P. */
export const H265_INTER_FRAME = enhancedVideo(
  "h265",
  "frameX",
  "inter",
  fromHex("00000006 0201 d000 1234"),
);
/** TRAIL_N and B, shown 40 ms after it is decoded. */
export const H265_B_FRAME = enhancedVideo(
  "h265",
  "frame",
  "inter",
  fromHex("000028 00000006 0001 e000 1234"),
);

/** Opus, stereo. */
export const OPUS_CONFIGURATION = enhancedAudio(
  "opus",
  "configuration",
  fromHex("4f70757348656164 01 02 3801 80bb0000 0000 00"),
);

export function opusFrame(fill = 0): Uint8Array<ArrayBuffer> {
  return enhancedAudio("opus", "frame", Uint8Array.of(0xfc, fill, fill));
}
