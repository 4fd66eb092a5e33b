// @ts-check
/// <reference lib="dom" />
/** The player's controls, notices and statistics. */
import { byId, setText } from "./dom.js";
import {
  asQuality,
  asTransport,
  formatFragment,
  isSameStream,
  mediaUrl,
  streamTitle,
} from "./location.js";
import { LivePlayer } from "./player.js";
import { describeQuality, qualityChoices } from "./quality.js";
import { showStatistics, TRANSPORT_NAMES } from "./player_statistics.js";
import { pageStorage, recallSound, rememberSound } from "./sound_memory.js";

/** @import { PlayerStatus } from "./player.js" */
/** @import { QualityChoice } from "./quality.js" */
/** @import { Selection } from "./location.js" */
/** @import { StreamInfo } from "./stream_list.js" */

const REFRESH_INTERVAL_MS = 500;

/** Why nothing is seen of a stream with intra refresh. */
const REFRESHES = "This stream has no key frames, without which browsers show nothing to those " +
  "who join: its publisher can turn intra refresh off";

/**
 * Wires the panel to a new player. Controls change the page's fragment, and the fragment alone
 * says what is played.
 *
 * @returns {{
 *   show(selection: Selection | undefined): void,
 *   handleList(streams: StreamInfo[]): void,
 *   handleSilence(): void,
 * }}
 */
export function startPlayerPanel() {
  const panel = byId("player", HTMLElement);
  const video = byId("video", HTMLVideoElement);
  const stats = byId("stats", HTMLElement);
  const quality = byId("quality", HTMLSelectElement);
  const player = new LivePlayer(video, showStatus);
  /** @type {Selection | undefined} */
  let selection;
  /** @type {StreamInfo | undefined} what is played, as it was listed last */
  let listed;

  /** @param {PlayerStatus} status */
  function showStatus(status) {
    panel.dataset.state = status.state;
    const notice = describeStatus(status, listed);
    setText(byId("notice-title", HTMLElement), notice.title);
    setText(byId("notice-detail", HTMLElement), notice.detail);
    byId("retry", HTMLElement).hidden = !["retrying", "failed", "refused"].includes(status.state);
    showTransport(status);
  }

  /** @param {PlayerStatus} status */
  function showTransport({ state, transport, note }) {
    const showsNote = note !== undefined && transport !== undefined && state !== "offline";
    const text = showsNote ? `Playing over ${TRANSPORT_NAMES[transport]}: ${note}` : "";
    showLine(byId("transport-note", HTMLElement), text);
    if (!selection || transport === undefined) return;
    panel.dataset.transport = transport;
    setText(byId("address", HTMLElement), mediaUrl(selection, transport, location));
    for (const choice of transportChoices()) choice.checked = choice.value === transport;
  }

  async function refreshStatistics() {
    const figures = await player.readFigures();
    const { transport } = player.status;
    if (!figures || stats.hidden || transport === undefined) return;
    showStatistics(stats, video, figures, transport, { stream: listed, quality: player.quality });
  }

  function showQuality() {
    const choices = qualityChoices(listed);
    const chosen = selection?.quality;
    byId("quality-choice", HTMLElement).hidden = choices.length === 0 && chosen === undefined;
    showChoices(quality, choices, chosen);
    const isConnected = ["playing", "stalled"].includes(player.status.state);
    const text = isConnected ? describeQuality(player.quality, listed, chosen) : "";
    showLine(byId("quality-note", HTMLElement), text);
  }

  setInterval(() => {
    if (player.status.state === "retrying") showStatus(player.status);
    if (!stats.hidden) refreshStatistics();
    showQuality();
  }, REFRESH_INTERVAL_MS);

  quality.addEventListener("change", () => {
    if (selection) {
      location.hash = formatFragment({ ...selection, quality: asQuality(quality.value) });
    }
  });

  for (const choice of transportChoices()) {
    choice.addEventListener("change", () => {
      const via = asTransport(choice.value);
      if (selection) location.hash = formatFragment({ ...selection, via });
    });
  }
  byId("retry", HTMLElement).addEventListener("click", () => player.retry());
  byId("stop", HTMLElement).addEventListener("click", () => {
    location.hash = "";
  });
  byId("stats-toggle", HTMLElement).addEventListener("click", ({ currentTarget }) => {
    stats.hidden = !stats.hidden;
    if (currentTarget instanceof Element) currentTarget.ariaPressed = String(!stats.hidden);
    if (!stats.hidden) refreshStatistics();
  });
  byId("fullscreen", HTMLElement).addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else panel.requestFullscreen();
  });
  for (const event of ["loadedmetadata", "resize"]) {
    video.addEventListener(event, () => {
      panel.dataset.picture = video.videoWidth > 0 ? "shown" : "none";
    });
  }
  // A page that comes back by the browser's history has left its session.
  addEventListener("pageshow", (event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) player.retry();
  });
  wireSound(video);
  wireKeys(panel);

  return {
    show(next) {
      const isNew = next !== undefined && !isSameStream(next, selection);
      selection = next;
      panel.hidden = next === undefined;
      if (!next) {
        player.close();
        return;
      }
      if (isNew) listed = undefined;
      setText(byId("now-name", HTMLElement), streamTitle(next));
      player.open(next);
      showTransport(player.status);
      showQuality();
      // On a narrow page the list is far below the picture.
      if (isNew) panel.scrollIntoView({ block: "nearest" });
    },
    handleList(streams) {
      player.handleList(streams);
      if (!selection) return;
      listed = streams.find((stream) => isSameStream(stream, selection));
      // What is known of the stream may explain what is seen of it.
      showStatus(player.status);
    },
    handleSilence() {
      player.forgetList();
    },
  };
}

/**
 * A line that is there only while it says something.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
function showLine(element, text) {
  setText(element, text);
  element.hidden = text === "";
}

/**
 * Writes options only when they differ: an open menu is not to be closed.
 *
 * @param {HTMLSelectElement} select
 * @param {QualityChoice[]} choices
 * @param {string} [chosen] shown even if there is no such choice (yet)
 */
function showChoices(select, choices, chosen = "") {
  const all = choices.some(({ value }) => value === chosen)
    ? choices
    : [...choices, { value: chosen, label: chosen === "" ? "Automatic" : `Track ${chosen}` }];
  const isSame = select.options.length === all.length &&
    all.every(({ value }, at) => select.options[at]?.value === value);
  if (!isSame) {
    select.replaceChildren(...all.map(({ value, label }) => new Option(label, value)));
  } else if (document.activeElement !== select) {
    // Bit rates change all the time.
    all.forEach(({ label }, at) => setText(/** @type {Element} */ (select.options[at]), label));
  }
  if (select.value !== chosen) select.value = chosen;
}

/** @param {HTMLVideoElement} video */
function wireSound(video) {
  const mute = byId("mute", HTMLElement);
  const volume = byId("volume", HTMLInputElement);
  const unmute = byId("unmute", HTMLElement);
  const storage = pageStorage();

  function setMuted(/** @type {boolean} */ muted) {
    video.muted = muted;
    delete video.dataset.autoMuted;
    if (!muted && video.volume === 0) video.volume = 0.5;
    rememberSound(storage, video);
    show();
  }
  function show() {
    mute.ariaPressed = String(video.muted);
    volume.value = String(video.muted ? 0 : video.volume);
    unmute.hidden = !video.muted || video.dataset.autoMuted === undefined;
  }
  mute.addEventListener("click", () => setMuted(!video.muted));
  unmute.addEventListener("click", () => {
    setMuted(false);
    // Some browsers pause what they let play only without sound. Rejects when nothing is open.
    video.play().catch(() => {});
    mute.focus();
  });
  volume.addEventListener("input", () => {
    video.volume = volume.valueAsNumber;
    setMuted(volume.valueAsNumber === 0);
  });
  video.addEventListener("volumechange", show);
  const remembered = recallSound(storage);
  if (remembered) {
    video.volume = remembered.volume;
    video.muted = remembered.muted;
  }
}

/** Single keys work wherever the focus is, but where they are typed. @param {HTMLElement} panel */
function wireKeys(panel) {
  /** @type {Record<string, string>} */
  const buttons = { m: "mute", i: "stats-toggle", f: "fullscreen", s: "stop" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (panel.hidden || takesText(event.target)) return;
    const id = buttons[event.key.toLowerCase()];
    if (id) byId(id, HTMLElement).click();
  });
}

/** @param {EventTarget | null} target */
function takesText(target) {
  if (target instanceof HTMLInputElement) return !["radio", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable);
}

function transportChoices() {
  return /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll("input[name=transport]")
  );
}

/**
 * @param {PlayerStatus} status
 * @param {StreamInfo | undefined} listed
 * @returns {{ title: string, detail: string }}
 */
function describeStatus({ state, detail = "", retryAtMs = 0 }, listed) {
  const obstacle = listed?.video?.refreshes ? REFRESHES : undefined;
  switch (state) {
    case "connecting":
      return { title: "Connecting", detail: obstacle ?? "" };
    case "stalled":
      return { title: "Buffering", detail: obstacle ?? "Nothing new is arriving" };
    case "waiting":
      return {
        title: "The publisher is away",
        detail: "The stream continues here when it publishes again",
      };
    case "offline":
      return {
        title: "This stream is not live",
        detail: "It plays here as soon as somebody publishes it",
      };
    case "retrying": {
      const seconds = Math.max(0, Math.ceil((retryAtMs - performance.now()) / 1000));
      return { title: detail, detail: `Trying again in ${seconds} s` };
    }
    case "failed":
      return { title: detail, detail: "Several attempts have failed" };
    case "unsupported":
      return { title: "Cannot play this stream here", detail };
    case "refused":
      return { title: "You may not watch this", detail };
    case "playing":
      // Seen only where there is no picture to cover.
      return { title: "Sound only", detail: "" };
    case "idle":
      return { title: "", detail: "" };
  }
}
