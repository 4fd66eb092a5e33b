import { assertEquals } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import { parseAacConfiguration } from "../../src/codec/aac.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { parseH264Configuration } from "../../src/codec/h264.ts";
import { h264PictureType, splitH264NalUnits } from "../../src/codec/h264_slice.ts";
import { parseH264Sps } from "../../src/codec/h264_sps.ts";
import { parseMpegAudioHeader } from "../../src/codec/mp3.ts";
import { parseAudioBody } from "../../src/flv/audio_body.ts";
import { FlvError } from "../../src/flv/flv_error.ts";
import { FlvReader } from "../../src/flv/tag_reader.ts";
import { parseVideoBody } from "../../src/flv/video_body.ts";
import { toHex } from "../mutation.ts";
import {
  ACCESS_UNIT_SAMPLES,
  AMF0_SAMPLES,
  ASC_SAMPLES,
  AUDIO_BODY_SAMPLES,
  AVCC_SAMPLES,
  FLV_FILE,
  MPEG_AUDIO_SAMPLES,
  SPS,
  VIDEO_BODY_SAMPLES,
} from "./corpus.ts";
import { HTTP_TARGETS } from "./http_targets.ts";
import { RTMP_TARGETS } from "./rtmp_targets.ts";

/** A decoder under mutation: add one by adding a row to {@linkcode FUZZ_TARGETS}. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs; `run` must accept each of them unchanged. */
  readonly corpus: readonly Uint8Array[];
  /** The only error that may leave `run`. */
  readonly allowed: new (...parameters: never[]) => Error;
  /** Decodes; may also check what it decoded, and throw anything but `allowed` if that is wrong. */
  readonly run: (bytes: Uint8Array<ArrayBuffer>) => void;
}

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: "amf0", corpus: AMF0_SAMPLES, allowed: AmfError, run: decodeAndEncodeAmf0 },
  { name: "avcc", corpus: AVCC_SAMPLES, allowed: CodecError, run: parseH264Configuration },
  { name: "sps", corpus: Object.values(SPS), allowed: CodecError, run: parseH264Sps },
  {
    name: "picture-type",
    corpus: ACCESS_UNIT_SAMPLES,
    allowed: CodecError,
    run: (bytes) => h264PictureType(bytes, 4),
  },
  {
    name: "nal-units",
    corpus: ACCESS_UNIT_SAMPLES,
    allowed: CodecError,
    run: (bytes) => splitH264NalUnits(bytes, 4),
  },
  { name: "aac", corpus: ASC_SAMPLES, allowed: CodecError, run: parseAacConfiguration },
  {
    name: "mpeg-audio",
    corpus: MPEG_AUDIO_SAMPLES,
    allowed: CodecError,
    run: parseMpegAudioHeader,
  },
  { name: "video-body", corpus: VIDEO_BODY_SAMPLES, allowed: FlvError, run: parseVideoBody },
  { name: "audio-body", corpus: AUDIO_BODY_SAMPLES, allowed: FlvError, run: parseAudioBody },
  { name: "flv", corpus: [FLV_FILE], allowed: FlvError, run: readFlvFile },
  ...HTTP_TARGETS,
  ...RTMP_TARGETS,
];

/** What decodes must encode, and decode to the same again. */
function decodeAndEncodeAmf0(bytes: Uint8Array): void {
  const encoded = encodeAmf0(...decodeAmf0(bytes));
  let again: Uint8Array;
  try {
    again = encodeAmf0(...decodeAmf0(encoded));
  } catch (error) {
    throw new Error("Cannot decode what was encoded", { cause: error });
  }
  assertEquals(toHex(again), toHex(encoded));
}

/** In two pieces, by a lenient reader and then by a strict one. */
function readFlvFile(bytes: Uint8Array): void {
  for (const strict of [false, true]) {
    const reader = new FlvReader({ strict });
    for (const piece of [bytes.subarray(0, bytes.length / 2), bytes.subarray(bytes.length / 2)]) {
      reader.push(piece);
      while (reader.next() !== undefined);
    }
  }
}
