/** Answers to those who want to watch by WHEP. */
import { STATUS_CODE } from "@std/http/status";
import type { ResponseHeaders, WholeResponse } from "../../../http/response.ts";
import { TRICKLE_FRAGMENT_TYPE } from "../../../webrtc/sdp/trickle_fragment.ts";
import { answer, busy, problem } from "../routing/answers.ts";
import { SDP_TYPE } from "./whep_offer.ts";

/** After this, a refused viewer may come again: a stream that has just begun is known then. */
const RETRY_AFTER_SECONDS = 2;

/**
 * A session is open.
 *
 * @param sdp the answer to its offer
 * @param where its address, and those of what it has beside
 */
export function created(sdp: string, etag: string, where: ResponseHeaders): WholeResponse {
  return answer(STATUS_CODE.Created, {
    "content-type": SDP_TYPE,
    "cache-control": "no-store",
    "accept-patch": TRICKLE_FRAGMENT_TYPE,
    ...where,
    etag,
  }, sdp);
}

/** Nobody publishes the stream, or does so no longer: a viewer may try again. */
export function notLive(path: string): WholeResponse {
  return problem(STATUS_CODE.NotFound, `The stream ${path} is not live`, {
    "retry-after": `${RETRY_AFTER_SECONDS}`,
  });
}

/** The stream is there, and cannot be watched at this moment. */
export function notNow(message: string): WholeResponse {
  return busy(message, RETRY_AFTER_SECONDS);
}

/** The stream has begun, and is not known yet. */
export function notToldYet(): WholeResponse {
  return notNow("The stream has not told yet what it carries");
}

/**
 * What the stream has does not fit what was offered, or what the settings say. 406 would be a
 * counter-offer (draft-ietf-wish-whep-04).
 */
export function notToBeHad(message: string): WholeResponse {
  return problem(STATUS_CODE.UnprocessableEntity, message);
}

/** Nobody watches under this address. */
export function noViewer(): WholeResponse {
  return problem(STATUS_CODE.NotFound, "There is no such viewer");
}
