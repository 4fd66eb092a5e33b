import {
  chooseAudioCodec,
  chooseVideoCodec,
  type CodecChoice,
  describeOfferedCodec,
  describeVideo,
  type StreamAudio,
  type StreamVideo,
} from "./codec_choice.ts";
import type { OfferedCodec } from "./sdp_codecs.ts";
import type { MediaKind, OfferedSection, SdpOffer } from "./sdp_offer.ts";

/** What a stream has to send; `undefined` for what it has not, or what the viewer did not want. */
export interface StreamMedia {
  readonly audio: StreamAudio | undefined;
  readonly video: StreamVideo | undefined;
}

/** A section of the offer and what is sent there. */
export interface ChosenSection {
  readonly section: OfferedSection;
  readonly choice: CodecChoice;
}

/** Why one kind of media cannot be sent: for a status of 406. */
export interface CodecMismatch {
  readonly kind: MediaKind;
  /** "H.264 High (64001f)". */
  readonly stream: string;
  /** Names of what the offer lists; empty if it has no section to receive this kind in. */
  readonly offered: readonly string[];
}

export type MediaChoice =
  | {
    readonly kind: "match";
    readonly audio: ChosenSection | undefined;
    readonly video: ChosenSection | undefined;
  }
  | { readonly kind: "mismatch"; readonly mismatches: readonly CodecMismatch[] };

/** RTP over DTLS-SRTP with feedback (RFC 8829 5.1.2), and how old clients abbreviate it. */
const PROTOCOLS: ReadonlySet<string> = new Set([
  "UDP/TLS/RTP/SAVPF",
  "TCP/DTLS/RTP/SAVPF",
  "RTP/SAVPF",
]);

/**
 * Decides what to send in which section of an offer. A kind of media that the stream has and the
 * offer asks for must have a common codec; a kind that only one of them has is left out, as long as
 * something remains.
 */
export function chooseMedia(offer: SdpOffer, stream: StreamMedia): MediaChoice {
  const { audio, video } = stream;
  const audioSections = receivingSections(offer, "audio");
  const videoSections = receivingSections(offer, "video");
  const chosenAudio = audio === undefined
    ? undefined
    : chooseSection(audioSections, (codecs) => chooseAudioCodec(codecs, audio));
  const chosenVideo = video === undefined
    ? undefined
    : chooseSection(videoSections, (codecs) => chooseVideoCodec(codecs, video));
  const mismatches: CodecMismatch[] = [];
  if (audio !== undefined && chosenAudio === undefined) {
    mismatches.push({ kind: "audio", stream: "Opus", offered: codecNames(audioSections) });
  }
  if (video !== undefined && chosenVideo === undefined) {
    mismatches.push({
      kind: "video",
      stream: describeVideo(video),
      offered: codecNames(videoSections),
    });
  }
  const sendsNothing = chosenAudio === undefined && chosenVideo === undefined;
  const refused = sendsNothing
    ? mismatches
    : mismatches.filter(({ kind }) =>
      (kind === "audio" ? audioSections : videoSections).length > 0
    );
  if (sendsNothing || refused.length > 0) return { kind: "mismatch", mismatches: refused };
  return { kind: "match", audio: chosenAudio, video: chosenVideo };
}

/** A sentence for each kind that cannot be sent, for people. */
export function describeMismatches(mismatches: readonly CodecMismatch[]): string {
  if (mismatches.length === 0) return "The stream has nothing of what is asked for";
  return mismatches.map(({ kind, stream, offered }) => {
    const asked = offered.length === 0 ? `no ${kind}` : offered.join(", ");
    return `The stream's ${kind} is ${stream}, the offer has ${asked}`;
  }).join("; ");
}

/** Open sections of the bundle in which the other side wants to receive this kind. */
function receivingSections(offer: SdpOffer, kind: MediaKind): OfferedSection[] {
  return offer.sections.filter((section) =>
    section.kind === kind && !section.rejected && PROTOCOLS.has(section.protocol) &&
    (section.direction === "recvonly" || section.direction === "sendrecv") &&
    offer.bundleMids.includes(section.mid)
  );
}

function chooseSection(
  sections: readonly OfferedSection[],
  choose: (codecs: readonly OfferedCodec[]) => CodecChoice | undefined,
): ChosenSection | undefined {
  for (const section of sections) {
    const choice = choose(section.codecs);
    if (choice !== undefined) return { section, choice };
  }
  return undefined;
}

function codecNames(sections: readonly OfferedSection[]): string[] {
  return [...new Set(sections.flatMap(({ codecs }) => codecs.map(describeOfferedCodec)))];
}
