import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** What the fixed header of ADTS frames says (ISO/IEC 14496-3 1.A.2.2.1). */
export interface AdtsFrames {
  /** The AudioSpecificConfig that says the same; `undefined` if the header leaves channels open. */
  readonly configuration: Uint8Array<ArrayBuffer> | undefined;
  /** The frames without their headers; they borrow from the bytes. */
  readonly accessUnits: readonly Uint8Array[];
}

const HEADER_SIZE = 7;
const CHECKSUM_SIZE = 2;

/** Frames of one message: encoders send one, or a few. */
const MAX_FRAMES = 64;

/** What is common to all frames of a stream: up to the channels, without the home bits. */
interface Header {
  readonly profile: number;
  readonly rateIndex: number;
  readonly channelConfiguration: number;
  readonly headerSize: number;
  readonly frameLength: number;
}

/**
 * The ADTS frames that bytes consist of, to the last byte; `undefined` if they are something else.
 * A raw access unit never is: its first bits would say that it is over.
 *
 * @example
 * ```ts
 * import { splitAdts } from "./adts.ts";
 *
 * const frame = Uint8Array.of(0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x10);
 * splitAdts(frame)?.configuration; // 0x12 0x10: AAC LC, 44.1 kHz, two channels
 * ```
 */
export function splitAdts(bytes: Uint8Array): AdtsFrames | undefined {
  if (bytes[0] !== 0xff) return undefined;
  const accessUnits: Uint8Array[] = [];
  let first: Header | undefined;
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes, at);
    if (header === undefined || accessUnits.length === MAX_FRAMES) return undefined;
    first ??= header;
    const end = at + header.frameLength;
    accessUnits.push(bytes.subarray(at + header.headerSize, end));
    at = end;
  }
  return first && { configuration: configurationOf(first), accessUnits };
}

/** `undefined` if there is none, or its frame does not end within the bytes. */
function readHeader(bytes: Uint8Array, at: number): Header | undefined {
  if (bytes.length - at < HEADER_SIZE) return undefined;
  const bits = new BitReader(bytes.subarray(at, at + HEADER_SIZE), CodecError);
  if (bits.bits(12) !== 0xfff) return undefined;
  bits.skip(1); // MPEG-4 or MPEG-2
  const layer = bits.bits(2);
  const headerSize = HEADER_SIZE + (bits.bit() === 1 ? 0 : CHECKSUM_SIZE);
  const profile = bits.bits(2);
  const rateIndex = bits.bits(4);
  bits.skip(1); // private
  const channelConfiguration = bits.bits(3);
  bits.skip(4); // original, home, copyright
  const frameLength = bits.bits(13);
  bits.skip(11); // buffer fullness
  const furtherBlocks = bits.bits(2);
  const isFrame = layer === 0 && furtherBlocks === 0 && frameLength > headerSize &&
    at + frameLength <= bytes.length;
  return isFrame
    ? { profile, rateIndex, channelConfiguration, headerSize, frameLength }
    : undefined;
}

/** AudioSpecificConfig of two bytes (14496-3 1.6.2.1). */
function configurationOf(
  { profile, rateIndex, channelConfiguration }: Header,
): Uint8Array<ArrayBuffer> | undefined {
  if (channelConfiguration === 0) return undefined;
  const objectType = profile + 1;
  return Uint8Array.of(
    (objectType << 3) | (rateIndex >> 1),
    ((rateIndex & 1) << 7) | (channelConfiguration << 3),
  );
}
