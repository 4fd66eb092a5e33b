import {
  DEFAULT_MAX_PAYLOAD_SIZE,
  MAX_MAX_PAYLOAD_SIZE,
  MIN_MAX_PAYLOAD_SIZE,
} from "./packet_carver.ts";
import { RtpError } from "./rtp_error.ts";

/** What the packets of a stream of any codec have in common. */
export interface PayloadFormat {
  /** Written into all packets; each viewer's sender replaces it. */
  readonly ssrc: number;
  /** Bytes of a payload, {@linkcode DEFAULT_MAX_PAYLOAD_SIZE} by default. */
  readonly maxPayloadSize?: number;
}

/**
 * The limit of payloads that `format` sets.
 *
 * @param codec named in the error
 * @throws {RtpError} if it is out of bounds.
 */
export function maxPayloadSizeOf(format: PayloadFormat, codec: string): number {
  const size = format.maxPayloadSize ?? DEFAULT_MAX_PAYLOAD_SIZE;
  if (size >= MIN_MAX_PAYLOAD_SIZE && size <= MAX_MAX_PAYLOAD_SIZE) return size;
  throw new RtpError(
    `Cannot packetize ${codec}: payload size must be ${MIN_MAX_PAYLOAD_SIZE}..${MAX_MAX_PAYLOAD_SIZE}, got ${size}`,
  );
}
