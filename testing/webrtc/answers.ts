import { hostCandidates } from "../../src/webrtc/ice/candidate.ts";
import {
  chooseMedia,
  type StreamMedia,
  type WantedMedia,
} from "../../src/webrtc/sdp/media_choice.ts";
import {
  type AnsweredSection,
  type AnswerWishes,
  settleSection,
} from "../../src/webrtc/sdp/answered_section.ts";
import {
  type AnswerNames,
  type AnswerTransport,
  writeSdpAnswer,
} from "../../src/webrtc/sdp/answer.ts";
import { parseSdpOffer } from "../../src/webrtc/sdp/offer.ts";

export const TRANSPORT: AnswerTransport = {
  local: { ufrag: "ours1234", password: "password/of/the/server+1" },
  fingerprint: Array.from({ length: 32 }, (_, at) => (at + 0xa0).toString(16).toUpperCase())
    .join(":"),
  candidates: hostCandidates([
    { transport: "udp", hostname: "192.0.2.1", port: 8000 },
    { transport: "udp", hostname: "2001:db8::1", port: 8000 },
    { transport: "tcp", hostname: "192.0.2.1", port: 8000 },
  ]),
};

export const NAMES: AnswerNames = { sessionId: "7001", cname: "sluice", streamId: "live" };

/** Answers `text` as a server would that has `stream`. */
export function answerOffer(
  text: string,
  stream: StreamMedia,
  { wishes, wanted, transport = TRANSPORT }: {
    readonly wishes?: AnswerWishes;
    readonly wanted?: WantedMedia;
    readonly transport?: AnswerTransport;
  } = {},
): { readonly answer: string; readonly sections: readonly AnsweredSection[] } {
  const offer = parseSdpOffer(text);
  const choice = chooseMedia(offer, stream, wanted);
  if (choice.kind === "mismatch") throw new Error("No common codec");
  const given = wishes === undefined ? {} : { wishes };
  const sections: AnsweredSection[] = [];
  if (choice.audio !== undefined) {
    const channels = stream.audio?.channels ?? 2;
    sections.push(settleSection(choice.audio, { ssrc: 1001 }, { ...given, channels }));
  }
  if (choice.video !== undefined) {
    sections.push(settleSection(choice.video, { ssrc: 2001, rtxSsrc: 2002 }, given));
  }
  return { answer: writeSdpAnswer(offer, sections, transport, NAMES), sections };
}
