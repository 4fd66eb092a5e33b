import { CodecError } from "../codec_error.ts";
import { vpCodecFields, type VpConfiguration } from "../vp9/vp9.ts";

/** What a frame begins with. */
export interface Vp8FrameHeader {
  /** Whether decoding can start here. */
  readonly isKeyFrame: boolean;
  /** 0 to 3: which filters are used. */
  readonly version: number;
  /** False of a frame that others refer to and nobody sees. */
  readonly showFrame: boolean;
  /** Bytes of the first partition, which follows the header. */
  readonly firstPartitionSize: number;
  /** Of a key frame, `undefined` of others. */
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const FRAME_TAG_SIZE = 3;
const KEY_FRAME_HEADER_SIZE = 10;

const START_CODE = 0x9d_01_2a;

const MAX_VERSION = 3;

/**
 * Whether decoding can start with a frame. Runs for every frame: looks at its first byte alone and
 * allocates nothing; nothing at all is no key frame.
 */
export function isVp8KeyFrame(frame: Uint8Array): boolean {
  return frame.length > 0 && (frame[0]! & 1) === 0;
}

/**
 * Parses the frame tag and the header of a key frame (RFC 6386 9.1).
 *
 * @throws {CodecError} if it is cut short, the start code is wrong, the version is above 3, or a key
 * frame has no size.
 *
 * @example
 * ```ts
 * import { parseVp8FrameHeader } from "./vp8.ts";
 *
 * const keyFrame = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00);
 * parseVp8FrameHeader(keyFrame).width; // 320
 * ```
 */
export function parseVp8FrameHeader(frame: Uint8Array): Vp8FrameHeader {
  const isKeyFrame = isVp8KeyFrame(frame);
  const headerSize = isKeyFrame ? KEY_FRAME_HEADER_SIZE : FRAME_TAG_SIZE;
  if (frame.length < headerSize) {
    throw new CodecError(
      `Cannot parse VP8 frame header: must have ${headerSize} bytes, got ${frame.length}`,
    );
  }
  const tag = frame[0]! | (frame[1]! << 8) | (frame[2]! << 16);
  const version = (tag >> 1) & 0b111;
  if (version > MAX_VERSION) {
    throw new CodecError(
      `Cannot parse VP8 frame header: version must be up to ${MAX_VERSION}, got ${version}`,
    );
  }
  const size = isKeyFrame ? readSize(frame) : undefined;
  return {
    isKeyFrame,
    version,
    showFrame: ((tag >> 4) & 1) === 1,
    firstPartitionSize: tag >> 5,
    width: size?.width,
    height: size?.height,
  };
}

/**
 * "vp8", which WebCodecs and WebM know; by a "vpcC" such as "vp08.00.10.08" ("VP Codec ISO Media File
 * Format Binding").
 */
export function vp8CodecString(
  configuration?: Pick<VpConfiguration, "profile" | "level" | "bitDepth">,
): string {
  return configuration === undefined ? "vp8" : `vp08.${vpCodecFields(configuration)}`;
}

/** Behind the tag: the start code, then 14 bits of size and 2 of scale for each side. */
function readSize(frame: Uint8Array) {
  const startCode = (frame[3]! << 16) | (frame[4]! << 8) | frame[5]!;
  const width = (frame[6]! | (frame[7]! << 8)) & 0x3fff;
  const height = (frame[8]! | (frame[9]! << 8)) & 0x3fff;
  if (startCode !== START_CODE || width === 0 || height === 0) {
    throw new CodecError(
      `Cannot parse VP8 frame header: must have start code 0x9d012a and a size, got 0x${
        startCode.toString(16)
      } and ${width}x${height}`,
    );
  }
  return { width, height };
}
