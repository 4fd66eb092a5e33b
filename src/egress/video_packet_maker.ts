import type { VideoFrame } from "../flv/video_body.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { VideoCodec, VideoPayloadFormat } from "../rtp/video_payload_format.ts";

/** Makes RTP packets of a stream's pictures of one codec, and knows what there is to know of them. */
export interface VideoPacketMaker {
  readonly codec: VideoCodec;
  /** What the pictures are; `undefined` as long as that is not known. */
  readonly format: VideoPayloadFormat | undefined;
  /** What is known of B pictures; `undefined` before anything is, and where there are none. */
  readonly bFrames: BFrameReport | undefined;

  /**
   * Takes a decoder configuration, which it borrows; the one before holds if this one is broken.
   *
   * @throws {CodecError} if it is.
   */
  configure(record: Uint8Array): void;

  /**
   * Makes the packets of a picture; none if it cannot be shown, or not be decoded yet.
   *
   * @param frame borrowed
   * @throws {CodecError | RtpError} if it is broken; no packet is made then.
   */
  packetize(frame: VideoFrame, timing: AccessUnitTiming, out: PacketSink): void;
}

/** Of pictures that come before others which are shown earlier: WebRTC does not reorder. */
export interface BFrameReport {
  /** Whether there are any. */
  readonly bFrames: boolean;
  /** Whether they are left out. Where not, a stream that has them cannot be shown. */
  readonly areDropped: boolean;
  /** Whether no picture needs one that is left out. */
  readonly exact: boolean;
  readonly inexactReason: string | undefined;
}
