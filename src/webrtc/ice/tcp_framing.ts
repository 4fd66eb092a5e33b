import { ByteQueue } from "../../bytes/byte_queue.ts";
import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** What peers send over ICE-TCP is STUN, DTLS flights and RTCP, cut to fit datagrams. */
const MAX_TCP_FRAME_LENGTH = 4096;
const LENGTH_BYTES = 2;

/**
 * Cuts a TCP stream into the packets it carries (RFC 4571 2), for ICE-TCP (RFC 6544 3).
 *
 * Holds at most one packet and what the last piece brought more: take all packets after each piece.
 *
 * @example
 * ```ts
 * import { TcpFrameReader } from "./tcp_framing.ts";
 *
 * const frames = new TcpFrameReader();
 * frames.push(Uint8Array.of(0, 2, 0xaa));
 * frames.next(); // undefined: needs more
 * frames.push(Uint8Array.of(0xbb));
 * frames.next(); // Uint8Array [0xaa, 0xbb]
 * ```
 */
export class TcpFrameReader {
  readonly #queue = new ByteQueue(1024);
  readonly #maxFrameLength: number;

  constructor(maxFrameLength = MAX_TCP_FRAME_LENGTH) {
    this.#maxFrameLength = maxFrameLength;
  }

  /** Copies a piece of the stream. */
  push(piece: Uint8Array): void {
    this.#queue.push(piece);
  }

  /**
   * The next packet, which holds until the next push; `undefined` when it is not whole. Empty
   * packets are skipped: they say nothing.
   *
   * @throws {WebrtcError} if a packet is longer than the limit: the stream cannot go on
   */
  next(): Uint8Array | undefined {
    for (;;) {
      const header = this.#queue.peek(LENGTH_BYTES);
      if (header === undefined) return undefined;
      const length = new ByteReader(header, WebrtcError).u16();
      if (length > this.#maxFrameLength) {
        throw new WebrtcError(
          `Cannot read frame: must be up to ${this.#maxFrameLength} bytes, got ${length}`,
        );
      }
      const frame = this.#queue.peek(LENGTH_BYTES + length);
      if (frame === undefined) return undefined;
      this.#queue.skip(LENGTH_BYTES + length);
      if (length > 0) return frame.subarray(LENGTH_BYTES);
    }
  }
}

/**
 * A packet with its length before it, for one write; the caller owns it.
 *
 * @throws {WebrtcError} if the packet is longer than 65535 bytes
 */
export function frameForTcp(packet: Uint8Array): Uint8Array<ArrayBuffer> {
  if (packet.length > 0xffff) {
    throw new WebrtcError(`Cannot frame packet: must be up to 65535 bytes, got ${packet.length}`);
  }
  return new ByteWriter(LENGTH_BYTES + packet.length).u16(packet.length).bytes(packet).take();
}
