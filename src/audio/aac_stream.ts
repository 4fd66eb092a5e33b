import {
  AAC_OBJECT_TYPE,
  type AacConfiguration,
  parseAacConfiguration,
} from "../codec/sound/aac.ts";
import { CodecError } from "../codec/codec_error.ts";
import { AudioError } from "./audio_error.ts";

/** Bytes of an AudioSpecificConfig: those with a program config element and comment are longest. */
export const MAX_CONFIGURATION_SIZE = 512;

/** The most channels of a channel configuration that is known here: 7.1. */
const MAX_CHANNELS = 8;

/** Samples per frame of AAC LC; 960 is for digital radio. */
const SAMPLES_PER_FRAME = 1024;

/** The Hz of AAC (ISO/IEC 14496-3 table 1.18). */
const SAMPLE_RATES: ReadonlySet<number> = new Set([
  ...[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000],
  ...[22_050, 16_000, 12_000, 11_025, 8000, 7350],
]);

/**
 * Whether this house can make Opus of it: AAC LC, HE-AAC and (as one channel) HE-AAC v2, of the
 * standard's sample rates, with up to 8 channels. Other codecs, MP3 among them, are not transcoded.
 */
export function isTranscodable(configuration: AacConfiguration): boolean {
  const { objectType, sampleRate, outputSampleRate, channels, samplesPerFrame } = configuration;
  return objectType === AAC_OBJECT_TYPE.LC && samplesPerFrame === SAMPLES_PER_FRAME &&
    SAMPLE_RATES.has(sampleRate) && SAMPLE_RATES.has(outputSampleRate) &&
    channels <= MAX_CHANNELS;
}

/**
 * Parses an AudioSpecificConfig that is to be transcoded.
 *
 * @throws {AudioError} if it cannot be parsed, or not be transcoded.
 */
export function parseTranscodable(audioSpecificConfig: Uint8Array): AacConfiguration {
  const size = audioSpecificConfig.length;
  if (size > MAX_CONFIGURATION_SIZE) {
    throw new AudioError(
      `Cannot transcode AAC: configuration must be up to ${MAX_CONFIGURATION_SIZE} bytes, got ${size}`,
    );
  }
  const configuration = parse(audioSpecificConfig);
  if (isTranscodable(configuration)) return configuration;
  const { objectType, sampleRate, channels, samplesPerFrame } = configuration;
  throw new AudioError(
    `Cannot transcode AAC: must be LC of a standard sample rate, got object type ${objectType}, ` +
      `${sampleRate} Hz, ${channels} channels, ${samplesPerFrame} samples per frame`,
  );
}

function parse(audioSpecificConfig: Uint8Array): AacConfiguration {
  try {
    return parseAacConfiguration(audioSpecificConfig);
  } catch (error) {
    if (error instanceof CodecError) throw new AudioError(error.message);
    throw error;
  }
}

/** Object type of the first five bits. */
const TYPE_SHIFT = 3;

/** The highest channel configuration that FAAD2 takes, and where it is in the second byte. */
const MAX_CHANNEL_CONFIGURATION = 7;
const CHANNELS_SHIFT = 3;

/**
 * The forms of a configuration in which FAAD2 may take it, best first: as it is; with a later
 * edition's order of channels called that of 7.1, since the access units tell their channels
 * themselves; with Parametric Stereo, which this build of FAAD2 refuses, called plain SBR; and only
 * the core coder's.
 */
export function configurationForms(
  audioSpecificConfig: Uint8Array,
  { ps }: AacConfiguration,
): Uint8Array[] {
  const forms = [audioSpecificConfig];
  const [first, second] = audioSpecificConfig as unknown as [number, number];
  const channelConfiguration = (second >> CHANNELS_SHIFT) & 0b1111;
  if (channelConfiguration > MAX_CHANNEL_CONFIGURATION) {
    const known = audioSpecificConfig.slice();
    known[1] = (second & 0b1000_0111) | (MAX_CHANNEL_CONFIGURATION << CHANNELS_SHIFT);
    forms.push(known);
  }
  if (!ps) return forms;
  if (first >> TYPE_SHIFT === AAC_OBJECT_TYPE.PS) {
    const plain = audioSpecificConfig.slice();
    plain[0] = (first & 0b111) | (AAC_OBJECT_TYPE.SBR << TYPE_SHIFT);
    forms.push(plain);
  }
  const core = audioSpecificConfig.slice(0, 2);
  core[0] = (first & 0b111) | (AAC_OBJECT_TYPE.LC << TYPE_SHIFT);
  core[1]! &= 0b1111_1000;
  forms.push(core);
  return forms;
}
