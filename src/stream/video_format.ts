import type { Malformed } from "../bytes/malformed.ts";
import { av1CodecString, av1KeyFrame, parseAv1Configuration } from "../codec/av1/av1.ts";
import { AV1_OBU, splitObus } from "../codec/av1/obu.ts";
import { type Av1SequenceHeader, parseAv1SequenceHeader } from "../codec/av1/sequence_header.ts";
import { h264CodecString, type NalLengthSize, parseH264Configuration } from "../codec/h264/h264.ts";
import { ifReadable } from "../codec/if_readable.ts";
import { hasRecoveryPoint } from "../codec/recovery_point.ts";
import type { H264FieldLayout } from "../codec/h264/field.ts";
import { h264PictureType } from "../codec/h264/slice.ts";
import { parseH264Sps } from "../codec/h264/sps.ts";
import { h265CodecString, parseH265Configuration } from "../codec/h265/h265.ts";
import { h265PictureKind } from "../codec/h265/access_unit.ts";
import { parseH265Pps } from "../codec/h265/pps.ts";
import { parseH265Sps } from "../codec/h265/sps.ts";
import { NalFact } from "../codec/nal_facts.ts";
import { isVp8KeyFrame, parseVp8FrameHeader, vp8CodecString } from "../codec/vp8/vp8.ts";
import { parseVp9Configuration, vp9CodecString } from "../codec/vp9/vp9.ts";
import { isVp9KeyFrame } from "../codec/vp9/frame.ts";
import { vp9PictureSize } from "../codec/vp9/picture_size.ts";
import type { FlvVideoCodec, VideoConfiguration, VideoFrame } from "../flv/video_body.ts";

/** What is known of a track's pictures, from its configuration or its frames. */
export interface VideoFormat {
  /** By FLV's name. */
  readonly flvCodec: FlvVideoCodec;
  /** As in RFC 6381, or FLV's name. */
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  /** Whether a configuration said it. */
  readonly isConfigured: boolean;
  /** Of H.264 and H.265. */
  readonly nalLengthSize: NalLengthSize | undefined;
  /** Of H.264 that may come in fields. */
  readonly fieldLayout: H264FieldLayout | undefined;
  /** Of H.265: bits in its slice headers in front of the slice type. */
  readonly extraSliceHeaderBits: number;
  /** What the stream says of itself: false if no picture is shown before one that comes earlier. */
  readonly mayReorder: boolean;
  /** Of AV1, the newest. */
  readonly sequenceHeader: Av1SequenceHeader | undefined;
}

/** What is known of a picture. */
export interface PictureFacts {
  /** Whether decoding can begin with it; `undefined` if that is not looked into. */
  readonly isKeyFrame: boolean | undefined;
  /** Whether it is a B picture of a stream that reorders them. */
  readonly isB: boolean;
  /** Whether it says that all will be right some pictures after it, though it is no key frame. */
  readonly isRefresh: boolean;
}

const AV1_RECORD_HEAD_SIZE = 4;

/** What a track without a configuration is known to be. */
export function unconfiguredFormat(flvCodec: FlvVideoCodec): VideoFormat {
  return {
    flvCodec,
    codec: flvCodec,
    width: null,
    height: null,
    isConfigured: false,
    nalLengthSize: undefined,
    fieldLayout: undefined,
    extraSliceHeaderBits: 0,
    mayReorder: false,
    sequenceHeader: undefined,
  };
}

/**
 * What a configuration says. Of one that has the shape of one and cannot be read to its end, players
 * may know more than we do.
 *
 * @throws {CodecError} if it has not even the shape
 */
export function configuredFormat({ codec, data }: VideoConfiguration): VideoFormat {
  const format = { ...unconfiguredFormat(codec), isConfigured: true };
  switch (codec) {
    case "h264": {
      const configuration = ifReadable(() => parseH264Configuration(data));
      if (configuration === undefined) return unreadableFormat(format, data);
      const { nalLengthSize, sps: [sps] } = configuration;
      const parsed = ifReadable(() => sps && parseH264Sps(sps));
      return {
        ...format,
        codec: h264CodecString(configuration),
        ...sizeOf(parsed),
        nalLengthSize,
        fieldLayout: parsed?.frameMbsOnly === false ? parsed : undefined,
        mayReorder: true,
      };
    }
    case "h265": {
      const configuration = ifReadable(() => parseH265Configuration(data));
      if (configuration === undefined) return unreadableFormat(format, data);
      const { nalLengthSize, sps: [firstSps], pps: [firstPps] } = configuration;
      const sps = ifReadable(() => firstSps && parseH265Sps(firstSps));
      const pps = ifReadable(() => firstPps && parseH265Pps(firstPps));
      return {
        ...format,
        codec: h265CodecString(configuration),
        ...sizeOf(sps),
        nalLengthSize,
        extraSliceHeaderBits: pps?.extraSliceHeaderBits ?? 0,
        mayReorder: sps?.maxReorderPictures !== 0,
      };
    }
    case "av1": {
      // The four bytes in front of the OBUs make it a record.
      const head = parseAv1Configuration(data.subarray(0, AV1_RECORD_HEAD_SIZE));
      const configuration = ifReadable(() => parseAv1Configuration(data)) ?? head;
      const { sequenceHeader: obu } = configuration;
      const sequenceHeader = ifReadable(() => obu && parseAv1SequenceHeader(obu.payload));
      const codec = av1CodecString(configuration);
      return { ...format, codec, ...sizeOf(sequenceHeader), sequenceHeader };
    }
    case "vp9":
      return { ...format, codec: vp9CodecString(parseVp9Configuration(data)) };
    case "vp8":
      // Real encoders send none, and there is nothing to be known from it.
      return { ...format, codec: vp8CodecString(ifReadable(() => parseVp9Configuration(data))) };
  }
}

/** Of a record of H.264 or H.265 that cannot be read: where its length size is does not change. */
function unreadableFormat(format: VideoFormat, data: Uint8Array): VideoFormat {
  const at = format.flvCodec === "h264" ? 4 : 21;
  const nalLengthSize = ((data[at] ?? 0) & 0b11) + 1;
  return { ...format, nalLengthSize: nalLengthSize as NalLengthSize, mayReorder: true };
}

/**
 * What a picture is by its own words, if it can be parsed. Runs for every frame, and throws nothing.
 *
 * @param units of its NAL units, bits of `NalFact`
 */
export function pictureFacts(
  format: VideoFormat,
  { codec, data, isKeyFrame }: VideoFrame,
  units: number,
): PictureFacts | Malformed {
  const { nalLengthSize } = format;
  switch (codec) {
    case "h264": {
      if ((units & NalFact.key) !== 0) return KEY_PICTURE;
      const type = h264PictureType(data, nalLengthSize ?? 4);
      // Intra pictures are taken for what their tags say, be they IDR or not.
      if (type === undefined || (type === "I" && isKeyFrame)) return NOT_LOOKED_INTO;
      if (typeof type === "object") return type;
      const mayRefresh = (units & NalFact.prefix) !== 0;
      if (mayRefresh && hasRecoveryPoint(codec, data, nalLengthSize ?? 4)) {
        return type === "I" ? KEY_PICTURE : REFRESHING_PICTURE;
      }
      return type === "B" ? B_PICTURE : INTER_PICTURE;
    }
    case "h265": {
      if ((units & NalFact.key) !== 0) return KEY_PICTURE;
      const picture = h265PictureKind(data, nalLengthSize ?? 4, format.extraSliceHeaderBits);
      if (picture?.kind === "malformed") return picture;
      const mayRefresh = (units & NalFact.prefix) !== 0;
      if (mayRefresh && hasRecoveryPoint(codec, data, nalLengthSize ?? 4)) {
        return REFRESHING_PICTURE;
      }
      return format.mayReorder && picture?.sliceType === "B" ? B_PICTURE : INTER_PICTURE;
    }
    case "av1": {
      const isKeyFrame = av1KeyFrame(data, format.sequenceHeader);
      if (typeof isKeyFrame === "object") return isKeyFrame;
      return isKeyFrame ? KEY_PICTURE : INTER_PICTURE;
    }
    case "vp9":
      return isVp9KeyFrame(data) ? KEY_PICTURE : INTER_PICTURE;
    case "vp8":
      return isVp8KeyFrame(data) ? KEY_PICTURE : INTER_PICTURE;
    default:
      return NOT_LOOKED_INTO;
  }
}

const KEY_PICTURE: PictureFacts = { isKeyFrame: true, isB: false, isRefresh: false };
const INTER_PICTURE: PictureFacts = { isKeyFrame: false, isB: false, isRefresh: false };
const B_PICTURE: PictureFacts = { isKeyFrame: false, isB: true, isRefresh: false };
const REFRESHING_PICTURE: PictureFacts = { isKeyFrame: false, isB: false, isRefresh: true };
const NOT_LOOKED_INTO: PictureFacts = { isKeyFrame: undefined, isB: false, isRefresh: false };

/**
 * The format with what a key frame says of it in band: the size, of codecs that have it there. The
 * same record if nothing is new.
 */
export function withKeyFrame(format: VideoFormat, { codec, data }: VideoFrame): VideoFormat {
  switch (codec) {
    case "av1": {
      const sequenceHeader = ifReadable(() => inBandSequenceHeader(data));
      if (sequenceHeader === undefined) return format;
      const codec = av1CodecString(sequenceHeader);
      return withSize({ ...format, codec, sequenceHeader }, format, sequenceHeader);
    }
    case "vp9":
      return withSize(format, format, vp9PictureSize(data));
    case "vp8":
      return withSize(format, format, ifReadable(() => parseVp8FrameHeader(data)));
    default:
      return format;
  }
}

interface PictureSize {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

function withSize(
  changed: VideoFormat,
  format: VideoFormat,
  size: PictureSize | undefined,
): VideoFormat {
  const { width, height } = sizeOf(size);
  if (width === null || height === null) return changed;
  const isNew = changed.codec !== format.codec || width !== format.width ||
    height !== format.height;
  return isNew ? { ...changed, width, height } : format;
}

function inBandSequenceHeader(temporalUnit: Uint8Array): Av1SequenceHeader | undefined {
  const obu = splitObus(temporalUnit).find(({ type }) => type === AV1_OBU.SEQUENCE_HEADER);
  return obu && parseAv1SequenceHeader(obu.payload);
}

function sizeOf(size: PictureSize | undefined): Pick<VideoFormat, "width" | "height"> {
  return { width: size?.width ?? null, height: size?.height ?? null };
}
