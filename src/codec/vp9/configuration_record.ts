import { ByteWriter } from "../../bytes/byte_writer.ts";
import { parseVp9FrameHeader } from "./frame.ts";
import { vp9PictureSize } from "./picture_size.ts";

/** Version 1 of the box, and its flags. */
const FULL_BOX_HEAD = 0x0100_0000;

/** Levels by the luma samples that a picture may have ("VP9 Levels"); frame rates are not known. */
const LEVELS: readonly (readonly [maxSamples: number, level: number])[] = [
  [36_864, 10],
  [73_728, 11],
  [122_880, 20],
  [245_760, 21],
  [552_960, 30],
  [983_040, 31],
  [2_228_224, 40],
  [8_912_896, 50],
];
const HIGHEST_LEVEL = 60;

/** A colour that is not said. */
const UNSPECIFIED = 2;

/**
 * The VPCodecConfigurationRecord, "vpcC", of a key frame ("VP Codec ISO Media File Format Binding"
 * 1.0), with the version and flags of its box in front; `undefined` of a frame that is none.
 *
 * @throws {CodecError} if the frame's header is broken
 */
export function vp9ConfigurationOf(frame: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const header = parseVp9FrameHeader(frame);
  const { profile, bitDepth } = header;
  if (!header.isKeyFrame || bitDepth === undefined) return undefined;
  const { width, height } = vp9PictureSize(frame) ?? { width: 0, height: 0 };
  const samples = width * height;
  const level = LEVELS.find(([most]) => samples <= most)?.[1] ?? HIGHEST_LEVEL;
  const isHalved = header.chromaSubsamplingX === 1;
  // 4:4:4, 4:2:2, and 4:2:0 with chroma upon luma samples.
  const chroma = !isHalved ? 3 : header.chromaSubsamplingY === 0 ? 2 : 1;
  return new ByteWriter(12).u32(FULL_BOX_HEAD).u8(profile).u8(level)
    .u8(bitDepth << 4 | chroma << 1).u8(UNSPECIFIED).u8(UNSPECIFIED).u8(UNSPECIFIED).u16(0).take();
}
