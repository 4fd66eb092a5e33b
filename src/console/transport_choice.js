// @ts-check
/// <reference lib="dom" />
/** Which transport plays a stream in this browser. */
import { formatCodec } from "./format.js";

/** @import { Transport } from "./location.js" */
/** @import { StreamInfo } from "./stream_list.js" */

/**
 * What the browser can do. An answer that it does not give is `undefined`: worth trying.
 *
 * @typedef {object} BrowserAbilities
 * @property {boolean} webRtc
 * @property {boolean | undefined} webRtcH264
 * @property {boolean} mediaSource
 * @property {(codec: string) => boolean} mediaSourceTakes video, RFC 6381
 *
 * @typedef {object} TransportChoice
 * @property {Transport} transport
 * @property {string} [obstacle] why it cannot play, for the reader
 * @property {string} [note] why it is not WebRTC, though nobody chose another, for the reader
 */

/** What the gateway turns into Opus, and Opus itself. */
const WEBRTC_AUDIO = /^(mp4a\.40\.(2|5|29)|opus)$/i;
const WEBRTC_VIDEO = /^avc[13]\./i;

/**
 * WebRTC has the least delay, so it is chosen wherever it can play the stream.
 *
 * @param {Transport | undefined} via what the reader chose, if anything
 * @param {StreamInfo | undefined} stream `undefined` while it is not known
 * @param {BrowserAbilities} browser
 * @returns {TransportChoice}
 */
export function chooseTransport(via, stream, browser) {
  if (via === "webrtc") return withObstacle(via, webRtcObstacle(stream, browser));
  if (via !== undefined) return withObstacle(via, flvObstacle(stream, browser));
  const against = reasonAgainstWebRtc(stream, browser);
  if (against === undefined) return { transport: "webrtc" };
  const obstacle = flvObstacle(stream, browser);
  if (obstacle === undefined) return { transport: "http-flv", note: against };
  // Telephones without Media Source Extensions have WebRTC.
  if (browser.webRtc && !browser.mediaSource) return { transport: "webrtc" };
  return { transport: "http-flv", obstacle };
}

/** What this browser can do. @returns {BrowserAbilities} */
export function detectAbilities() {
  const receiver = /** @type {{ RTCRtpReceiver?: typeof RTCRtpReceiver }} */ (globalThis)
    .RTCRtpReceiver;
  const codecs = receiver?.getCapabilities?.("video")?.codecs;
  return {
    webRtc: "RTCPeerConnection" in globalThis,
    webRtcH264: codecs?.some(({ mimeType }) => mimeType.toLowerCase() === "video/h264"),
    mediaSource: "MediaSource" in globalThis,
    mediaSourceTakes: (codec) => {
      return MediaSource.isTypeSupported(`video/mp4; codecs="${codec.replaceAll('"', "")}"`);
    },
  };
}

/**
 * @param {StreamInfo | undefined} stream
 * @param {BrowserAbilities} browser
 * @returns {string | undefined}
 */
function reasonAgainstWebRtc(stream, browser) {
  const obstacle = webRtcObstacle(stream, browser);
  if (obstacle !== undefined) return obstacle;
  const video = stream?.video?.codec;
  const audio = stream?.audio?.codec;
  if (video && !WEBRTC_VIDEO.test(video)) return `WebRTC does not carry ${formatCodec(video)} here`;
  if (audio && !WEBRTC_AUDIO.test(audio)) return `WebRTC does not carry ${formatCodec(audio)} here`;
  if (stream?.webrtc?.exact === false) {
    return "WebRTC would show this stream's pictures with errors, because of its B-frames";
  }
  return undefined;
}

/**
 * What the gateway cannot say by itself.
 *
 * @param {StreamInfo | undefined} stream
 * @param {BrowserAbilities} browser
 */
function webRtcObstacle(stream, browser) {
  if (!browser.webRtc) return "This browser has no WebRTC";
  const codec = stream?.video?.codec;
  if (browser.webRtcH264 === false && codec && WEBRTC_VIDEO.test(codec)) {
    return "This browser has no H.264 for WebRTC";
  }
  return undefined;
}

/**
 * @param {StreamInfo | undefined} stream
 * @param {BrowserAbilities} browser
 */
function flvObstacle(stream, browser) {
  if (!browser.mediaSource) return "This browser has no Media Source Extensions";
  const codec = stream?.video?.codec;
  if (!codec || browser.mediaSourceTakes(codec)) return undefined;
  return `This browser does not decode ${formatCodec(codec)} (${codec})`;
}

/**
 * @param {Transport} transport
 * @param {string | undefined} obstacle
 * @returns {TransportChoice}
 */
function withObstacle(transport, obstacle) {
  return obstacle === undefined ? { transport } : { transport, obstacle };
}
