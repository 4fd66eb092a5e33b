/** Frames as clients send them. */
import { concat } from "@std/bytes/concat";

export interface ClientFrame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** By default the frame is the last one of its message. */
  readonly continues?: true;
  /** RSV1 to RSV3. */
  readonly reservedBits?: number;
  readonly unmasked?: true;
}

/** RFC 6455 5.7: the key of its examples. */
const MASK = [0x37, 0xfa, 0x21, 0x3d];

export function clientFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  const { opcode, payload = "", continues, reservedBits = 0, unmasked } = frame;
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const { length } = bytes;
  const first = (continues ? 0 : 0x80) | (reservedBits << 4) | opcode;
  const size = length < 126
    ? [length]
    : length < 0x10000
    ? [126, length >> 8, length & 0xff]
    : [127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  if (unmasked) return concat([Uint8Array.of(first, ...size), bytes]);
  size[0]! |= 0x80;
  const masked = bytes.map((byte, at) => byte ^ MASK[at & 3]!);
  return concat([Uint8Array.of(first, ...size, ...MASK), masked]);
}
