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
 * @property {boolean} webTransport
 * @property {boolean} isSecure whether the page has come in a way that nobody could change
 * @property {boolean} mediaSource
 * @property {(codec: string) => boolean} mediaSourceTakes RFC 6381
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

/** What mpegts.js reads of FLV; of older sound it knows AAC and MP3, and linear samples. */
const FLV_VIDEO = /^(avc[13]|hvc1|hev1|h265|av01|av1)\b/i;
const FLV_AUDIO = /^(mp4a\b.*|mp3|pcm(-native)?|opus|flac)$/i;

/** Of these, a browser may lack the decoder. */
const NEWER_AUDIO = /^(opus|flac)$/i;

/**
 * WebRTC has the least delay, so it is chosen wherever it can play the stream.
 *
 * @param {Transport | undefined} via what the reader chose, if anything
 * @param {StreamInfo | undefined} stream `undefined` while it is not known
 * @param {BrowserAbilities} browser
 * @returns {TransportChoice}
 */
export function chooseTransport(via, stream, browser) {
  const webRtc = webRtcObstacle(stream, browser);
  const flv = flvObstacle(stream, browser);
  if (via === "webrtc") return withObstacle(via, webRtc, flv === undefined && "HTTP-FLV");
  if (via === "webtransport") return withObstacle(via, webTransportObstacle(browser) ?? flv);
  const uncarried = uncarriedPictures(stream);
  const obstacle = webRtc ?? uncarried;
  if (via !== undefined) return withObstacle(via, flv, obstacle === undefined && "WebRTC");
  const against = obstacle ?? flawOverWebRtc(stream);
  if (against === undefined) return { transport: "webrtc" };
  if (flv === undefined) return { transport: "http-flv", note: against };
  // With a flaw it is seen; and telephones without Media Source Extensions have WebRTC alone.
  if (obstacle === undefined || !browser.mediaSource) return withObstacle("webrtc", webRtc);
  return { transport: "http-flv", obstacle: flv };
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
    webTransport: "WebTransport" in globalThis,
    isSecure: isSecureContext,
    mediaSource: "MediaSource" in globalThis,
    mediaSourceTakes: (codec) => {
      const container = NEWER_AUDIO.test(codec) ? "audio/mp4" : "video/mp4";
      return MediaSource.isTypeSupported(`${container}; codecs="${codec.replaceAll('"', "")}"`);
    },
  };
}

/**
 * @param {StreamInfo | undefined} stream
 * @returns {string | undefined}
 */
function uncarriedPictures(stream) {
  const video = stream?.video?.codecString;
  return video && !webRtcCodec(video)
    ? `WebRTC does not carry ${formatCodec(video)} here`
    : undefined;
}

/**
 * What is not heard, or not seen as it was made.
 *
 * @param {StreamInfo | undefined} stream
 * @returns {string | undefined}
 */
function flawOverWebRtc(stream) {
  const audio = stream?.audio?.codecString;
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

/** @param {BrowserAbilities} browser */
function webTransportObstacle({ webTransport, isSecure }) {
  if (webTransport) return undefined;
  if (isSecure) return "This browser has no WebTransport";
  return "WebTransport needs a page from https:// or http://localhost";
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
  const video = stream?.video?.codecString;
  const audio = stream?.audio?.codecString;
  if (video && !FLV_VIDEO.test(video)) return unknownInFlv(video);
  if (audio && !FLV_AUDIO.test(audio)) return unknownInFlv(audio);
  const wanted = [video, audio && NEWER_AUDIO.test(audio) ? audio : undefined];
  const lacking = wanted.find((codec) => codec && !browser.mediaSourceTakes(codec));
  return lacking ? `This browser does not decode ${formatCodec(lacking)} (${lacking})` : undefined;
}

/** @param {string} codec */
function unknownInFlv(codec) {
  return `This page's player of FLV does not know ${formatCodec(codec)}`;
}

/**
 * @param {Transport} transport
 * @param {string | undefined} obstacle
 * @param {string | false} [remedy] what plays it instead
 * @returns {TransportChoice}
 */
function withObstacle(transport, obstacle, remedy = false) {
  if (obstacle === undefined) return { transport };
  return { transport, obstacle: remedy === false ? obstacle : `${obstacle}: ${remedy} plays it` };
}
