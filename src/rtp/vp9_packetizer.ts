import { carvedSize, PacketCarver } from "./packet_carver.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** Flags alone (RFC 9628 4.2). */
const DESCRIPTOR_SIZE = 1;

/** The scalability structure of one layer with its size (4.2.1). */
const STRUCTURE_SIZE = 5;

const IS_PREDICTED = 0x40;
const FRAME_START = 0x08;
const FRAME_END = 0x04;
const HAS_STRUCTURE = 0x02;

/** N_S = 0: one spatial layer. Y: its size follows. */
const ONE_LAYER_WITH_SIZE = 0b0001_0000;

/** A coded picture: a frame, or a superframe with the hidden frames that come before it. */
export interface Vp9Frame extends AccessUnitTiming {
  /** As the encoder gives it, with a superframe's index. Borrowed for the call. */
  readonly data: Uint8Array;
  /** Its size is sent in front of it, and viewers may begin with it. */
  readonly isKeyFrame: boolean;
  /** Of the picture, in pixels; only that of key frames is looked at. */
  readonly width: number;
  readonly height: number;
}

/**
 * Makes the RTP packets of one frame (RFC 9628 4), and returns how many: none if it is empty. The
 * frame is cut into pieces of about equal size.
 *
 * Nothing is said of layers, and pictures have no ids: receivers would wait for those that a viewer is
 * not sent, and sequence numbers tell what is lost. Every key frame carries its size.
 *
 * All packets are views of one buffer of their own; nothing borrows from `frame`.
 *
 * @throws {RtpError} if `maxPayloadSize` is out of bounds.
 *
 * @example
 * ```ts
 * import { PacketRing } from "./packet_ring.ts";
 * import { packetizeVp9 } from "./vp9_packetizer.ts";
 *
 * const ring = new PacketRing();
 * const picture = { isKeyFrame: true, width: 640, height: 360 };
 * const frame = { ...picture, data: new Uint8Array(3000), timestamp: 0, timeMs: 0 };
 * packetizeVp9(frame, { ssrc: 1 }, ring); // 3
 * ```
 */
export function packetizeVp9(frame: Vp9Frame, format: PayloadFormat, out: PacketSink): number {
  const maxPayloadSize = maxPayloadSizeOf(format, "VP9");
  const { data, timestamp, timeMs, isKeyFrame } = frame;
  if (data.length === 0) return 0;
  const structureSize = isKeyFrame ? STRUCTURE_SIZE : 0;
  // The structure counts as data, of which the first piece then has so much less.
  const total = structureSize + data.length;
  const count = Math.ceil(total / (maxPayloadSize - DESCRIPTOR_SIZE));
  const smaller = Math.floor(total / count);
  const larger = total % count;
  const size = larger * carvedSize(DESCRIPTOR_SIZE + smaller + 1) +
    (count - larger) * carvedSize(DESCRIPTOR_SIZE + smaller);
  const carved = { timestamp, timeMs, isKeyFrame, ssrc: format.ssrc };
  const carver = new PacketCarver(out, carved, count, size);
  let taken = 0;
  for (let index = 0; index < count; index++) {
    const payloadSize = DESCRIPTOR_SIZE + (index < larger ? smaller + 1 : smaller);
    const at = carver.payloadOffset;
    const position = (index === 0 ? FRAME_START : 0) | (index === count - 1 ? FRAME_END : 0);
    writeDescriptor(carver.buffer, at, frame, position);
    const headerSize = index === 0 ? DESCRIPTOR_SIZE + structureSize : DESCRIPTOR_SIZE;
    const pieceSize = payloadSize - headerSize;
    carver.buffer.set(data.subarray(taken, taken + pieceSize), at + headerSize);
    carver.finish(payloadSize);
    taken += pieceSize;
  }
  return count;
}

/** @param position {@linkcode FRAME_START}, {@linkcode FRAME_END}, both or none */
function writeDescriptor(buffer: Uint8Array, at: number, frame: Vp9Frame, position: number): void {
  const { isKeyFrame } = frame;
  const hasStructure = isKeyFrame && (position & FRAME_START) !== 0;
  buffer[at] = (isKeyFrame ? 0 : IS_PREDICTED) | position | (hasStructure ? HAS_STRUCTURE : 0);
  if (!hasStructure) return;
  buffer[at + 1] = ONE_LAYER_WITH_SIZE;
  buffer[at + 2] = frame.width >> 8;
  buffer[at + 3] = frame.width;
  buffer[at + 4] = frame.height >> 8;
  buffer[at + 5] = frame.height;
}
