/** What a viewer offers by WHEP (RFC 9725), in the shape of Chromium's offers, and what it reads. */
import type { IceCandidate } from "../../src/webrtc/ice/candidate.ts";
import { EXTENSION_URI } from "../../src/rtp/header_extension.ts";
import type { IceCredentials } from "../../src/webrtc/ice/credentials.ts";
import { type SdpMedia, sdpValue, sdpValues, splitSdp } from "../../src/webrtc/sdp/lines.ts";

/** What the viewer is known by. */
export interface ViewerIdentity {
  readonly credentials: IceCredentials;
  /** SHA-256 of its certificate, in hexadecimal with colons. */
  readonly fingerprint: string;
}

/** One track that the server will send. */
export interface AnsweredTrack {
  readonly kind: "audio" | "video";
  readonly payloadType: number;
  readonly clockRateHz: number;
  /** The header extension that numbers packets over all tracks; `undefined` if there is none. */
  readonly transportSequenceId: number | undefined;
}

/** What the viewer needs of an answer. */
export interface WhepAnswer {
  readonly remote: IceCredentials;
  /** SHA-256 of the server's certificate, in upper case. */
  readonly fingerprint: string;
  readonly candidates: readonly IceCandidate[];
  readonly tracks: readonly AnsweredTrack[];
}

/** The payload types that Chromium gives H.264 in packetization mode 1, and its RTX. */
const H264_OFFERS = [
  { payloadType: 102, rtxPayloadType: 103, profileLevelId: "42001f" },
  { payloadType: 108, rtxPayloadType: 109, profileLevelId: "42e01f" },
  { payloadType: 116, rtxPayloadType: 117, profileLevelId: "4d001f" },
] as const;
const VIDEO_FEEDBACK = ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"] as const;
const OPUS_PAYLOAD_TYPE = 111;

/** An offer to receive Opus and H.264. */
export function writeWhepOffer(identity: ViewerIdentity): string {
  const formats = H264_OFFERS.map((h264) => `${h264.payloadType} ${h264.rtxPayloadType}`);
  const lines = [
    "v=0",
    "o=- 1525354291660261995 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1",
    "a=msid-semantic: WMS",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${OPUS_PAYLOAD_TYPE}`,
    ...transportLines(identity, "0"),
    `a=rtpmap:${OPUS_PAYLOAD_TYPE} opus/48000/2`,
    `a=rtcp-fb:${OPUS_PAYLOAD_TYPE} transport-cc`,
    `a=fmtp:${OPUS_PAYLOAD_TYPE} minptime=10;useinbandfec=1`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${formats.join(" ")}`,
    ...transportLines(identity, "1"),
    ...H264_OFFERS.flatMap(h264Lines),
  ];
  return lines.join("\r\n") + "\r\n";
}

function transportLines({ credentials, fingerprint }: ViewerIdentity, mid: string): string[] {
  return [
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    `a=ice-ufrag:${credentials.ufrag}`,
    `a=ice-pwd:${credentials.password}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${fingerprint}`,
    "a=setup:actpass",
    `a=mid:${mid}`,
    `a=extmap:3 ${EXTENSION_URI.transportSequence}`,
    "a=recvonly",
    "a=rtcp-mux",
    "a=rtcp-rsize",
  ];
}

function h264Lines(h264: (typeof H264_OFFERS)[number]): string[] {
  const { payloadType, rtxPayloadType, profileLevelId } = h264;
  const fmtp = `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}`;
  return [
    `a=rtpmap:${payloadType} H264/90000`,
    ...VIDEO_FEEDBACK.map((feedback) => `a=rtcp-fb:${payloadType} ${feedback}`),
    `a=fmtp:${payloadType} ${fmtp}`,
    `a=rtpmap:${rtxPayloadType} rtx/90000`,
    `a=fmtp:${rtxPayloadType} apt=${payloadType}`,
  ];
}

/**
 * Reads a server's answer.
 *
 * @throws {Error} if it lacks what a viewer needs
 */
export function readWhepAnswer(text: string): WhepAnswer {
  const sdp = splitSdp(text);
  const open = sdp.media.filter(({ port }) => port !== 0);
  const attributes = [...open.flatMap((media) => media.attributes), ...sdp.attributes];
  const need = (name: string) => {
    const value = sdpValue(attributes, name);
    if (value === undefined) throw new Error(`Cannot read answer: must have a=${name}, got none`);
    return value;
  };
  if (need("setup") !== "passive") {
    throw new Error(`Cannot read answer: setup must be passive, got ${need("setup")}`);
  }
  const fingerprint = /^sha-256 (\S+)$/i.exec(need("fingerprint"));
  if (fingerprint === null) throw new Error("Cannot read answer: fingerprint must be sha-256");
  return {
    remote: { ufrag: need("ice-ufrag"), password: need("ice-pwd") },
    fingerprint: fingerprint[1]!.toUpperCase(),
    candidates: sdpValues(attributes, "candidate").map(readCandidate),
    tracks: open.filter(({ attributes }) => sdpValue(attributes, "sendonly") !== undefined)
      .map(readTrack),
  };
}

/** A host's candidate, as servers here write it (RFC 8839 5.1, RFC 6544 4.5). */
function readCandidate(value: string): IceCandidate {
  const match = /^(\S+) 1 (udp|tcp) (\d+) (\S+) (\d+) typ host(?: tcptype (passive))?$/.exec(value);
  if (match === null) throw new Error(`Cannot read candidate: got ${value}`);
  const [, foundation, transport, priority, address, port, tcpType] = match;
  return {
    foundation: foundation!,
    transport: transport as "udp" | "tcp",
    priority: Number(priority),
    address: address!,
    port: Number(port),
    tcpType: tcpType as "passive" | undefined,
  };
}

/** A server that only sends names the payload type it will use first (RFC 3264 6.1). */
function readTrack({ media, formats, attributes }: SdpMedia): AnsweredTrack {
  const payloadType = Number(formats[0]);
  const map = sdpValues(attributes, "rtpmap").find((value) => value.startsWith(`${payloadType} `));
  const match = /^\d+ [\w-]+\/(\d+)/.exec(map ?? "");
  if ((media !== "audio" && media !== "video") || match === null) {
    throw new Error(`Cannot read answer: must send audio or video, got ${media} ${map}`);
  }
  const extension = sdpValues(attributes, "extmap").find((value) =>
    value.endsWith(` ${EXTENSION_URI.transportSequence}`)
  );
  return {
    kind: media,
    payloadType,
    clockRateHz: Number(match[1]),
    transportSequenceId: extension === undefined ? undefined : parseInt(extension, 10),
  };
}
