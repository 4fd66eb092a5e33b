import type { AudioBody, AudioMultitrack, ConfiguredAudioCodec, EmptyAudio } from "./audio_body.ts";
import { BodyReader } from "./body_reader.ts";
import { FourCc, fourCcText } from "./four_cc.ts";
import { PACKET_MOD_EX, readModifiers } from "./mod_ex.ts";

/** AudioPacketType (Enhanced RTMP v2, "ExAudioTagHeader"). */
export const AudioPacketType = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  multichannelConfig: 4,
  multitrack: 5,
  modEx: PACKET_MOD_EX,
} as const;

/** AudioChannelOrder. */
const ORDER_UNSPECIFIED = 0;
const ORDER_NATIVE = 1;
const ORDER_CUSTOM = 2;

const EMPTY: EmptyAudio = { kind: "empty" };
const MULTITRACK: AudioMultitrack = { kind: "multitrack" };

/**
 * Parses an audio body whose SoundFormat says that it has an Enhanced header (Enhanced RTMP v2,
 * "Enhanced Audio"). Data borrow from `body`. It is malformed if it is cut short, or its packet type
 * or channel order is undefined.
 */
export function parseEnhancedAudio(body: Uint8Array): AudioBody {
  const reader = new BodyReader(body, "parse audio body");
  const audio = readAudio(reader);
  return reader.fault ?? audio;
}

function readAudio(reader: BodyReader): AudioBody {
  let packetType = reader.u8() & 0b1111;
  let timestampOffsetNs = 0;
  if (packetType === AudioPacketType.modEx) {
    ({ packetType, timestampOffsetNs } = readModifiers(reader));
  }
  if (packetType === AudioPacketType.multitrack) return MULTITRACK;
  const fourCc = reader.u32();
  const codec = audioCodecOf(fourCc);
  if (codec === undefined) return { kind: "unsupported", codecId: fourCcText(fourCc) };
  switch (packetType) {
    case AudioPacketType.codedFrames:
      if (reader.remaining === 0) return EMPTY;
      return {
        kind: "frame",
        codec,
        sampleRate: undefined,
        channels: undefined,
        bitsPerSample: undefined,
        timestampOffsetNs,
        data: reader.rest(),
      };
    case AudioPacketType.sequenceStart:
      return { kind: "configuration", codec, data: reader.rest() };
    case AudioPacketType.sequenceEnd:
      return { kind: "end-of-sequence", codec };
    case AudioPacketType.multichannelConfig:
      return readChannels(reader, codec);
    default:
      return reader.refuse("packet type must be 0, 1, 2, 4, 5 or 7", packetType);
  }
}

function readChannels(reader: BodyReader, codec: ConfiguredAudioCodec): AudioBody {
  const order = reader.u8();
  const channels = reader.u8();
  const kind = "channels";
  switch (order) {
    case ORDER_UNSPECIFIED:
      return { kind, codec, channels, mask: undefined, speakers: undefined };
    case ORDER_NATIVE:
      return { kind, codec, channels, mask: reader.u32(), speakers: undefined };
    case ORDER_CUSTOM:
      return { kind, codec, channels, mask: undefined, speakers: reader.bytes(channels) };
    default:
      return reader.refuse("channel order must be 0..2", order);
  }
}

function audioCodecOf(fourCc: number): ConfiguredAudioCodec | undefined {
  switch (fourCc) {
    case FourCc.aac:
      return "aac";
    case FourCc.opus:
      return "opus";
    case FourCc.flac:
      return "flac";
    case FourCc.ac3:
      return "ac3";
    case FourCc.eac3:
      return "eac3";
    case FourCc.mp3:
      return "mp3";
    default:
      return undefined;
  }
}
