import { equals } from "@std/bytes/equals";
import { isAv1KeyFrame, parseAv1Configuration } from "../codec/av1/av1.ts";
import { AV1_OBU, type Av1Obu, splitObus } from "../codec/av1/obu.ts";
import { type Av1SequenceHeader, parseAv1SequenceHeader } from "../codec/av1/sequence_header.ts";
import { CodecError } from "../codec/codec_error.ts";
import type { VideoFrame } from "../flv/video_body.ts";
import { type Av1RtpFormat, packetizeAv1 } from "../rtp/av1_packetizer.ts";
import type { AccessUnitTiming, PacketSink } from "../rtp/packet_sink.ts";
import type { PayloadFormat } from "../rtp/payload_size.ts";
import type { Av1Format } from "../rtp/video_payload_format.ts";
import type { VideoPacketMaker } from "./video_packet_maker.ts";

/** Packets of AV1, whose temporal units come in the order they are shown. */
export class Av1Packets implements VideoPacketMaker {
  readonly codec = "av1";
  readonly bFrames = undefined;
  /** With the sequence header for key frames that do not carry their own. */
  #rtpFormat: Av1RtpFormat;
  /** That sequence header; `undefined` if there is none, or it cannot be read. */
  #sequenceHeader: Av1SequenceHeader | undefined;
  /** The configuration record, to tell a repeated one. */
  #record: Uint8Array | undefined;
  #format: Av1Format | undefined;
  /** What the format was read from, if that was in band. */
  #inBand: Uint8Array | undefined;

  constructor(payloadFormat: PayloadFormat) {
    this.#rtpFormat = { ...payloadFormat, sequenceHeader: undefined };
  }

  get format(): Av1Format | undefined {
    return this.#format;
  }

  configure(record: Uint8Array): void {
    if (this.#record !== undefined && equals(this.#record, record)) return;
    const own = record.slice();
    const { profile, levelIndex, tier, sequenceHeader } = parseAv1Configuration(own);
    this.#record = own;
    this.#inBand = undefined;
    this.#rtpFormat = { ...this.#rtpFormat, sequenceHeader };
    this.#sequenceHeader = sequenceHeader && ifReadable(sequenceHeader.payload);
    this.#format = { codec: "av1", profile, levelIndex, tier: tier === "high" ? 1 : 0 };
  }

  packetize(frame: VideoFrame, { timestamp, timeMs }: AccessUnitTiming, out: PacketSink): void {
    const { data } = frame;
    const obus = splitObus(data);
    // Whoever begins with a frame that is no key frame is shown nothing.
    const isKeyFrame = frame.isKeyFrame && isAv1KeyFrame(data, this.#sequenceHeader);
    if (isKeyFrame) this.#readInBand(obus);
    packetizeAv1({ obus, isKeyFrame, timestamp, timeMs }, this.#rtpFormat, out);
  }

  /** A sequence header in front of a key frame says what holds, whatever the configuration said. */
  #readInBand(obus: readonly Av1Obu[]): void {
    const payload = obus.find(({ type }) => type === AV1_OBU.SEQUENCE_HEADER)?.payload;
    if (payload === undefined) return;
    if (this.#inBand !== undefined && equals(this.#inBand, payload)) return;
    const { profile, levelIndex, tier } = parseAv1SequenceHeader(payload);
    this.#inBand = payload.slice();
    this.#format = { codec: "av1", profile, levelIndex, tier: tier === "high" ? 1 : 0 };
  }
}

function ifReadable(payload: Uint8Array): Av1SequenceHeader | undefined {
  try {
    return parseAv1SequenceHeader(payload);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
