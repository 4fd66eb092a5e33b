// @ts-check
/// <reference lib="dom" />
/** Plays one live stream on a video element, and comes back by itself when the stream does. */
import { isLayer, isSameStream, playbackUrl } from "./location.js";
import { EngineRelay } from "./engine_relay.js";
import { FlvEngine } from "./flv_engine.js";
import { patience, PlaybackProgress } from "./playback_progress.js";
import { RetrySchedule } from "./retry_schedule.js";
import { chooseTransport, detectAbilities } from "./transport_choice.js";
import { WhepEngine } from "./whep_engine.js";

/** @import { Selection, Transport } from "./location.js" */
/** @import { StreamInfo } from "./stream_list.js" */
/** @import { Failure } from "./playback_failure.js" */
/** @import { Engine, EngineListener } from "./playback_engine.d.ts" */
/** @import { TransportChoice } from "./transport_choice.js" */
/** @import { MpegtsLibrary } from "./mpegts.d.ts" */

/**
 * What the player does. `waiting` is connected while the publisher is away; `offline` is not
 * connected and waits for the list to show the stream; `retrying` tries again after a delay;
 * `failed` has tried often enough; `unsupported` would fail again, and waits for another codec;
 * `refused` may not watch, and tries again only if the reader asks for it.
 *
 * @typedef {"idle" | "connecting" | "playing" | "stalled" | "waiting" | "offline" | "retrying" | "failed" | "unsupported" | "refused"} PlayerState
 *
 * @typedef {object} PlayerStatus
 * @property {PlayerState} state
 * @property {string} [detail] why, for the reader
 * @property {number} [retryAtMs] when the next attempt is made, by `performance.now()`
 * @property {Transport} [transport] what plays, or is tried
 * @property {string} [note] why that is not WebRTC, where nobody chose another; for the reader
 */

const TICK_INTERVAL_MS = 250;
/** A stream whose tracks change more often than this is not opened anew at once. */
const RENEWAL_INTERVAL_MS = 2000;
/** Playing for so long makes an attempt a success: the next failure retries quickly. */
const STEADY_MS = 5000;

/** One selection at a time; every change of its status is told to the callback. */
export class LivePlayer {
  #video;
  #onStatus;
  /** @type {PlayerStatus} */
  #status = { state: "idle" };
  /** @type {Selection | undefined} */
  #selection;
  /** @type {StreamInfo | undefined} the selected stream in the last list */
  #listed;
  #relay = new EngineRelay((listener) => this.#start(listener), {
    onMedia: () => this.#play(),
    onRelay: () => this.#progress = new PlaybackProgress(performance.now()),
    onFailure: (failure) => this.#fail(failure),
  });
  /** Whether sessions of this stream can not be told which layer to send. */
  #isPinned = false;
  /** @type {TransportChoice} of the last attempt */
  #choice = { transport: "webrtc" };
  /** @type {Failure | undefined} why WebRTC is not tried, unless the reader asks for it */
  #webRtcFailure;
  #retries = new RetrySchedule();
  #renewedAtMs = -Infinity;
  #progress = new PlaybackProgress(0);
  #abilities = detectAbilities();

  /**
   * @param {HTMLVideoElement} video
   * @param {(status: PlayerStatus) => void} onStatus
   */
  constructor(video, onStatus) {
    this.#video = video;
    this.#onStatus = onStatus;
    setInterval(() => this.#tick(performance.now()), TICK_INTERVAL_MS);
    video.addEventListener("error", () => this.#handleVideoError());
  }

  get status() {
    return this.#status;
  }

  /** The newest figures of the running connection; `undefined` without one. */
  async readFigures() {
    return await this.#relay.engine?.readFigures();
  }

  /** What the gateway says that it sends; `undefined` where it says nothing. */
  get quality() {
    return this.#relay.engine?.quality;
  }

  /** @param {Selection} selection */
  open(selection) {
    if (this.#choosesLayer(selection)) return;
    if (!isSameStream(selection, this.#selection)) {
      this.#listed = undefined;
      this.#isPinned = false;
    }
    // A path that is missing for one stream is missing for all; a codec is the stream's own.
    if (this.#webRtcFailure?.kind !== "unreachable") this.#webRtcFailure = undefined;
    this.#selection = selection;
    this.#retries.reset();
    this.#connect();
  }

  close() {
    this.#selection = undefined;
    this.#relay.close();
    this.#become({ state: "idle" });
  }

  /** Connects again at once: the reader asked for it. */
  retry() {
    this.#webRtcFailure = undefined;
    this.#relay.close();
    if (this.#selection) this.open(this.#selection);
  }

  /** The gateway does not answer: what was listed may have ended since. */
  forgetList() {
    this.#listed = undefined;
  }

  /**
   * Takes the newest list: a stream that returns is played at once.
   *
   * @param {StreamInfo[]} streams
   */
  handleList(streams) {
    if (!this.#selection) return;
    const before = this.#listed;
    this.#listed = streams.find((stream) => isSameStream(stream, this.#selection));
    const isLive = this.#listed?.state === "live";
    const returned = isLive && before?.state !== "live";
    const changed = this.#listed?.video?.codecString !== before?.video?.codecString;
    switch (this.#status.state) {
      case "offline":
        if (isLive) this.#connect();
        break;
      case "retrying":
        if (returned) this.#connect();
        else if (!this.#listed) this.#become({ state: "offline" });
        break;
      case "failed":
        if (returned) this.#reconnect();
        break;
      case "unsupported":
        if (isLive && (returned || changed)) this.#reconnect();
        break;
      case "connecting":
        // The list may be the first to say what the stream is.
        if (isLive && !isSameChoice(this.#choose(this.#selection), this.#choice)) this.#connect();
        break;
      case "playing":
      case "stalled":
        if (isLive) this.#leaveWebRtc(this.#choose(this.#selection));
    }
  }

  /** B-frames may be seen late, and are what WebRTC does not show. @param {TransportChoice} choice */
  #leaveWebRtc({ transport, obstacle }) {
    const isLeft = this.#choice.transport === "webrtc" && transport !== "webrtc";
    if (isLeft && obstacle === undefined) this.#connect();
  }

  /**
   * Whether only the quality is another, and the connection can be told so.
   *
   * @param {Selection} selection
   */
  #choosesLayer(selection) {
    const before = this.#selection;
    const isSame = before && isSameStream(before, selection) && before.via === selection.via;
    const areLayers = isLayer(before?.quality) && isLayer(selection.quality);
    if (!isSame || !areLayers || this.#isPinned) return false;
    if (this.#relay.engine?.chooseLayer === undefined) return false;
    this.#selection = selection;
    this.#relay.chooseLayer(selection.quality);
    return true;
  }

  /** The stream is another one than the one that failed. */
  #reconnect() {
    if (this.#selection) this.open(this.#selection);
  }

  /**
   * @param {Selection} selection
   * @returns {TransportChoice}
   */
  #choose({ via }) {
    const choice = chooseTransport(via, this.#listed, this.#abilities);
    const failure = this.#webRtcFailure;
    if (via !== undefined || failure === undefined || choice.transport !== "webrtc") return choice;
    const other = chooseTransport("http-flv", this.#listed, this.#abilities);
    return other.obstacle === undefined ? { ...other, note: failure.detail } : choice;
  }

  #connect() {
    this.#relay.close();
    const selection = this.#selection;
    if (!selection) return;
    this.#choice = this.#choose(selection);
    const { obstacle } = this.#choice;
    if (obstacle !== undefined) {
      this.#become({ state: "unsupported", detail: obstacle });
      return;
    }
    this.#become({ state: "connecting" });
    this.#progress = new PlaybackProgress(performance.now());
    this.#relay.open();
  }

  /**
   * @param {EngineListener} listener
   * @returns {Engine}
   */
  #start(listener) {
    const selection = /** @type {Selection} */ (this.#selection);
    const { transport } = this.#choice;
    const isPinned = this.#isPinned;
    const url = playbackUrl(selection, transport, location, { isPinned });
    const engine = startEngine(transport, this.#video, url, listener);
    if (!isPinned && isLayer(selection.quality)) engine.chooseLayer?.(selection.quality);
    return engine;
  }

  /** With sound if the browser allows it, else muted: the reader unmutes. */
  async #play() {
    const { engine } = this.#relay;
    try {
      await this.#video.play();
    } catch (error) {
      const refused = error instanceof Error && error.name === "NotAllowedError";
      if (!refused || engine !== this.#relay.engine) return;
      this.#video.muted = true;
      this.#video.dataset.autoMuted = "yes";
      // Rejects only when another connection replaces this one, which plays by itself.
      this.#video.play().catch(() => {});
    }
  }

  #handleVideoError() {
    const error = this.#video.error;
    // Detaching the engine empties the element, which reports that as an error of its own.
    if (!this.#relay.engine || !error || error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) {
      return;
    }
    const detail = `The browser could not decode the stream: ${error.message || "no reason given"}`;
    this.#fail({ kind: "media", detail });
  }

  /** @param {Failure} failure */
  #fail(failure) {
    this.#relay.close();
    if (this.#fallsBack(failure)) {
      this.#webRtcFailure = failure;
      this.#connect();
      return;
    }
    const { kind, detail, retryAfterMs } = failure;
    if (kind === "changed" && performance.now() - this.#renewedAtMs > RENEWAL_INTERVAL_MS) {
      this.#renewedAtMs = performance.now();
      this.#connect();
      return;
    }
    switch (kind) {
      case "pinned":
        this.#isPinned = true;
        this.#connect();
        break;
      case "unsupported":
      case "refused":
        this.#become({ state: kind, detail });
        break;
      case "missing":
        this.#listed = undefined;
        this.#become({ state: "offline" });
        break;
      case "ended":
      case "network":
      case "media":
      case "unreachable":
      case "changed": {
        const delayMs = this.#retries.next(retryAfterMs);
        if (delayMs === undefined) this.#become({ state: "failed", detail });
        else this.#become({ state: "retrying", detail, retryAtMs: performance.now() + delayMs });
      }
    }
  }

  /**
   * Where the reader left the choice open, what WebRTC can not play is tried by other means.
   *
   * @param {Failure} failure
   */
  #fallsBack({ kind }) {
    if (kind !== "unsupported" && kind !== "unreachable") return false;
    if (this.#choice.transport !== "webrtc" || this.#selection?.via !== undefined) return false;
    return chooseTransport("http-flv", this.#listed, this.#abilities).obstacle === undefined;
  }

  /** @param {number} nowMs */
  #tick(nowMs) {
    const { state, retryAtMs } = this.#status;
    switch (state) {
      case "retrying":
        if (nowMs >= (retryAtMs ?? 0)) this.#connect();
        break;
      case "connecting":
      case "playing":
      case "stalled":
      case "waiting":
        this.#relay.handleTimeout(nowMs);
        if (this.#relay.engine) this.#followProgress(this.#relay.engine, nowMs);
    }
  }

  /**
   * @param {Engine} engine
   * @param {number} nowMs
   */
  #followProgress(engine, nowMs) {
    const progress = this.#progress;
    if (progress.moved(engine.position, nowMs)) {
      if (progress.steadyMs(nowMs) > STEADY_MS) this.#retries.reset();
      this.#become({ state: "playing" });
      return;
    }
    // Paused by the reader's media keys, or throttled in the background.
    if ((this.#video.paused && this.#status.state === "playing") || document.hidden) {
      progress.excuse(nowMs);
      return;
    }
    if (!engine.isConnected && this.#status.state === "connecting") progress.excuse(nowMs);
    const silentMs = progress.silentMs(nowMs);
    const { stallMs, giveUpMs } = patience(this.#listed?.video);
    if (silentMs < stallMs) return;
    if (this.#listed?.state === "waiting") this.#become({ state: "waiting" });
    else if (engine.isConnected && silentMs > giveUpMs) {
      const detail = `Nothing new arrived for ${Math.round(silentMs / 1000)} s`;
      this.#fail({ kind: "network", detail });
    } else if (this.#status.state !== "connecting") this.#become({ state: "stalled" });
  }

  /** @param {PlayerStatus} status */
  #become(status) {
    const { state, retryAtMs, transport } = this.#status;
    const isSame = status.state === state && status.retryAtMs === retryAtMs;
    if (isSame && transport === this.#choice.transport) return;
    const { note } = this.#choice;
    this.#status = { ...status, transport: this.#choice.transport, ...(note && { note }) };
    this.#onStatus(this.#status);
  }
}

/**
 * @param {Transport} transport
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {EngineListener} listener
 * @returns {Engine}
 */
function startEngine(transport, video, url, listener) {
  if (transport === "webrtc") return new WhepEngine(video, url, listener);
  const { mpegts } = /** @type {{ mpegts: MpegtsLibrary }} */ (/** @type {unknown} */ (globalThis));
  return new FlvEngine(mpegts, video, url, listener, {
    isWebTransport: transport === "webtransport",
  });
}

/**
 * @param {TransportChoice} one
 * @param {TransportChoice} other
 */
function isSameChoice(one, other) {
  return one.transport === other.transport && one.obstacle === other.obstacle;
}
