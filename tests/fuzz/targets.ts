import { assertEquals } from "@std/assert";
import { decodeAmf0, encodeAmf0 } from "../../src/amf/amf0.ts";
import { decodeAmf3, encodeAmf3 } from "../../testing/amf/amf3.ts";
import { AmfError } from "../../src/amf/amf_error.ts";
import { AudioError } from "../../src/audio/audio_error.ts";
import { AudioTranscoder } from "../../src/audio/audio_transcoder.ts";
import { packetsOf } from "../audio/packets.ts";
import { parseAacConfiguration } from "../../src/codec/sound/aac.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { parseH264Configuration } from "../../src/codec/h264/h264.ts";
import { h264PictureType, splitH264NalUnits } from "../../src/codec/h264/slice.ts";
import { parseH264Pps } from "../../src/codec/h264/pps.ts";
import { H264ReferenceTracker } from "../../src/codec/h264/reference_tracker.ts";
import { parseH264Sps } from "../../src/codec/h264/sps.ts";
import { parseMpegAudioHeader } from "../../src/codec/sound/mp3.ts";
import { parseOpusHead } from "../../src/codec/sound/opus.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { FlvError } from "../../src/flv/flv_error.ts";
import { FlvReader } from "../../testing/flv/tag_reader.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { sameAmfValues } from "../amf/same_value.ts";
import { AAC_HE_V1, AAC_HE_V2, AAC_LC } from "../../testing/media/aac_streams.ts";
import { toHex } from "../../testing/mutation.ts";
import {
  ACCESS_UNIT_SAMPLES,
  AMF0_SAMPLES,
  AMF0_WITH_AMF3_SAMPLES,
  AMF3_SAMPLES,
  ASC_SAMPLES,
  AUDIO_BODY_SAMPLES,
  AVCC_SAMPLES,
  FLV_FILE,
  MPEG_AUDIO_SAMPLES,
  OPUS_HEAD_SAMPLES,
  PPS_SAMPLES,
  SLICES_IN_BAND,
  SPS,
  VIDEO_BODY_SAMPLES,
} from "../../testing/media/corpus.ts";
import { CODEC_TARGETS } from "./codec_targets.ts";
import { DTLS_TARGETS } from "./dtls_targets.ts";
import { FLV_TARGETS } from "./flv_targets.ts";
import { HTTP_TARGETS } from "./http_targets.ts";
import { HTTP3_TARGETS } from "./http3_targets.ts";
import { OFFER_TARGETS } from "./offer_targets.ts";
import { LOG_TARGETS } from "./log_targets.ts";
import { PACKET_TARGETS } from "./packet_targets.ts";
import { RECEIVE_TARGETS } from "./receive_targets.ts";
import { RTMP_TARGETS } from "./rtmp_targets.ts";
import { RTP_TARGETS } from "./rtp_targets.ts";
import { SESSION_TARGETS } from "./session_targets.ts";
import { STREAM_TARGETS } from "./stream_targets.ts";
import { ENCODE_TARGETS } from "./encode_targets.ts";
import { decodesAgain } from "./same_again.ts";
import { WEBRTC_TARGETS } from "./webrtc_targets.ts";
import { NoError } from "../../testing/malformed.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: "amf0",
    corpus: [...AMF0_SAMPLES, ...AMF0_WITH_AMF3_SAMPLES],
    allowed: AmfError,
    run: decodeAndEncodeAmf0,
  },
  { name: "amf3", corpus: AMF3_SAMPLES, allowed: AmfError, run: decodeAndEncodeAmf3 },
  { name: "avcc", corpus: AVCC_SAMPLES, allowed: CodecError, run: parseH264Configuration },
  { name: "sps", corpus: Object.values(SPS), allowed: CodecError, run: parseH264Sps },
  { name: "pps", corpus: PPS_SAMPLES, allowed: CodecError, run: parseH264Pps },
  {
    name: "references",
    corpus: [SLICES_IN_BAND],
    allowed: CodecError,
    run: trackReferences,
  },
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
  { name: "opus-head", corpus: OPUS_HEAD_SAMPLES, allowed: CodecError, run: parseOpusHead },
  { name: "video-body", corpus: VIDEO_BODY_SAMPLES, allowed: NoError, run: parseVideoBody },
  { name: "audio-body", corpus: AUDIO_BODY_SAMPLES, allowed: NoError, run: parseAudioBody },
  ...FLV_TARGETS,
  ...SESSION_TARGETS,
  ...STREAM_TARGETS,
  ...LOG_TARGETS,
  { name: "flv", corpus: [FLV_FILE], allowed: FlvError, run: readFlvFile },
  {
    name: "audio-transcoder",
    corpus: [AAC_LC, AAC_HE_V1, AAC_HE_V2].map(({ units }) => units[20]!.data),
    allowed: AudioError,
    run: transcodeAudio,
  },
  {
    name: "audio-configuration",
    corpus: [
      ...[AAC_LC, AAC_HE_V1, AAC_HE_V2].map(({ configuration }) => configuration),
      // Of what the room of codecs can parse, this has a rate that cannot be transcoded.
      ...ASC_SAMPLES.filter((sample) => !toHex(sample).startsWith("1780")),
    ],
    allowed: AudioError,
    run: configureAudio,
  },
  ...CODEC_TARGETS,
  ...HTTP_TARGETS,
  ...HTTP3_TARGETS,
  ...RTMP_TARGETS,
  ...RTP_TARGETS,
  ...PACKET_TARGETS,
  ...RECEIVE_TARGETS,
  ...WEBRTC_TARGETS,
  ...OFFER_TARGETS,
  ...DTLS_TARGETS,
  ...ENCODE_TARGETS,
];

const transcoder = await AudioTranscoder.create();
let timestampMs = 0;

/** Between access units that are whole; the count of samples must come out right. */
function transcodeAudio(bytes: Uint8Array): void {
  const streams = [AAC_LC, AAC_HE_V1, AAC_HE_V2];
  // Transcoding takes long: each input meets one of the streams.
  const { configuration, units } = streams[bytes.length % streams.length]!;
  transcoder.setConfiguration(configuration);
  for (const unit of [units[19]!.data, bytes, units[21]!.data]) {
    for (const packet of packetsOf(transcoder, unit, timestampMs)) {
      assertEquals(packet.data.length > 0, true);
      timestampMs = packet.timestampMs + 20;
    }
  }
}

function configureAudio(bytes: Uint8Array): void {
  transcoder.setConfiguration(bytes);
  for (const packet of packetsOf(transcoder, AAC_LC.units[20]!.data, timestampMs)) {
    timestampMs = packet.timestampMs + 20;
  }
}

function decodeAndEncodeAmf0(bytes: Uint8Array): void {
  const values = decodeAmf0(bytes);
  decodesAgain(values, () => decodeAmf0(encodeAmf0(...values)), sameAmfValues);
}

function decodeAndEncodeAmf3(bytes: Uint8Array): void {
  const values = decodeAmf3(bytes);
  decodesAgain(values, () => decodeAmf3(encodeAmf3(...values)), sameAmfValues);
}

/** Every NAL unit as an access unit of its own; then as one. */
function trackReferences(bytes: Uint8Array): void {
  const tracker = new H264ReferenceTracker({ nalLengthSize: 4, sps: [], pps: [] });
  for (const unit of splitH264NalUnits(bytes, 4)) {
    const accessUnit = new Uint8Array(unit.length + 4);
    new DataView(accessUnit.buffer).setUint32(0, unit.length);
    accessUnit.set(unit, 4);
    tracker.track(accessUnit);
  }
  tracker.track(bytes);
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
