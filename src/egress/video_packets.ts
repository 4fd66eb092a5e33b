import { equals } from "@std/bytes/equals";
import { CodecError } from "../codec/codec_error.ts";
import { type H264Configuration, parseH264Configuration } from "../codec/h264.ts";
import { H264BFrames, type H264BFrameSummary } from "../codec/h264_b_frames.ts";
import { H264ReferenceTracker } from "../codec/h264_reference_tracker.ts";
import { splitH264NalUnits } from "../codec/h264_slice.ts";
import { parseH264Sps } from "../codec/h264_sps.ts";
import { FlvError } from "../flv/flv_error.ts";
import { parseVideoBody, type VideoFrame } from "../flv/video_body.ts";
import { packetizeH264, VIDEO_CLOCK_RATE_HZ } from "../rtp/h264_packetizer.ts";
import { PacketRing } from "../rtp/packet_ring.ts";
import { RtpClock } from "../rtp/rtp_clock.ts";
import { RtpError } from "../rtp/rtp_error.ts";

/** At 16 Mbit/s and a key frame every 8 s, OBS's default, a group has 14,000 packets. */
const MAX_RING_PACKETS = 32_768;
const MAX_RING_BYTES = 32 * 1024 * 1024;

/** How long what lies before the newest key frame is kept, for viewers that miss some of it. */
const RESEND_WINDOW_MS = 2000;

interface Format {
  /** The configuration record, to tell a repeated one. */
  readonly record: Uint8Array;
  readonly configuration: H264Configuration;
  readonly tracker: H264ReferenceTracker;
  readonly bFrames: H264BFrames;
}

/**
 * A stream's pictures as RTP packets, made once for all viewers of a shard.
 *
 * WebRTC receivers show pictures in the order they come: those that are to be shown before one that
 * came earlier, B pictures, are left out.
 */
export class VideoPackets {
  readonly ring = new PacketRing({ maxPackets: MAX_RING_PACKETS, maxBytes: MAX_RING_BYTES });
  readonly clock: RtpClock;
  #format: Format | undefined;

  /** @param clockOffset RTP timestamp of stream time 0: random, 32 bits */
  constructor(clockOffset: number) {
    this.clock = new RtpClock(VIDEO_CLOCK_RATE_HZ, clockOffset);
  }

  /** What the stream's decoder configuration says; `undefined` before it has come. */
  get configuration(): H264Configuration | undefined {
    return this.#format?.configuration;
  }

  /** What is known of B pictures; `undefined` before a configuration has come. */
  get bFrames(): H264BFrameSummary | undefined {
    return this.#format?.bFrames.summary();
  }

  /**
   * Takes the body of a video tag, which it borrows; what is broken or no H.264 is passed over.
   *
   * @param delayMs to be added to the time for receivers
   */
  take(body: Uint8Array, timestampMs: number, delayMs: number): void {
    try {
      const video = parseVideoBody(body);
      if (video.kind === "configuration" && video.codec === "h264") this.#configure(video.data);
      else if (video.kind === "frame" && video.codec === "h264") {
        this.#packetize(video, timestampMs, delayMs);
      }
    } catch (error) {
      const isKnown = error instanceof FlvError || error instanceof CodecError ||
        error instanceof RtpError;
      if (!isKnown) throw error;
    }
  }

  #configure(data: Uint8Array): void {
    if (this.#format !== undefined && equals(this.#format.record, data)) return;
    const record = data.slice();
    const configuration = parseH264Configuration(record);
    this.#format = {
      record,
      configuration,
      tracker: new H264ReferenceTracker(configuration),
      bFrames: new H264BFrames(readSps(configuration)),
    };
  }

  #packetize(frame: VideoFrame, timestampMs: number, delayMs: number): void {
    if (this.#format === undefined) return;
    const { configuration, tracker, bFrames } = this.#format;
    const { data, isKeyFrame, compositionTimeMs } = frame;
    const verdict = tracker.track(data);
    if (verdict === undefined) return;
    bFrames.count(verdict, compositionTimeMs);
    if (!verdict.keep) return;
    if (isKeyFrame) this.ring.release(this.ring.findTime(timestampMs - RESEND_WINDOW_MS));
    const nalUnits = splitH264NalUnits(data, configuration.nalLengthSize);
    const timestamp = this.clock.timestamp(timestampMs + compositionTimeMs + delayMs);
    const { sps, pps } = configuration;
    packetizeH264({ nalUnits, isKeyFrame, timestamp, timeMs: timestampMs }, {
      sps,
      pps,
      ssrc: 0,
    }, this.ring);
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
