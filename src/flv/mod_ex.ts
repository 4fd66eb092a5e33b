import type { BodyReader } from "./body_reader.ts";

/** The packet type that puts a modifier in front of another one; the same for audio and video. */
export const PACKET_MOD_EX = 7;

/** Modifiers in front of one packet. One is defined; more than this are an attack on our time. */
export const MAX_MODIFIERS = 16;

/**
 * Bytes of all of them. The one that is defined has 3; and each track of a message gets its own copy,
 * so that 64 KiB each would make 32 MiB of a message of 1.
 */
const MAX_MODIFIERS_SIZE = 4096;

const MOD_EX_TIMESTAMP_OFFSET_NANO = 0;

/** Sizes from this on are written in 16 bits instead of 8. */
const WIDE_SIZE = 256;

/** What the modifiers in front of a packet say. */
export interface PacketModifiers {
  /** The packet type behind them. */
  readonly packetType: number;
  /** Nanoseconds to be added to the message's timestamp, up to 999,999 from honest encoders. */
  readonly timestampOffsetNs: number;
}

const MODIFIERS_SIZE_RULE = `modifiers must be up to ${MAX_MODIFIERS_SIZE} bytes`;
const MODIFIERS_RULE = `modifiers must be up to ${MAX_MODIFIERS}`;

const NO_MODIFIERS: PacketModifiers = { packetType: PACKET_MOD_EX, timestampOffsetNs: 0 };

/**
 * Reads the modifiers of an Enhanced header, after a packet type {@linkcode PACKET_MOD_EX}
 * (Enhanced RTMP v2, "ExVideoTagHeader", ModEx). Those it does not know are passed over.
 *
 * The reader has a fault if they are cut short, more than {@linkcode MAX_MODIFIERS} or
 * {@linkcode MAX_MODIFIERS_SIZE}, or an offset is shorter than its three bytes.
 */
export function readModifiers(reader: BodyReader): PacketModifiers {
  let timestampOffsetNs = 0;
  let left = MAX_MODIFIERS_SIZE;
  for (let count = 0; count < MAX_MODIFIERS; count++) {
    let size = reader.u8() + 1;
    if (size === WIDE_SIZE) size = reader.u16() + 1;
    left -= size;
    if (left < 0) {
      reader.refuse(MODIFIERS_SIZE_RULE, MAX_MODIFIERS_SIZE - left);
      return NO_MODIFIERS;
    }
    const start = reader.offset;
    const value = size >= 3 ? reader.u24() : undefined;
    reader.skip(start + size - reader.offset);
    const types = reader.u8();
    if (reader.fault !== undefined) return NO_MODIFIERS;
    if (types >> 4 === MOD_EX_TIMESTAMP_OFFSET_NANO) {
      if (value === undefined) {
        reader.refuse("timestamp offset must be 3 bytes", size);
        return NO_MODIFIERS;
      }
      timestampOffsetNs = value;
    }
    const packetType = types & 0b1111;
    if (packetType !== PACKET_MOD_EX) return { packetType, timestampOffsetNs };
  }
  reader.refuse(MODIFIERS_RULE, MAX_MODIFIERS + 1);
  return NO_MODIFIERS;
}
