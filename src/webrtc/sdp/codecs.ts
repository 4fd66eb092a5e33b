import { type SdpAttribute, type SdpMedia, sdpValues } from "./lines.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** Payload types are numbers of seven bits. */
const MAX_PAYLOAD_TYPE = 127;
/**
 * Feedback that answers can take up. Of all else nothing is kept, so that a codec costs the same
 * however much an offer lists for all of them (`*`).
 */
const FEEDBACK: ReadonlySet<string> = new Set([
  "nack",
  "nack pli",
  "ccm fir",
  "goog-remb",
  "transport-cc",
]);
/** Parameters of one codec. */
const MAX_PARAMETERS = 32;

/** A codec that an offer lists, with all that was said of it (RFC 8866 6.6, 6.15; RFC 4585 4.2). */
export interface OfferedCodec {
  readonly payloadType: number;
  /** As written: names differ in case between browsers, so compare them without. */
  readonly name: string;
  readonly clockRate: number;
  /** 1 unless it says otherwise; video has 1. */
  readonly channels: number;
  /** The fmtp value as written, "" if there was none. */
  readonly fmtp: string;
  /** The same by names in lower case; a parameter without a value has "". */
  readonly parameters: ReadonlyMap<string, string>;
  /** Of "nack", "nack pli", "ccm fir", "goog-remb" and "transport-cc"; those for `*` too. */
  readonly feedback: readonly string[];
  /** The payload type that repairs this one (RFC 4588 8.1). */
  readonly rtxPayloadType: number | undefined;
}

/** The payload type to send under. */
export interface CodecChoice {
  readonly codec: OfferedCodec;
  /**
   * `compatible`: the offered profile includes the stream's, or decoders are known not to mind.
   * `stretched`: nothing offered includes it. Decoders rarely look, but may refuse.
   */
  readonly fit: "exact" | "compatible" | "stretched";
  /** Whether the stream's level is above the offered one: worth a line in the log. */
  readonly levelExceeded: boolean;
  /** What the offer should have said and did not, in words: worth a line in the log. */
  readonly lapse?: string;
}

/**
 * The codecs of a section in the order of its `m=` line. RTX is folded into what it repairs; a
 * payload type without rtpmap is left out.
 *
 * @throws {WebrtcError} if a payload type is no number up to 127, or a limit is passed
 */
export function parseOfferedCodecs(media: SdpMedia): OfferedCodec[] {
  const types = media.formats.map(parsePayloadType);
  if (new Set(types).size < types.length) {
    throw new WebrtcError("Cannot read offer: payload types must be unique in a section");
  }
  const maps = byPayloadType(media.attributes, "rtpmap");
  const formats = byPayloadType(media.attributes, "fmtp");
  const repairs = repairsOf(types, maps, formats);
  const feedback = feedbackOf(media.attributes);
  const forAll = feedback.get("*") ?? new Set();
  const codecs: OfferedCodec[] = [];
  for (const payloadType of types) {
    const map = parseRtpMap(maps.get(payloadType));
    if (map === undefined || map.name.toLowerCase() === "rtx") continue;
    const fmtp = formats.get(payloadType) ?? "";
    codecs.push({
      payloadType,
      ...map,
      fmtp,
      parameters: parseParameters(fmtp),
      feedback: [...(feedback.get(`${payloadType}`) ?? new Set()).union(forAll)],
      rtxPayloadType: repairs.get(payloadType),
    });
  }
  return codecs;
}

function parsePayloadType(text: string): number {
  const payloadType = Number(text);
  if (/^\d{1,3}$/.test(text) && payloadType <= MAX_PAYLOAD_TYPE) return payloadType;
  throw new WebrtcError(
    `Cannot read payload type: must be 0..${MAX_PAYLOAD_TYPE}, got ${
      JSON.stringify(text.slice(0, 16))
    }`,
  );
}

/** "name/clock rate/channels" (RFC 8866 6.6). */
function parseRtpMap(text: string | undefined) {
  const match = /^([\w.+-]{1,64})\/(\d{1,9})(?:\/(\d{1,3}))?$/.exec(text ?? "");
  if (match === null) return undefined;
  return { name: match[1]!, clockRate: Number(match[2]), channels: Number(match[3] ?? 1) };
}

/** What follows the payload type in attributes of this name; the first one counts. */
function byPayloadType(attributes: readonly SdpAttribute[], name: string): Map<number, string> {
  const values = new Map<number, string>();
  for (const value of sdpValues(attributes, name)) {
    const match = /^(\d{1,3}) +(.+)$/.exec(value);
    if (match === null) continue;
    const payloadType = Number(match[1]);
    if (payloadType <= MAX_PAYLOAD_TYPE && !values.has(payloadType)) {
      values.set(payloadType, match[2]!);
    }
  }
  return values;
}

/** The RTX payload type of each payload type that has one. */
function repairsOf(
  types: readonly number[],
  maps: ReadonlyMap<number, string>,
  formats: ReadonlyMap<number, string>,
): Map<number, number> {
  const repairs = new Map<number, number>();
  for (const payloadType of types) {
    if (parseRtpMap(maps.get(payloadType))?.name.toLowerCase() !== "rtx") continue;
    const repaired = parseParameters(formats.get(payloadType) ?? "").get("apt") ?? "";
    if (/^\d{1,3}$/.test(repaired) && !repairs.has(Number(repaired))) {
      repairs.set(Number(repaired), payloadType);
    }
  }
  return repairs;
}

/** By payload type as written, or `*`. */
function feedbackOf(attributes: readonly SdpAttribute[]): Map<string, Set<string>> {
  const feedback = new Map<string, Set<string>>();
  for (const value of sdpValues(attributes, "rtcp-fb")) {
    const match = /^(\d{1,3}|\*) +(\S+(?: \S+)?)$/.exec(value);
    if (match === null || !FEEDBACK.has(match[2]!)) continue;
    const kinds = feedback.get(match[1]!);
    if (kinds === undefined) feedback.set(match[1]!, new Set([match[2]!]));
    else kinds.add(match[2]!);
  }
  return feedback;
}

function parseParameters(fmtp: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of fmtp.split(";", MAX_PARAMETERS)) {
    const equalsAt = part.indexOf("=");
    const name = (equalsAt < 0 ? part : part.slice(0, equalsAt)).trim().toLowerCase();
    if (name !== "") parameters.set(name, equalsAt < 0 ? "" : part.slice(equalsAt + 1).trim());
  }
  return parameters;
}
