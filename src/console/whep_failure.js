// @ts-check
/** Why a WebRTC session was refused or lost, in words for the reader and in kinds for the player. */

import { describeRefused } from "./playback_failure.js";

/** @import { Failure } from "./playback_failure.js" */

/** A refusal is one sentence; a page of markup from a proxy is not shown. */
const LONGEST_SENTENCE = 500;
const DEFAULT_PORT = "8000";
/** Nobody is kept waiting for longer. */
export const LONGEST_RETRY_AFTER_S = 300;

/**
 * Reads an answer to a WHEP offer that is not 201.
 *
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfter the header: seconds, or a date, which is not read
 * @returns {Failure}
 */
export function describeRefusal(status, body, retryAfter) {
  const sentence = sentenceOf(body);
  switch (status) {
    case 404:
      return { kind: "missing", detail: "" };
    case 422:
      return {
        kind: "unsupported",
        detail: sentence ?? "This browser and this stream have no codec in common over WebRTC",
      };
    case 405:
    case 501:
      return { kind: "unsupported", detail: "This gateway does not offer WebRTC" };
    case 401:
    case 403:
      return { kind: "refused", detail: describeRefused(status, sentence) };
    case 503: {
      const detail = sentence ?? "The gateway has no room for another WebRTC viewer";
      const seconds = Number(retryAfter ?? NaN);
      if (!(seconds > 0)) return { kind: "network", detail };
      return {
        kind: "network",
        detail,
        retryAfterMs: Math.min(seconds, LONGEST_RETRY_AFTER_S) * 1000,
      };
    }
    default:
      return { kind: "network", detail: sentence ?? `The gateway answered ${status}` };
  }
}

/**
 * The failure of a session that never had a path for its media.
 *
 * @param {string} answer the gateway's SDP, whose candidates say where it can be reached
 * @param {number} waitedMs
 * @returns {Failure}
 */
export function describeUnreachable(answer, waitedMs) {
  const candidates = [...answer.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+) (\d+) /gm)];
  const addresses = [...new Set(candidates.map(([, address]) => address))].join(", ");
  const ports = [...new Set(candidates.map(([, , port]) => port))].join(", ") || DEFAULT_PORT;
  const from = addresses === "" ? "the gateway" : addresses;
  return {
    kind: "unreachable",
    detail: `No media came from ${from} within ${Math.round(waitedMs / 1000)} s. ` +
      `The gateway's port ${ports} must be reachable over UDP or TCP; ` +
      "behind Docker or NAT start it with --public-ip",
  };
}

/**
 * @param {string} body
 * @returns {string | undefined} `undefined` when it is nothing to show
 */
export function sentenceOf(body) {
  const text = body.trim();
  return text === "" || text.startsWith("<") ? undefined : text.slice(0, LONGEST_SENTENCE);
}
