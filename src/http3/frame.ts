import { ByteWriter } from "../bytes/byte_writer.ts";
import { MAX_VARINT_SIZE, writeVarint } from "./varint.ts";

/** Types of frames (RFC 9114 7.2, 11.2.1; the last one: draft-ietf-webtrans-http3-16 4.3). */
export const FRAME = {
  data: 0x00,
  headers: 0x01,
  http2Priority: 0x02,
  cancelPush: 0x03,
  settings: 0x04,
  pushPromise: 0x05,
  http2Ping: 0x06,
  goaway: 0x07,
  http2WindowUpdate: 0x08,
  http2Continuation: 0x09,
  maxPushId: 0x0d,
  /** No frame: it has no length, and a stream that begins with it is no request. */
  webTransportStream: 0x41,
} as const;

/** A frame's bytes (RFC 9114 7.1), which belong to the caller. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(2 * MAX_VARINT_SIZE + payload.length);
  return writeVarint(writeVarint(writer, type), payload.length).bytes(payload).take();
}
