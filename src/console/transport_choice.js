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
 * @property {ReadonlySet<string> | undefined} webRtcVideo codecs by their names in SDP, in lower case
 * @property {boolean} mediaSource
 * @property {(codec: string) => boolean} mediaSourceTakes video, RFC 6381
 *
 * @typedef {object} TransportChoice
 * @property {Transport} transport
 * @property {string} [obstacle] why it cannot play, for the reader
 * @property {string} [note] why it is not WebRTC, though nobody chose another, for the reader
 */

/** What the gateway turns into Opus, and Opus itself. */
const WEBRTC_AUDIO = /^(mp4a\.40\.(2|5|29)|opus|g711-(alaw|mulaw)|pcm(-native)?)$/i;

/** What the gateway sends over WebRTC where the browser has it: RFC 6381, and the name in SDP. */
const WEBRTC_VIDEO = /** @type {const} */ ([
  [/^avc[13]\b/i, "h264", "H.264"],
  [/^(hvc1|hev1|h265)\b/i, "h265", "HEVC"],
  [/^(av01|av1)\b/i, "av1", "AV1"],
  [/^(vp09|vp9)\b/i, "vp9", "VP9"],
  [/^(vp08|vp8)\b/i, "vp8", "VP8"],
]);

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
    webRtcVideo: codecs &&
      new Set(codecs.map(({ mimeType }) => mimeType.toLowerCase().replace(/^video\//, ""))),
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
  const video = stream?.video?.codecString;
  const audio = stream?.audio?.codecString;
  if (video && !webRtcCodec(video)) return `WebRTC does not carry ${formatCodec(video)} here`;
  if (audio && !WEBRTC_AUDIO.test(audio)) return `WebRTC does not carry ${formatCodec(audio)} here`;
  const channels = stream?.audio?.channels ?? 0;
  if (audio === "opus" && channels > 2) return `WebRTC has no Opus of ${channels} channels`;
  if (stream?.webrtc?.exact === false) {
    return "WebRTC would show this stream's pictures with errors, because of its B-frames";
  }
  if (!stream?.webrtc?.bFrames && !stream?.video?.bFrames) return undefined;
  return "WebRTC does not show this stream's B-frames";
}

/**
 * What the gateway cannot say by itself.
 *
 * @param {StreamInfo | undefined} stream
 * @param {BrowserAbilities} browser
 */
function webRtcObstacle(stream, browser) {
  if (!browser.webRtc) return "This browser has no WebRTC";
  const codec = stream?.video?.codecString;
  const [, name, shown] = codec && webRtcCodec(codec) || [];
  if (name === undefined || browser.webRtcVideo === undefined || browser.webRtcVideo.has(name)) {
    return undefined;
  }
  return `This browser has no ${shown} for WebRTC`;
}

/** @param {string} codec RFC 6381 */
function webRtcCodec(codec) {
  return WEBRTC_VIDEO.find(([pattern]) => pattern.test(codec));
}

/**
 * @param {StreamInfo | undefined} stream
 * @param {BrowserAbilities} browser
 */
function flvObstacle(stream, browser) {
  if (!browser.mediaSource) return "This browser has no Media Source Extensions";
  const codec = stream?.video?.codecString;
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
