/** What a WebRTC viewer's packets carry besides media, by the settings, its offer and its answer. */
import type { HeldPictures, ViewerTrack } from "../../egress/viewer_track.ts";
import {
  BOTH_ELEMENTS_SIZE,
  EXTENSION_URI,
  MAX_ONE_BYTE_ID,
  PLAYOUT_DELAY_SIZE,
  type PlayoutDelay,
  writeHeaderExtension,
} from "../../rtp/header_extension.ts";
import { RTP_HEADER_SIZE } from "../../rtp/packet.ts";
import { TAG_LENGTH } from "../../srtp/packet_arena.ts";
import type { ChosenSection, MediaChoice, StreamMedia } from "../../webrtc/sdp/media_choice.ts";
import {
  type AnsweredSection,
  type AnswerWishes,
  DEFAULT_ANSWER_WISHES,
  settleSection,
} from "../../webrtc/sdp/answered_section.ts";
import type { WebrtcSettings } from "../shard_settings.ts";

/** In front of the payload of a packet that is sent again (RFC 4588 4). */
const ORIGINAL_SEQUENCE_NUMBER_SIZE = 2;

const TRANSPORT_FEEDBACK = "transport-cc";

/**
 * How long receivers are to hold pictures back whose sound they play, from the beginning on: as long
 * as they would hold them in the end, when they have seen that it takes so much longer until sound is
 * heard. Measured: sound that Opus is made of comes 10 to 60 ms later than the pictures of its time,
 * as encoders send it in groups, and Chromium holds it for 50 to 80 ms. Sound that is Opus already
 * comes with its pictures, and is held for 40 ms.
 */
const PICTURES_HELD_MS = { made: 110, asPublished: 50 };
/** What browsers bear by themselves: with less, they do not hold pictures at all. */
const MAX_PICTURES_HELD_MS = 10_000;
/**
 * For viewers without sound. Pictures that need not wait for sound are shown as they come, and the less
 * of them browsers are let have in hand, the sooner. Measured on a link that viewers fill by 80 %, with
 * 2 % of loss: 121 ms from publishing to the screen if nothing is told, 74 with 500 ms here, 65 with 20.
 */
const MAX_SILENT_PICTURES_HELD_MS = 20;

type MatchedMedia = Extract<MediaChoice, { readonly kind: "match" }>;
type FeedbackSettings = Pick<WebrtcSettings, "feedback">;

/**
 * Bytes that are left for the payload of a packet, so that its datagram has `packetBytes` even when
 * it is sent again to a viewer that gets header extensions.
 */
export function maxPayloadSize(
  { packetBytes, feedback }: Pick<WebrtcSettings, "packetBytes" | "feedback">,
): number {
  const extensionSize = feedback === "twcc" ? BOTH_ELEMENTS_SIZE : PLAYOUT_DELAY_SIZE;
  return packetBytes - RTP_HEADER_SIZE - extensionSize - ORIGINAL_SEQUENCE_NUMBER_SIZE - TAG_LENGTH;
}

/**
 * What to answer where it is offered. Packets are numbered over all of a viewer's tracks or in none:
 * every section must offer the number, under one id, and to report on it.
 */
function answerWishes(
  chosen: readonly ChosenSection[],
  { feedback }: FeedbackSettings,
): AnswerWishes {
  const id = chosen[0] === undefined
    ? undefined
    : extensionId(chosen[0].section, EXTENSION_URI.transportSequence);
  const isNumbered = feedback === "twcc" && id !== undefined &&
    chosen.every((one) =>
      extensionId(one.section, EXTENSION_URI.transportSequence) === id &&
      one.choice.codec.feedback.includes(TRANSPORT_FEEDBACK)
    );
  if (!isNumbered) return DEFAULT_ANSWER_WISHES;
  return {
    feedback: [...DEFAULT_ANSWER_WISHES.feedback, TRANSPORT_FEEDBACK],
    extensions: [EXTENSION_URI.transportSequence],
  };
}

/** What to answer beside that for pictures, which may have to be held back. */
function pictureWishes(wishes: AnswerWishes): AnswerWishes {
  return { ...wishes, extensions: [...wishes.extensions, EXTENSION_URI.playoutDelay] };
}

/** What is answered of both kinds of media. */
export interface AnsweredMedia {
  readonly audio: AnsweredSection | undefined;
  readonly video: AnsweredSection | undefined;
}

/** Settles what is sent in the sections that were chosen, under numbers of this viewer's own. */
export function settleMedia(
  { audio, video }: Pick<MatchedMedia, keyof AnsweredMedia>,
  media: StreamMedia,
  settings: FeedbackSettings,
): AnsweredMedia {
  const [audioSsrc, videoSsrc, rtxSsrc] = randomNumbers();
  const wishes = answerWishes([audio, video].filter((section) => section !== undefined), settings);
  return {
    audio: audio &&
      settleSection(audio, { ssrc: audioSsrc }, { wishes, channels: media.audio?.channels ?? 2 }),
    video: video &&
      settleSection(video, { ssrc: videoSsrc, rtxSsrc }, { wishes: pictureWishes(wishes) }),
  };
}

/** Three different numbers of 32 bits, none of them 0. */
function randomNumbers(): [number, number, number] {
  for (;;) {
    const numbers = new Set(crypto.getRandomValues(new Uint32Array(3)));
    if (numbers.size === 3 && !numbers.has(0)) return [...numbers] as [number, number, number];
  }
}

/** How both tracks are sent to the viewer that was answered so. */
export function viewerTracks({ audio, video }: AnsweredMedia, media: StreamMedia) {
  const heard = audio && media.audio;
  const heldMs = heard && PICTURES_HELD_MS[heard.isAsPublished === true ? "asPublished" : "made"];
  return {
    audio: audio && viewerTrack(audio),
    video: video &&
      { ...viewerTrack(video), held: heldPictures(video, heldMs ?? 0, audio === undefined) },
  };
}

function heldPictures(
  section: AnsweredSection,
  leastMs: number,
  isSilent: boolean,
): HeldPictures | undefined {
  if (extensionId(section, EXTENSION_URI.playoutDelay) === undefined) return undefined;
  const extension = (minMs: number) => {
    const isAtOnce = isSilent && minMs === 0;
    const maxMs = isAtOnce ? MAX_SILENT_PICTURES_HELD_MS : MAX_PICTURES_HELD_MS;
    return packetExtension(section, { minMs, maxMs });
  };
  return { leastMs, extension };
}

/** What packets carry, with how long pictures are to be held if that is told. */
function packetExtension(section: AnsweredSection, playoutDelay?: PlayoutDelay) {
  const isTold = playoutDelay !== undefined;
  return writeHeaderExtension({
    transportSequenceId: extensionId(section, EXTENSION_URI.transportSequence),
    playoutDelayId: isTold ? extensionId(section, EXTENSION_URI.playoutDelay) : undefined,
    playoutDelay: playoutDelay ?? { minMs: 0, maxMs: 0 },
  });
}

function viewerTrack(section: AnsweredSection): ViewerTrack {
  const { payloadType, ssrc, rtxPayloadType, rtxSsrc, redPayloadType } = section;
  const [first, second] = crypto.getRandomValues(new Uint16Array(2)) as Uint16Array & [
    number,
    number,
  ];
  const extension = packetExtension(section);
  return {
    identity: { payloadType, ssrc, extension },
    retransmission: rtxPayloadType === undefined || rtxSsrc === undefined ? undefined : {
      payloadType: rtxPayloadType,
      ssrc: rtxSsrc,
      extension,
      firstSequence: second >> 1,
    },
    redundant: redPayloadType === undefined
      ? undefined
      : { payloadType: redPayloadType, ssrc, extension },
    firstSequence: first >> 1,
  };
}

/** The number of an extension, if one-byte elements can have it. */
function extensionId(
  { extensions }: Pick<AnsweredSection, "extensions">,
  wanted: string,
): number | undefined {
  return extensions.find(({ id, uri }) => uri === wanted && id >= 1 && id <= MAX_ONE_BYTE_ID)?.id;
}
