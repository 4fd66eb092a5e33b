import { equals } from "@std/bytes/equals";
import { isAv1KeyFrame, parseAv1Configuration } from "../codec/av1.ts";
import { AV1_OBU, type Av1Obu, splitObus } from "../codec/av1_obu.ts";
import { parseAv1SequenceHeader } from "../codec/av1_sequence_header.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import { packetizeAv1 } from "../rtp/av1_packetizer.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { Av1Format } from "../rtp/video_format.ts";
import type { PacketMaker } from "./packet_maker.ts";

/** Packets of AV1, whose temporal units come in the order they are shown. */
export class Av1Packets implements PacketMaker {
  readonly codec = "av1";
  readonly bFrames = undefined;
  #record: Uint8Array | undefined;
  /** The newest one that is known: of the configuration, or in front of a key frame. */
  #sequenceHeader: Av1Obu | undefined;
  #format: Av1Format | undefined;

  get format(): Av1Format | undefined {
    return this.#format;
  }

  configure(record: Uint8Array): void {
    if (this.#record !== undefined && equals(this.#record, record)) return;
    const own = record.slice();
    const { profile, levelIdx, tier, configObus } = parseAv1Configuration(own);
    const sequenceHeader = splitObus(configObus).find(isSequenceHeader);
    this.#record = own;
    this.#sequenceHeader = sequenceHeader;
    this.#format = { codec: "av1", profile, levelIndex: levelIdx, tier };
  }

  packetize(frame: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    const obus = splitObus(frame.data);
    const isKeyFrame = frame.isKeyFrame && isAv1KeyFrame(obus, this.#sequenceHeader);
    if (isKeyFrame) this.#noteSequenceHeader(obus);
    const format = { sequenceHeader: this.#sequenceHeader, ssrc: 0 };
    packetizeAv1({ obus, isKeyFrame, timestamp, timeMs }, format, out);
  }
}
