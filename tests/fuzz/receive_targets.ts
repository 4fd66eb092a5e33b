import { assert, assertEquals } from "@std/assert";
import { av1ConfigurationOf } from "../../src/codec/av1/configuration_record.ts";
import { splitObus } from "../../src/codec/av1/obu.ts";
import { parseAv1Configuration } from "../../src/codec/av1/av1.ts";
import { CodecError } from "../../src/codec/codec_error.ts";
import { splitNalUnits } from "../../src/codec/nal_units.ts";
import { vp9ConfigurationOf } from "../../src/codec/vp9/configuration_record.ts";
import { parseVp9Configuration } from "../../src/codec/vp9/vp9.ts";
import { vp9PictureSize } from "../../src/codec/vp9/picture_size.ts";
import { joinVp9Frames, splitVp9Frames } from "../../src/codec/vp9/superframe.ts";
import { isVideoMultitrack, splitVideoTracks } from "../../src/flv/multitrack.ts";
import { parseAudioBody } from "../../src/flv/audio_body_parser.ts";
import { parseVideoBody } from "../../src/flv/video_body_parser.ts";
import { ReceivedMedia, type ReceivedMediaOptions } from "../../src/ingest/received_media.ts";
import type { ReceivedVideoCodec } from "../../src/ingest/received_track.ts";
import { packetizeAv1 } from "../../src/rtp/av1_packetizer.ts";
import { packetizeH264 } from "../../src/rtp/h264_packetizer.ts";
import { packetizeH265 } from "../../src/rtp/h265_packetizer.ts";
import { packetizeVp8 } from "../../src/rtp/vp8_packetizer.ts";
import { packetizeVp9 } from "../../src/rtp/vp9_packetizer.ts";
import { parseRtcp } from "../../src/rtp/rtcp.ts";
import { AV1_DEPACKETIZER } from "../../src/rtp/receive/av1_depacketizer.ts";
import type { Depacketizer } from "../../src/rtp/receive/depacketizer.ts";
import { DependencyDescriptors } from "../../src/rtp/receive/dependency_descriptor.ts";
import { H264_DEPACKETIZER } from "../../src/rtp/receive/h264_depacketizer.ts";
import { H265_DEPACKETIZER } from "../../src/rtp/receive/h265_depacketizer.ts";
import { extensionElement, parseReceivedPacket } from "../../src/rtp/receive/received_packet.ts";
import { VP8_DEPACKETIZER } from "../../src/rtp/receive/vp8_depacketizer.ts";
import { VP9_DEPACKETIZER } from "../../src/rtp/receive/vp9_depacketizer.ts";
import { NoError } from "../../testing/malformed.ts";
import { AV1_STREAMS, H265_STREAMS, VP_STREAMS } from "../../testing/media/bitstreams.ts";
import { ACCESS_UNIT_SAMPLES } from "../../testing/media/corpus.ts";
import { optionsFor, type PutPicture, SimulatedPublisher } from "../ingest/simulated_publisher.ts";
import { CollectedPackets } from "../rtp/collected_packets.ts";
import { bytesOf } from "../rtp/receive/bits.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { RTP_SAMPLES } from "./rtp_targets.ts";

/** So small that most pictures are cut. */
const FORMAT = { ssrc: 1, maxPayloadSize: 64 };
const PICTURE = { isKeyFrame: true, timeMs: 1, width: 98, height: 66 };

const PUT: Readonly<Record<ReceivedVideoCodec, PutPicture>> = {
  h264: (out, timestamp) => {
    const nalUnits = splitNalUnits(ACCESS_UNIT_SAMPLES[0]!, 4, 1);
    packetizeH264({ ...PICTURE, nalUnits, timestamp }, { ...FORMAT, sps: [], pps: [] }, out);
  },
  h265: (out, timestamp) => {
    const nalUnits = splitNalUnits(H265_STREAMS.lowDelay[0]!, 4, 2);
    const format = { ...FORMAT, vps: [], sps: [], pps: [] };
    packetizeH265({ ...PICTURE, nalUnits, timestamp }, format, out);
  },
  vp8: (out, timestamp) => {
    packetizeVp8(
      { ...PICTURE, data: VP_STREAMS.vp8Realtime[0]!.slice(0, 400), timestamp },
      FORMAT,
      out,
    );
  },
  vp9: (out, timestamp) => {
    packetizeVp9(
      { ...PICTURE, data: VP_STREAMS.vp9Realtime[0]!.slice(0, 400), timestamp },
      FORMAT,
      out,
    );
  },
  av1: (out, timestamp) => {
    const obus = splitObus(AV1_STREAMS.realtime[0]!);
    packetizeAv1({ ...PICTURE, obus, timestamp }, { ...FORMAT, sequenceHeader: undefined }, out);
  },
};

/** Of a key frame with its structure, and of a frame with distances of its own. */
const DESCRIPTORS = [
  bytesOf(`1 1 000000 0000000000000000 1 0 0 0 0 000000 00000 00 01 01 11 10 10 10 10
    0 1 0011 0 1 0001 0 1 0000 0`),
  bytesOf("1 1 000010 0000000000000001 0 1 1 1 0 1 10 01 0010 10 00010000 00"),
];

/** The beginnings of two frames of VP9. */
const VP9_HEADS = VP_STREAMS.vp9Realtime.slice(0, 2).map((frame) => frame.slice(0, 40));

/** A row of byte arrays, each behind its length in a byte. */
function rowOf(list: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(list.flatMap((bytes) => [bytes.length, ...bytes]));
}

function* splitRow(row: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < row.length;) {
    const end = at + 1 + row[at]!;
    yield row.subarray(at + 1, end);
    at = end;
  }
}

function payloadRow(codec: ReceivedVideoCodec): Uint8Array {
  const out = new CollectedPackets();
  PUT[codec](out, 0, true);
  return rowOf(out.packets.map((packet) => packet.subarray(12)));
}

function depacketizerTarget(
  codec: ReceivedVideoCodec,
  depacketizer: Depacketizer,
  check: (data: Uint8Array) => void,
): FuzzTarget {
  return {
    name: `${codec}-depacketizer`,
    corpus: [payloadRow(codec)],
    allowed: NoError,
    run: (bytes) => {
      const payloads = [...splitRow(bytes)].filter(({ length }) => length > 0);
      for (const payload of payloads) {
        depacketizer.begins(payload);
        depacketizer.isOfKeyFrame(payload);
      }
      const unit = depacketizer.read(payloads);
      if (unit.kind === "unit") check(unit.data);
    },
  };
}

function mediaTarget(codec: ReceivedVideoCodec): FuzzTarget {
  const publisher = new SimulatedPublisher();
  const packets = [0, 40, 80].flatMap((nowMs) => publisher.picture(PUT[codec], nowMs));
  const sound = [0, 20, 40].flatMap((nowMs) => publisher.sound(Uint8Array.of(0xfc, 1), nowMs));
  return {
    name: `received-media-${codec}`,
    corpus: [rowOf([...packets, ...sound])],
    allowed: NoError,
    run: (bytes) => receive(optionsFor(codec), bytes),
  };
}

const RID_ID = 5;
const LAYERS = ["l", "h"];

/** Two layers of one picture, in packets with their names. */
function layersTarget(codec: ReceivedVideoCodec): FuzzTarget {
  const options = optionsFor(codec);
  const packets = LAYERS.map((rid, at) => {
    const publisher = new SimulatedPublisher();
    return [0, 40, 80].flatMap((nowMs) => publisher.picture(PUT[codec], nowMs)).map((packet) => {
      new DataView(packet.buffer).setUint32(8, 500 + at);
      packet.set([RID_ID << 4, rid.charCodeAt(0)], 21);
      return packet;
    });
  });
  return {
    name: `received-layers-${codec}`,
    corpus: [rowOf(packets[0]!.flatMap((packet, at) => [packet, packets[1]![at]!]))],
    allowed: NoError,
    run: (bytes) =>
      receive({
        ...options,
        tracks: [{ ...options.tracks[0]!, rids: LAYERS }],
        extensions: { ...options.extensions, rid: RID_ID },
      }, bytes),
  };
}

/** What comes out can be read, is in order, and nothing that is due is left undone. */
function receive(options: ReceivedMediaOptions, row: Uint8Array): void {
  const media = new ReceivedMedia(options);
  const newestMs = new Map<string, number>();
  let nowMs = 0;
  const takeAll = () => {
    for (let message; (message = media.next()) !== undefined;) {
      const { kind, payload, timestampMs } = message;
      const split = isVideoMultitrack(payload) ? splitVideoTracks(payload) : undefined;
      const part = split?.kind === "tracks" ? split.tracks[0]! : { trackId: 0, body: payload };
      const body = kind === "video" ? parseVideoBody(part.body) : parseAudioBody(payload);
      assert(body.kind === "configuration" || body.kind === "frame", body.kind);
      const track = `${kind} ${part.trackId}`;
      assert(Number.isInteger(timestampMs) && timestampMs >= (newestMs.get(track) ?? 0));
      newestMs.set(track, timestampMs);
    }
    for (let rtcp; (rtcp = media.nextFeedback(nowMs)) !== undefined;) parseRtcp(rtcp);
    assert(media.nextDueMs() > nowMs);
  };
  for (const packet of splitRow(row)) {
    nowMs += 7;
    media.takeRtp(packet, nowMs);
    media.handleTimeout(nowMs);
    takeAll();
  }
  nowMs += 1000;
  media.handleTimeout(nowMs);
  takeAll();
}

function readPacket(bytes: Uint8Array): void {
  const packet = parseReceivedPacket(bytes);
  if (packet.kind === "malformed") return;
  for (let id = 0; id < 256; id++) extensionElement(packet, id);
  assert(packet.payload.length + packet.extension.length + 12 <= bytes.length);
}

/** Targets for what publishers send by WebRTC. */
export const RECEIVE_TARGETS: readonly FuzzTarget[] = [
  { name: "received-packet", corpus: RTP_SAMPLES, allowed: NoError, run: readPacket },
  depacketizerTarget("h264", H264_DEPACKETIZER, (data) => splitNalUnits(data, 4, 1)),
  depacketizerTarget("h265", H265_DEPACKETIZER, (data) => splitNalUnits(data, 4, 1)),
  depacketizerTarget("vp8", VP8_DEPACKETIZER, (data) => assert(data.length > 0)),
  depacketizerTarget("vp9", VP9_DEPACKETIZER, (data) => assert(data.length > 0)),
  depacketizerTarget("av1", AV1_DEPACKETIZER, (data) => {
    const size = splitObus(data).reduce((sum, { bytes }) => sum + bytes.length, 0);
    assertEquals(size, data.length);
  }),
  layersTarget("vp8"),
  layersTarget("av1"),
  {
    name: "vp9-superframe",
    corpus: [
      VP_STREAMS.vp9AltRef[0]!.slice(0, 200),
      joinVp9Frames([[VP9_HEADS[0]!], [VP9_HEADS[1]!]]),
    ],
    allowed: NoError,
    run: (bytes) => {
      const size = splitVp9Frames(bytes).reduce((sum, { length }) => sum + length, 0);
      assert(size <= bytes.length);
      vp9PictureSize(bytes);
    },
  },
  {
    name: "dependency-descriptor",
    corpus: [rowOf(DESCRIPTORS)],
    allowed: NoError,
    run: (bytes) => {
      const descriptors = new DependencyDescriptors();
      for (const element of splitRow(bytes)) descriptors.read(element);
    },
  },
  {
    name: "av1c-made",
    corpus: AV1_STREAMS.realtime.slice(0, 1),
    allowed: CodecError,
    run: (bytes) => {
      const record = av1ConfigurationOf(bytes);
      if (record !== undefined) parseAv1Configuration(record);
    },
  },
  {
    name: "vpcc-made",
    corpus: [VP_STREAMS.vp9Realtime[0]!.slice(0, 60)],
    allowed: CodecError,
    run: (bytes) => {
      const record = vp9ConfigurationOf(bytes);
      if (record !== undefined) parseVp9Configuration(record);
    },
  },
  ...(Object.keys(PUT) as ReceivedVideoCodec[]).map(mediaTarget),
];
