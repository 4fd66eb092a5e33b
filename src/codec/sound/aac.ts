import { BitReader } from "../../bytes/bit_reader.ts";
import { readProgramChannels } from "./aac_program.ts";
import { CodecError } from "../codec_error.ts";

/** Audio object types of AAC (ISO/IEC 14496-3 table 1.17) that FLV or RTMP may carry. */
export const AAC_OBJECT_TYPE = { MAIN: 1, LC: 2, SSR: 3, LTP: 4, SBR: 5, PS: 29 } as const;

/** ER BSAC, whose configuration has fields of its own. */
const ER_BSAC = 22;

/** ER AAC LD, whose frames are half as long. */
const ER_AAC_LD = 23;

/** Object types configured by a GASpecificConfig (14496-3 1.6.2.1), CELP and the like left out. */
const GENERAL_AUDIO: ReadonlySet<number> = new Set([1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23]);

/** Scalable object types, whose configuration names a layer. */
const SCALABLE: ReadonlySet<number> = new Set([6, 20]);

/** The lowest of the error resilient object types, which end with an epConfig. */
const FIRST_ERROR_RESILIENT = 17;

/** Hz by samplingFrequencyIndex (14496-3 table 1.18). */
const SAMPLE_RATES = [
  96_000,
  88_200,
  64_000,
  48_000,
  44_100,
  32_000,
  24_000,
  22_050,
  16_000,
  12_000,
  11_025,
  8000,
  7350,
] as const;

const EXPLICIT_SAMPLE_RATE = 15;

/** Channels by channelConfiguration (14496-3 table 1.19); 0 is told by the program config element. */
const CHANNEL_COUNTS: readonly (number | undefined)[] = [
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  8,
  undefined,
  undefined,
  undefined,
  7,
  8,
  24,
  8,
];

/** syncExtensionType values of backward compatible signalling (14496-3 1.6.2.1). */
const SYNC_EXTENSION_SBR = 0x2b7;
const SYNC_EXTENSION_PS = 0x548;

/** What a decoder must know before the first AAC frame. */
export interface AacConfiguration {
  /** Of the core coder: 2, AAC LC, also for HE-AAC. */
  readonly objectType: number;
  /** Hz of the core coder. */
  readonly sampleRate: number;
  /** Of the core coder: 1 if Parametric Stereo makes two of it. */
  readonly channels: number;
  /** Spectral band replication, HE-AAC. False also if the stream uses it without saying so. */
  readonly sbr: boolean;
  /** Parametric Stereo, HE-AAC v2. */
  readonly ps: boolean;
  /** Hz of what a decoder puts out: with SBR usually twice `sampleRate`. */
  readonly outputSampleRate: number;
  /** Channels of what a decoder puts out. */
  readonly outputChannels: number;
  /** Samples of one frame at `sampleRate`, per channel. */
  readonly samplesPerFrame: number;
}

/**
 * Parses an AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) of AAC, HE-AAC signalled in any of its
 * explicit forms included. Bits behind it are ignored: encoders pad.
 *
 * @throws {CodecError} if it is cut short, reserved values are used, or the object type is not AAC.
 *
 * @example
 * ```ts
 * import { aacCodecString, parseAacConfiguration } from "./aac.ts";
 *
 * const aac = parseAacConfiguration(Uint8Array.of(0x12, 0x10)); // 44,100 Hz, 2 channels
 * aacCodecString(aac); // "mp4a.40.2"
 * ```
 */
export function parseAacConfiguration(bytes: Uint8Array): AacConfiguration {
  const bits = new BitReader(bytes, CodecError);
  const signalledType = readObjectType(bits);
  const sampleRate = readSampleRate(bits);
  const channelConfiguration = bits.bits(4);
  const ps = signalledType === AAC_OBJECT_TYPE.PS;
  const sbr = ps || signalledType === AAC_OBJECT_TYPE.SBR;
  let extension: Extension = { sbr, ps, outputSampleRate: sampleRate };
  let objectType = signalledType;
  if (sbr) {
    extension = { sbr, ps, outputSampleRate: readSampleRate(bits) };
    objectType = readObjectType(bits);
    if (objectType === ER_BSAC) bits.skip(4); // extensionChannelConfiguration
  }
  if (!GENERAL_AUDIO.has(objectType)) {
    throw new CodecError(
      `Cannot parse AAC configuration: object type must be AAC, got ${objectType}`,
    );
  }
  const { channels, samplesPerFrame } = readGeneralAudio(bits, objectType, channelConfiguration);
  if (objectType >= FIRST_ERROR_RESILIENT) skipErrorProtection(bits);
  if (!sbr && bits.remaining >= 16) extension = readSyncExtension(bits, sampleRate);
  return {
    objectType,
    sampleRate,
    channels,
    ...extension,
    outputChannels: extension.ps && channels === 1 ? 2 : channels,
    samplesPerFrame,
  };
}

/** The `codecs` parameter of RFC 6381 3.3: "mp4a.40.2", ".5" for HE-AAC, ".29" for HE-AAC v2. */
export function aacCodecString(
  { objectType, sbr, ps }: Pick<AacConfiguration, "objectType" | "sbr" | "ps">,
): string {
  if (ps) return `mp4a.40.${AAC_OBJECT_TYPE.PS}`;
  return `mp4a.40.${sbr ? AAC_OBJECT_TYPE.SBR : objectType}`;
}

type Extension = Pick<AacConfiguration, "sbr" | "ps" | "outputSampleRate">;

function readObjectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === 31 ? 32 + bits.bits(6) : type;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4);
  const sampleRate = index === EXPLICIT_SAMPLE_RATE ? bits.bits(24) : SAMPLE_RATES[index];
  if (sampleRate === undefined || sampleRate === 0) {
    throw new CodecError(
      `Cannot parse AAC configuration: sample rate must not be 0 or reserved, got index ${index}`,
    );
  }
  return sampleRate;
}

/** GASpecificConfig (14496-3 4.4.1). */
function readGeneralAudio(bits: BitReader, objectType: number, channelConfiguration: number) {
  const isShortFrame = bits.bit() === 1;
  if (bits.bit() === 1) bits.skip(14); // coreCoderDelay
  const hasExtension = bits.bit() === 1;
  const channels = channelConfiguration === 0
    ? readProgramChannels(bits)
    : CHANNEL_COUNTS[channelConfiguration];
  if (channels === undefined || channels === 0) {
    throw new CodecError(
      `Cannot parse AAC configuration: channel configuration must have channels, got ${channelConfiguration}`,
    );
  }
  if (SCALABLE.has(objectType)) bits.skip(3); // layerNr
  if (hasExtension) {
    if (objectType === ER_BSAC) bits.skip(16); // numOfSubFrame, layer_length
    else if (objectType >= FIRST_ERROR_RESILIENT && objectType !== 21) bits.skip(3);
    bits.skip(1); // extensionFlag3
  }
  const longFrame = objectType === ER_AAC_LD ? 512 : 1024;
  // A short frame has 15/16 of the samples: 960, or 480 with low delay.
  return { channels, samplesPerFrame: isShortFrame ? (longFrame / 16) * 15 : longFrame };
}

function skipErrorProtection(bits: BitReader): void {
  const epConfig = bits.bits(2);
  if (epConfig >= 2) {
    throw new CodecError(
      `Cannot parse AAC configuration: epConfig must be 0 or 1, got ${epConfig}`,
    );
  }
}

/** Backward compatible signalling of SBR and PS behind the configuration of the core coder. */
function readSyncExtension(bits: BitReader, sampleRate: number): Extension {
  const none = { sbr: false, ps: false, outputSampleRate: sampleRate };
  if (bits.bits(11) !== SYNC_EXTENSION_SBR) return none;
  if (readObjectType(bits) !== AAC_OBJECT_TYPE.SBR || bits.bit() === 0) return none;
  const outputSampleRate = readSampleRate(bits);
  const ps = bits.remaining >= 12 && bits.bits(11) === SYNC_EXTENSION_PS && bits.bit() === 1;
  return { sbr: true, ps, outputSampleRate };
}
