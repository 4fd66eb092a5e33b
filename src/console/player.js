// @ts-check
/// <reference lib="dom" />
/** Plays one live stream on a video element, and comes back by itself when the stream does. */
import { isSameStream, mediaUrl } from "./location.js";
import { startEngine } from "./flv_engine.js";
import { formatCodec } from "./format.js";
import { isPlayableVideo } from "./playback_failure.js";
import { PlaybackProgress } from "./playback_progress.js";

/** @import { Selection } from "./location.js" */
/** @import { StreamInfo } from "./stream_list.js" */
/** @import { Failure } from "./playback_failure.js" */
/** @import { MpegtsLibrary, MpegtsPlayer, MpegtsStatistics } from "./mpegts.d.ts" */

/**
 * What the player does. `waiting` is connected while the publisher is away; `offline` is not
 * connected and waits for the list to show the stream; `retrying` tries again after a delay;
 * `unsupported` would fail again, and waits for another codec.
 *
 * @typedef {"idle" | "connecting" | "playing" | "stalled" | "waiting" | "offline" | "retrying" | "unsupported"} PlayerState
 *
 * @typedef {object} PlayerStatus
 * @property {PlayerState} state
 * @property {string} [detail] why, for the reader
 * @property {number} [retryAtMs] when the next attempt is made, by `performance.now()`
 */

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
const TICK_INTERVAL_MS = 250;
/** No new picture for so long is worth telling. */
const STALL_MS = 1500;
/** Nothing for so long (and twice the key-frame distance), though the publisher is there: again. */
const GIVE_UP_MS = 10_000;
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
  /** @type {MpegtsPlayer | undefined} */
  #engine;
  /** @type {MpegtsStatistics | undefined} */
  #statistics;
  #retryDelayMs = FIRST_RETRY_MS;
  #progress = new PlaybackProgress(0);

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

  /** Bits received per second over the running connection; 0 without one. */
  get receivedBps() {
    // mpegts.js counts in kilobytes (1024) per second.
    return (this.#statistics?.speed ?? 0) * 1024 * 8;
  }

  /** @param {Selection} selection */
  open(selection) {
    if (!isSameStream(selection, this.#selection)) this.#listed = undefined;
    this.#selection = selection;
    this.#retryDelayMs = FIRST_RETRY_MS;
    this.#connect();
  }

  close() {
    this.#selection = undefined;
    this.#disconnect();
    this.#become({ state: "idle" });
  }

  /** Connects again at once: the reader asked for it. */
  retry() {
    if (this.#selection) this.open(this.#selection);
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
    const changed = this.#listed?.video?.codec !== before?.video?.codec;
    switch (this.#status.state) {
      case "offline":
        if (isLive) this.#connect();
        break;
      case "retrying":
        if (returned) this.#connect();
        else if (!this.#listed) this.#become({ state: "offline" });
        break;
      case "unsupported":
        if (isLive && (returned || changed)) this.#connect();
        break;
      case "connecting":
        if (isLive && !isPlayableVideo(this.#listed?.video?.codec)) this.#connect();
    }
  }

  #connect() {
    this.#disconnect();
    const selection = this.#selection;
    if (!selection) return;
    const library = /** @type {{ mpegts?: MpegtsLibrary }} */ (globalThis).mpegts;
    if (!library?.getFeatureList().mseLivePlayback) {
      this.#become({ state: "unsupported", detail: "This browser has no Media Source Extensions" });
      return;
    }
    const codec = this.#listed?.video?.codec;
    if (!isPlayableVideo(codec)) {
      const detail = `This browser does not decode ${formatCodec(codec)} (${codec})`;
      this.#become({ state: "unsupported", detail });
      return;
    }
    this.#become({ state: "connecting" });
    this.#progress = new PlaybackProgress(performance.now());
    const engine = startEngine(library, this.#video, mediaUrl(selection, location), {
      onFailure: (failure) => {
        if (engine === this.#engine) this.#fail(failure);
      },
      onStatistics: (statistics) => {
        if (engine === this.#engine) this.#statistics = statistics;
      },
    });
    this.#engine = engine;
    this.#play();
  }

  /** With sound if the browser allows it, else muted: the reader unmutes. */
  async #play() {
    const engine = this.#engine;
    try {
      await this.#video.play();
    } catch (error) {
      const refused = error instanceof Error && error.name === "NotAllowedError";
      if (!refused || engine !== this.#engine) return;
      this.#video.muted = true;
      this.#video.dataset.autoMuted = "yes";
      // Rejects only when another connection replaces this one, which plays by itself.
      this.#video.play().catch(() => {});
    }
  }

  #disconnect() {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#statistics = undefined;
    // The loader may report its own abortion while it is torn down.
    engine?.destroy();
  }

  #handleVideoError() {
    const error = this.#video.error;
    // Detaching the engine empties the element, which reports that as an error of its own.
    if (!this.#engine || !error || error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) return;
    const detail = `The browser could not decode the stream: ${error.message || "no reason given"}`;
    this.#fail({ kind: "media", detail });
  }

  /** @param {Failure} failure */
  #fail({ kind, detail }) {
    this.#disconnect();
    switch (kind) {
      case "unsupported":
        this.#become({ state: "unsupported", detail });
        break;
      case "missing":
        this.#listed = undefined;
        this.#become({ state: "offline" });
        break;
      case "ended":
      case "network":
      case "media": {
        const retryAtMs = performance.now() + this.#retryDelayMs;
        this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, LONGEST_RETRY_MS);
        this.#become({ state: "retrying", detail, retryAtMs });
      }
    }
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
        this.#followProgress(nowMs);
    }
  }

  /** @param {number} nowMs */
  #followProgress(nowMs) {
    const progress = this.#progress;
    if (progress.moved(this.#video.currentTime, nowMs)) {
      if (progress.steadyMs(nowMs) > STEADY_MS) this.#retryDelayMs = FIRST_RETRY_MS;
      this.#become({ state: "playing" });
      return;
    }
    // Paused by the reader's media keys, or throttled in the background.
    if ((this.#video.paused && this.#status.state === "playing") || document.hidden) {
      progress.excuse(nowMs);
      return;
    }
    const silentMs = progress.silentMs(nowMs);
    if (silentMs < STALL_MS) return;
    const giveUpMs = Math.max(GIVE_UP_MS, 2 * (this.#listed?.video?.keyFrameDistanceMs ?? 0));
    if (this.#listed?.state === "waiting") this.#become({ state: "waiting" });
    else if (silentMs > giveUpMs) {
      const detail = `No picture arrived for ${Math.round(silentMs / 1000)} s`;
      this.#fail({ kind: "network", detail });
    } else if (this.#status.state !== "connecting") this.#become({ state: "stalled" });
  }

  /** @param {PlayerStatus} status */
  #become(status) {
    const { state, retryAtMs } = this.#status;
    if (status.state === state && status.retryAtMs === retryAtMs) return;
    this.#status = status;
    this.#onStatus(status);
  }
}
