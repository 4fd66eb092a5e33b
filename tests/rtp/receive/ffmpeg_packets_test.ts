import { assertEquals } from "@std/assert";
import { lengthPrefixed, splitByteStream } from "../../../src/codec/annex_b.ts";
import { splitNalUnits } from "../../../src/codec/nal_units.ts";
import type { Depacketizer } from "../../../src/rtp/receive/depacketizer.ts";
import { H264_DEPACKETIZER } from "../../../src/rtp/receive/h264_depacketizer.ts";
import { H265_DEPACKETIZER } from "../../../src/rtp/receive/h265_depacketizer.ts";
import { PacketRoom } from "../../../src/rtp/receive/packet_room.ts";
import { PictureQueue } from "../../../src/rtp/receive/picture_queue.ts";
import { VP8_DEPACKETIZER } from "../../../src/rtp/receive/vp8_depacketizer.ts";
import { VP9_DEPACKETIZER } from "../../../src/rtp/receive/vp9_depacketizer.ts";
import { H265_STREAMS, VP_STREAMS } from "../../../testing/media/bitstreams.ts";
import { fromHex, toHex } from "../../../testing/mutation.ts";
import { Numbered } from "./link.ts";

const FOLDER = new URL("../../../testing/fixtures/", import.meta.url);
const TERMS = { roundTripMs: 50, canAsk: true };

/**
 * Packets of ffmpeg's own packetizers, each behind its length in two bytes: `ffmpeg -re -i FIXTURE -c
 * copy -f rtp rtp://…?pkt_size=300`.
 */
function packetsOf(codec: string): Uint8Array[] {
  const bytes = Deno.readFileSync(new URL(`rtp_ffmpeg_${codec}.bin`, FOLDER));
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
    packets.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return packets;
}

function picturesOf(codec: string, depacketizer: Depacketizer): string[] {
  const queue = new PictureQueue(depacketizer, new PacketRoom(1 << 20));
  const numbered = new Numbered();
  const pictures: string[] = [];
  for (const [at, packet] of packetsOf(codec).entries()) {
    queue.put(...numbered.of(packet), at);
    for (let picture; (picture = queue.next(TERMS, at)) !== undefined;) {
      pictures.push(toHex(picture.unit.data));
    }
  }
  return pictures;
}

/** `ffmpeg -f lavfi -i testsrc2=size=96x64:rate=25 -c:v libx264 -bf 0 -g 6 -x264-params slices=2 …` */
function h264Pictures(): string[] {
  const units = splitByteStream(Deno.readFileSync(new URL("h264_slices.h264", FOLDER)))!;
  const pictures: Uint8Array[][] = [[]];
  for (const unit of units) {
    const type = unit[0]! & 31;
    const isSlice = type === 1 || type === 5;
    const hasSlice = pictures.at(-1)!.some((one) => [1, 5].includes(one[0]! & 31));
    if (hasSlice && (!isSlice || unit[1]! >= 0x80)) pictures.push([]);
    pictures.at(-1)!.push(unit);
  }
  return pictures.map((picture) => toHex(lengthPrefixed(picture)));
}

/** ffmpeg takes the zero in front of a start code of four bytes for the end of the unit before. */
function withoutZeros(picture: Uint8Array): Uint8Array {
  const trimmed = (unit: Uint8Array) =>
    unit.at(-1) === 0 ? unit.subarray(0, unit.length - 1) : unit;
  return lengthPrefixed(splitNalUnits(picture, 4, 1).map(trimmed));
}

Deno.test("what ffmpeg packetizes comes out byte by byte: H.264 in slices", () => {
  const pictures = h264Pictures();
  assertEquals(pictures.length, 12);
  assertEquals(picturesOf("h264", H264_DEPACKETIZER), pictures);
});

Deno.test("what ffmpeg packetizes comes out byte by byte: H.265", () => {
  const pictures = picturesOf("h265", H265_DEPACKETIZER).map(fromHex).map(withoutZeros);
  assertEquals(pictures, H265_STREAMS.openGop);
});

Deno.test("what ffmpeg packetizes comes out byte by byte: VP8 and VP9", () => {
  assertEquals(picturesOf("vp8", VP8_DEPACKETIZER), VP_STREAMS.vp8Realtime.map(toHex));
  assertEquals(picturesOf("vp9", VP9_DEPACKETIZER), VP_STREAMS.vp9Realtime.map(toHex));
});
