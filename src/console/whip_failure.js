// @ts-check
/** Why the gateway took no publisher, in words for the reader and in kinds for what publishes. */
import { LONGEST_RETRY_AFTER_S, sentenceOf } from "./whep_failure.js";

/**
 * `refused`: may not; `taken`: somebody else publishes the stream; `unsupported`: would fail again;
 * `network`: worth another try; `closed`: so too, the gateway has ended what there was.
 *
 * @typedef {object} PublishFailure
 * @property {"refused" | "taken" | "unsupported" | "network" | "closed"} kind
 * @property {string} detail
 * @property {number} [retryAfterMs] how long the gateway asks to wait
 */

/**
 * Reads an answer to an offer that is not 201.
 *
 * @param {number} status
 * @param {string} body
 * @param {string | null} retryAfter the header: seconds
 * @returns {PublishFailure}
 */
export function describePublishRefusal(status, body, retryAfter) {
  const sentence = sentenceOf(body);
  switch (status) {
    case 401: {
      const remedy = "Enter the stream's key or a token that the gateway accepts";
      return { kind: "refused", detail: sentence ? `${sentence} ${remedy}` : remedy };
    }
    case 403:
      return { kind: "refused", detail: sentence ?? "You may not publish this stream" };
    case 409:
      return {
        kind: "taken",
        detail: sentence ?? "Somebody else publishes under this name: take another",
      };
    case 400:
    case 413:
    case 415:
    case 422: {
      const detail = sentence ?? "The gateway cannot take what this browser would send";
      return { kind: "unsupported", detail };
    }
    case 404:
    case 405:
    case 501:
      return { kind: "unsupported", detail: "This gateway takes nothing by WebRTC" };
    case 503: {
      const detail = sentence ?? "The gateway has no room for another publisher";
      const seconds = Math.min(Number(retryAfter ?? NaN), LONGEST_RETRY_AFTER_S);
      return { kind: "network", detail, ...(seconds > 0 && { retryAfterMs: seconds * 1000 }) };
    }
    default:
      return { kind: "network", detail: sentence ?? `The gateway answered ${status}` };
  }
}
