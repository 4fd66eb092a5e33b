// @ts-check
/// <reference lib="dom" />
/** The requests of WHIP (RFC 9725): an offer that opens a session, another path for it, and its end. */
import { describePublishRefusal } from "./whip_failure.js";

/** @import { PublishFailure } from "./whip_failure.js" */

/**
 * `resource` is the session's own address; without one, the gateway ends the session by itself.
 *
 * @typedef {object} WhipAnswer
 * @property {"answer"} kind
 * @property {string} sdp
 * @property {string | undefined} resource
 *
 * @typedef {object} RestartAnswer
 * @property {"restarted"} kind
 * @property {string} fragment the gateway's new credentials
 *
 * `gone`: there is no such session any more; `failed`: it may be tried again.
 *
 * @typedef {{ kind: "gone" | "failed" }} RestartFailure
 */

/** What closes a session waits for its end no longer. */
const END_TIMEOUT_MS = 2000;

/** @param {string} token "" if there is none */
function authorization(token) {
  return token === "" ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Sends an offer. It is not aborted when the publisher leaves meanwhile: the answer says which session
 * is to be ended.
 *
 * @param {string} url
 * @param {string} token
 * @param {string} offer SDP
 * @param {number} timeoutMs
 * @returns {Promise<WhipAnswer | { kind: "failure", failure: PublishFailure }>} never rejects
 */
export async function postPublication(url, token, offer, timeoutMs) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp", ...authorization(token) },
      body: offer,
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await response.text();
    const { status, headers } = response;
    if (status !== 201) {
      const failure = describePublishRefusal(status, body, headers.get("retry-after"));
      return { kind: "failure", failure };
    }
    const location = headers.get("location");
    return {
      kind: "answer",
      sdp: body,
      resource: location === null ? undefined : new URL(location, response.url).href,
    };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const detail = isLate ? "The gateway did not answer" : "The gateway cannot be reached";
    return { kind: "failure", failure: { kind: "network", detail } };
  }
}

/**
 * Asks for an ICE restart.
 *
 * @param {{ resource: string, token: string }} session
 * @param {string} fragment the browser's new credentials
 * @param {number} timeoutMs
 * @returns {Promise<RestartAnswer | RestartFailure>} never rejects
 */
export async function patchSession({ resource, token }, fragment, timeoutMs) {
  try {
    const response = await fetch(resource, {
      method: "PATCH",
      headers: {
        "content-type": "application/trickle-ice-sdpfrag",
        // Whatever its credentials are by now: the answer to the restart before this may be lost.
        "if-match": "*",
        ...authorization(token),
      },
      body: fragment,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await response.text();
    if (response.status === 200) {
      return { kind: "restarted", fragment: body };
    }
    // What is refused would be refused again; a proxy's troubles pass.
    return { kind: response.status < 500 ? "gone" : "failed" };
  } catch {
    return { kind: "failed" };
  }
}

/**
 * Ends a session, also while the page goes away. Whether it still existed does not matter.
 *
 * @param {string} resource
 * @param {string} token
 */
export async function endPublication(resource, token) {
  try {
    const response = await fetch(resource, {
      method: "DELETE",
      headers: authorization(token),
      keepalive: true,
      signal: AbortSignal.timeout(END_TIMEOUT_MS),
    });
    await response.body?.cancel();
  } catch {
    // The gateway is gone, or it ends the session by itself when nothing comes from this side.
  }
}
