// @ts-check
/// <reference lib="dom" />
/** The menus of what is captured and how it is sent. */
import { byId, showOptions } from "./dom.js";
import {
  codecOptions,
  DEFAULT_SIZE,
  deviceOptions,
  NONE,
  SCREEN,
  sizeOptions,
} from "./publisher_choice.js";

/** @import { CaptureChoice, SendChoice } from "./publisher_choice.js" */

/** What the reader chooses; each change of what is captured is told to the callback. */
export class PublisherMenus {
  #camera = byId("camera", HTMLSelectElement);
  #sound = byId("sound-source", HTMLSelectElement);
  #size = byId("picture-size", HTMLSelectElement);
  #codec = byId("picture-codec", HTMLSelectElement);
  #inLayers = byId("in-layers", HTMLInputElement);
  /** @type {MediaDeviceInfo[]} */
  #devices = [];

  /** @param {() => void} onChange */
  constructor(onChange) {
    showOptions(this.#size, sizeOptions());
    this.#size.value = DEFAULT_SIZE;
    const sender = /** @type {{ RTCRtpSender?: typeof RTCRtpSender }} */ (globalThis).RTCRtpSender;
    const codecs = codecOptions(sender?.getCapabilities?.("video"));
    showOptions(
      this.#codec,
      codecs.length === 0 ? [{ value: "", label: "The browser's" }] : codecs,
    );
    this.#showDevices();
    for (const menu of [this.#camera, this.#sound, this.#size, ...sourceChoices()]) {
      menu.addEventListener("change", () => {
        this.#showDevices();
        onChange();
      });
    }
    navigator.mediaDevices?.addEventListener("devicechange", () => this.refresh());
  }

  /** @returns {CaptureChoice} */
  get capture() {
    const source = sourceChoices().find(({ checked }) => checked)?.value;
    return {
      source: source === "screen" ? "screen" : "camera",
      camera: this.#camera.value,
      sound: this.#sound.value,
      size: this.#size.value,
    };
  }

  /** @returns {SendChoice} */
  get sending() {
    return {
      codec: this.#codec.value,
      inLayers: this.#inLayers.checked,
      size: this.#size.value,
    };
  }

  /** Devices are known by name once the browser has given one out. */
  async refresh() {
    this.#devices = await navigator.mediaDevices.enumerateDevices();
    this.#showDevices();
  }

  /** What a running session cannot change is not to be chosen meanwhile. @param {boolean} isLocked */
  lock(isLocked) {
    this.#codec.disabled = isLocked;
    this.#inLayers.disabled = isLocked;
  }

  #showDevices() {
    const isScreen = this.capture.source === "screen";
    byId("camera-choice", HTMLElement).hidden = isScreen;
    showOptions(this.#camera, [
      ...known(deviceOptions(this.#devices, "videoinput"), "Camera"),
      { value: NONE, label: "No camera" },
    ]);
    showOptions(this.#sound, [
      ...known(deviceOptions(this.#devices, "audioinput"), "Microphone"),
      ...(isScreen ? [{ value: SCREEN, label: "Sound of the screen" }] : []),
      { value: NONE, label: "No sound" },
    ]);
  }
}

/**
 * @param {{ value: string, label: string }[]} options
 * @param {string} name
 */
function known(options, name) {
  return options.length === 0 ? [{ value: "", label: name }] : options;
}

function sourceChoices() {
  return [
    .../** @type {NodeListOf<HTMLInputElement>} */ (
      document.querySelectorAll("input[name=picture-source]")
    ),
  ];
}
