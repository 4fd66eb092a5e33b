/**
 * What both sides say in `connect` and its answer about Enhanced RTMP (Veovera, "Enhancing
 * NetConnection connect Command").
 */
import { amfContent, amfObject, amfProperty, type AmfValue } from "../../amf/amf_value.ts";

/** Bits of `capsEx`: what a side understands beyond codecs. */
export const EXTENDED_CAPABILITY = {
  RECONNECT: 1,
  MULTITRACK: 2,
  MOD_EX: 4,
  TIMESTAMP_NANO_OFFSET: 8,
} as const;

/** Bits of a codec's number in a FourCC info map. */
const CODEC_CAPABILITY = { DECODE: 1, ENCODE: 2, FORWARD: 4 } as const;

/** Entries of a list or map that are read; a dozen codecs have a FourCC. */
export const MAX_FOUR_CCS = 64;

/** Video that the gateway carries, by FourCC. */
const VIDEO_FOUR_CCS = ["av01", "vp09", "vp08", "hvc1", "avc1"] as const;

/** Audio that the gateway carries, by FourCC. */
const AUDIO_FOUR_CCS = ["Opus", "fLaC", "ac-3", "ec-3", ".mp3", "mp4a"] as const;

const ALL_EXTENDED_CAPABILITIES = EXTENDED_CAPABILITY.RECONNECT | EXTENDED_CAPABILITY.MULTITRACK |
  EXTENDED_CAPABILITY.MOD_EX | EXTENDED_CAPABILITY.TIMESTAMP_NANO_OFFSET;

/** What a peer says of itself; what it does not mention is `undefined`. */
export interface EnhancedCapabilities {
  /** Codecs that it can receive: FourCCs, or "*" for any. */
  readonly fourCcList: readonly string[] | undefined;
  /** Bits of {@linkcode CODEC_CAPABILITY} by FourCC, or "*" for any. */
  readonly videoFourCcs: ReadonlyMap<string, number> | undefined;
  readonly audioFourCcs: ReadonlyMap<string, number> | undefined;
  /** Bits of {@linkcode EXTENDED_CAPABILITY}. */
  readonly capsEx: number | undefined;
}

/** What the command object of `connect` says; entries that are no FourCC are left out. */
export function readEnhancedCapabilities(commandObject: AmfValue): EnhancedCapabilities {
  const capsEx = amfProperty(commandObject, "capsEx");
  return {
    fourCcList: readList(amfProperty(commandObject, "fourCcList")),
    videoFourCcs: readMap(amfProperty(commandObject, "videoFourCcInfoMap")),
    audioFourCcs: readMap(amfProperty(commandObject, "audioFourCcInfoMap")),
    capsEx: typeof capsEx === "number" ? capsEx >>> 0 : undefined,
  };
}

/** Whether the peer has said that it understands all of `bits`. */
export function hasExtendedCapability({ capsEx }: EnhancedCapabilities, bits: number): boolean {
  return ((capsEx ?? 0) & bits) === bits;
}

/**
 * What the answer to `connect` says of the gateway: the same properties as the peer has sent, so
 * that a peer that has sent none is told nothing new. All codecs are forwarded as they are.
 */
export function enhancedAnswer(asked: EnhancedCapabilities): Record<string, AmfValue> {
  const answer: Record<string, AmfValue> = {};
  if (asked.fourCcList !== undefined) {
    answer.fourCcList = { kind: "strict-array", items: [...VIDEO_FOUR_CCS, ...AUDIO_FOUR_CCS] };
  }
  if (asked.videoFourCcs !== undefined || asked.audioFourCcs !== undefined) {
    answer.videoFourCcInfoMap = forwardMap(VIDEO_FOUR_CCS);
    answer.audioFourCcInfoMap = forwardMap(AUDIO_FOUR_CCS);
  }
  if (asked.capsEx !== undefined) answer.capsEx = ALL_EXTENDED_CAPABILITIES;
  return answer;
}

/** Of a strict array, or an ECMA array that stands for one. */
function readList(property: AmfValue): readonly string[] | undefined {
  const value = amfContent(property);
  if (typeof value !== "object" || value === null) return undefined;
  if (value.kind !== "strict-array" && value.kind !== "ecma-array") return undefined;
  const items = value.kind === "strict-array" ? value.items : value.properties.values();
  const fourCcs: string[] = [];
  for (const item of items) {
    if (fourCcs.length === MAX_FOUR_CCS) break;
    if (typeof item === "string" && isFourCc(item)) fourCcs.push(item);
  }
  return fourCcs;
}

function readMap(property: AmfValue): ReadonlyMap<string, number> | undefined {
  const value = amfContent(property);
  if (typeof value !== "object" || value === null || !("properties" in value)) return undefined;
  const capabilities = new Map<string, number>();
  for (const [fourCc, bits] of value.properties) {
    if (capabilities.size === MAX_FOUR_CCS) break;
    if (typeof bits === "number" && isFourCc(fourCc)) capabilities.set(fourCc, bits >>> 0);
  }
  return capabilities;
}

function isFourCc(text: string): boolean {
  return text === "*" || /^[\x20-\x7e]{4}$/.test(text);
}

function forwardMap(fourCcs: readonly string[]): AmfValue {
  return amfObject(
    Object.fromEntries(fourCcs.map((fourCc) => [fourCc, CODEC_CAPABILITY.FORWARD])),
  );
}
