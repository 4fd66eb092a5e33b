// @ts-check
/// <reference lib="dom" />
/** The player's controls, notices and statistics. */
import { byId, setText } from "./dom.js";
import { formatFragment, isSameStream, mediaUrl, streamTitle } from "./location.js";
import { LivePlayer } from "./player.js";
import { showStatistics } from "./player_statistics.js";

/** @import { PlayerStatus } from "./player.js" */
/** @import { Selection } from "./location.js" */

const REFRESH_INTERVAL_MS = 500;

/**
 * Wires the panel to a new player. Controls change the page's fragment, and the fragment alone
 * says what is played.
 *
 * @returns {{ player: LivePlayer, show(selection: Selection | undefined): void }}
 */
export function startPlayerPanel() {
  const panel = byId("player", HTMLElement);
  const video = byId("video", HTMLVideoElement);
  const stats = byId("stats", HTMLElement);
  const player = new LivePlayer(video, showStatus);
  /** @type {Selection | undefined} */
  let selection;

  /** @param {PlayerStatus} status */
  function showStatus(status) {
    panel.dataset.state = status.state;
    const notice = describeStatus(status);
    setText(byId("notice-title", HTMLElement), notice.title);
    setText(byId("notice-detail", HTMLElement), notice.detail);
    byId("retry", HTMLElement).hidden = status.state !== "retrying";
  }

  setInterval(() => {
    if (player.status.state === "retrying") showStatus(player.status);
    if (!stats.hidden && selection) {
      showStatistics(stats, video, player.receivedBps, selection.transport);
    }
  }, REFRESH_INTERVAL_MS);

  for (const choice of transportChoices()) {
    choice.addEventListener("change", () => {
      const transport = choice.value === "ws-flv" ? "ws-flv" : "http-flv";
      if (selection) location.hash = formatFragment({ ...selection, transport });
    });
  }
  byId("retry", HTMLElement).addEventListener("click", () => player.retry());
  byId("stop", HTMLElement).addEventListener("click", () => {
    location.hash = "";
  });
  byId("stats-toggle", HTMLElement).addEventListener("click", ({ currentTarget }) => {
    stats.hidden = !stats.hidden;
    if (currentTarget instanceof Element) currentTarget.ariaPressed = String(!stats.hidden);
    if (!stats.hidden && selection) {
      showStatistics(stats, video, player.receivedBps, selection.transport);
    }
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
  wireSound(video);
  wireKeys(panel);

  return {
    player,
    show(next) {
      const isNew = next !== undefined && !isSameStream(next, selection);
      selection = next;
      panel.hidden = next === undefined;
      if (!next) {
        player.close();
        return;
      }
      panel.dataset.transport = next.transport;
      setText(byId("now-name", HTMLElement), streamTitle(next));
      setText(byId("address", HTMLElement), mediaUrl(next, location));
      for (const choice of transportChoices()) choice.checked = choice.value === next.transport;
      player.open(next);
      // On a narrow page the list is far below the picture.
      if (isNew) panel.scrollIntoView({ block: "nearest" });
    },
  };
}

/** @param {HTMLVideoElement} video */
function wireSound(video) {
  const mute = byId("mute", HTMLElement);
  const volume = byId("volume", HTMLInputElement);
  const unmute = byId("unmute", HTMLElement);

  function setMuted(/** @type {boolean} */ muted) {
    video.muted = muted;
    delete video.dataset.autoMuted;
    if (!muted && video.volume === 0) video.volume = 0.5;
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
    mute.focus();
  });
  volume.addEventListener("input", () => {
    video.volume = volume.valueAsNumber;
    setMuted(volume.valueAsNumber === 0);
  });
  video.addEventListener("volumechange", show);
}

/** Single keys work only while the focus is in the player. @param {HTMLElement} panel */
function wireKeys(panel) {
  /** @type {Record<string, string>} */
  const buttons = { m: "mute", i: "stats-toggle", f: "fullscreen", s: "stop" };
  panel.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = buttons[event.key.toLowerCase()];
    if (id) byId(id, HTMLElement).click();
  });
}

function transportChoices() {
  return /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll("input[name=transport]")
  );
}

/**
 * @param {PlayerStatus} status
 * @returns {{ title: string, detail: string }}
 */
function describeStatus({ state, detail = "", retryAtMs = 0 }) {
  switch (state) {
    case "connecting":
      return { title: "Connecting", detail: "" };
    case "stalled":
      return { title: "Buffering", detail: "No new picture is arriving" };
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
    case "unsupported":
      return { title: "Cannot play this stream here", detail };
    case "playing":
      // Seen only where there is no picture to cover.
      return { title: "Sound only", detail: "" };
    case "idle":
      return { title: "", detail: "" };
  }
}
