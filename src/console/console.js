// @ts-check
/// <reference lib="dom" />
/** The console's entry: what the fragment names is played, what the gateway lists is shown. */
import { enableCopyButtons } from "./copy.js";
import { byId, setText } from "./dom.js";
import { formatDuration } from "./format.js";
import { isSameStream, parseFragment, streamTitle } from "./location.js";
import { PlayerPanel } from "./player_panel.js";
import { startPublishHelp } from "./publish_help.js";
import { PublisherPanel } from "./publisher_panel.js";
import { StreamFollower } from "./stream_list.js";
import { startStreamPages } from "./stream_pages.js";
import { startStreamTable } from "./stream_table.js";

/** @import { StreamList } from "./stream_list.js" */

const panel = new PlayerPanel();
const table = startStreamTable();
const publishHelp = startPublishHelp();
const publisher = new PublisherPanel();
const pages = startStreamPages((page) => follower.showPage(page));
/** @type {StreamList | undefined} */
let list;
let selection = parseFragment(location.hash);

function showSelection() {
  document.title = selection ? `${streamTitle(selection)} · Sluice` : "Sluice";
  panel.show(selection);
  showStreams();
}

function showStreams() {
  if (!list) return;
  table.show(list.streams, selection);
  pages.show(list);
  // On another page there may be what is watched.
  const isTold = list.pages === 1 || list.streams.some((stream) => isSameStream(stream, selection));
  if (isTold) panel.handleList(list.streams);
  else panel.handleSilence();
}

/** @param {StreamList} newest */
function showList(newest) {
  list = newest;
  showGateway("ready", "Connected");
  setText(byId("server-version", HTMLElement), list.gateway.version ?? "–");
  setText(byId("server-rtmp-port", HTMLElement), String(list.gateway.rtmpPort ?? "–"));
  setText(byId("server-uptime", HTMLElement), formatDuration(list.gateway.uptimeMs));
  publishHelp.setRtmpPort(list.gateway.rtmpPort);
  publishHelp.showAdvice(list.streams);
  publisher.setHttpsPort(list.gateway.httpsPort);
  panel.setWebtransportPort(list.gateway.webtransportPort);
  publisher.handleList(list.streams);
  showStreams();
}

/**
 * @param {"ready" | "unreachable"} state
 * @param {string} text
 */
function showGateway(state, text) {
  byId("gateway", HTMLElement).dataset.state = state;
  document.body.dataset.gateway = state;
  setText(byId("gateway-text", HTMLElement), text);
}

addEventListener("hashchange", () => {
  const next = parseFragment(location.hash);
  // A fragment without a stream is a link inside the page: what plays goes on.
  if (!next && location.hash.length > 1) return;
  selection = next;
  showSelection();
});

enableCopyButtons(document.body, byId("copy-status", HTMLElement));
showSelection();
const follower = new StreamFollower(showList, (reason) => {
  showGateway("unreachable", `Retrying: ${reason}`);
  panel.handleSilence();
});
