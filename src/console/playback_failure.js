// @ts-check
/// <reference lib="dom" />
/** Why playing failed, in words for the reader and in kinds for the player. */

/**
 * `missing`: no such stream; `ended`: the server closed it; `network`, `media`: worth another try;
 * `unreachable`: so too, and another transport may do better; `unsupported`: would fail again;
 * `refused`: so too, until somebody changes who may;
 * `changed`: the stream has another track now, or the gateway has ended the session: it is to be
 * opened anew at once; `pinned`: so too, with the quality that is wanted in its address.
 *
 * @typedef {object} Failure
 * @property {"missing" | "ended" | "network" | "media" | "unreachable" | "unsupported" | "refused" | "changed" | "pinned"} kind
 * @property {string} detail
 * @property {number} [retryAfterMs] how long the gateway asks to wait
 */

/**
 * Whether mpegts.js only tells of a packet that it does not know and passes over: metadata of the
 * pictures, such as their colours, which encoders of AV1 and HEVC send (Enhanced RTMP, packet type
 * 4).
 *
 * @param {string} detail one of its ErrorDetails
 * @param {unknown} cause
 */
export function isPassedOver(detail, cause) {
  return detail === "FormatError" && cause === "Flv: Invalid video packet type 4";
}

/**
 * Reads what mpegts.js reports.
 *
 * @param {string} type one of its ErrorTypes
 * @param {string} detail one of its ErrorDetails
 * @param {{ code?: number, msg?: string } | string | undefined} cause text from its demuxer, a
 * record from everything else
 * @returns {Failure}
 */
export function describeFailure(type, detail, cause) {
  const info = typeof cause === "string" ? { msg: cause } : cause;
  const reason = info?.msg || detail;
  if (detail === "HttpStatusCodeInvalid") return describeStatus(info?.code, reason);
  if (type === "NetworkError") return { kind: "network", detail: "The connection was lost" };
  if (detail === "CodecUnsupported") {
    return { kind: "unsupported", detail: `The player does not know its codec: ${reason}` };
  }
  // MSE refuses a codec by this DOMException code when the source buffer is made.
  if (detail === "MediaMSEError" && info?.code === DOMException.NOT_SUPPORTED_ERR) {
    return { kind: "unsupported", detail: "This browser does not decode the stream's codec" };
  }
  // No track can be added to those that MSE plays already.
  if (detail === "MediaMSEError" && info?.code === DOMException.QUOTA_EXCEEDED_ERR) {
    return { kind: "changed", detail: "The stream has another track now" };
  }
  return { kind: "media", detail: `The stream could not be played: ${reason}` };
}

/**
 * Why somebody may not watch, and what helps.
 *
 * @param {number} status
 * @param {string} [sentence] the gateway's, if that can be had
 */
export function describeRefused(status, sentence) {
  if (status !== 401) return sentence ?? "The gateway does not let this viewer in";
  const remedy = "This page's address needs a ?token= that the gateway accepts";
  return sentence === undefined ? remedy : `${sentence} ${remedy}`;
}

/**
 * What an answer that is no stream means.
 *
 * @param {number | undefined} status
 * @param {string} reason
 * @returns {Failure}
 */
export function describeStatus(status, reason) {
  if (status === 404) return { kind: "missing", detail: "" };
  if (status === 401 || status === 403) {
    return { kind: "refused", detail: describeRefused(status) };
  }
  return { kind: "network", detail: `The gateway answered ${status ?? reason}` };
}
