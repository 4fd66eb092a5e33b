import { ByteWriter } from "../bytes/byte_writer.ts";
import { H264_NAL, type NalLengthSize } from "./h264/h264.ts";
import { removeEmulationPrevention } from "./h264/emulation.ts";
import { parseH264Sps } from "./h264/sps.ts";
import { H265_NAL, H265_NAL_HEADER_SIZE } from "./h265/h265.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { ifReadable } from "./if_readable.ts";
import type { NalCodec } from "./nal_facts.ts";
import { H265_PROFILE_TIER_LEVEL_SIZE, type NalParameterSets } from "./nal_parameter_sets.ts";

/** Profiles whose records say chroma format and bit depths, too (ISO/IEC 14496-15 5.3.3.1.2). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 144]);

/** An SPS count has five bits. */
const MAX_H264_SPS = 31;

/**
 * The record of a codec's configuration, made from its parameter sets, of which there must be one of
 * each type: an AVCDecoderConfigurationRecord or an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15
 * 5.3.3.1 and 8.3.3.1). The first SPS says what the stream needs; of one that cannot be read to its
 * end, the usual is assumed.
 *
 * @param nalLengthSize of the frames that go with it
 */
export function encodeNalConfiguration(
  codec: NalCodec,
  sets: NalParameterSets,
  nalLengthSize: NalLengthSize,
): Uint8Array<ArrayBuffer> {
  return codec === "h264" ? encodeH264(sets, nalLengthSize) : encodeH265(sets, nalLengthSize);
}

function encodeH264(sets: NalParameterSets, nalLengthSize: NalLengthSize): Uint8Array<ArrayBuffer> {
  const allSps = sets.of(H264_NAL.SPS).slice(0, MAX_H264_SPS);
  const [first] = allSps as [Uint8Array];
  const record = new ByteWriter(128);
  record.u8(1).bytes(first.subarray(1, 4)); // version; profile, constraints and level as they are
  record.u8(0b1111_1100 | (nalLengthSize - 1)).u8(0b1110_0000 | allSps.length);
  for (const sps of allSps) record.u16(sps.length).bytes(sps);
  const allPps = sets.of(H264_NAL.PPS);
  record.u8(allPps.length);
  for (const pps of allPps) record.u16(pps.length).bytes(pps);
  const sps = HIGH_PROFILES.has(first[1] ?? 0) ? ifReadable(() => parseH264Sps(first)) : undefined;
  if (sps !== undefined) {
    record.u8(0b1111_1100 | sps.chromaFormatIdc);
    record.u8(0b1111_1000 | (sps.bitDepthLuma - 8)).u8(0b1111_1000 | (sps.bitDepthChroma - 8));
    record.u8(0); // SPS extensions
  }
  return record.take();
}

function encodeH265(sets: NalParameterSets, nalLengthSize: NalLengthSize): Uint8Array<ArrayBuffer> {
  const types = [H265_NAL.VPS, H265_NAL.SPS, H265_NAL.PPS];
  const [first] = sets.of(H265_NAL.SPS) as [Uint8Array];
  const head = removeEmulationPrevention(
    first.subarray(H265_NAL_HEADER_SIZE),
    1 + H265_PROFILE_TIER_LEVEL_SIZE,
  );
  const sps = ifReadable(() => parseH265Sps(first));
  const temporalLayers = (((head[0] ?? 0) >> 1) & 0b111) + 1;
  const isNested = (head[0] ?? 0) & 1;
  const record = new ByteWriter(256).u8(1);
  const profileTierLevel = new Uint8Array(H265_PROFILE_TIER_LEVEL_SIZE);
  profileTierLevel.set(head.subarray(1));
  record.bytes(profileTierLevel);
  record.u16(0xf000).u8(0b1111_1100); // segmentation and parallelism are not known
  record.u8(0b1111_1100 | (sps?.chromaFormatIdc ?? 1));
  record.u8(0b1111_1000 | ((sps?.bitDepthLuma ?? 8) - 8));
  record.u8(0b1111_1000 | ((sps?.bitDepthChroma ?? 8) - 8));
  record.u16(0); // nor is the frame rate
  record.u8((temporalLayers << 3) | (isNested << 2) | (nalLengthSize - 1)).u8(types.length);
  for (const type of types) {
    const units = sets.of(type);
    // Not array_completeness: there may be others in band.
    record.u8(type).u16(units.length);
    for (const unit of units) record.u16(unit.length).bytes(unit);
  }
  return record.take();
}
