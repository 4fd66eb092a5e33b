import { encodeOpusHead } from "../../src/codec/sound/opus.ts";

/** Segments of a page have up to 255 bytes, and a shorter one ends a packet (RFC 3533 6). */
const SEGMENT_SIZE = 255;
const FIRST_PAGE = 2;
const LAST_PAGE = 4;

/** An Ogg file of Opus packets of 20 ms (RFC 7845), so that ffmpeg can read them. */
export function writeOgg(packets: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const head = encodeOpusHead({ channels: 2, preSkip: 0, inputSampleRate: 48_000 });
  const tags = Uint8Array.of(...text.encode("OpusTags"), 0, 0, 0, 0, 0, 0, 0, 0);
  const pages = [page(head, 0, 0, FIRST_PAGE), page(tags, 1, 0, 0)];
  packets.forEach((packet, at) => {
    const type = at === packets.length - 1 ? LAST_PAGE : 0;
    pages.push(page(packet, at + 2, (at + 1) * 960, type));
  });
  return new Uint8Array(pages.flatMap((bytes) => [...bytes]));
}

/** One page that holds one packet. */
function page(packet: Uint8Array, number: number, granule: number, type: number): Uint8Array {
  const segments = Math.floor(packet.length / SEGMENT_SIZE) + 1;
  const bytes = new Uint8Array(27 + segments + packet.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("OggS"));
  bytes[5] = type;
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, 1, true); // serial number
  view.setUint32(18, number, true);
  bytes[26] = segments;
  bytes.fill(SEGMENT_SIZE, 27, 26 + segments);
  bytes[26 + segments] = packet.length % SEGMENT_SIZE;
  bytes.set(packet, 27 + segments);
  view.setUint32(22, checksum(bytes), true);
  return bytes;
}

function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
