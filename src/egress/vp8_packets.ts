import { isVp8KeyFrame } from "../codec/vp8/vp8.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import type { Vp8Format } from "../rtp/video_payload_format.ts";
import { packetizeVp8 } from "../rtp/vp8_packetizer.ts";
import type { VideoPacketMaker } from "./video_packet_maker.ts";

const FORMAT: Vp8Format = { codec: "vp8" };

/** Packets of VP8, of which nothing needs to be known. */
export class Vp8Packets implements VideoPacketMaker {
  readonly codec = "vp8";
  readonly format = FORMAT;
  readonly bFrames = undefined;
  readonly #payloadFormat: PayloadFormat;

  constructor(payloadFormat: PayloadFormat) {
    this.#payloadFormat = payloadFormat;
  }

  configure(_record: Uint8Array): void {
    // It repeats what is in every key frame.
  }

  packetize(frame: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    const { data } = frame;
    // Whoever begins with a frame that is no key frame is shown nothing.
    const isKeyFrame = frame.isKeyFrame && isVp8KeyFrame(data);
    packetizeVp8({ data, isKeyFrame, timestamp, timeMs }, this.#payloadFormat, out);
  }
}
