// @ts-check
/// <reference lib="dom" />
/** The player's controls, notices and statistics. */
import { byId, setText, showLine, showOptions } from "./dom.js";
import {
  asQuality,
  asTransport,
  formatFragment,
  isSameStream,
  mediaUrl,
  streamTitle,
} from "./location.js";
import { LivePlayer } from "./player.js";
import { wireKeys, wireSound } from "./player_controls.js";
import { describeStatus } from "./player_notice.js";
import { describeQuality, qualityChoices } from "./quality.js";
import { showStatistics, TRANSPORT_NAMES } from "./player_statistics.js";

/** @import { PlayerStatus } from "./player.js" */
/** @import { QualityChoice } from "./quality.js" */
/** @import { Selection } from "./location.js" */
/** @import { StreamInfo } from "./stream_list.js" */

const REFRESH_INTERVAL_MS = 500;

/**
 * Controls change the page's fragment, and the fragment alone says what is played.
 */
export class PlayerPanel {
  #panel = byId("player", HTMLElement);
  #video = byId("video", HTMLVideoElement);
  #stats = byId("stats", HTMLElement);
  #quality = byId("quality", HTMLSelectElement);
  #player = new LivePlayer(this.#video, (status) => this.#showStatus(status));
  /** @type {Selection | undefined} */
  #selection;
  /** @type {StreamInfo | undefined} what is played, as it was listed last */
  #listed;
  /** @type {number | undefined} */
  #webtransportPort;

  constructor() {
    this.#wireChoices();
    this.#wireButtons();
    for (const event of ["loadedmetadata", "resize"]) {
      this.#video.addEventListener(event, () => {
        this.#panel.dataset.picture = this.#video.videoWidth > 0 ? "shown" : "none";
      });
    }
    // A page that comes back by the browser's history has left its session.
    addEventListener("pageshow", (event) => {
      if (/** @type {PageTransitionEvent} */ (event).persisted) this.#player.retry();
    });
    wireSound(this.#video);
    wireKeys(this.#panel);
    setInterval(() => {
      if (this.#player.status.state === "retrying") this.#showStatus(this.#player.status);
      this.#refreshStatistics();
      this.#showQuality();
    }, REFRESH_INTERVAL_MS);
  }

  /** @param {Selection | undefined} next */
  show(next) {
    const isNew = next !== undefined && !isSameStream(next, this.#selection);
    this.#selection = next;
    this.#panel.hidden = next === undefined;
    if (!next) {
      this.#player.close();
      return;
    }
    if (isNew) this.#listed = undefined;
    setText(byId("now-name", HTMLElement), streamTitle(next));
    this.#player.open(next);
    this.#showTransport(this.#player.status);
    this.#showQuality();
    // On a narrow page the list is far below the picture.
    if (isNew) this.#panel.scrollIntoView({ block: "nearest" });
  }

  /** @param {StreamInfo[]} streams */
  handleList(streams) {
    this.#player.handleList(streams);
    if (!this.#selection) return;
    this.#listed = streams.find((stream) => isSameStream(stream, this.#selection));
    // What is known of the stream may explain what is seen of it.
    this.#showStatus(this.#player.status);
  }

  handleSilence() {
    this.#player.forgetList();
  }

  #wireChoices() {
    this.#quality.addEventListener("change", () => {
      const quality = asQuality(this.#quality.value);
      if (this.#selection) location.hash = formatFragment({ ...this.#selection, quality });
    });
    for (const choice of transportChoices()) {
      choice.addEventListener("change", () => {
        const via = asTransport(choice.value);
        if (this.#selection) location.hash = formatFragment({ ...this.#selection, via });
      });
    }
  }

  #wireButtons() {
    byId("retry", HTMLElement).addEventListener("click", () => this.#player.retry());
    byId("stop", HTMLElement).addEventListener("click", () => {
      location.hash = "";
    });
    byId("stats-toggle", HTMLElement).addEventListener("click", ({ currentTarget }) => {
      this.#stats.hidden = !this.#stats.hidden;
      if (currentTarget instanceof Element) currentTarget.ariaPressed = String(!this.#stats.hidden);
      this.#refreshStatistics();
    });
    byId("fullscreen", HTMLElement).addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.#panel.requestFullscreen();
    });
  }

  /** @param {PlayerStatus} status */
  #showStatus(status) {
    this.#panel.dataset.state = status.state;
    const notice = describeStatus(status, this.#listed);
    setText(byId("notice-title", HTMLElement), notice.title);
    setText(byId("notice-detail", HTMLElement), notice.detail);
    byId("retry", HTMLElement).hidden = !["retrying", "failed", "refused"].includes(status.state);
    this.#showTransport(status);
  }

  /** @param {PlayerStatus} status */
  #showTransport({ state, transport, note }) {
    const showsNote = note !== undefined && transport !== undefined && state !== "offline";
    const text = showsNote ? `Playing over ${TRANSPORT_NAMES[transport]}: ${note}` : "";
    showLine(byId("transport-note", HTMLElement), text);
    if (!this.#selection || transport === undefined) return;
    this.#panel.dataset.transport = transport;
    setText(byId("address", HTMLElement), mediaUrl(this.#selection, transport, this.#page()));
    for (const choice of transportChoices()) choice.checked = choice.value === transport;
    // The address is for players elsewhere, which know less than this page's.
    const missed = transport === "webrtc" ? [] : this.#listed?.notes ?? [];
    showLine(byId("address-note", HTMLElement), missed.join(" "));
  }

  #page() {
    const { protocol, host, search } = location;
    return { protocol, host, search, webtransportPort: this.#webtransportPort };
  }

  /** @param {number | undefined} port of the gateway's WebTransport, if it serves any */
  setWebtransportPort(port) {
    this.#webtransportPort = port;
    const isThere = port !== undefined && "WebTransport" in globalThis;
    byId("webtransport-choice", HTMLElement).hidden = !isThere;
  }

  async #refreshStatistics() {
    if (this.#stats.hidden) return;
    const figures = await this.#player.readFigures();
    const { transport } = this.#player.status;
    if (!figures || this.#stats.hidden || transport === undefined) return;
    const told = { stream: this.#listed, quality: this.#player.quality };
    showStatistics(this.#stats, this.#video, figures, transport, told);
  }

  #showQuality() {
    const choices = qualityChoices(this.#listed);
    const chosen = this.#selection?.quality;
    byId("quality-choice", HTMLElement).hidden = choices.length === 0 && chosen === undefined;
    showChoices(this.#quality, choices, chosen);
    const isConnected = ["playing", "stalled"].includes(this.#player.status.state);
    const text = isConnected ? describeQuality(this.#player.quality, this.#listed, chosen) : "";
    showLine(byId("quality-note", HTMLElement), text);
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {QualityChoice[]} choices
 * @param {string} [chosen] shown even if there is no such choice (yet)
 */
function showChoices(select, choices, chosen = "") {
  const all = choices.some(({ value }) => value === chosen)
    ? choices
    : [...choices, { value: chosen, label: chosen === "" ? "Automatic" : `Track ${chosen}` }];
  showOptions(select, all);
  if (select.value !== chosen) select.value = chosen;
}

function transportChoices() {
  return /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll("input[name=transport]")
  );
}
