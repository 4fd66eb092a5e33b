import { equals } from "@std/bytes/equals";
import { CodecError } from "../codec/codec_error.ts";
import { type H264Configuration, parseH264Configuration } from "../codec/h264/h264.ts";
import { H264BFrames } from "../codec/h264/b_frames.ts";
import { canStartWithH264 } from "../codec/recovery_point.ts";
import { H264ReferenceTracker } from "../codec/h264/reference_tracker.ts";
import { splitH264NalUnits } from "../codec/h264/slice.ts";
import { parseH264Sps } from "../codec/h264/sps.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import { type H264RtpFormat, packetizeH264 } from "../rtp/h264_packetizer.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import type { H264Format } from "../rtp/video_payload_format.ts";
import type { BFrameReport, VideoPacketMaker } from "./video_packet_maker.ts";

interface Configured {
  /** The configuration record, to tell a repeated one. */
  readonly record: Uint8Array;
  readonly configuration: H264Configuration;
  readonly rtpFormat: H264RtpFormat;
  readonly tracker: H264ReferenceTracker;
  readonly bFrames: H264BFrames;
}

/**
 * Packets of H.264. WebRTC receivers show pictures in the order they come: those that are to be
 * shown before one that came earlier, B pictures, are left out.
 */
export class H264Packets implements VideoPacketMaker {
  readonly codec = "h264";
  readonly #payloadFormat: PayloadFormat;
  #configured: Configured | undefined;

  constructor(payloadFormat: PayloadFormat) {
    this.#payloadFormat = payloadFormat;
  }

  get format(): H264Format | undefined {
    if (this.#configured === undefined) return undefined;
    const { profileIdc, profileCompatibility, levelIdc } = this.#configured.configuration;
    return { codec: "h264", profileIdc, profileCompatibility, levelIdc };
  }

  get bFrames(): BFrameReport | undefined {
    const summary = this.#configured?.bFrames.summary();
    return summary && {
      bFrames: summary.seen || summary.announced === true,
      areDropped: true,
      exact: summary.inexactPictures === 0 && summary.unsafePictures === 0,
      inexactReason: summary.inexactReason,
    };
  }

  configure(record: Uint8Array): void {
    if (this.#configured !== undefined && equals(this.#configured.record, record)) return;
    const own = record.slice();
    const configuration = parseH264Configuration(own);
    this.#configured = {
      record: own,
      configuration,
      rtpFormat: { ...this.#payloadFormat, sps: configuration.sps, pps: configuration.pps },
      tracker: new H264ReferenceTracker(configuration),
      bFrames: new H264BFrames(readSps(configuration)),
    };
  }

  packetize(frame: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    if (this.#configured === undefined) return;
    const { configuration, rtpFormat, tracker, bFrames } = this.#configured;
    const { data, compositionTimeMs } = frame;
    const verdict = tracker.track(data);
    if (verdict === undefined) return;
    bFrames.count(verdict, compositionTimeMs);
    if (!verdict.keep) return;
    const nalUnits = splitH264NalUnits(data, configuration.nalLengthSize);
    // Whoever begins with a picture that is no key frame is shown nothing.
    const isKeyFrame = frame.isKeyFrame &&
      canStartWithH264(data, configuration.nalLengthSize);
    packetizeH264({ nalUnits, isKeyFrame, timestamp, timeMs }, rtpFormat, out);
  }
}

function readSps({ sps: [first] }: H264Configuration) {
  try {
    return first === undefined ? undefined : parseH264Sps(first);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
