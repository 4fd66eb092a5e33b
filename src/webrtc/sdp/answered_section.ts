import type { ChosenSection } from "./media_choice.ts";
import type { OfferedCodec } from "./codecs.ts";
import type { MediaKind, OfferedExtension, OfferedSection } from "./offer.ts";

/** Numbers that packets of one section carry. */
export interface AnswerSource {
  readonly ssrc: number;
  /** For retransmission (RFC 4588); without it RTX is not answered. */
  readonly rtxSsrc?: number | undefined;
}

/** What is answered where, in case it is offered there. */
export interface AnswerWishes {
  /** RTCP feedback to ask for: "nack", "nack pli", "ccm fir", "goog-remb", "transport-cc" … */
  readonly feedback: readonly string[];
  /** URIs of header extensions to send. */
  readonly extensions: readonly string[];
}

/** Resend by NACK, count requests for key frames, and learn of the bandwidth. */
export const DEFAULT_ANSWER_WISHES: AnswerWishes = {
  feedback: ["nack", "nack pli", "ccm fir", "goog-remb"],
  extensions: [],
};

/** One section that media go through, as both sides understand it after the answer. */
export interface AgreedSection {
  readonly kind: MediaKind;
  readonly mid: string;
  readonly chosen: ChosenSection;
  readonly payloadType: number;
  /** `undefined` if the offer has no RTX for it: packets are then resent as they were. */
  readonly rtxPayloadType: number | undefined;
  /** Of sound that carries earlier packets once more (RFC 2198); `undefined` if none is offered. */
  readonly redPayloadType: number | undefined;
  readonly fmtp: string;
  readonly feedback: readonly string[];
  /** With the numbers of the offer. */
  readonly extensions: readonly OfferedExtension[];
  /** Whether RTCP may be sent without a report in front (RFC 5506). */
  readonly rtcpReducedSize: boolean;
}

/** One section that is sent in. */
export interface AnsweredSection extends AgreedSection {
  readonly direction: "sendonly";
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
}

/**
 * Settles a chosen section: what is in the answer, and what packets will carry.
 *
 * @param options.channels of the sound, for Opus
 */
export function settleSection(
  chosen: ChosenSection,
  source: AnswerSource,
  options: { readonly wishes?: AnswerWishes; readonly channels?: 1 | 2 } = {},
): AnsweredSection {
  const { section, choice: { codec } } = chosen;
  const { feedback, extensions } = options.wishes ?? DEFAULT_ANSWER_WISHES;
  const rtxPayloadType = source.rtxSsrc === undefined ? undefined : codec.rtxPayloadType;
  return {
    direction: "sendonly",
    kind: section.kind === "audio" ? "audio" : "video",
    mid: section.mid,
    chosen,
    payloadType: codec.payloadType,
    rtxPayloadType,
    redPayloadType: section.kind === "audio" ? redPayloadType(section, codec) : undefined,
    ssrc: source.ssrc,
    rtxSsrc: rtxPayloadType === undefined ? undefined : source.rtxSsrc,
    fmtp: options.channels === 2 ? withStereo(codec.fmtp) : codec.fmtp,
    feedback: feedback.filter((wanted) => codec.feedback.includes(wanted)),
    extensions: section.extensions.filter(({ uri }) => extensions.includes(uri)),
    rtcpReducedSize: section.rtcpReducedSize,
  };
}

/**
 * That of packets which carry others of a codec once more; `undefined` if none is offered (RFC 2198 5:
 * its parameter names what is in it, such as "111/111").
 */
export function redPayloadType(
  { codecs }: OfferedSection,
  { payloadType, clockRate }: OfferedCodec,
): number | undefined {
  return codecs.find((codec) =>
    codec.name.toLowerCase() === "red" && codec.clockRate === clockRate &&
    codec.fmtp.split("/").every((type) => type === `${payloadType}`)
  )?.payloadType;
}

/** RFC 7587 6.1: tells by the fmtp of Opus that the sound has two channels, so that they are not mixed to one. */
export function withStereo(fmtp: string): string {
  const kept = fmtp.split(";").filter((part) => !/^\s*(?:sprop-)?stereo\s*=/i.test(part));
  return [...kept.filter((part) => part !== ""), "stereo=1", "sprop-stereo=1"].join(";");
}
