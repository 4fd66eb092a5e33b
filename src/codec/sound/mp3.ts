import { type Malformed, malformed } from "../../bytes/malformed.ts";

/** What the four bytes in front of every MPEG audio frame say. */
export interface MpegAudioHeader {
  readonly kind: "mpeg-audio";
  /** 3 is MP3. */
  readonly layer: 1 | 2 | 3;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Of this frame, bits a second; `undefined` for the free format, which does not say. */
  readonly bitrateBps: number | undefined;
  /** Per channel. */
  readonly samplesPerFrame: number;
}

const HEADER_SIZE = 4;

const ACTION = "parse MPEG audio header";

/** Eleven bits that begin every frame. */
const SYNC = 0x7ff;

/** Hz of MPEG-1 by sampling_frequency (ISO/IEC 11172-3 2.4.2.3); MPEG-2 halves, 2.5 quarters it. */
const SAMPLE_RATES = [44_100, 48_000, 32_000] as const;

/** kbit/s by layer and bitrate_index 1..14, MPEG-1 (11172-3 2.4.2.3). */
const KBPS_MPEG1 = {
  1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
} as const;

/** The same for MPEG-2 and 2.5 (ISO/IEC 13818-3 2.4.2.3). */
const KBPS_MPEG2 = {
  1: [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  3: [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

/**
 * Parses the header of the MPEG audio frame that `frame` begins with (ISO/IEC 11172-3 2.4.1.3 and
 * 13818-3, and MPEG 2.5 for low sample rates).
 *
 * It is malformed if there are fewer than four bytes, or they are no such header: in FLV every frame
 * may be asked, so nothing is thrown.
 *
 * @example
 * ```ts
 * import { parseMpegAudioHeader } from "./mp3.ts";
 *
 * const header = parseMpegAudioHeader(Uint8Array.of(0xff, 0xfb, 0x90, 0x64));
 * if (header.kind === "mpeg-audio") header.sampleRate; // 44100
 * ```
 */
export function parseMpegAudioHeader(frame: Uint8Array): MpegAudioHeader | Malformed {
  if (frame.length < HEADER_SIZE) return malformed(ACTION, "it must have 4 bytes", frame.length);
  const header = ((frame[0]! << 24) | (frame[1]! << 16) | (frame[2]! << 8) | frame[3]!) >>> 0;
  const version = (header >>> 19) & 0b11; // 3 is MPEG-1, 2 MPEG-2, 0 MPEG 2.5
  const layerCode = (header >>> 17) & 0b11;
  const bitrateIndex = (header >>> 12) & 0b1111;
  const baseRate = SAMPLE_RATES[(header >>> 10) & 0b11];
  if (
    header >>> 21 !== SYNC || version === 1 || layerCode === 0 || bitrateIndex === 15 ||
    baseRate === undefined
  ) {
    return malformed(ACTION, "it must have sync and no reserved value", header);
  }
  const layer = (4 - layerCode) as 1 | 2 | 3;
  const isMpeg1 = version === 3;
  const kbps = (isMpeg1 ? KBPS_MPEG1 : KBPS_MPEG2)[layer][bitrateIndex - 1];
  return {
    kind: "mpeg-audio",
    layer,
    sampleRate: baseRate / (isMpeg1 ? 1 : version === 2 ? 2 : 4),
    channels: ((header >>> 6) & 0b11) === 3 ? 1 : 2,
    bitrateBps: kbps === undefined ? undefined : kbps * 1000,
    samplesPerFrame: layer === 1 ? 384 : layer === 3 && !isMpeg1 ? 576 : 1152,
  };
}
