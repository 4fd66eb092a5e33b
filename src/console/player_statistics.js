// @ts-check
/// <reference lib="dom" />
/** The overlay of playback figures. */
import { showRows } from "./dom.js";
import { qualityRows } from "./quality.js";
import {
  formatBitrate,
  formatCodec,
  formatCount,
  formatMilliseconds,
  formatPercentage,
  formatPicture,
  UNKNOWN,
} from "./format.js";

/** @import { Transport } from "./location.js" */
/** @import { EngineFigures } from "./playback_engine.d.ts" */
/** @import { ViewerQuality } from "./quality.js" */
/** @import { StreamInfo } from "./stream_list.js" */
/** @import { WebRtcFigures } from "./webrtc_statistics.js" */

/** @type {Record<Transport, string>} */
export const TRANSPORT_NAMES = {
  "webrtc": "WebRTC",
  "webtransport": "WebTransport",
  "http-flv": "HTTP-FLV",
  "ws-flv": "WS-FLV",
};

/**
 * Writes the newest figures into a definition list.
 *
 * @param {HTMLElement} list
 * @param {HTMLVideoElement} video
 * @param {EngineFigures} figures
 * @param {Transport} transport
 * @param {{ stream: StreamInfo | undefined, quality: ViewerQuality | undefined }} told of the stream as
 *   it was listed last, and of what is sent of it
 */
export function showStatistics(list, video, figures, transport, { stream, quality }) {
  const rows = figures.kind === "webrtc"
    ? [...webRtcRows(figures, stream), ...qualityRows(quality)]
    : flvRows(video, figures.receivedBps, transport, stream);
  showRows(list, rows);
}

/**
 * Terms and values, as they are shown for WebRTC.
 *
 * @param {WebRtcFigures} figures
 * @param {Pick<StreamInfo, "video"> | undefined} stream whose profile its pictures have
 * @returns {[string, string][]}
 */
export function webRtcRows(figures, stream) {
  const { network, videoCodec, audioCodec } = figures;
  const shown = videoCodec && (stream?.video?.codecString ?? videoCodec);
  const codecs = [shown, audioCodec].filter(Boolean).map(formatCodec).join(" · ");
  const delays = [figures.videoDelayMs, figures.audioDelayMs].map(formatMilliseconds).join(" · ");
  return [
    ["Transport", ["WebRTC", network?.toUpperCase()].filter(Boolean).join(" · ")],
    ["Codecs", codecs || UNKNOWN],
    ["Picture", formatPicture(figures) || UNKNOWN],
    ["Received", formatBitrate(figures.bitrateBps)],
    [
      "Packets lost",
      `${formatCount(figures.packetsLost)} · ${formatPercentage(figures.lossRatio)}`,
    ],
    ["Round trip", formatMilliseconds(figures.roundTripMs)],
    ["Jitter buffer", delays],
    ["Lip sync", formatLipSync(figures.videoAheadMs)],
    ["Frames decoded", formatCount(figures.framesDecoded)],
    ["Frames dropped", formatCount(figures.framesDropped)],
    ["Freezes", formatCount(figures.freezes)],
  ];
}

/**
 * @param {HTMLVideoElement} video
 * @param {number} receivedBps
 * @param {Transport} transport
 * @param {StreamInfo | undefined} stream
 * @returns {[string, string][]}
 */
function flvRows(video, receivedBps, transport, stream) {
  const quality = video.getVideoPlaybackQuality();
  const codecs = [stream?.video?.codecString, stream?.audio?.codecString].filter(Boolean).map(
    formatCodec,
  );
  return [
    ["Transport", TRANSPORT_NAMES[transport]],
    ["Codecs", codecs.join(" · ") || UNKNOWN],
    ["Picture", video.videoWidth > 0 ? `${video.videoWidth}×${video.videoHeight}` : UNKNOWN],
    ["Frames decoded", formatCount(quality.totalVideoFrames)],
    ["Frames dropped", formatCount(quality.droppedVideoFrames)],
    ["Behind live edge", `${Math.round(bufferedMs(video))} ms`],
    ["Playback rate", `${video.playbackRate.toFixed(2)}×`],
    ["Received", formatBitrate(receivedBps)],
  ];
}

/** @param {number | undefined} videoAheadMs */
function formatLipSync(videoAheadMs) {
  if (videoAheadMs === undefined) return UNKNOWN;
  const distanceMs = Math.round(Math.abs(videoAheadMs));
  if (distanceMs === 0) return "0 ms";
  return videoAheadMs > 0 ? `picture ${distanceMs} ms ahead` : `picture ${distanceMs} ms late`;
}

/** What has arrived and is not shown yet. @param {HTMLVideoElement} video */
function bufferedMs({ buffered, currentTime }) {
  if (buffered.length === 0) return 0;
  return Math.max(0, (buffered.end(buffered.length - 1) - currentTime) * 1000);
}
