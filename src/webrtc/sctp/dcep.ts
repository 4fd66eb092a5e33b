/** How data channels are opened (RFC 8832). */
import { ByteReader } from "../../bytes/byte_reader.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** What messages are (RFC 8831 8). */
export const PAYLOAD_PROTOCOL = { dcep: 50, text: 51 } as const;

const OPEN = 3;
const ACKNOWLEDGE = 2;

/** Labels are names that this server knows; longer ones are none of them. */
const MAX_LABEL_BYTES = 64;
const MAX_PROTOCOL_BYTES = 256;

const UNORDERED = 0x80;
const KIND = { reliable: 0, maxResends: 1, lifetime: 2 } as const;

/** What somebody opens a channel with. */
export interface ChannelRequest {
  readonly label: string;
  readonly isOrdered: boolean;
  /** How often a message may be sent again; Infinity for as often as it takes. */
  readonly maxResends: number;
  /** How long a message is worth being sent; Infinity for ever. */
  readonly lifetimeMs: number;
}

/**
 * Parses DATA_CHANNEL_OPEN (RFC 8832 5.1); `undefined` for the answer to one.
 *
 * @throws {WebrtcError} if it is neither, or passes a limit
 */
export function parseChannelRequest(message: Uint8Array): ChannelRequest | undefined {
  const reader = new ByteReader(message, WebrtcError);
  const type = reader.u8();
  if (type === ACKNOWLEDGE) return undefined;
  if (type !== OPEN) {
    throw new WebrtcError(`Cannot open data channel: message must be ${OPEN}, got ${type}`);
  }
  const channelType = reader.u8();
  reader.skip(2);
  const parameter = reader.u32();
  const [labelLength, protocolLength] = [reader.u16(), reader.u16()];
  if (labelLength > MAX_LABEL_BYTES || protocolLength > MAX_PROTOCOL_BYTES) {
    throw new WebrtcError(
      `Cannot open data channel: label and protocol must have up to ${MAX_LABEL_BYTES} and ` +
        `${MAX_PROTOCOL_BYTES} bytes, got ${labelLength} and ${protocolLength}`,
    );
  }
  const label = reader.utf8(labelLength);
  reader.skip(protocolLength);
  const kind = channelType & ~UNORDERED;
  if (kind > KIND.lifetime) {
    throw new WebrtcError(`Cannot open data channel: type must be 0..2, got ${kind}`);
  }
  return {
    label,
    isOrdered: (channelType & UNORDERED) === 0,
    maxResends: kind === KIND.maxResends ? parameter : Infinity,
    lifetimeMs: kind === KIND.lifetime ? parameter : Infinity,
  };
}

/** DATA_CHANNEL_ACK (RFC 8832 5.2). */
export function channelAcknowledgement(): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(ACKNOWLEDGE);
}
