/** What PATCH does with a WebRTC session (RFC 9725 4.3, and draft-ietf-wish-whep alike). */
import { STATUS_CODE } from "@std/http/status";
import { Allowance } from "../../../address/allowance.ts";
import { namesEtag } from "../../../http/entity_tag.ts";
import type { IceCandidate } from "../../../webrtc/ice/candidate.ts";
import type { IceCredentials } from "../../../webrtc/ice/credentials.ts";
import {
  type BundleTag,
  parseTrickleFragment,
  TRICKLE_FRAGMENT_TYPE,
  writeTrickleFragment,
} from "../../../webrtc/sdp/trickle_fragment.ts";
import type { WebrtcEndpoint } from "../../webrtc/endpoint.ts";
import type { PeerSession } from "../../webrtc/sessions.ts";
import { answer, problem } from "../routing/answers.ts";
import type { ForwardedResponse, SessionRequest } from "../routing/forwarded_request.ts";
import { mediaType } from "./whep_offer.ts";

/** What was answered to an offer, as far as an ICE restart needs it. */
export interface AnsweredTransport {
  readonly tag: BundleTag;
  readonly candidates: readonly IceCandidate[];
  /** Of the session's ICE credentials. */
  etag: string;
  readonly patches: Allowance;
}

/** Candidates one by one, and some restarts: more than clients need in ten seconds. */
const PATCHES_AT_ONCE = 100;

/** What is kept of an answer that was made now. */
export function answeredTransport(
  tag: BundleTag,
  candidates: readonly IceCandidate[],
  local: IceCredentials,
): AnsweredTransport {
  const patches = new Allowance(PATCHES_AT_ONCE, performance.now());
  return { tag, candidates, etag: etagOf(local), patches };
}

/** Of a session with these credentials of ours, as long as its ICE is not restarted. */
function etagOf({ ufrag }: IceCredentials): string {
  return `"${ufrag}"`;
}

/**
 * Takes candidates, of which an ICE-lite server needs no more than the credentials, or restarts ICE.
 *
 * @throws {WebrtcError} if the body is no fragment
 */
export function patchSession(
  endpoint: WebrtcEndpoint,
  session: PeerSession,
  answered: AnsweredTransport,
  request: Pick<SessionRequest, "contentType" | "ifMatch" | "body">,
): ForwardedResponse {
  if (!answered.patches.take(performance.now())) {
    return problem(
      STATUS_CODE.TooManyRequests,
      `A session may be changed ${PATCHES_AT_ONCE} times at once, and then 10 times a second`,
      { "retry-after": "1" },
    );
  }
  if (mediaType(request.contentType) !== TRICKLE_FRAGMENT_TYPE) {
    return problem(
      STATUS_CODE.UnsupportedMediaType,
      `Content-Type must be ${TRICKLE_FRAGMENT_TYPE}`,
    );
  }
  const { ufrag, password } = parseTrickleFragment(new TextDecoder().decode(request.body));
  // A copy: a part of a text keeps the whole alive.
  const remote = structuredClone({ ufrag, password });
  const isRestart = session.peer.remoteUfrag !== undefined &&
    ufrag !== session.peer.remoteUfrag;
  if (request.ifMatch !== undefined && !namesEtag(request.ifMatch, answered.etag)) {
    return problem(STATUS_CODE.PreconditionFailed, "The session has been restarted since");
  }
  if (!isRestart) {
    session.peer.learnRemote(remote);
    // ICE-lite: checks come from the peer, which has our candidates.
    return answer(STATUS_CODE.NoContent, {});
  }
  const local = endpoint.restart(session, remote);
  answered.etag = etagOf(local);
  const body = writeTrickleFragment({ local, candidates: answered.candidates }, answered.tag);
  return answer(STATUS_CODE.OK, {
    "content-type": TRICKLE_FRAGMENT_TYPE,
    etag: answered.etag,
  }, body);
}
