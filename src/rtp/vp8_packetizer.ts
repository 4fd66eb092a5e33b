import { carvedSize, PacketCarver } from "./packet_carver.ts";
import type { AccessUnitTiming, PacketSink } from "./packet_sink.ts";
import { maxPayloadSizeOf, type PayloadFormat } from "./payload_size.ts";

/** The first byte alone (RFC 7741 4.2). */
const DESCRIPTOR_SIZE = 1;

/** S: a partition begins. */
const PARTITION_START = 0x10;

/** A coded picture. */
export interface Vp8Frame extends AccessUnitTiming {
  /** As the encoder gives it. Borrowed for the call. */
  readonly data: Uint8Array;
  readonly isKeyFrame: boolean;
}

/**
 * Makes the RTP packets of one frame (RFC 7741 4), and returns how many: none if it is empty. The
 * frame is cut into pieces of about equal size, whatever its partitions. Pictures have no ids:
 * receivers would wait for those that a viewer is not sent, and sequence numbers tell what is lost.
 *
 * All packets are views of one buffer of their own; nothing borrows from `frame`.
 *
 * @throws {RtpError} if `maxPayloadSize` is out of bounds.
 *
 * @example
 * ```ts
 * import { PacketRing } from "./packet_ring.ts";
 * import { packetizeVp8 } from "./vp8_packetizer.ts";
 *
 * const ring = new PacketRing();
 * const frame = { data: new Uint8Array(3000), isKeyFrame: true };
 * packetizeVp8({ ...frame, timestamp: 0, timeMs: 0 }, { ssrc: 1 }, ring); // 3
 * ```
 */
export function packetizeVp8(frame: Vp8Frame, format: PayloadFormat, out: PacketSink): number {
  const maxPayloadSize = maxPayloadSizeOf(format, "VP8");
  const { data, timestamp, timeMs, isKeyFrame } = frame;
  if (data.length === 0) return 0;
  const count = Math.ceil(data.length / (maxPayloadSize - DESCRIPTOR_SIZE));
  const smaller = Math.floor(data.length / count);
  const larger = data.length % count;
  const size = larger * carvedSize(DESCRIPTOR_SIZE + smaller + 1) +
    (count - larger) * carvedSize(DESCRIPTOR_SIZE + smaller);
  const carved = { timestamp, timeMs, isKeyFrame, ssrc: format.ssrc };
  const carver = new PacketCarver(out, carved, count, size);
  const { buffer } = carver;
  let taken = 0;
  for (let index = 0; index < count; index++) {
    const pieceSize = index < larger ? smaller + 1 : smaller;
    const at = carver.payloadOffset;
    // The partition's number stays 0: receivers look for the first one's start only.
    buffer[at] = index === 0 ? PARTITION_START : 0;
    buffer.set(data.subarray(taken, taken + pieceSize), at + DESCRIPTOR_SIZE);
    carver.finish(DESCRIPTOR_SIZE + pieceSize);
    taken += pieceSize;
  }
  return count;
}
