import { checkIcePassword, checkIceUfrag } from "../ice/credentials.ts";
import { type OfferedCodec, parseOfferedCodecs } from "./codecs.ts";
import {
  type SdpAttribute,
  type SdpMedia,
  type SdpText,
  sdpValue,
  sdpValues,
  splitSdp,
} from "./lines.ts";
import { type OfferedSources, parseOfferedSources } from "./sources.ts";
import { WebrtcError } from "../webrtc_error.ts";

export type MediaKind = "audio" | "video";
export type SdpDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";
/** Who opens DTLS (RFC 8842 5.3). */
export type SdpSetup = "actpass" | "active" | "passive" | "holdconn";

/** RFC 5888 4 calls it a token; it travels in RTP, where RFC 8843 15.1 wants it short. */
const MID = /^[\w!#$%&'*+.^`{|}~-]{1,32}$/;

/** An RTP header extension and the number it has in this session (RFC 8285 5). */
export interface OfferedExtension {
  readonly id: number;
  readonly uri: string;
}

/** The hash of the certificate that DTLS will show (RFC 8122 5). */
export interface SdpFingerprint {
  /** Lower case: "sha-256". */
  readonly algorithm: string;
  readonly value: string;
}

/** One `m=` section of an offer. */
export interface OfferedSection {
  readonly kind: MediaKind | "other";
  /** As written: "audio", "video", "application" … */
  readonly media: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly mid: string;
  readonly direction: SdpDirection;
  /** Whether it is closed: port 0 without `bundle-only` (RFC 8843 6). */
  readonly rejected: boolean;
  readonly rtcpMux: boolean;
  /** RFC 8858. */
  readonly rtcpMuxOnly: boolean;
  readonly rtcpReducedSize: boolean;
  /** In the order of preference; RTX is folded into what it repairs. */
  readonly codecs: readonly OfferedCodec[];
  readonly extensions: readonly OfferedExtension[];
  /** Of what would be sent here, as far as it is said. */
  readonly sources: OfferedSources;
}

/** How to reach who offers: with BUNDLE it is the same for all sections. */
export interface OfferedTransport {
  /** `undefined` if it is to be trickled. */
  readonly iceUfrag: string | undefined;
  readonly icePassword: string | undefined;
  readonly fingerprints: readonly SdpFingerprint[];
  readonly setup: SdpSetup | undefined;
  /** Whether candidates may come later (RFC 8840 4.1.1). */
  readonly mayTrickle: boolean;
}

/** A parsed offer; it borrows nothing. */
export interface SdpOffer {
  /** Sections that share the transport, in the group's order. */
  readonly bundleMids: readonly string[];
  /** `false` if a lone section comes without a group. */
  readonly hasBundleGroup: boolean;
  readonly transport: OfferedTransport;
  readonly sections: readonly OfferedSection[];
}

/**
 * Parses an offer of WebRTC (RFC 8829 5.2, RFC 8866).
 *
 * @example
 * ```ts ignore
 * const offer = parseSdpOffer(await request.text());
 * offer.sections[0]?.codecs[0]?.name; // "opus"
 * ```
 *
 * @throws {WebrtcError} if it is no SDP, passes a limit, or cannot be answered by one transport for
 * all: a server here needs BUNDLE and rtcp-mux
 */
export function parseSdpOffer(text: string): SdpOffer {
  if (!text.startsWith("v=0")) {
    throw new WebrtcError(
      `Cannot read offer: must begin by "v=0", got ${JSON.stringify(text.slice(0, 16))}`,
    );
  }
  const sdp = splitSdp(text);
  if (sdp.media.length === 0) throw new WebrtcError("Cannot read offer: must have an m= line");
  const direction = directionOf(sdp.attributes) ?? "sendrecv";
  const sections = sdp.media.map((media) => parseSection(media, direction));
  checkMids(sections);
  const group = parseBundleGroup(sdp, sections);
  const bundleMids = group ?? loneMid(sections);
  const transport = parseTransport(sdp, bundleMids, sections);
  checkAnswerable(sections, transport);
  return { bundleMids, hasBundleGroup: group !== undefined, transport, sections };
}

/** One port for all, and a DTLS server that only waits, leave no other choice. */
function checkAnswerable(sections: readonly OfferedSection[], transport: OfferedTransport): void {
  const unmuxed = sections.find(({ kind, rejected, rtcpMux }) =>
    kind !== "other" && !rejected && !rtcpMux
  );
  if (unmuxed !== undefined) {
    throw new WebrtcError(`Cannot read offer: must offer rtcp-mux, got none in mid ${unmuxed.mid}`);
  }
  const { setup, fingerprints } = transport;
  // RFC 4145 4: "active" is the default in an offer.
  if (setup === "passive" || setup === "holdconn") {
    throw new WebrtcError(`Cannot read offer: setup must be actpass or active, got ${setup}`);
  }
  if (fingerprints.length === 0) {
    throw new WebrtcError("Cannot read offer: must tell a certificate's fingerprint, got none");
  }
}

/** @param direction of sections that do not tell their own */
function parseSection(media: SdpMedia, direction: SdpDirection): OfferedSection {
  const { attributes } = media;
  const mid = sdpValue(attributes, "mid");
  if (mid === undefined || !MID.test(mid)) {
    throw new WebrtcError(
      `Cannot read offer: each section must have a mid of up to 32 characters, got ${
        JSON.stringify(mid?.slice(0, 32))
      }`,
    );
  }
  const kind = media.media === "audio" || media.media === "video" ? media.media : "other";
  const isBundleOnly = sdpValue(attributes, "bundle-only") !== undefined;
  return {
    kind,
    media: media.media,
    protocol: media.protocol,
    formats: media.formats,
    mid,
    direction: directionOf(attributes) ?? direction,
    rejected: media.port === 0 && !isBundleOnly,
    // A section that has no port of its own needs not say so (RFC 9143 7.1.3).
    rtcpMux: sdpValue(attributes, "rtcp-mux") !== undefined || media.port === 0 && isBundleOnly,
    rtcpMuxOnly: sdpValue(attributes, "rtcp-mux-only") !== undefined,
    rtcpReducedSize: sdpValue(attributes, "rtcp-rsize") !== undefined,
    codecs: kind === "other" ? [] : parseOfferedCodecs(media),
    extensions: parseExtensions(attributes),
    sources: parseOfferedSources(attributes),
  };
}

const DIRECTIONS: readonly SdpDirection[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

function directionOf(attributes: readonly SdpAttribute[]): SdpDirection | undefined {
  return DIRECTIONS.find((direction) => sdpValue(attributes, direction) !== undefined);
}

/** RFC 8285 5; those that only the other side would send are left out. */
function parseExtensions(attributes: readonly SdpAttribute[]): OfferedExtension[] {
  const extensions: OfferedExtension[] = [];
  for (const value of sdpValues(attributes, "extmap")) {
    const match = /^(\d{1,5})(?:\/(\w+))? (\S+)/.exec(value);
    if (match === null || match[2] === "sendonly" || match[2] === "inactive") continue;
    extensions.push({ id: Number(match[1]), uri: match[3]! });
  }
  return extensions;
}

function checkMids(sections: readonly OfferedSection[]): void {
  const mids = new Set(sections.map(({ mid }) => mid));
  if (mids.size < sections.length) {
    throw new WebrtcError("Cannot read offer: each mid must be unique, got one twice");
  }
}

/** RFC 8843 7.2. */
function parseBundleGroup(
  sdp: SdpText,
  sections: readonly OfferedSection[],
): string[] | undefined {
  for (const value of sdpValues(sdp.attributes, "group")) {
    const [semantics, ...mids] = value.split(/ +/);
    if (semantics?.toUpperCase() !== "BUNDLE") continue;
    const known = new Set(sections.map(({ mid }) => mid));
    return [...new Set(mids)].filter((mid) => known.has(mid));
  }
  return undefined;
}

/** A lone section needs no group. */
function loneMid(sections: readonly OfferedSection[]): string[] {
  const open = sections.filter(({ rejected }) => !rejected);
  if (open.length <= 1) return open.map(({ mid }) => mid);
  throw new WebrtcError("Cannot read offer: all media must share one transport by BUNDLE");
}

/** Of the section that is the bundle's tag, else of the session (RFC 8843 7.1.3). */
function parseTransport(
  sdp: SdpText,
  bundleMids: readonly string[],
  sections: readonly OfferedSection[],
): OfferedTransport {
  const tagged = sections.findIndex(({ mid }) => mid === bundleMids[0]);
  const own = sdp.media[Math.max(tagged, 0)]!.attributes;
  const value = (name: string) => sdpValue(own, name) ?? sdpValue(sdp.attributes, name);
  const iceUfrag = value("ice-ufrag");
  const icePassword = value("ice-pwd");
  return {
    iceUfrag: iceUfrag === undefined ? undefined : checkIceUfrag(iceUfrag),
    icePassword: icePassword === undefined ? undefined : checkIcePassword(icePassword),
    fingerprints: parseFingerprints([...own, ...sdp.attributes]),
    setup: parseSetup(value("setup")),
    // OBS, by libdatachannel, has commas between them.
    mayTrickle: value("ice-options")?.split(/[ ,]+/).includes("trickle") === true,
  };
}

function parseFingerprints(attributes: readonly SdpAttribute[]): SdpFingerprint[] {
  return sdpValues(attributes, "fingerprint").map((text) => {
    const match = /^([\w-]{1,16}) ((?:[0-9a-f]{2}:){15,63}[0-9a-f]{2})$/i.exec(text);
    if (match === null) {
      throw new WebrtcError(
        `Cannot read fingerprint: must be a hash and its bytes, got ${
          JSON.stringify(text.slice(0, 32))
        }`,
      );
    }
    return { algorithm: match[1]!.toLowerCase(), value: match[2]!.toUpperCase() };
  });
}

const SETUPS: readonly SdpSetup[] = ["actpass", "active", "passive", "holdconn"];

function parseSetup(text: string | undefined): SdpSetup | undefined {
  if (text === undefined) return undefined;
  const setup = SETUPS.find((known) => known === text);
  if (setup !== undefined) return setup;
  throw new WebrtcError(
    `Cannot read setup: must be one of ${SETUPS.join(", ")}, got ${
      JSON.stringify(text.slice(0, 32))
    }`,
  );
}
