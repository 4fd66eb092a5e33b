// @ts-check
/// <reference lib="dom" />
/** The requests of WHEP: an offer that opens a session, and the end of one. */
import { describeRefusal } from "./whep_failure.js";
import { extensionAddress } from "./whep_links.js";

/** @import { Failure } from "./playback_failure.js" */

/**
 * `resource` is the session's own address; without one, the gateway ends the session by itself. At
 * `events` it can be asked to tell about the session, at `layers` to send other pictures.
 *
 * @typedef {object} WhepAnswer
 * @property {"answer"} kind
 * @property {string} sdp
 * @property {string | undefined} resource
 * @property {string | undefined} events
 * @property {string | undefined} layers
 * @typedef {{ kind: "failure", failure: Failure }} WhepRefusal
 */

/**
 * Sends an offer. It is not aborted when the viewer leaves meanwhile: the answer says which session
 * is to be ended.
 *
 * @param {string} url absolute
 * @param {string} offer SDP
 * @param {number} timeoutMs
 * @returns {Promise<WhepAnswer | WhepRefusal>} never rejects
 */
export async function postOffer(url, offer, timeoutMs) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: offer,
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await response.text();
    if (response.status !== 201) {
      const retryAfter = response.headers.get("retry-after");
      return { kind: "failure", failure: describeRefusal(response.status, body, retryAfter) };
    }
    const location = response.headers.get("location");
    const resource = location === null ? undefined : new URL(location, response.url).href;
    const links = response.headers.get("link");
    const events = extensionAddress("server-sent-events", links, response.url);
    const layers = extensionAddress("layer", links, response.url);
    return { kind: "answer", sdp: body, resource, events, layers };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const detail = isLate ? "The gateway did not answer" : "The gateway cannot be reached";
    return { kind: "failure", failure: { kind: "network", detail } };
  }
}

/** What closes a session waits for its end no longer. */
const END_TIMEOUT_MS = 2000;

/**
 * Ends a session, also while the page goes away. Whether it still existed does not matter.
 *
 * @param {string} resource
 */
export async function endSession(resource) {
  try {
    const signal = AbortSignal.timeout(END_TIMEOUT_MS);
    const response = await fetch(resource, { method: "DELETE", keepalive: true, signal });
    await response.body?.cancel();
  } catch {
    // The gateway is gone, or it ends the session by itself when nothing comes from this side.
  }
}
