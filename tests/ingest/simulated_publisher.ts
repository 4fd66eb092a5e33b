import { ByteWriter } from "../../src/bytes/byte_writer.ts";
import type { ReceivedMediaOptions } from "../../src/ingest/received_media.ts";
import type { ReceivedTrackOptions, ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { ntpTime } from "../../src/rtp/ntp.ts";
import { packetizeOpus } from "../../src/rtp/opus_packetizer.ts";
import { parseRtcp, type RtcpPacket } from "../../src/rtp/rtcp.ts";
import { nackedSequences } from "../../src/rtp/rtcp_feedback.ts";
import { writeSenderReport } from "../../src/rtp/rtcp_writer.ts";
import { CollectedPackets } from "../rtp/collected_packets.ts";

export const VIDEO_SSRC = 1000;
export const REPAIR_SSRC = 1001;
export const AUDIO_SSRC = 2000;
export const VIDEO_TYPE = 96;
export const REPAIR_TYPE = 97;
export const AUDIO_TYPE = 111;
const MID_ID = 4;
const TRANSPORT_ID = 3;

/** Wall clock of the publisher at 0. */
const WALL_CLOCK_MS = 1_600_000_000_000;

export function videoTrack(codec: ReceivedVideoCodec): ReceivedTrackOptions {
  return {
    mid: "0",
    kind: "video",
    payloads: new Map([
      [VIDEO_TYPE, { kind: "media", codec }],
      [REPAIR_TYPE, { kind: "rtx", payloadType: VIDEO_TYPE }],
    ]),
    ssrcs: [],
    repairSsrcs: new Set(),
    rids: [],
    nack: true,
    pli: true,
  };
}

export const AUDIO_TRACK: ReceivedTrackOptions = {
  mid: "1",
  kind: "audio",
  payloads: new Map([[AUDIO_TYPE, { kind: "media", codec: "opus", channels: 2 }]]),
  ssrcs: [],
  repairSsrcs: new Set(),
  rids: [],
  nack: true,
  pli: false,
};

/** What is agreed on with a {@linkcode SimulatedPublisher}. */
export function optionsFor(codec: ReceivedVideoCodec): ReceivedMediaOptions {
  return {
    ssrc: 77,
    cname: "gateway",
    nowMs: 0,
    maxBitrateBps: () => 5_000_000,
    tracks: [videoTrack(codec), AUDIO_TRACK],
    extensions: {
      mid: MID_ID,
      rid: undefined,
      repairedRid: undefined,
      transportSequence: TRANSPORT_ID,
      dependencyDescriptor: undefined,
    },
  };
}

/** Puts a picture into packets whose payload type, SSRC and extension come later. */
export type PutPicture = (out: CollectedPackets, timestamp: number, isKeyFrame: boolean) => void;

/**
 * A publisher as a browser is one: with names in header extensions, transport-wide numbers, sender
 * reports, a repair stream for pictures, plain resending for sound, and key frames when asked for.
 */
export class SimulatedPublisher {
  isKeyFrameWanted = true;
  keyFrameRequests = 0;
  readonly feedback: RtcpPacket[] = [];
  readonly #video = new CollectedPackets(65_000);
  readonly #audio = new CollectedPackets(300);
  readonly #sent = new Map<string, Uint8Array>();
  #transportSequence = 65_500;
  #repairSequence = 10;

  /** Packets of a picture, taken at `nowMs`. */
  picture(put: PutPicture, nowMs: number): Uint8Array[] {
    const isKeyFrame = this.isKeyFrameWanted;
    this.isKeyFrameWanted = false;
    const before = this.#video.packets.length;
    put(this.#video, videoTimestamp(nowMs), isKeyFrame);
    return this.#dress(this.#video.packets.slice(before), VIDEO_SSRC, VIDEO_TYPE, "0");
  }

  sound(data: Uint8Array, nowMs: number): Uint8Array[] {
    const before = this.#audio.packets.length;
    const timestamp = audioTimestamp(nowMs);
    packetizeOpus({ data, timestamp, timeMs: nowMs }, { ssrc: 0 }, this.#audio);
    return this.#dress(this.#audio.packets.slice(before), AUDIO_SSRC, AUDIO_TYPE, "1");
  }

  senderReports(nowMs: number): readonly RtcpPacket[] {
    const counts = { packetCount: 1, octetCount: 1 };
    const ntp = ntpTime(WALL_CLOCK_MS + nowMs);
    const writer = new ByteWriter();
    writeSenderReport(writer, {
      ssrc: VIDEO_SSRC,
      ntp,
      rtpTimestamp: videoTimestamp(nowMs),
      ...counts,
    });
    writeSenderReport(writer, {
      ssrc: AUDIO_SSRC,
      ntp,
      rtpTimestamp: audioTimestamp(nowMs),
      ...counts,
    });
    return parseRtcp(writer.take());
  }

  /** What it sends again when it is told this. */
  takeFeedback(compound: Uint8Array): Uint8Array[] {
    const resent: Uint8Array[] = [];
    for (const packet of parseRtcp(compound)) {
      this.feedback.push(packet);
      if (packet.kind === "pictureLossIndication") {
        this.keyFrameRequests++;
        this.isKeyFrameWanted = true;
      }
      if (packet.kind !== "nack") continue;
      for (const sequence of nackedSequences(packet)) {
        const lost = this.#sent.get(`${packet.mediaSsrc} ${sequence}`);
        if (lost === undefined) continue;
        resent.push(packet.mediaSsrc === VIDEO_SSRC ? this.#repair(lost) : lost);
      }
    }
    return resent;
  }

  #repair(lost: Uint8Array): Uint8Array {
    const headerSize = 12 + 4 + 8;
    const repair = new Uint8Array(lost.length + 2);
    repair.set(lost.subarray(0, headerSize));
    repair.set(lost.subarray(2, 4), headerSize);
    repair.set(lost.subarray(headerSize), headerSize + 2);
    repair[1] = repair[1]! & 0x80 | REPAIR_TYPE;
    const view = new DataView(repair.buffer);
    view.setUint16(2, this.#repairSequence++ & 0xffff);
    view.setUint32(8, REPAIR_SSRC);
    return repair;
  }

  #dress(packets: readonly Uint8Array[], ssrc: number, type: number, mid: string): Uint8Array[] {
    return packets.map((packet) => {
      const sequence = this.#transportSequence++ & 0xffff;
      const dressed = new ByteWriter(packet.length + 12)
        .u8(0x90).u8(packet[1]! & 0x80 | type).bytes(packet.subarray(2, 8)).u32(ssrc)
        .u16(0xbede).u16(2)
        .u8(MID_ID << 4).u8(mid.charCodeAt(0)).u8(TRANSPORT_ID << 4 | 1).u16(sequence)
        .u8(0).u16(0).bytes(packet.subarray(12)).take();
      this.#sent.set(`${ssrc} ${packet[2]! << 8 | packet[3]!}`, dressed);
      return dressed;
    });
  }
}

function videoTimestamp(nowMs: number): number {
  return (0xffff_f000 + nowMs * 90) >>> 0;
}

function audioTimestamp(nowMs: number): number {
  return (5000 + nowMs * 48) >>> 0;
}
