import type { AgreedSection, AnsweredSection } from "./answered_section.ts";
import type { ReceivedSection } from "./received_section.ts";
import { formatCandidate, type IceCandidate } from "../ice/candidate.ts";
import type { IceCredentials } from "../ice/credentials.ts";
import { isAnswerable } from "./media_choice.ts";
import type { OfferedCodec } from "./codecs.ts";
import type { BundleTag } from "./trickle_fragment.ts";
import type { OfferedSection, SdpDirection, SdpOffer } from "./offer.ts";

/** How to reach the server. */
export interface AnswerTransport {
  readonly local: IceCredentials;
  /** SHA-256 of the DTLS certificate: 32 bytes in hexadecimal with colons. */
  readonly fingerprint: string;
  readonly candidates: readonly IceCandidate[];
}

/** Names in an answer; none may hold white space. */
export interface AnswerNames {
  /** Digits only (RFC 8866 5.2). */
  readonly sessionId: string;
  /** The same for audio and video: it puts them on one clock (RFC 3550 6.5.1). */
  readonly cname: string;
  /** What the browser's MediaStream will be called. */
  readonly streamId: string;
}

/**
 * Writes the answer of a server that only sends, or only receives (RFC 8829 5.3): ICE-lite, one
 * transport for all, DTLS passive.
 *
 * Sections of the offer in which nothing is agreed stay open, inactive and in the bundle, with a codec
 * and the transport: pion, webrtc-rs, aiortc, werift and GStreamer refuse an answer without these. So
 * do data channels: closed, aiortc and werift would never be connected.
 *
 * @example
 * ```ts ignore
 * const offer = parseSdpOffer(body);
 * const choice = chooseMedia(offer, stream);
 * if (choice.kind === "mismatch") return unprocessable(describeMismatches(choice.mismatches));
 * const video = settleSection(choice.video, { ssrc: 1, rtxSsrc: 2 });
 * const answer = writeSdpAnswer(offer, [video], transport, names);
 * ```
 */
export function writeSdpAnswer(
  offer: SdpOffer,
  answered: readonly (AnsweredSection | ReceivedSection)[],
  transport: AnswerTransport,
  names: AnswerNames,
): string {
  const bundled = bundledMids(offer);
  const lines = [
    "v=0",
    `o=- ${names.sessionId} 1 IN IP4 0.0.0.0`,
    "s=-",
    "t=0 0",
    // An answer may not form a group that was not offered (RFC 5888 9.1).
    ...(offer.hasBundleGroup ? [`a=group:BUNDLE ${bundled.join(" ")}`] : []),
    "a=ice-lite",
    // Only what was offered (RFC 9429 5.3.1).
    ...(offer.transport.mayTrickle ? ["a=ice-options:trickle"] : []),
    `a=msid-semantic:WMS ${names.streamId}`,
  ];
  for (const section of offer.sections) {
    if (!bundled.includes(section.mid)) {
      lines.push(...closedSection(section, transport));
      continue;
    }
    const settled = answered.find(({ mid }) => mid === section.mid);
    const [head, details] = settled !== undefined
      ? [agreedHead(settled), [...codecLines(settled), ...directedLines(settled, names)]]
      : section.kind === "other"
      ? [dataHead(section), DATA_LINES]
      : [inactiveHead(section), formatLines(inactiveCodec(section))];
    lines.push(...head, ...transportLines(transport));
    if (section.mid === bundled[0]) lines.push(...candidateLines(transport.candidates));
    lines.push(...details);
  }
  return lines.join("\r\n") + "\r\n";
}

/**
 * What an ICE restart of a session that was answered so needs, by `writeTrickleFragment` (RFC 9725
 * 4.3.3): all that is to be kept of an offer. Its texts are copies, as a part of a text keeps the
 * whole alive.
 */
export function bundleTag(
  offer: SdpOffer,
  answered: readonly Pick<AgreedSection, "mid" | "payloadType">[],
): BundleTag {
  const mids = bundledMids(offer);
  const tagged = offer.sections.find(({ mid }) => mid === mids[0]);
  return structuredClone({
    mids,
    media: tagged?.media ?? "video",
    protocol: tagged?.protocol ?? "UDP/TLS/RTP/SAVPF",
    format: `${answered.find(({ mid }) => mid === mids[0])?.payloadType ?? 0}`,
  });
}

/** RFC 8843 7.3: the offer's order, without what is closed; the first carries the candidates. */
function bundledMids(offer: SdpOffer): string[] {
  return offer.bundleMids.filter((mid) =>
    offer.sections.some((section) => section.mid === mid && isAnswerable(offer, section))
  );
}

/** Port 0 closes a section (RFC 8829 5.3.1); aiortc looks for the transport there, too. */
function closedSection(
  { media, protocol, formats, mid }: OfferedSection,
  transport: AnswerTransport,
): string[] {
  return [
    `m=${media} 0 ${protocol} ${formats.join(" ")}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    "a=inactive",
    ...transportLines(transport),
  ];
}

/** RFC 8841 5 and 6. */
const DATA_LINES = ["a=sctp-port:5000", "a=max-message-size:65536"];

function dataHead({ media, protocol, formats, mid }: OfferedSection): string[] {
  return [
    `m=${media} 9 ${protocol} ${formats.join(" ")}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
  ];
}

/** Opus where it is offered, else what the other side prefers. */
function inactiveCodec({ codecs }: OfferedSection): OfferedCodec | undefined {
  return codecs.find(({ name }) => name.toLowerCase() === "opus") ?? codecs[0];
}

function inactiveHead(section: OfferedSection): string[] {
  // Static payload types need no codec (RFC 3551 6).
  const format = inactiveCodec(section)?.payloadType ?? section.formats[0];
  return openHead(section, `${format}`, "inactive");
}

function agreedHead({ chosen: { section }, ...settled }: AnsweredSection | ReceivedSection) {
  const { payloadType, rtxPayloadType, redPayloadType, direction } = settled;
  const plain = [payloadType, rtxPayloadType];
  // Browsers send what comes first, and we send either.
  const formats = direction === "recvonly"
    ? [redPayloadType, ...plain]
    : [...plain, redPayloadType];
  return openHead(section, formats.filter((type) => type !== undefined).join(" "), direction);
}

function openHead(
  { media, protocol, mid, rtcpMuxOnly, rtcpReducedSize }: OfferedSection,
  formats: string,
  direction: SdpDirection,
): string[] {
  return [
    // The candidates tell the true port; 9 stands for none (RFC 8829 5.2.1).
    `m=${media} 9 ${protocol} ${formats}`,
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    `a=${direction}`,
    "a=rtcp-mux",
    ...(rtcpMuxOnly ? ["a=rtcp-mux-only"] : []),
    ...(rtcpReducedSize ? ["a=rtcp-rsize"] : []),
  ];
}

function transportLines({ local, fingerprint }: AnswerTransport): string[] {
  return [
    `a=ice-ufrag:${local.ufrag}`,
    `a=ice-pwd:${local.password}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:passive",
  ];
}

function candidateLines(candidates: readonly IceCandidate[]): string[] {
  const lines = candidates.map((candidate) => `a=${formatCandidate(candidate)}`);
  return [...lines, "a=end-of-candidates"];
}

/** What a payload type is. */
function formatLines(codec: OfferedCodec | undefined, fmtp = codec?.fmtp ?? ""): string[] {
  if (codec === undefined) return [];
  const { payloadType, name, clockRate } = codec;
  const channels = codec.channels === 1 ? "" : `/${codec.channels}`;
  const lines = [`a=rtpmap:${payloadType} ${name}/${clockRate}${channels}`];
  if (fmtp !== "") lines.push(`a=fmtp:${payloadType} ${fmtp}`);
  return lines;
}

function codecLines(settled: AgreedSection): string[] {
  const { codec } = settled.chosen.choice;
  const { payloadType, rtxPayloadType, redPayloadType } = settled;
  const lines = settled.extensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`);
  lines.push(...formatLines(codec, settled.fmtp));
  for (const kind of settled.feedback) lines.push(`a=rtcp-fb:${payloadType} ${kind}`);
  if (rtxPayloadType !== undefined) {
    lines.push(`a=rtpmap:${rtxPayloadType} rtx/${codec.clockRate}`);
    lines.push(`a=fmtp:${rtxPayloadType} apt=${payloadType}`);
  }
  const red = settled.chosen.section.codecs.find((one) => one.payloadType === redPayloadType);
  lines.push(...formatLines(red));
  return lines;
}

function directedLines(settled: AnsweredSection | ReceivedSection, names: AnswerNames): string[] {
  return settled.direction === "sendonly" ? sourceLines(settled, names) : layerLines(settled);
}

/** RFC 8853 5.3: the layers that are taken, as they were offered. */
function layerLines({ rids }: ReceivedSection): string[] {
  if (rids.length === 0) return [];
  return [...rids.map((rid) => `a=rid:${rid} recv`), `a=simulcast:recv ${rids.join(";")}`];
}

/** Browsers take the first ssrc for the media: the RTX one must come after it. */
function sourceLines(settled: AnsweredSection, { cname, streamId }: AnswerNames): string[] {
  const { ssrc, rtxSsrc, kind } = settled;
  const msid = `${streamId} ${streamId}-${kind}`;
  const lines = [`a=msid:${msid}`];
  if (rtxSsrc !== undefined) lines.push(`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`);
  for (const source of rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc]) {
    lines.push(`a=ssrc:${source} cname:${cname}`, `a=ssrc:${source} msid:${msid}`);
  }
  return lines;
}
