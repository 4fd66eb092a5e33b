/** What a WebRTC viewer's packets carry besides media, by the settings, its offer and its answer. */
import type { ViewerTrack } from "../../egress/viewer_track.ts";
import {
  EXTENSION_URI,
  MAX_ONE_BYTE_ID,
  TRANSPORT_SEQUENCE_SIZE,
  writeHeaderExtension,
} from "../../rtp/header_extension.ts";
import { RTP_HEADER_SIZE } from "../../rtp/packet.ts";
import { TAG_LENGTH } from "../../srtp/packet_arena.ts";
import type { ChosenSection } from "../../webrtc/sdp/media_choice.ts";
import {
  type AnsweredSection,
  type AnswerWishes,
  DEFAULT_ANSWER_WISHES,
} from "../../webrtc/sdp/answered_section.ts";
import type { WebrtcSettings } from "../shard_settings.ts";

/** In front of the payload of a packet that is sent again (RFC 4588 4). */
const ORIGINAL_SEQUENCE_NUMBER_SIZE = 2;

const TRANSPORT_FEEDBACK = "transport-cc";

type FeedbackSettings = Pick<WebrtcSettings, "feedback">;

/**
 * Bytes that are left for the payload of a packet, so that its datagram has `packetBytes` even when
 * it is sent again to a viewer that gets header extensions.
 */
export function maxPayloadSize(
  { packetBytes, feedback }: Pick<WebrtcSettings, "packetBytes" | "feedback">,
): number {
  const extensionSize = feedback === "twcc" ? TRANSPORT_SEQUENCE_SIZE : 0;
  return packetBytes - RTP_HEADER_SIZE - extensionSize - ORIGINAL_SEQUENCE_NUMBER_SIZE - TAG_LENGTH;
}

/**
 * What to answer where it is offered. Packets are numbered over all of a viewer's tracks or in none:
 * every section must offer the number, under one id, and to report on it.
 */
export function answerWishes(
  chosen: readonly ChosenSection[],
  { feedback }: FeedbackSettings,
): AnswerWishes {
  const id = chosen[0] === undefined ? undefined : transportSequenceId(chosen[0].section);
  const isNumbered = feedback === "twcc" && id !== undefined &&
    chosen.every((one) =>
      transportSequenceId(one.section) === id &&
      one.choice.codec.feedback.includes(TRANSPORT_FEEDBACK)
    );
  if (!isNumbered) return DEFAULT_ANSWER_WISHES;
  return {
    feedback: [...DEFAULT_ANSWER_WISHES.feedback, TRANSPORT_FEEDBACK],
    extensions: [EXTENSION_URI.transportSequence],
  };
}

/** How a track is sent to the viewer that was answered so. */
export function viewerTrack(section: AnsweredSection): ViewerTrack {
  const { payloadType, ssrc, rtxPayloadType, rtxSsrc } = section;
  const [first, second] = crypto.getRandomValues(new Uint16Array(2)) as Uint16Array & [
    number,
    number,
  ];
  const extension = writeHeaderExtension({
    transportSequenceId: transportSequenceId(section),
    playoutDelayId: undefined,
    playoutDelay: { minMs: 0, maxMs: 0 },
  });
  return {
    identity: { payloadType, ssrc, extension },
    retransmission: rtxPayloadType === undefined || rtxSsrc === undefined
      ? undefined
      : { payloadType: rtxPayloadType, ssrc: rtxSsrc, extension, firstSequence: second >> 1 },
    firstSequence: first >> 1,
  };
}

/** The number of the transport-wide sequence number, if one-byte elements can have it. */
function transportSequenceId(
  { extensions }: Pick<AnsweredSection, "extensions">,
): number | undefined {
  return extensions.find(({ id, uri }) =>
    uri === EXTENSION_URI.transportSequence && id >= 1 && id <= MAX_ONE_BYTE_ID
  )?.id;
}
