import { CodecError } from "../codec/codec_error.ts";
import { h264CodecString, type NalLengthSize, parseH264Configuration } from "../codec/h264.ts";
import { h264PictureType } from "../codec/h264_slice.ts";
import { parseH264Sps } from "../codec/h264_sps.ts";
import { FlvError } from "../flv/flv_error.ts";
import { parseVideoBody, type VideoConfiguration, type VideoFrame } from "../flv/video_body.ts";
import { CONFIGURATION, type Intake, INTER_FRAME, KEY_FRAME, skip } from "./track_intake.ts";
import { TrackStatistics } from "./track_statistics.ts";

/** What is known of a stream's video. */
export interface VideoDescription {
  /** As in RFC 6381, "avc1.64001f"; for codecs without such a name, FLV's. */
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly frameRate: number | null;
  readonly bitrateBps: number | null;
  readonly keyFrameDistanceMs: number | null;
  /** Whether a B picture was seen; `null` if the codec is not looked into. */
  readonly bFrames: boolean | null;
}

interface VideoFormat {
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  /** Set for H.264, whose pictures are looked into. */
  readonly nalLengthSize: NalLengthSize | undefined;
}

/** Judges the video messages of one publisher, and knows what they carry. */
export class VideoTrack {
  readonly statistics = new TrackStatistics();
  #format: VideoFormat | undefined;
  #hasKeyFrame = false;
  #hasBFrames = false;

  /** What the video is; `undefined` before its configuration. */
  describe(): VideoDescription | undefined {
    if (this.#format === undefined) return undefined;
    const { codec, width, height, nalLengthSize } = this.#format;
    const { frameRate, bitrateBps, keyFrameDistanceMs } = this.statistics;
    return {
      codec,
      width,
      height,
      frameRate: frameRate ?? null,
      bitrateBps: bitrateBps ?? null,
      keyFrameDistanceMs: keyFrameDistanceMs ?? null,
      bFrames: nalLengthSize === undefined ? null : this.#hasBFrames,
    };
  }

  /** What to do with a video message body. Throws nothing. */
  take(body: Uint8Array): Intake {
    try {
      const video = parseVideoBody(body);
      switch (video.kind) {
        case "configuration":
          this.#configure(video);
          return CONFIGURATION;
        case "frame":
          return this.#takeFrame(video);
        case "empty":
          return skip("empty");
        case "unsupported":
          return skip("unsupported-codec", `video codec ${video.codecId}`);
        case "end-of-sequence":
        case "command":
        case "metadata":
        case "multitrack":
          return skip("redundant");
      }
    } catch (error) {
      if (error instanceof FlvError || error instanceof CodecError) {
        return skip("malformed", error.message);
      }
      throw error;
    }
  }

  #configure({ codec, data }: VideoConfiguration): void {
    if (codec !== "h264") {
      this.#format = { codec, width: null, height: null, nalLengthSize: undefined };
      return;
    }
    const configuration = parseH264Configuration(data);
    this.#format = {
      codec: h264CodecString(configuration),
      ...pictureSize(configuration.sps[0]),
      nalLengthSize: configuration.nalLengthSize,
    };
  }

  #takeFrame(frame: VideoFrame): Intake {
    if (frame.codec === "h264") {
      if (this.#format?.nalLengthSize === undefined) return skip("no-configuration");
      this.#lookForBFrame(frame.data, this.#format.nalLengthSize);
    } else if (frame.codec === "h265" && this.#format?.codec !== "h265") {
      return skip("no-configuration");
    } else if (this.#format?.codec !== frame.codec) {
      this.#format = { codec: frame.codec, width: null, height: null, nalLengthSize: undefined };
    }
    if (frame.isKeyFrame) {
      this.#hasKeyFrame = true;
      return KEY_FRAME;
    }
    return this.#hasKeyFrame ? INTER_FRAME : skip("awaiting-key-frame");
  }

  #lookForBFrame(accessUnit: Uint8Array, nalLengthSize: NalLengthSize): void {
    if (this.#hasBFrames) return;
    this.#hasBFrames = h264PictureType(accessUnit, nalLengthSize) === "B";
  }
}

/** The size in an SPS; unknown rather than an error if only we cannot read it. */
function pictureSize(sps: Uint8Array | undefined): Pick<VideoFormat, "width" | "height"> {
  try {
    if (sps !== undefined) return parseH264Sps(sps);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
  }
  return { width: null, height: null };
}
