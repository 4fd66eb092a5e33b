// @ts-check
/// <reference lib="dom" />
/** The overlay of playback figures. */
import { create, setText } from "./dom.js";
import { formatBitrate, formatCount, UNKNOWN } from "./format.js";

/** @import { Transport } from "./location.js" */

/** @type {Record<Transport, string>} */
const TRANSPORT_NAMES = { "http-flv": "HTTP-FLV", "ws-flv": "WS-FLV" };

/**
 * Writes the newest figures into a definition list.
 *
 * @param {HTMLElement} list
 * @param {HTMLVideoElement} video
 * @param {number} receivedBps
 * @param {Transport} transport
 */
export function showStatistics(list, video, receivedBps, transport) {
  const quality = video.getVideoPlaybackQuality();
  const rows = [
    ["Transport", TRANSPORT_NAMES[transport]],
    ["Picture", video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : UNKNOWN],
    ["Frames decoded", formatCount(quality.totalVideoFrames)],
    ["Frames dropped", formatCount(quality.droppedVideoFrames)],
    ["Behind live edge", `${Math.round(bufferedMs(video))} ms`],
    ["Playback rate", `${video.playbackRate.toFixed(2)}×`],
    ["Received", formatBitrate(receivedBps)],
  ];
  if (list.children.length !== rows.length) {
    list.replaceChildren(...rows.map(() => create("div", "", create("dt"), create("dd"))));
  }
  rows.forEach(([term = "", value = ""], index) => {
    const [dt, dd] = list.children[index]?.children ?? [];
    if (dt) setText(dt, term);
    if (dd) setText(dd, value);
  });
}

/** What has arrived and is not shown yet. @param {HTMLVideoElement} video */
function bufferedMs({ buffered, currentTime }) {
  if (buffered.length === 0) return 0;
  return Math.max(0, (buffered.end(buffered.length - 1) - currentTime) * 1000);
}
