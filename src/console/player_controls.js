// @ts-check
/// <reference lib="dom" />
/** The player's sound, remembered from visit to visit, and its keys. */
import { byId } from "./dom.js";
import { pageStorage, recallSound, rememberSound } from "./sound_memory.js";

/** @param {HTMLVideoElement} video */
export function wireSound(video) {
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
export function wireKeys(panel) {
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
