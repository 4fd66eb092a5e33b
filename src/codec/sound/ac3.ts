import { BitReader } from "../../bytes/bit_reader.ts";
import { type Malformed, malformed } from "../../bytes/malformed.ts";

/** What an AC-3 or E-AC-3 sync frame begins with. */
export interface Ac3SyncFrame {
  readonly kind: "ac3";
  /** As in the `codecs` parameter of RFC 6381. */
  readonly codec: "ac-3" | "ec-3";
  readonly sampleRate: number;
  /** With the low frequency one, 1 to 6; dependent frames of E-AC-3 may add others. */
  readonly channels: number;
  readonly hasLowFrequencyChannel: boolean;
  /** Bytes of the whole sync frame. */
  readonly frameSize: number;
  /** Per channel. */
  readonly samplesPerFrame: number;
  /** Bits a second: of AC-3 nominal, of E-AC-3 that of this frame. */
  readonly bitrateBps: number;
  /** Whether an E-AC-3 frame adds channels to the independent one before it. */
  readonly isDependent: boolean;
}

/** Bytes that hold all that is read of either, whatever is in between. */
const HEADER_SIZE = 8;

const ACTION = "parse AC-3 frame";
const HEADER_SIZE_RULE = `it must have ${HEADER_SIZE} bytes`;

const SYNC_WORD = 0x0b77;

/** bsid up to this is AC-3; 9 and 10 have half and a quarter of the sample rate (A/52 annex E 2.3.1.6). */
const MAX_AC3_BSID = 10;
const MAX_EAC3_BSID = 16;
const BSID_RULE = `bsid must be up to ${MAX_EAC3_BSID}`;
const NORMAL_BSID = 8;

/** Hz by fscod (A/52 table 5.6). */
const SAMPLE_RATES = [48_000, 44_100, 32_000] as const;

/** kbit/s by frmsizecod, two of which share each (A/52 table 5.18). */
const KBPS = [
  32,
  40,
  48,
  56,
  64,
  80,
  96,
  112,
  128,
  160,
  192,
  224,
  256,
  320,
  384,
  448,
  512,
  576,
  640,
] as const;

/** Full bandwidth channels by acmod (A/52 table 5.8). */
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;

/** Blocks by numblkscod (A/52 table E2.15). */
const BLOCKS = [1, 2, 3, 6] as const;

const SAMPLES_PER_BLOCK = 256;

/** strmtyp of a dependent frame; 3 is reserved (A/52 table E2.6). */
const DEPENDENT = 1;
const RESERVED_STREAM_TYPE = 3;

/**
 * Parses the begin of the AC-3 or E-AC-3 sync frame that `frame` begins with (ATSC A/52 5.3 and
 * annex E 2.2).
 *
 * It is malformed if it is cut short, has no sync word, or uses reserved values: nothing is thrown.
 *
 * @example
 * ```ts
 * import { parseAc3SyncFrame } from "./ac3.ts";
 *
 * const frame = Uint8Array.of(0x0b, 0x77, 0xc1, 0x2a, 0x14, 0x40, 0x43, 0xe1);
 * const parsed = parseAc3SyncFrame(frame);
 * if (parsed.kind === "ac3") parsed.channels; // 2
 * ```
 */
export function parseAc3SyncFrame(frame: Uint8Array): Ac3SyncFrame | Malformed {
  if (frame.length < HEADER_SIZE) return malformed(ACTION, HEADER_SIZE_RULE, frame.length);
  const bits = new BitReader(frame);
  const sync = bits.bits(16);
  if (sync !== SYNC_WORD) {
    return malformed(ACTION, "it must begin with 0x0b77, which is 2935", sync);
  }
  const bsid = (frame[5] ?? 0) >> 3; // in the same place of both
  if (bsid > MAX_EAC3_BSID) {
    return malformed(ACTION, BSID_RULE, bsid);
  }
  return bsid <= MAX_AC3_BSID ? readAc3(bits) : readEac3(bits);
}

function readAc3(bits: BitReader): Ac3SyncFrame | Malformed {
  bits.skip(16); // crc1
  const rateCode = bits.bits(2);
  const sizeCode = bits.bits(6);
  const bsid = bits.bits(5);
  bits.skip(3); // bsmod
  const channelMode = bits.bits(3);
  const fullRate = SAMPLE_RATES[rateCode];
  const kbps = KBPS[sizeCode >> 1];
  if (fullRate === undefined) return malformed(ACTION, "fscod must be up to 2", rateCode);
  if (kbps === undefined) return malformed(ACTION, "frmsizecod must be up to 37", sizeCode);
  if (channelMode > 1 && (channelMode & 0b001) !== 0) bits.skip(2); // cmixlev
  if ((channelMode & 0b100) !== 0) bits.skip(2); // surmixlev
  if (channelMode === 2) bits.skip(2); // dsurmod
  const hasLowFrequencyChannel = bits.bit() === 1;
  const slowness = bsid > NORMAL_BSID ? bsid - NORMAL_BSID : 0;
  // 1536 samples at `kbps` in words of 16 bits; at 44.1 kHz they do not come out even.
  const words = Math.floor(kbps * 96_000 / fullRate) + (fullRate === 44_100 ? sizeCode & 1 : 0);
  return {
    kind: "ac3",
    codec: "ac-3",
    sampleRate: fullRate >> slowness,
    channels: CHANNELS[channelMode]! + (hasLowFrequencyChannel ? 1 : 0),
    hasLowFrequencyChannel,
    frameSize: 2 * words,
    samplesPerFrame: 6 * SAMPLES_PER_BLOCK,
    bitrateBps: (kbps * 1000) >> slowness,
    isDependent: false,
  };
}

function readEac3(bits: BitReader): Ac3SyncFrame | Malformed {
  const streamType = bits.bits(2);
  bits.skip(3); // substreamid
  const frameSize = 2 * (bits.bits(11) + 1);
  const rateCode = bits.bits(2);
  const secondCode = bits.bits(2); // numblkscod, or fscod2 of half the rate, which has 6 blocks
  const isReduced = rateCode === 3;
  const fullRate = SAMPLE_RATES[isReduced ? secondCode : rateCode];
  if (streamType === RESERVED_STREAM_TYPE) {
    return malformed(ACTION, "strmtyp must be up to 2", streamType);
  }
  if (fullRate === undefined) return malformed(ACTION, "fscod2 must be up to 2", secondCode);
  const channelMode = bits.bits(3);
  const hasLowFrequencyChannel = bits.bit() === 1;
  bits.skip(5); // bsid
  const sampleRate = isReduced ? fullRate / 2 : fullRate;
  const samplesPerFrame = SAMPLES_PER_BLOCK * (isReduced ? 6 : BLOCKS[secondCode]!);
  return {
    kind: "ac3",
    codec: "ec-3",
    sampleRate,
    channels: CHANNELS[channelMode]! + (hasLowFrequencyChannel ? 1 : 0),
    hasLowFrequencyChannel,
    frameSize,
    samplesPerFrame,
    bitrateBps: Math.round(frameSize * 8 * sampleRate / samplesPerFrame),
    isDependent: streamType === DEPENDENT,
  };
}
