// @ts-check
/// <reference lib="dom" />
/** Publishing from this page: choices, preview, state, figures, and a link to share. */
import { byId, setText, showLine, showRows } from "./dom.js";
import { formatFragment, isSameStream, streamPath, streamTitle } from "./location.js";
import { encodingsOf } from "./publisher_choice.js";
import { PublisherMedia } from "./publisher_media.js";
import { PublisherMenus } from "./publisher_menus.js";
import { LivePublisher } from "./publisher.js";
import { PublisherStatistics, sentRows } from "./publisher_statistics.js";
import {
  captureProblem,
  describePublisher,
  nameProblem,
  publishObstacle,
  secureAddress,
  watchLink,
} from "./publisher_words.js";

/** @import { MediaKind } from "./publisher_media.js" */
/** @import { PublisherStatus } from "./publisher.js" */
/** @import { SentMedia } from "./whip_session.js" */
/** @import { StreamInfo } from "./stream_list.js" */
/** @import { StreamName } from "./location.js" */

const REFRESH_INTERVAL_MS = 1000;

/** The page's publisher, with its controls. */
export class PublisherPanel {
  #panel = byId("publisher", HTMLElement);
  #app = byId("publish-app", HTMLInputElement);
  #name = byId("publish-name", HTMLInputElement);
  #token = byId("publish-token", HTMLInputElement);
  #preview = byId("preview", HTMLVideoElement);
  #media = new PublisherMedia({
    onTrack: (kind, track) => this.#handleTrack(kind, track),
    onLost: (kind) => this.#handleLoss(kind),
  });
  #menus = new PublisherMenus(() => this.#changeCapture());
  #publisher = new LivePublisher((status) => this.#showStatus(status));
  #statistics = new PublisherStatistics();
  /** @type {StreamName | undefined} what is published */
  #stream;
  /** Why nothing is captured, or no more than before. */
  #problem = "";
  /** Whether the browser is asked for devices, and may be asking the reader. */
  #isAsking = false;

  constructor() {
    const obstacle = publishObstacle({
      isSecure: isSecureContext,
      hasCapture: navigator.mediaDevices?.getUserMedia !== undefined,
      hasWebRtc: "RTCPeerConnection" in globalThis,
    });
    showLine(byId("publish-obstacle", HTMLElement), obstacle ?? "");
    byId("publish-controls", HTMLElement).hidden = obstacle !== undefined;
    this.#token.value = new URLSearchParams(location.search).get("token") ?? "";
    for (const field of [this.#app, this.#name]) {
      field.addEventListener("input", () => this.#showName());
    }
    this.#wireButtons();
    // A page that is closed tells nobody: the name would be taken until the gateway's time-out.
    addEventListener("pagehide", () => this.#stop());
    this.#showStatus(this.#publisher.status);
    setInterval(() => this.#refresh(), REFRESH_INTERVAL_MS);
  }

  /** @param {number | undefined} httpsPort where the gateway serves TLS, if it does */
  setHttpsPort(httpsPort) {
    const address = isSecureContext ? undefined : secureAddress(location, httpsPort);
    byId("publish-secure", HTMLElement).hidden = address === undefined;
    if (address === undefined) return;
    showLine(byId("publish-obstacle", HTMLElement), "");
    const link = byId("publish-secure-link", HTMLAnchorElement);
    link.href = address;
    setText(link, address);
  }

  /** @param {StreamInfo[]} streams */
  handleList(streams) {
    const own = streams.find((stream) => isSameStream(stream, this.#stream));
    if (this.#stream) showLine(byId("publish-missed", HTMLElement), own?.notes?.join(" ") ?? "");
  }

  #wireButtons() {
    byId("preview-start", HTMLElement).addEventListener("click", () => {
      if (!this.#isAsking) this.#capture();
    });
    byId("publish-start", HTMLElement).addEventListener("click", () => this.#start());
    byId("publish-stop", HTMLElement).addEventListener("click", () => this.#stop());
    for (
      const [id, kind]
        of /** @type {const} */ ([["mute-sound", "audio"], ["mute-picture", "video"]])
    ) {
      byId(id, HTMLElement).addEventListener("click", ({ currentTarget }) => {
        this.#media.mute(kind, !this.#media.isMuted(kind));
        const isMuted = String(this.#media.isMuted(kind));
        if (currentTarget instanceof Element) currentTarget.ariaPressed = isMuted;
      });
    }
  }

  /** @returns {StreamName} */
  #named() {
    const segments = this.#app.value.trim().split("/").filter((segment) => segment !== "");
    return { app: segments.join("/"), name: this.#name.value.trim() };
  }

  /** Says what is wrong with the name before anybody is asked for anything. */
  #showName() {
    const { app, name } = this.#named();
    const problem = nameProblem(app, name);
    showLine(byId("name-problem", HTMLElement), problem ?? "");
    for (const field of [this.#app, this.#name]) field.ariaInvalid = String(problem !== undefined);
    byId("publish-start", HTMLButtonElement).disabled = problem !== undefined;
    return problem;
  }

  async #start() {
    if (this.#isAsking || this.#showName() !== undefined) return;
    const stream = this.#named();
    if (!await this.#capture()) return;
    this.#stream = stream;
    const url = `/${streamPath(stream)}/whip`;
    this.#statistics = new PublisherStatistics();
    this.#publisher.start({ url, token: this.#token.value.trim() }, () => this.#sent());
  }

  #stop() {
    this.#publisher.stop();
    this.#media.close();
    this.#stream = undefined;
    this.#problem = "";
    this.#showStatus(this.#publisher.status);
  }

  /** @returns {SentMedia} */
  #sent() {
    const { video, audio } = this.#media;
    const { sending } = this.#menus;
    return { video, audio, encodings: encodingsOf(sending), codec: sending.codec };
  }

  /** Opens what is chosen; whether there is anything to show or to hear. */
  async #capture() {
    const { capture } = this.#menus;
    this.#problem = "";
    this.#isAsking = true;
    try {
      if (!await this.#media.choose(capture)) return false;
      await this.#menus.refresh();
    } catch (error) {
      this.#problem = captureProblem(/** @type {Error} */ (error), capture.source);
    } finally {
      this.#isAsking = false;
    }
    const { video, audio } = this.#media;
    const isEmpty = !video && !audio;
    if (isEmpty && this.#problem === "") {
      this.#problem = "Choose a camera, a screen or a microphone";
    }
    if (isEmpty && !this.#stream) this.#media.close();
    this.#showStatus(this.#publisher.status);
    return !isEmpty;
  }

  async #changeCapture() {
    if (!this.#media.isOpen) return;
    await this.#capture();
    await this.#publisher.limit();
  }

  /**
   * @param {MediaKind} kind
   * @param {MediaStreamTrack | undefined} track
   */
  #handleTrack(kind, track) {
    const { video, audio } = this.#media;
    this.#preview.srcObject = video ? new MediaStream([video]) : null;
    byId("preview-stage", HTMLElement).hidden = !video;
    byId("mute-sound", HTMLElement).hidden = !audio;
    byId("mute-picture", HTMLElement).hidden = !video;
    // A session that ends meanwhile takes no other.
    this.#publisher.replaceTrack(kind, track).catch(() => {});
  }

  /** @param {MediaKind} kind */
  #handleLoss(kind) {
    const { video, audio } = this.#media;
    if (!video && !audio) this.#stop();
    const what = kind === "video" ? "camera or screen" : "microphone";
    this.#problem = `The ${what} has ended: choose again to go on with it`;
    this.#showStatus(this.#publisher.status);
  }

  /** @param {PublisherStatus} status */
  #showStatus(status) {
    const isOpen = this.#media.isOpen;
    const { state } = status;
    const isRunning = state !== "idle" && state !== "failed";
    this.#panel.dataset.state = state === "idle" && isOpen ? "preview" : state;
    const title = this.#stream ? streamTitle(this.#stream) : "";
    const told = describePublisher(status, title, isOpen);
    setText(byId("preview-badge", HTMLElement), told.badge);
    const text = [this.#problem, told.text].filter((part) => part !== "").join(". ");
    setText(byId("publish-status", HTMLElement), text);
    this.#showButtons(isOpen, isRunning);
    this.#menus.lock(isRunning);
    for (const field of [this.#app, this.#name, this.#token]) field.disabled = isRunning;
    this.#showShare(isRunning);
  }

  /**
   * @param {boolean} isOpen
   * @param {boolean} isRunning
   */
  #showButtons(isOpen, isRunning) {
    const start = byId("publish-start", HTMLElement);
    const preview = byId("preview-start", HTMLElement);
    const stop = byId("publish-stop", HTMLElement);
    const { activeElement } = document;
    const wasFocused = [start, preview, stop].some((button) => button === activeElement);
    start.hidden = isRunning;
    preview.hidden = isOpen;
    stop.hidden = !isOpen;
    // A button that goes takes the focus with it.
    if (wasFocused && activeElement instanceof HTMLElement && activeElement.hidden) {
      (isRunning ? stop : start).focus();
    }
  }

  /** @param {boolean} isRunning */
  #showShare(isRunning) {
    byId("share", HTMLElement).hidden = !isRunning;
    byId("publish-figures", HTMLElement).hidden = !isRunning;
    if (!this.#stream) return;
    const { link, note } = watchLink(location, formatFragment({ ...this.#stream, via: undefined }));
    setText(byId("watch-link", HTMLElement), link);
    showLine(byId("watch-note", HTMLElement), note);
  }

  async #refresh() {
    if (this.#publisher.status.state === "retrying") this.#showStatus(this.#publisher.status);
    const report = await this.#publisher.readReport();
    if (report) {
      showRows(byId("publish-figures", HTMLElement), sentRows(this.#statistics.read(report)));
    }
  }
}
