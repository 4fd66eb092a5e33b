import { CodecError } from "../codec/codec_error.ts";
import type { FlvVideoCodec, VideoFrame } from "../flv/video_body.ts";
import { parseVideoBody } from "../flv/video_body_parser.ts";
import { DEFAULT_MAX_PAYLOAD_SIZE } from "../rtp/packet_carver.ts";
import { MAX_RING_PACKETS, PacketRing } from "../rtp/packet_ring.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import { layerPacketFlags } from "../rtp/packet_sink.ts";
import { RtpClock } from "../rtp/rtp_clock.ts";
import { RtpError } from "../rtp/rtp_error.ts";
import { VIDEO_CLOCK_RATE_HZ, type VideoPayloadFormat } from "../rtp/video_payload_format.ts";
import { Av1Packets } from "./av1_packets.ts";
import { H264Packets } from "./h264_packets.ts";
import { H265Packets } from "./h265_packets.ts";
import type { BFrameReport, VideoPacketMaker } from "./video_packet_maker.ts";
import { Vp8Packets } from "./vp8_packets.ts";
import { Vp9Packets } from "./vp9_packets.ts";

/**
 * Of as many packets as a ring can have. At 16 Mbit/s and a key frame every 8 s, OBS's default, a
 * group has 14,000.
 */
const MAX_RING_BYTES = 32 * 1024 * 1024;

/**
 * How long what lies before the newest key frame is kept: for viewers that miss some of it, and those
 * of narrow links, which are sent a key frame for as long as that.
 */
const RESEND_WINDOW_MS = 4000;

const NS_PER_MS = 1_000_000;

/** A stream's pictures as RTP packets, made once for all viewers of a shard. */
export class VideoPackets {
  readonly ring = new PacketRing({ maxPackets: MAX_RING_PACKETS, maxBytes: MAX_RING_BYTES });
  readonly clock: RtpClock;
  readonly #payloadFormat: PayloadFormat;
  #codec: FlvVideoCodec | undefined;
  #maker: VideoPacketMaker | undefined;

  /**
   * @param clockOffset RTP timestamp of stream time 0: random, 32 bits
   * @param maxPayloadSize bytes of the payload of a packet, at most
   */
  constructor(clockOffset: number, maxPayloadSize = DEFAULT_MAX_PAYLOAD_SIZE) {
    this.#payloadFormat = { ssrc: 0, maxPayloadSize };
    this.clock = new RtpClock(VIDEO_CLOCK_RATE_HZ, clockOffset);
  }

  /**
   * The codec of the newest picture or configuration. When it changes, the packets before are let go
   * of, and none of the new codec may be sent to those who were promised the old one.
   */
  get codec(): FlvVideoCodec | undefined {
    return this.#codec;
  }

  /** Whether pictures came of a codec that cannot be sent. */
  get isUnsendable(): boolean {
    return this.#codec !== undefined && this.#maker === undefined;
  }

  /** What the pictures are; `undefined` as long as that is not known, or they cannot be sent. */
  get format(): VideoPayloadFormat | undefined {
    return this.#maker?.format;
  }

  /** What is known of B pictures; `undefined` where there can be none. */
  get bFrames(): BFrameReport | undefined {
    return this.#maker?.bFrames;
  }

  /**
   * Takes the body of a video tag, which it borrows; what is broken or cannot be sent is passed over.
   *
   * @param delayMs to be added to the time for receivers
   * @param layer the place of the picture among layers, as `layerBits` has it
   */
  take(body: Uint8Array, timestampMs: number, delayMs: number, layer = 0): void {
    const { head } = this.ring;
    try {
      const video = parseVideoBody(body);
      if (video.kind !== "configuration" && video.kind !== "frame") return;
      if (video.codec !== this.#codec) this.#change(video.codec);
      if (this.#maker === undefined) return;
      if (video.kind === "configuration") this.#maker.configure(video.data);
      else this.#packetize(this.#maker, video, timestampMs, delayMs);
      if (layer !== 0) this.ring.mark(head, layerPacketFlags(layer));
    } catch (error) {
      if (!(error instanceof CodecError || error instanceof RtpError)) throw error;
    }
  }

  #change(codec: FlvVideoCodec): void {
    this.#codec = codec;
    this.#maker = makerOf(codec, this.#payloadFormat);
    this.ring.release(this.ring.head);
  }

  #packetize(
    maker: VideoPacketMaker,
    frame: VideoFrame,
    timestampMs: number,
    delayMs: number,
  ): void {
    const { compositionTimeMs, timestampOffsetNs } = frame;
    const shownMs = timestampMs + compositionTimeMs + timestampOffsetNs / NS_PER_MS;
    const timestamp = this.clock.timestamp(shownMs + delayMs);
    const { ring } = this;
    const before = ring.head;
    maker.packetize(frame, { timestamp, timeMs: timestampMs }, ring);
    if (ring.newestKeyFrame !== before) return;
    ring.release(Math.min(ring.findTime(timestampMs - RESEND_WINDOW_MS), before));
  }
}

function makerOf(codec: FlvVideoCodec, format: PayloadFormat): VideoPacketMaker | undefined {
  switch (codec) {
    case "h264":
      return new H264Packets(format);
    case "h265":
      return new H265Packets(format);
    case "av1":
      return new Av1Packets(format);
    case "vp9":
      return new Vp9Packets(format);
    case "vp8":
      return new Vp8Packets(format);
    default:
      return undefined;
  }
}
