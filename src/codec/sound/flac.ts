import { BitReader } from "../../bytes/bit_reader.ts";
import { CodecError } from "../codec_error.ts";

/** What a decoder must know before the first FLAC frame. */
export interface FlacStreamInfo {
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  readonly bitsPerSample: number;
  /** Samples of a frame, per channel: the least and most; equal if all frames but the last are. */
  readonly minSamplesPerFrame: number;
  readonly maxSamplesPerFrame: number;
  /** STREAMINFO itself, 34 bytes, without marker and block header; borrowed. */
  readonly bytes: Uint8Array;
}

/** Bytes of STREAMINFO (RFC 9639 8.2). */
const STREAM_INFO_SIZE = 34;

/** "fLaC", in front of a file's first metadata block. */
const MARKER = [0x66, 0x4c, 0x61, 0x43] as const;

/** The type of its metadata block, whose highest bit says that it is the last. */
const STREAM_INFO_BLOCK = 0;

/** Fewer samples are allowed in the last frame only (RFC 9639 8.2). */
const MIN_SAMPLES_PER_FRAME = 16;

/**
 * Parses STREAMINFO (RFC 9639 8.2): bare, as a metadata block, or behind "fLaC" as Enhanced RTMP
 * carries it. Metadata blocks behind it are ignored.
 *
 * @throws {CodecError} if it is cut short, another block, or of values that are not allowed.
 *
 * @example
 * ```ts
 * import { parseFlacStreamInfo } from "./flac.ts";
 *
 * const info = new Uint8Array(34); // 4096 samples a frame, 48 kHz, 2 channels, 16 bits
 * info.set([0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0xb8, 0x02, 0xf0]);
 * parseFlacStreamInfo(info).sampleRate; // 48000
 * ```
 */
export function parseFlacStreamInfo(data: Uint8Array): FlacStreamInfo {
  const info = streamInfoOf(data);
  const bits = new BitReader(info, CodecError);
  const minSamplesPerFrame = bits.bits(16);
  const maxSamplesPerFrame = bits.bits(16);
  bits.skip(48); // frame sizes
  const sampleRate = bits.bits(20);
  const channels = bits.bits(3) + 1;
  const bitsPerSample = bits.bits(5) + 1;
  if (sampleRate === 0 || bitsPerSample < 4) {
    throw new CodecError(
      `Cannot parse FLAC STREAMINFO: must have a sample rate and 4 bits or more, got ${sampleRate} Hz and ${bitsPerSample} bits`,
    );
  }
  if (minSamplesPerFrame < MIN_SAMPLES_PER_FRAME || maxSamplesPerFrame < minSamplesPerFrame) {
    throw new CodecError(
      `Cannot parse FLAC STREAMINFO: frames must have from ${MIN_SAMPLES_PER_FRAME} samples, got ${minSamplesPerFrame} to ${maxSamplesPerFrame}`,
    );
  }
  return {
    sampleRate,
    channels,
    bitsPerSample,
    minSamplesPerFrame,
    maxSamplesPerFrame,
    bytes: info,
  };
}

function streamInfoOf(data: Uint8Array): Uint8Array {
  let start = MARKER.every((byte, at) => data[at] === byte) ? MARKER.length : 0;
  // A bare STREAMINFO cannot look so: its frames would be of 0 samples, or of 32,768 to 34.
  const blockHeader = ((data[start] ?? 0) & 0x7f) === STREAM_INFO_BLOCK && data[start + 1] === 0 &&
    data[start + 2] === 0 && data[start + 3] === STREAM_INFO_SIZE;
  if (blockHeader) start += 4;
  else if (start > 0) {
    throw new CodecError(
      `Cannot parse FLAC STREAMINFO: must be the first metadata block, got type ${
        (data[start] ?? 0) & 0x7f
      }`,
    );
  }
  if (data.length - start < STREAM_INFO_SIZE) {
    throw new CodecError(
      `Cannot parse FLAC STREAMINFO: must have ${STREAM_INFO_SIZE} bytes, got ${
        data.length - start
      }`,
    );
  }
  return data.subarray(start, start + STREAM_INFO_SIZE);
}
