import consoleCss from "./console.css" with { type: "text" };
import consoleJs from "./console.js" with { type: "text" };
import copyJs from "./copy.js" with { type: "text" };
import domJs from "./dom.js" with { type: "text" };
import engineRelayJs from "./engine_relay.js" with { type: "text" };
import flvEngineJs from "./flv_engine.js" with { type: "text" };
import formatJs from "./format.js" with { type: "text" };
import iceRestartJs from "./ice_restart.js" with { type: "text" };
import iconSvg from "./icon.svg" with { type: "text" };
import indexHtml from "./index.html" with { type: "text" };
import layerChoiceJs from "./layer_choice.js" with { type: "text" };
import locationJs from "./location.js" with { type: "text" };
import pathWatchJs from "./path_watch.js" with { type: "text" };
import playbackFailureJs from "./playback_failure.js" with { type: "text" };
import playbackProgressJs from "./playback_progress.js" with { type: "text" };
import playerCss from "./player.css" with { type: "text" };
import playerJs from "./player.js" with { type: "text" };
import playerControlsJs from "./player_controls.js" with { type: "text" };
import playerNoticeJs from "./player_notice.js" with { type: "text" };
import playerPanelJs from "./player_panel.js" with { type: "text" };
import playerStatisticsJs from "./player_statistics.js" with { type: "text" };
import publishCss from "./publish.css" with { type: "text" };
import publishHelpJs from "./publish_help.js" with { type: "text" };
import publisherCss from "./publisher.css" with { type: "text" };
import publisherJs from "./publisher.js" with { type: "text" };
import publisherChoiceJs from "./publisher_choice.js" with { type: "text" };
import publisherMediaJs from "./publisher_media.js" with { type: "text" };
import publisherMenusJs from "./publisher_menus.js" with { type: "text" };
import publisherPanelJs from "./publisher_panel.js" with { type: "text" };
import publisherStatisticsJs from "./publisher_statistics.js" with { type: "text" };
import publisherWordsJs from "./publisher_words.js" with { type: "text" };
import qualityJs from "./quality.js" with { type: "text" };
import retryScheduleJs from "./retry_schedule.js" with { type: "text" };
import rtcConnectionJs from "./rtc_connection.js" with { type: "text" };
import sessionEventsJs from "./session_events.js" with { type: "text" };
import soundMemoryJs from "./sound_memory.js" with { type: "text" };
import statsReportJs from "./stats_report.js" with { type: "text" };
import streamListJs from "./stream_list.js" with { type: "text" };
import streamPagesJs from "./stream_pages.js" with { type: "text" };
import streamTableJs from "./stream_table.js" with { type: "text" };
import streamUpdatesJs from "./stream_updates.js" with { type: "text" };
import streamsCss from "./streams.css" with { type: "text" };
import transportChoiceJs from "./transport_choice.js" with { type: "text" };
import webrtcProgressJs from "./webrtc_progress.js" with { type: "text" };
import webrtcStatisticsJs from "./webrtc_statistics.js" with { type: "text" };
import whepEngineJs from "./whep_engine.js" with { type: "text" };
import whepFailureJs from "./whep_failure.js" with { type: "text" };
import whepLinksJs from "./whep_links.js" with { type: "text" };
import whepOfferJs from "./whep_offer.js" with { type: "text" };
import webtransportLoaderJs from "./webtransport_loader.js" with { type: "text" };
import whepSignallingJs from "./whep_signalling.js" with { type: "text" };
import whipFailureJs from "./whip_failure.js" with { type: "text" };
import whipSessionJs from "./whip_session.js" with { type: "text" };
import whipSignallingJs from "./whip_signalling.js" with { type: "text" };
import mpegtsJs from "mpegts.js/dist/mpegts.js" with { type: "text" };
import mpegtsNotices from "mpegts.js/dist/mpegts.js.LICENSE.txt" with { type: "text" };
import mpegtsLicense from "mpegts.js/LICENSE" with { type: "text" };

/**
 * Media Source Extensions and the worker of mpegts.js need `blob:`; `ws:` and `wss:` are for browsers
 * whose `'self'` does not cover WebSocket; WebTransport is `https:` on ports of its own.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss: https:",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/** What the page publishes from and what its player uses; of what it could ask for beside, nothing. */
const PERMISSIONS_POLICY = [
  ...["camera", "microphone", "display-capture"],
  ...["autoplay", "fullscreen", "clipboard-write"],
].map((feature) => `${feature}=(self)`).concat([
  ...["accelerometer", "bluetooth", "geolocation", "gyroscope", "hid", "magnetometer", "midi"],
  ...["payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking"],
].map((feature) => `${feature}=()`)).join(", ");

/** What to send with every asset. */
export const consoleHeaders = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "permissions-policy": PERMISSIONS_POLICY,
  "referrer-policy": "no-referrer",
} as const;

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const TEXT = "text/plain; charset=utf-8";

/**
 * Every file of the console. They come with the module graph, so that serving them reads nothing
 * from disk, in `deno run`, in a bundle and in a compiled binary alike.
 *
 * @example
 * ```ts
 * import { consoleAssets } from "./assets.ts";
 *
 * const page = consoleAssets.find((asset) => asset.path === "/");
 * const response = new Response(page?.body, { headers: { "content-type": page!.contentType } });
 * ```
 */
export const consoleAssets = [
  { path: "/", contentType: HTML, body: indexHtml },
  asset("console.css", CSS, consoleCss),
  asset("player.css", CSS, playerCss),
  asset("publish.css", CSS, publishCss),
  asset("streams.css", CSS, streamsCss),
  asset("publisher.css", CSS, publisherCss),
  asset("icon.svg", "image/svg+xml", iconSvg),
  asset("console.js", SCRIPT, consoleJs),
  asset("copy.js", SCRIPT, copyJs),
  asset("dom.js", SCRIPT, domJs),
  asset("engine_relay.js", SCRIPT, engineRelayJs),
  asset("flv_engine.js", SCRIPT, flvEngineJs),
  asset("format.js", SCRIPT, formatJs),
  asset("ice_restart.js", SCRIPT, iceRestartJs),
  asset("layer_choice.js", SCRIPT, layerChoiceJs),
  asset("location.js", SCRIPT, locationJs),
  asset("path_watch.js", SCRIPT, pathWatchJs),
  asset("playback_failure.js", SCRIPT, playbackFailureJs),
  asset("playback_progress.js", SCRIPT, playbackProgressJs),
  asset("player.js", SCRIPT, playerJs),
  asset("player_controls.js", SCRIPT, playerControlsJs),
  asset("player_notice.js", SCRIPT, playerNoticeJs),
  asset("player_panel.js", SCRIPT, playerPanelJs),
  asset("player_statistics.js", SCRIPT, playerStatisticsJs),
  asset("publish_help.js", SCRIPT, publishHelpJs),
  asset("publisher.js", SCRIPT, publisherJs),
  asset("publisher_choice.js", SCRIPT, publisherChoiceJs),
  asset("publisher_media.js", SCRIPT, publisherMediaJs),
  asset("publisher_menus.js", SCRIPT, publisherMenusJs),
  asset("publisher_panel.js", SCRIPT, publisherPanelJs),
  asset("publisher_statistics.js", SCRIPT, publisherStatisticsJs),
  asset("publisher_words.js", SCRIPT, publisherWordsJs),
  asset("quality.js", SCRIPT, qualityJs),
  asset("retry_schedule.js", SCRIPT, retryScheduleJs),
  asset("rtc_connection.js", SCRIPT, rtcConnectionJs),
  asset("session_events.js", SCRIPT, sessionEventsJs),
  asset("sound_memory.js", SCRIPT, soundMemoryJs),
  asset("stats_report.js", SCRIPT, statsReportJs),
  asset("stream_list.js", SCRIPT, streamListJs),
  asset("stream_pages.js", SCRIPT, streamPagesJs),
  asset("stream_table.js", SCRIPT, streamTableJs),
  asset("stream_updates.js", SCRIPT, streamUpdatesJs),
  asset("transport_choice.js", SCRIPT, transportChoiceJs),
  asset("webrtc_progress.js", SCRIPT, webrtcProgressJs),
  asset("webrtc_statistics.js", SCRIPT, webrtcStatisticsJs),
  asset("whep_engine.js", SCRIPT, whepEngineJs),
  asset("whep_failure.js", SCRIPT, whepFailureJs),
  asset("whep_links.js", SCRIPT, whepLinksJs),
  asset("whep_offer.js", SCRIPT, whepOfferJs),
  asset("webtransport_loader.js", SCRIPT, webtransportLoaderJs),
  asset("whep_signalling.js", SCRIPT, whepSignallingJs),
  asset("whip_failure.js", SCRIPT, whipFailureJs),
  asset("whip_session.js", SCRIPT, whipSessionJs),
  asset("whip_signalling.js", SCRIPT, whipSignallingJs),
  // The source map is not served: without this, developer tools would ask for it in vain.
  asset("mpegts.js", SCRIPT, mpegtsJs.replace(/\n\/\/# sourceMappingURL=\S*\s*$/, "\n")),
  asset("mpegts.js.LICENSE.txt", TEXT, `${mpegtsNotices}\n${mpegtsLicense}`),
];

function asset(name: string, contentType: string, body: string) {
  return { path: `/assets/${name}`, contentType, body };
}
