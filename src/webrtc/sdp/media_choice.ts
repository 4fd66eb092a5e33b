import {
  chooseAudioCodec,
  chooseVideoCodec,
  describeOfferedCodec,
  describeVideo,
  type StreamAudio,
  type StreamVideo,
} from "./codec_choice.ts";
import type { CodecChoice, OfferedCodec } from "./codecs.ts";
import type { MediaKind, OfferedSection, SdpOffer } from "./offer.ts";

/** What a stream has to send; `undefined` for what it has not, or has not yet. */
export interface StreamMedia {
  readonly audio: StreamAudio | undefined;
  readonly video: StreamVideo | undefined;
}

/** Kinds of media that a viewer wants, whatever its offer has. */
export interface WantedMedia {
  readonly audio: boolean;
  readonly video: boolean;
}

/** A section of the offer and what is sent there. */
export interface ChosenSection {
  readonly section: OfferedSection;
  readonly choice: CodecChoice;
}

/** Why one kind of media cannot be sent: for a status of 422. */
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

/** Sound is always Opus: it can be accepted before there is any. */
const SOUND_TO_COME: StreamAudio = { codec: "opus", channels: 2 };

/** Data channels (RFC 8841 4). */
const DATA_PROTOCOLS: ReadonlySet<string> = new Set(["UDP/DTLS/SCTP", "TCP/DTLS/SCTP"]);

/**
 * Decides what to send in which section of an offer. Pictures that the stream has and the offer asks
 * for must have a common codec. Sound is left out where the offer has no Opus, as is a kind of media
 * that only one of them has, as long as something remains. Sound that the stream has not yet is
 * accepted beside what it has, to be sent when it comes.
 */
export function chooseMedia(
  offer: SdpOffer,
  { audio, video }: StreamMedia,
  wanted: WantedMedia = { audio: true, video: true },
): MediaChoice {
  const audioSections = wanted.audio ? receivingSections(offer, "audio") : [];
  const videoSections = wanted.video ? receivingSections(offer, "video") : [];
  const chosenAudio = chooseSection(
    audioSections,
    (codecs) => chooseAudioCodec(codecs, audio ?? SOUND_TO_COME),
  );
  const chosenVideo = video &&
    chooseSection(videoSections, (codecs) => chooseVideoCodec(codecs, video));
  const hasSound = audio !== undefined && chosenAudio !== undefined;
  const arePicturesRefused = video !== undefined && chosenVideo === undefined &&
    videoSections.length > 0;
  if (!arePicturesRefused && (hasSound || chosenVideo !== undefined)) {
    return { kind: "match", audio: chosenAudio, video: chosenVideo };
  }
  const mismatches: CodecMismatch[] = [];
  if (audio !== undefined && chosenAudio === undefined && wanted.audio) {
    mismatches.push({ kind: "audio", stream: "Opus", offered: codecNames(audioSections) });
  }
  if (video !== undefined && chosenVideo === undefined && wanted.video) {
    mismatches.push({
      kind: "video",
      stream: describeVideo(video),
      offered: codecNames(videoSections),
    });
  }
  return { kind: "mismatch", mismatches };
}

/** A sentence for each kind that cannot be sent, for people. */
export function describeMismatches(mismatches: readonly CodecMismatch[]): string {
  if (mismatches.length === 0) return "The stream has nothing of what is asked for";
  return mismatches.map(({ kind, stream, offered }) => {
    const asked = offered.length === 0 ? `no ${kind}` : offered.join(", ");
    return `The stream's ${kind} is ${stream}, the offer has ${asked}`;
  }).join("; ");
}

/** Whether a section can be open: it is of media or a data channel, and shares the one transport. */
export function isAnswerable(offer: SdpOffer, section: OfferedSection): boolean {
  const protocols = section.kind === "other" ? DATA_PROTOCOLS : PROTOCOLS;
  return !section.rejected && protocols.has(section.protocol) &&
    offer.bundleMids.includes(section.mid);
}

/** Whether data channels are offered that can be open. */
export function hasDataChannels(offer: SdpOffer): boolean {
  return offer.sections.some((section) => section.kind === "other" && isAnswerable(offer, section));
}

/** Sections in which the other side wants to receive this kind. */
function receivingSections(offer: SdpOffer, kind: MediaKind): OfferedSection[] {
  return offer.sections.filter((section) =>
    section.kind === kind && isAnswerable(offer, section) &&
    (section.direction === "recvonly" || section.direction === "sendrecv")
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
