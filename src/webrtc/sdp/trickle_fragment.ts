import { formatCandidate, type IceCandidate } from "../ice/candidate.ts";
import { checkIcePassword, checkIceUfrag, type IceCredentials } from "../ice/credentials.ts";
import { type SdpAttribute, sdpValue, splitSdp } from "./lines.ts";
import { WebrtcError } from "../webrtc_error.ts";

/** The media type of a WHEP PATCH and of what answers it (RFC 8840 9, RFC 9725 4.3). */
export const TRICKLE_FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

/** The other side's credentials, which are all that a fragment tells an ICE-lite server. */
export interface TrickleFragment {
  /** The other side's name, which tells to which generation this belongs (RFC 8840 4.4). */
  readonly ufrag: string;
  /** With other credentials than before this asks for an ICE restart (RFC 9725 4.3.3). */
  readonly password: string;
}

/**
 * Parses the body of a PATCH (RFC 8840 9). Credentials may stand before the first `m=` line or in
 * any section, where the first counts: with BUNDLE all are the same. Candidates are not read: checks
 * come from the other side, and some clients write theirs as `a=candidate:candidate:…`.
 *
 * @throws {WebrtcError} if it has no credentials, or is no fragment, or passes a limit
 */
export function parseTrickleFragment(text: string): TrickleFragment {
  const { attributes, media } = splitSdp(text);
  const all = [attributes, ...media.map((section) => section.attributes)];
  return {
    ufrag: checkIceUfrag(firstValue(all, "ice-ufrag")),
    password: checkIcePassword(firstValue(all, "ice-pwd")),
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

function firstValue(lists: readonly (readonly SdpAttribute[])[], name: string): string {
  for (const list of lists) {
    const value = sdpValue(list, name);
    if (value !== undefined) return value;
  }
  throw new WebrtcError(`Cannot take candidates: must tell ${name}, got none`);
}
