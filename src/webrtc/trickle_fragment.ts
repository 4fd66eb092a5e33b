import { formatCandidate, type IceCandidate, parseCandidate } from "./candidate.ts";
import { checkIcePassword, checkIceUfrag, type IceCredentials } from "./ice_credentials.ts";
import { type SdpAttribute, sdpValue, sdpValues, splitSdp } from "./sdp_lines.ts";
import { WebrtcError } from "./webrtc_error.ts";

/** The media type of a WHEP PATCH and of what answers it (RFC 8840 9, RFC 9725 4.3). */
export const TRICKLE_FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

/** Candidates in one fragment. */
export const MAX_TRICKLED_CANDIDATES = 64;

/** What one `m=` section of a fragment brings. */
export interface TrickledSection {
  /** `undefined` before the first `m=` line, and where a client left it out. */
  readonly mid: string | undefined;
  readonly candidates: readonly IceCandidate[];
  readonly endOfCandidates: boolean;
}

/** A parsed fragment. Candidates of a transport or type not known here are left out. */
export interface TrickleFragment {
  /** The other side's name, which tells to which generation this belongs (RFC 8840 4.4). */
  readonly ufrag: string;
  /** With other credentials than before this asks for an ICE restart (RFC 9725 4.3.3). */
  readonly password: string;
  readonly sections: readonly TrickledSection[];
}

/**
 * Parses the body of a PATCH (RFC 8840 9). Credentials may stand before the first `m=` line or in
 * any section, where the first counts: with BUNDLE all are the same.
 *
 * @throws {WebrtcError} if it has no credentials, or is no fragment, or passes a limit
 */
export function parseTrickleFragment(text: string): TrickleFragment {
  const { attributes, media } = splitSdp(text);
  const all = [attributes, ...media.map((section) => section.attributes)];
  const count = all.reduce((sum, list) => sum + sdpValues(list, "candidate").length, 0);
  if (count > MAX_TRICKLED_CANDIDATES) {
    throw new WebrtcError(
      `Cannot take candidates: must be up to ${MAX_TRICKLED_CANDIDATES} at a time, got ${count}`,
    );
  }
  return {
    ufrag: checkIceUfrag(firstValue(all, "ice-ufrag")),
    password: checkIcePassword(firstValue(all, "ice-pwd")),
    sections: all.map(parseSection).filter((section, index) => index > 0 || isFilled(section)),
  };
}

/** What a fragment tells of us after an ICE restart. */
export interface RestartedTransport {
  readonly local: IceCredentials;
  readonly candidates: readonly IceCandidate[];
}

/** The section that carries the transport: the first of the bundle, as in the answer. */
export interface BundleTag {
  readonly mids: readonly string[];
  readonly media: string;
  readonly protocol: string;
  readonly format: string;
}

/** The fragment that answers an ICE restart (RFC 9725 4.3.3). */
export function writeTrickleFragment(transport: RestartedTransport, bundle: BundleTag): string {
  const lines = [
    "a=ice-lite",
    "a=ice-options:trickle",
    `a=group:BUNDLE ${bundle.mids.join(" ")}`,
    `m=${bundle.media} 9 ${bundle.protocol} ${bundle.format}`,
    `a=mid:${bundle.mids[0] ?? ""}`,
    `a=ice-ufrag:${transport.local.ufrag}`,
    `a=ice-pwd:${transport.local.password}`,
    ...transport.candidates.map((candidate) => `a=${formatCandidate(candidate)}`),
    "a=end-of-candidates",
  ];
  return lines.join("\r\n") + "\r\n";
}

function parseSection(attributes: readonly SdpAttribute[]): TrickledSection {
  const candidates: IceCandidate[] = [];
  for (const value of sdpValues(attributes, "candidate")) {
    const candidate = parseCandidate(`candidate:${value}`);
    if (candidate !== undefined) candidates.push(candidate);
  }
  return {
    mid: sdpValue(attributes, "mid"),
    candidates,
    endOfCandidates: sdpValue(attributes, "end-of-candidates") !== undefined,
  };
}

function isFilled(section: TrickledSection): boolean {
  return section.candidates.length > 0 || section.endOfCandidates;
}

function firstValue(lists: readonly (readonly SdpAttribute[])[], name: string): string {
  for (const list of lists) {
    const value = sdpValue(list, name);
    if (value !== undefined) return value;
  }
  throw new WebrtcError(`Cannot take candidates: must tell ${name}, got none`);
}
