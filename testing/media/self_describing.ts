/**
 * Media that say what they must be: every frame holds its number, size and timestamp, and is filled
 * from its number, so that whoever gets one can check each of its bytes. The configurations are
 * real, and the frames begin as H.264 and AAC do.
 */
import { Buffer } from "node:buffer";
import { assert } from "@std/assert";
import { fromHex, seededRandom } from "../mutation.ts";

/** Main profile, as ffmpeg writes it: FLV tag body. */
export const VIDEO_CONFIGURATION = fromHex(
  "17 00 000000 014d400a ff e1 0015 674d400af6f6022000000300200000030281e244a7 01 0004 68ce0fc8",
);

/** AAC-LC, 48 kHz, stereo: FLV tag body. */
export const AUDIO_CONFIGURATION = fromHex("af 00 1190");

/** What a frame tells about itself. */
export interface FrameFacts {
  readonly sequence: number;
  readonly timestampMs: number;
  readonly isKeyFrame: boolean;
}

/** Frame type and codec, packet type, composition time. */
const VIDEO_HEADER_SIZE = 5;
/** NAL length, NAL header, and a slice header's first bits: first_mb_in_slice and slice_type. */
const NAL_START_SIZE = 6;
const AUDIO_HEADER_SIZE = 2;
const FACTS_SIZE = 12;

export const MIN_VIDEO_SIZE = VIDEO_HEADER_SIZE + NAL_START_SIZE + FACTS_SIZE;

const MAX_FRAME_SIZE = 1 << 20;
const NOISE_SHIFTS = 1 << 16;
const NOISE = (() => {
  const random = seededRandom(42);
  return Uint8Array.from({ length: MAX_FRAME_SIZE + NOISE_SHIFTS }, () => random() * 256);
})();

/** The FLV body of a video frame of `size` bytes. */
export function videoFrame(facts: FrameFacts, size: number): Uint8Array<ArrayBuffer> {
  const start = VIDEO_HEADER_SIZE + NAL_START_SIZE;
  const body = filledBody(facts, size, start);
  body.set([facts.isKeyFrame ? 0x17 : 0x27, 1, 0, 0, 0]);
  new DataView(body.buffer).setUint32(VIDEO_HEADER_SIZE, size - VIDEO_HEADER_SIZE - 4);
  // IDR slice of type 7, or non-IDR slice of type 5.
  body.set(facts.isKeyFrame ? [0x65, 0x88] : [0x41, 0x9a], VIDEO_HEADER_SIZE + 4);
  return body;
}

/** The FLV body of an AAC frame of `size` bytes. */
export function audioFrame(
  facts: Omit<FrameFacts, "isKeyFrame">,
  size: number,
): Uint8Array<ArrayBuffer> {
  const body = filledBody(facts, size, AUDIO_HEADER_SIZE);
  body.set([0xaf, 1]);
  return body;
}

/** Checks each byte of a video frame. */
export function checkVideoFrame(body: Uint8Array): FrameFacts {
  const isKeyFrame = body[0] === 0x17;
  const facts = { ...factsAt(body, VIDEO_HEADER_SIZE + NAL_START_SIZE), isKeyFrame };
  expectSame("video frame", facts, body, videoFrame);
  return facts;
}

/** Checks each byte of an audio frame. */
export function checkAudioFrame(body: Uint8Array): Omit<FrameFacts, "isKeyFrame"> {
  const facts = factsAt(body, AUDIO_HEADER_SIZE);
  expectSame("audio frame", facts, body, audioFrame);
  return facts;
}

function filledBody(
  { sequence, timestampMs }: Omit<FrameFacts, "isKeyFrame">,
  size: number,
  factsStart: number,
): Uint8Array<ArrayBuffer> {
  const shift = (sequence * 7919) % NOISE_SHIFTS;
  const body = NOISE.slice(shift, shift + size);
  const view = new DataView(body.buffer, factsStart);
  view.setUint32(0, sequence);
  view.setUint32(4, size);
  view.setUint32(8, timestampMs);
  return body;
}

function factsAt(body: Uint8Array, start: number): Omit<FrameFacts, "isKeyFrame"> {
  assert(body.length >= start + FACTS_SIZE, `A frame of ${body.length} bytes was never published`);
  const view = new DataView(body.buffer, body.byteOffset + start);
  const size = view.getUint32(4);
  const sequence = view.getUint32(0);
  assert(size === body.length, `Frame ${sequence} has ${body.length} bytes instead of ${size}`);
  return { sequence, timestampMs: view.getUint32(8) };
}

function expectSame<Facts extends Omit<FrameFacts, "isKeyFrame">>(
  what: string,
  facts: Facts,
  body: Uint8Array,
  make: (facts: Facts, size: number) => Uint8Array<ArrayBuffer>,
): void {
  const expected = Buffer.from(make(facts, body.length).buffer);
  const isSame = expected.equals(body);
  assert(isSame, `The bytes of ${what} ${facts.sequence} are not those that were published`);
}
