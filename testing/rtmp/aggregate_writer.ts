import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import type { RawMessage } from "../../src/rtmp/chunk/reader.ts";

/** Bytes before a payload: type, length, timestamp and stream id, as in an FLV tag. */
const HEADER_LENGTH = 11;

/** The payload of an aggregate of `messages`, which the caller owns; payloads are copied. */
export function encodeAggregate(
  messages: readonly Pick<RawMessage, "typeId" | "timestampMs" | "payload">[],
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  for (const { typeId, timestampMs, payload } of messages) {
    out.u8(typeId).u24(payload.length).u24(timestampMs).u8(timestampMs >>> 24).u24(0);
    out.bytes(payload).u32(HEADER_LENGTH + payload.length);
  }
  return out.take();
}
