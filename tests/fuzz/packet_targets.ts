import { assertEquals } from "@std/assert";
import { AV1_OBU, splitObus } from "../../src/codec/av1/obu.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { splitH265NalUnits } from "../../src/codec/h265/access_unit.ts";
import { VideoPackets } from "../../src/egress/video_packets.ts";
import { packetizeAv1 } from "../../src/rtp/av1_packetizer.ts";
import { packetizeH265 } from "../../src/rtp/h265_packetizer.ts";
import { RtpError } from "../../src/rtp/rtp_error.ts";
import { packetizeVp8 } from "../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../../src/rtp/vp9_packetizer.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { toHex } from "../../testing/mutation.ts";
import { depacketizeAv1 } from "../rtp/av1_depacketizer.ts";
import { CollectedPackets } from "../rtp/collected_packets.ts";
import { depacketizeH265 } from "../rtp/h265_depacketizer.ts";
import { depacketizeVp8, depacketizeVp9 } from "../rtp/vpx_depacketizer.ts";
import {
  enhancedVideo,
  H265_B_FRAME,
  H265_CONFIGURATION,
  H265_KEY_FRAME,
} from "../../testing/media/enhanced_samples.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** So small that most of what the corpus has is cut. */
const FORMAT = { ssrc: 1, maxPayloadSize: 64 };
const NOW = { timestamp: 1, timeMs: 1 };

const BODIES: readonly Uint8Array[] = [
  H265_CONFIGURATION,
  H265_KEY_FRAME,
  H265_B_FRAME,
  enhancedVideo("av1", "frame", "key", AV1_STREAMS.realtime[0]!),
  enhancedVideo("av1", "frame", "inter", AV1_STREAMS.hiddenFrames[1]!),
  enhancedVideo("vp9", "frame", "key", VP_STREAMS.vp9Realtime[0]!),
  enhancedVideo("vp9", "frame", "inter", VP_STREAMS.vp9AltRef[1]!),
  enhancedVideo("vp8", "frame", "key", VP_STREAMS.vp8Realtime[0]!),
];

/** Targets for the packetizers of what publishers send: what goes in must come out again. */
export const PACKET_TARGETS: readonly FuzzTarget[] = [
  {
    name: "h265-packets",
    corpus: [...H265_STREAMS.openGop.slice(0, 3), ...H265_STREAMS.lowDelay.slice(0, 2)],
    allowed: CodecError,
    run: packetizeH265AndBack,
  },
  {
    name: "av1-packets",
    corpus: [...AV1_STREAMS.realtime.slice(0, 2), ...AV1_STREAMS.hiddenFrames.slice(0, 3)],
    allowed: CodecError,
    run: packetizeAv1AndBack,
  },
  {
    name: "vpx-packets",
    corpus: [...VP_STREAMS.vp9AltRef.slice(0, 2), ...VP_STREAMS.vp8Realtime.slice(0, 2)],
    // None is expected.
    allowed: RtpError,
    run: packetizeVpxAndBack,
  },
  { name: "video-packets", corpus: BODIES, allowed: RtpError, run: takeBody },
];

function packetizeH265AndBack(bytes: Uint8Array): void {
  const nalUnits = splitH265NalUnits(bytes, 4);
  const out = new CollectedPackets(bytes.length);
  const sets = { vps: [], sps: [], pps: [] };
  packetizeH265({ nalUnits, isKeyFrame: true, ...NOW }, { ...FORMAT, ...sets }, out);
  const expected = nalUnits.filter((unit) => {
    const type = (unit[0]! >> 1) & 63;
    return type < 48 && !(type >= 35 && type <= 38);
  });
  const received = out.packets.length === 0 ? [] : depacketizeH265(out.packets);
  assertEquals(received.map(toHex), expected.map(toHex));
}

function packetizeAv1AndBack(bytes: Uint8Array): void {
  const obus = splitObus(bytes);
  const out = new CollectedPackets(bytes.length);
  const format = { ...FORMAT, sequenceHeader: undefined };
  packetizeAv1({ obus, isKeyFrame: false, ...NOW }, format, out);
  const dropped: readonly number[] = [
    AV1_OBU.TEMPORAL_DELIMITER,
    AV1_OBU.TILE_LIST,
    AV1_OBU.PADDING,
  ];
  const expected = obus.filter(({ type }) => !dropped.includes(type)).map((obu) => {
    const extension = obu.hasExtension ? [obu.bytes[1]!] : [];
    return toHex(Uint8Array.of(obu.bytes[0]! & ~2, ...extension, ...obu.payload));
  });
  const received = out.packets.length === 0 ? [] : depacketizeAv1(out.packets).obus;
  assertEquals(received.map(toHex), expected);
}

function packetizeVpxAndBack(data: Uint8Array): void {
  if (data.length === 0) return;
  const frame = { data, isKeyFrame: data[0]! % 2 === 0, ...NOW };
  const vp8 = new CollectedPackets();
  packetizeVp8(frame, FORMAT, vp8);
  assertEquals(toHex(depacketizeVp8(vp8.packets).data), toHex(data));
  const vp9 = new CollectedPackets();
  packetizeVp9({ ...frame, width: 2, height: 2 }, FORMAT, vp9);
  assertEquals(toHex(depacketizeVp9(vp9.packets).data), toHex(data));
}

let timestampMs = 0;
let video = new VideoPackets(0);

/** After whatever came before; nothing may escape. */
function takeBody(bytes: Uint8Array): void {
  if (timestampMs % 100_000 === 0) video = new VideoPackets(0);
  video.take(bytes, timestampMs += 40, 0);
}
