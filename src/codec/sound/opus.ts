import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { CodecError } from "../codec_error.ts";

/** What the identification header of Opus says (RFC 7845 5.1). */
export interface OpusHead {
  /** 1 to 255. More than two are several streams in one packet, by a table that is not read here. */
  readonly channels: number;
  /** Samples at 48 kHz that a decoder puts out before the sound, to be left out. */
  readonly preSkip: number;
  /** Hz of what was encoded, which says nothing of what a decoder puts out; 0 if unknown. */
  readonly inputSampleRate: number;
}

const SIGNATURE = "OpusHead";

/** One or two channels, without a mapping table. */
const MAPPING_FAMILY = 0;

/**
 * Encodes an identification header for one or two channels; the caller owns it.
 *
 * @example
 * ```ts
 * import { encodeOpusHead, parseOpusHead } from "./opus.ts";
 *
 * const head = encodeOpusHead({ channels: 2, preSkip: 312, inputSampleRate: 48_000 }); // 19 bytes
 * parseOpusHead(head).channels; // 2
 * ```
 */
export function encodeOpusHead(
  { channels, preSkip, inputSampleRate }: OpusHead & { readonly channels: 1 | 2 },
): Uint8Array<ArrayBuffer> {
  return new ByteWriter(19).utf8(SIGNATURE).u8(1).u8(channels)
    .u8(preSkip).u8(preSkip >> 8)
    .u32le(inputSampleRate).u16(0).u8(MAPPING_FAMILY).take();
}

/**
 * Parses an identification header. Its output gain is ignored; bytes behind it are, too, the table
 * of more channels among them.
 *
 * @throws {CodecError} if it is cut short, of another major version, or without channels.
 */
export function parseOpusHead(bytes: Uint8Array): OpusHead {
  const reader = new ByteReader(bytes, CodecError);
  const signature = reader.utf8(SIGNATURE.length);
  const version = reader.u8();
  const channels = reader.u8();
  const preSkip = reader.u8() | (reader.u8() << 8);
  const inputSampleRate = reader.u32le();
  reader.skip(2); // output gain
  reader.skip(1); // mapping family
  // RFC 7845 5.1: the upper four bits of the version are the major one.
  if (signature !== SIGNATURE || version >> 4 !== 0) {
    throw new CodecError(
      `Cannot parse Opus header: must be "OpusHead" of version 0..15, got version ${version}`,
    );
  }
  if (channels === 0) throw new CodecError("Cannot parse Opus header: must have channels, got 0");
  return { channels, preSkip, inputSampleRate };
}
