import { parseVp9Configuration } from "../codec/vp9/vp9.ts";
import { isVp9KeyFrame, parseVp9FrameHeader } from "../codec/vp9/frame.ts";
import { vp9PictureSize } from "../codec/vp9/picture_size.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import type { Vp9Format } from "../rtp/video_payload_format.ts";
import { packetizeVp9 } from "../rtp/vp9_packetizer.ts";
import type { VideoPacketMaker } from "./video_packet_maker.ts";

interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Of pictures that need no size. */
const NO_SIZE: PictureSize = { width: 0, height: 0 };

/** Packets of VP9, whose pictures come in the order they are shown. */
export class Vp9Packets implements VideoPacketMaker {
  readonly codec = "vp9";
  readonly bFrames = undefined;
  readonly #payloadFormat: PayloadFormat;
  #format: Vp9Format | undefined;

  constructor(payloadFormat: PayloadFormat) {
    this.#payloadFormat = payloadFormat;
  }

  get format(): Vp9Format | undefined {
    return this.#format;
  }

  configure(record: Uint8Array): void {
    this.#format = { codec: "vp9", profile: parseVp9Configuration(record).profile };
  }

  packetize({ data }: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    // Of a superframe, this looks at its first frame: the others may be larger layers.
    const isKeyFrame = isVp9KeyFrame(data);
    const { width, height } = isKeyFrame ? this.#readKeyFrame(data) : NO_SIZE;
    const picture = { data, isKeyFrame, width, height, timestamp, timeMs };
    packetizeVp9(picture, this.#payloadFormat, out);
  }

  #readKeyFrame(data: Uint8Array): PictureSize {
    const { profile } = parseVp9FrameHeader(data);
    if (this.#format?.profile !== profile) this.#format = { codec: "vp9", profile };
    return vp9PictureSize(data) ?? NO_SIZE;
  }
}
