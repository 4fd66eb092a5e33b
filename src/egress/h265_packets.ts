import { equals } from "@std/bytes/equals";
import { type H265Configuration, parseH265Configuration } from "../codec/h265/h265.ts";
import { isH265KeyFrame, splitH265NalUnits } from "../codec/h265/access_unit.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import { type H265RtpFormat, packetizeH265 } from "../rtp/h265_packetizer.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import type { H265Format } from "../rtp/video_payload_format.ts";
import type { BFrameReport, VideoPacketMaker } from "./video_packet_maker.ts";

interface Configured {
  /** The configuration record, to tell a repeated one. */
  readonly record: Uint8Array;
  readonly configuration: H265Configuration;
  readonly rtpFormat: H265RtpFormat;
}

/**
 * Packets of H.265. Whether there are pictures that receivers would have to reorder is told by their
 * times, and not by the types of slices: encoders without reordering use B slices, too, with
 * references to the past alone. They are not left out, as nothing proves what remains to be whole.
 */
export class H265Packets implements VideoPacketMaker {
  readonly codec = "h265";
  readonly #payloadFormat: PayloadFormat;
  #configured: Configured | undefined;
  #lastTimestamp: number | undefined;
  #isReordered = false;

  constructor(payloadFormat: PayloadFormat) {
    this.#payloadFormat = payloadFormat;
  }

  get format(): H265Format | undefined {
    if (this.#configured === undefined) return undefined;
    const { profileIdc, tier, levelIdc } = this.#configured.configuration;
    return { codec: "h265", profileIdc, tier: tier === "high" ? 1 : 0, levelIdc };
  }

  get bFrames(): BFrameReport | undefined {
    if (this.#configured === undefined) return undefined;
    return {
      bFrames: this.#isReordered,
      areDropped: false,
      exact: true,
      inexactReason: undefined,
    };
  }

  configure(record: Uint8Array): void {
    if (this.#configured !== undefined && equals(this.#configured.record, record)) return;
    const own = record.slice();
    const configuration = parseH265Configuration(own);
    const { vps, sps, pps, temporalLayers } = configuration;
    const rtpFormat = { ...this.#payloadFormat, vps, sps, pps, temporalLayers };
    this.#configured = { record: own, configuration, rtpFormat };
    this.#lastTimestamp = undefined;
    this.#isReordered = false;
  }

  packetize(frame: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    if (this.#configured === undefined) return;
    const { configuration, rtpFormat } = this.#configured;
    const nalUnits = splitH265NalUnits(frame.data, configuration.nalLengthSize);
    this.#noteOrder(timestamp);
    // Whoever begins with a picture that is no key frame is shown nothing.
    const isKeyFrame = frame.isKeyFrame &&
      isH265KeyFrame(frame.data, configuration.nalLengthSize);
    packetizeH265({ nalUnits, isKeyFrame, timestamp, timeMs }, rtpFormat, out);
  }

  /** Of a picture that is shown before the one it comes after, the timestamp goes back. */
  #noteOrder(timestamp: number): void {
    const last = this.#lastTimestamp;
    this.#lastTimestamp = timestamp;
    // Modulo 2^32: less than half of all numbers is ahead.
    if (last !== undefined && ((timestamp - last) | 0) < 0) this.#isReordered = true;
  }
}
