import { AV1_OBU, splitObus } from "./av1/obu.ts";
import { parseAv1SequenceHeader } from "./av1/sequence_header.ts";
import { H264_NAL } from "./h264/h264.ts";
import { parseH264Sps } from "./h264/sps.ts";
import { H265_NAL } from "./h265/h265.ts";
import { parseH265Sps } from "./h265/sps.ts";
import { ifReadable } from "./if_readable.ts";
import { splitNalUnits } from "./nal_units.ts";
import { parseVp8FrameHeader } from "./vp8/vp8.ts";
import { vp9PictureSize } from "./vp9/picture_size.ts";

/** In pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const SIZED_CODECS = ["h264", "h265", "vp8", "vp9", "av1"] as const;

/** Codecs whose key frames say in band how large they are. */
export type SizedCodec = (typeof SIZED_CODECS)[number];

/** Whether key frames of a codec, by FLV's name, say how large they are. */
export function isSizedCodec(codec: string): codec is SizedCodec {
  return (SIZED_CODECS as readonly string[]).includes(codec);
}

/**
 * How large a key frame says that its pictures are; `undefined` if it does not say so, or cannot be
 * read. Throws nothing.
 *
 * @param data as FLV has it: NAL units of H.264 and H.265 are behind lengths of four bytes
 *
 * @example
 * ```ts
 * import { keyFrameSize } from "./picture_size.ts";
 *
 * const keyFrame = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00);
 * keyFrameSize("vp8", keyFrame); // { width: 320, height: 240 }
 * ```
 */
export function keyFrameSize(codec: SizedCodec, data: Uint8Array): PictureSize | undefined {
  const said = ifReadable(() => sizeIn(codec, data));
  if (said?.width === undefined || said.height === undefined) return undefined;
  return { width: said.width, height: said.height };
}

/** What the header of a codec says, which says no size of pictures that have a reference's. */
interface SaidSize {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

function sizeIn(codec: SizedCodec, data: Uint8Array): SaidSize | undefined {
  switch (codec) {
    case "h264": {
      const sps = splitNalUnits(data, 4, 1).find((unit) => (unit[0]! & 0x1f) === H264_NAL.SPS);
      return sps && parseH264Sps(sps);
    }
    case "h265": {
      const sps = splitNalUnits(data, 4, 2).find((unit) => (unit[0]! >> 1 & 0x3f) === H265_NAL.SPS);
      return sps && parseH265Sps(sps);
    }
    case "vp8":
      return parseVp8FrameHeader(data);
    case "vp9":
      return vp9PictureSize(data);
    case "av1": {
      const obu = splitObus(data).find(({ type }) => type === AV1_OBU.SEQUENCE_HEADER);
      return obu && parseAv1SequenceHeader(obu.payload);
    }
  }
}
