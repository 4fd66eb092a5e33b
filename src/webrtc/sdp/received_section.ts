import { type AgreedSection, redPayloadType, withStereo } from "./answered_section.ts";
import { describeOfferedCodec } from "./codec_choice.ts";
import type { OfferedCodec } from "./codecs.ts";
import { DEFAULT_H264_PROFILE_LEVEL, h264Profile, parseProfileLevelId } from "./h264_profile.ts";
import { isAnswerable } from "./media_choice.ts";
import type { MediaKind, OfferedSection, SdpOffer } from "./offer.ts";
import { offeredProfile } from "./profile_choice.ts";

/** Codecs that are received. */
export type ReceivedCodec = "opus" | "h264" | "vp8" | "vp9" | "av1" | "h265";

/** One section that is received in. */
export interface ReceivedSection extends AgreedSection {
  readonly direction: "recvonly";
  readonly codec: ReceivedCodec;
  /** Layers of simulcast that are taken, by name. */
  readonly rids: readonly string[];
}

export type ReceivedChoice =
  | { readonly kind: "match"; readonly sections: readonly ReceivedSection[] }
  /** A sentence for people. */
  | { readonly kind: "mismatch"; readonly reason: string };

/**
 * Codecs of pictures, the best first: all outputs have H.264, and all browsers beside it VP8; fewer
 * players each have VP9, AV1 and H.265.
 */
const VIDEO_CODECS = ["h264", "vp8", "vp9", "av1", "h265"] as const;
const VIDEO_CLOCK_RATE_HZ = 90_000;

/** Profiles that all viewers have come first. */
const H264_PROFILES = ["Constrained Baseline", "Baseline", "Main", "Constrained High", "High"];

/** Those of 8 bits, that all browsers have. */
const USUAL_PROFILE = "0";

/** Asked for where it is offered: lost packets, key frames, and how packets arrived. */
const FEEDBACK: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ["nack", "transport-cc"],
  video: ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"],
};

/** Header extensions that are read (RFC 8843 15, RFC 8852, draft-holmer-rmcat-transport-wide-cc). */
export const RECEIVED_EXTENSION_URI = {
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  transportSequence: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  dependencyDescriptor:
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
} as const;

const RECEIVED_EXTENSIONS: ReadonlySet<string> = new Set(Object.values(RECEIVED_EXTENSION_URI));

const WANTED: Readonly<Record<MediaKind, string>> = {
  audio: "opus",
  video: "H264, VP8, VP9, AV1 or H265",
};

/**
 * Decides what is received of an offer: one section of sound, one of pictures, or both. All that it
 * would send is taken, or nothing (RFC 9725 4.4.2, 4.4.3): what is left out would be missed without a
 * word.
 */
export function chooseReceived(offer: SdpOffer): ReceivedChoice {
  const sending = offer.sections.filter(({ kind, rejected, direction }) =>
    kind !== "other" && !rejected && (direction === "sendonly" || direction === "sendrecv")
  );
  if (sending.length === 0) {
    return { kind: "mismatch", reason: "The offer has no section that sends sound or pictures" };
  }
  const sections: ReceivedSection[] = [];
  for (const kind of ["audio", "video"] as const) {
    const ofKind = sending.filter((section) => section.kind === kind);
    for (const section of ofKind) {
      const settled = settle(offer, section, kind);
      if (typeof settled === "string") return { kind: "mismatch", reason: settled };
      sections.push(settled);
    }
    if (ofKind.length <= 1) continue;
    const reason = `The offer may have one section of ${kind} that sends, and has ${ofKind.length}`;
    return { kind: "mismatch", reason };
  }
  return { kind: "match", sections };
}

interface FoundCodec {
  readonly name: ReceivedCodec;
  readonly codec: OfferedCodec;
}

function findOpus(codecs: readonly OfferedCodec[]): FoundCodec | undefined {
  const codec = codecs.find((codec) => isNamed(codec, "opus") && codec.clockRate === 48_000);
  return codec && { name: "opus", codec };
}

function findVideo(codecs: readonly OfferedCodec[]): FoundCodec | undefined {
  for (const name of VIDEO_CODECS) {
    const named = codecs.filter((codec) =>
      isNamed(codec, name) && codec.clockRate === VIDEO_CLOCK_RATE_HZ && isReceivable(codec)
    );
    const codec = name === "h264"
      ? named.toSorted((one, other) => h264Rank(one) - h264Rank(other))[0]
      : named.find((codec) => (offeredProfile(codec) ?? USUAL_PROFILE) === USUAL_PROFILE) ??
        named[0];
    if (codec !== undefined) return { name, codec };
  }
  return undefined;
}

/** Without interleaving (RFC 6184 6.4), and in one stream (RFC 7798 7.1). */
function isReceivable({ parameters }: OfferedCodec): boolean {
  const mode = parameters.get("packetization-mode");
  return (mode === undefined || mode === "0" || mode === "1") &&
    (parameters.get("tx-mode") ?? "SRST").toUpperCase() === "SRST";
}

/** Packets of one NAL unit each may be too large for the link (RFC 6184 6.2). */
function h264Rank({ parameters }: OfferedCodec): number {
  const level = parseProfileLevelId(parameters.get("profile-level-id") ?? "");
  const profile = H264_PROFILES.indexOf(h264Profile(level ?? DEFAULT_H264_PROFILE_LEVEL));
  const profileRank = profile < 0 ? H264_PROFILES.length : profile;
  const modeRank = parameters.get("packetization-mode") === "1" ? 0 : H264_PROFILES.length + 1;
  return modeRank + profileRank;
}

function isNamed({ name }: OfferedCodec, wanted: string): boolean {
  return name.toLowerCase() === wanted;
}

/** How a section is received, or why it cannot be. */
function settle(
  offer: SdpOffer,
  section: OfferedSection,
  kind: MediaKind,
): ReceivedSection | string {
  if (!isAnswerable(offer, section)) {
    return `The offer must have all media in its BUNDLE group, by SRTP, and has mid ${section.mid} beside`;
  }
  const found = kind === "audio" ? findOpus(section.codecs) : findVideo(section.codecs);
  if (found === undefined) {
    const names = [...new Set(section.codecs.map(describeOfferedCodec))].join(", ");
    return `The offer must have ${WANTED[kind]}, and has ${names === "" ? "no codec" : names}`;
  }
  const { name, codec } = found;
  const extensions = section.extensions.filter(({ uri }) => RECEIVED_EXTENSIONS.has(uri));
  return {
    direction: "recvonly",
    kind,
    mid: section.mid,
    codec: name,
    chosen: { section, choice: { codec, fit: "exact", levelExceeded: false } },
    payloadType: codec.payloadType,
    rtxPayloadType: codec.rtxPayloadType,
    redPayloadType: kind === "audio" ? redPayloadType(section, codec) : undefined,
    fmtp: name === "opus" ? withStereo(codec.fmtp) : codec.fmtp,
    feedback: FEEDBACK[kind].filter((wanted) => codec.feedback.includes(wanted)),
    extensions: extensions.filter(({ uri }) =>
      name === "av1" || uri !== RECEIVED_EXTENSION_URI.dependencyDescriptor
    ),
    rtcpReducedSize: section.rtcpReducedSize,
    rids: kind === "video" ? section.sources.rids : [],
  };
}
