// @ts-check
/// <reference lib="dom" />
/** Reads the list of streams from the gateway while the page is visible. */

/**
 * `GET /api/v1/streams`. Any field may be missing or null while it is not known.
 *
 * @typedef {object} VideoInfo
 * @property {string | null} [codec] RFC 6381
 * @property {number | null} [width]
 * @property {number | null} [height]
 * @property {number | null} [frameRate]
 * @property {number | null} [keyFrameDistanceMs]
 * @property {boolean | null} [bFrames]
 * @property {boolean | null} [refreshes] whether it has intra refresh in place of key frames
 *
 * @typedef {object} AudioInfo
 * @property {string | null} [codec] RFC 6381
 * @property {number | null} [sampleRate]
 * @property {number | null} [channels]
 *
 * @typedef {VideoInfo & AudioInfo & {
 *   kind: "video" | "audio",
 *   id: number,
 *   isDefault: boolean,
 * }} TrackInfo
 *
 * @typedef {object} WebRtcInfo
 * @property {number | null} [viewers]
 * @property {boolean | null} [bFrames] whether there are any, which are then dropped
 * @property {boolean | null} [exact] whether all other pictures are the same without them
 * @property {string | null} [advice] a sentence for the publisher
 *
 * @typedef {object} StreamInfo
 * @property {string} app
 * @property {string} name
 * @property {"live" | "waiting"} state waiting: the publisher is gone, its grace period runs
 * @property {number | null} [uptimeMs]
 * @property {number | null} [viewers]
 * @property {number | null} [bitrateBps]
 * @property {VideoInfo | null} [video]
 * @property {AudioInfo | null} [audio]
 * @property {TrackInfo[] | null} [tracks] all, the default ones among them
 * @property {{ viewers?: number | null } | null} [rtmp]
 * @property {WebRtcInfo | null} [webrtc]
 * @property {string[] | null} [advice] sentences for the publisher
 *
 * @typedef {object} StreamList
 * @property {{ version?: string, rtmpPort?: number, uptimeMs?: number }} server
 * @property {StreamInfo[]} streams
 */

const POLL_INTERVAL_MS = 2000;
const REQUEST_TIMEOUT_MS = 5000;

/**
 * Polls until the page goes away; pauses while the page is hidden and reads at once when it is
 * shown again.
 *
 * @param {(list: StreamList) => void} onList
 * @param {(reason: string) => void} onFailure
 */
export function pollStreams(onList, onFailure) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let busy = false;

  async function poll() {
    clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    const answer = await readStreams().catch(describeFailure);
    busy = false;
    timer = setTimeout(poll, POLL_INTERVAL_MS);
    if (typeof answer === "string") onFailure(answer);
    else onList(answer);
  }

  document.addEventListener("visibilitychange", poll);
  poll();
}

/** @returns {Promise<StreamList>} */
async function readStreams() {
  const response = await fetch("/api/v1/streams", {
    cache: "no-store",
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  const list = await response.json();
  return { server: list.server ?? {}, streams: list.streams ?? [] };
}

/** @param {Error} error */
function describeFailure(error) {
  if (error.name === "TimeoutError") return "the gateway did not answer in time";
  return error instanceof TypeError ? "the gateway cannot be reached" : error.message;
}
