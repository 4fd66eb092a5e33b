/** Pictures of each codec, as a camera takes them. */
import { lengthPrefixed } from "../../src/codec/annex_b.ts";
import { splitObus } from "../../src/codec/av1/obu.ts";
import { splitNalUnits } from "../../src/codec/nal_units.ts";
import type { ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { packetizeAv1 } from "../../src/rtp/av1_packetizer.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../../src/rtp/h265_packetizer.ts";
import { packetizeVp8 } from "../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../../src/rtp/vp9_packetizer.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { seededRandom } from "../../testing/mutation.ts";
import type { CollectedPackets } from "../rtp/collected_packets.ts";

/** Pictures of each codec, the first of which is a key frame, and how they are packetized. */
export interface Camera {
  readonly keyFrame: Uint8Array;
  readonly interFrames: readonly Uint8Array[];
  readonly put: (
    out: CollectedPackets,
    timestamp: number,
    data: Uint8Array,
    isKey: boolean,
  ) => void;
}

const H264_RANDOM = seededRandom(8);
const h264Unit = (header: number, size: number) =>
  Uint8Array.from({ length: size }, (_, at) => at === 0 ? header : 0x80 | H264_RANDOM() * 128);
const BASE = { ssrc: 0, maxPayloadSize: 200 };

export const CAMERAS: Readonly<Record<ReceivedVideoCodec, Camera>> = {
  h264: {
    keyFrame: lengthPrefixed([h264Unit(0x67, 12), h264Unit(0x68, 5), h264Unit(0x65, 2500)]),
    interFrames: [700, 150, 1000].map((size) => lengthPrefixed([h264Unit(0x41, size)])),
    put: (out, timestamp, data, isKeyFrame) => {
      const nalUnits = splitNalUnits(data, 4, 1);
      packetizeH264(
        { nalUnits, isKeyFrame, timestamp, timeMs: 0 },
        { ...BASE, sps: [], pps: [] },
        out,
      );
    },
  },
  h265: {
    keyFrame: withoutDelimiter(H265_STREAMS.lowDelay[0]!),
    interFrames: H265_STREAMS.lowDelay.slice(1, 4).map(withoutDelimiter),
    put: (out, timestamp, data, isKeyFrame) => {
      const format = { ...BASE, vps: [], sps: [], pps: [] };
      const nalUnits = splitNalUnits(data, 4, 2);
      packetizeH265({ nalUnits, isKeyFrame, timestamp, timeMs: 0 }, format, out);
    },
  },
  vp8: {
    keyFrame: VP_STREAMS.vp8Realtime[0]!,
    interFrames: VP_STREAMS.vp8Realtime.slice(1, 2),
    put: (out, timestamp, data, isKeyFrame) => {
      packetizeVp8({ data, isKeyFrame, timestamp, timeMs: 0 }, BASE, out);
    },
  },
  vp9: {
    keyFrame: VP_STREAMS.vp9Realtime[0]!,
    interFrames: VP_STREAMS.vp9Realtime.slice(1, 4),
    put: (out, timestamp, data, isKeyFrame) => {
      const picture = {
        data,
        isKeyFrame,
        width: 98,
        height: 66,
        timestamp,
        timeMs: 0,
      };
      packetizeVp9(picture, BASE, out);
    },
  },
  av1: {
    keyFrame: withoutDelimiter1(AV1_STREAMS.realtime[0]!),
    interFrames: AV1_STREAMS.realtime.slice(1, 4).map(withoutDelimiter1),
    put: (out, timestamp, data, isKeyFrame) => {
      const unit = { obus: splitObus(data), isKeyFrame, timestamp, timeMs: 0 };
      packetizeAv1(unit, { ...BASE, sequenceHeader: undefined }, out);
    },
  },
};

function withoutDelimiter(accessUnit: Uint8Array): Uint8Array {
  return lengthPrefixed(splitNalUnits(accessUnit, 4, 2).filter((unit) => unit[0]! >> 1 !== 35));
}

function withoutDelimiter1(temporalUnit: Uint8Array): Uint8Array {
  const obus = splitObus(temporalUnit).filter(({ type }) => type !== 2);
  return Uint8Array.from(obus.flatMap(({ bytes }) => [...bytes]));
}
