// @ts-check
/// <reference lib="dom" />
/** One connection of mpegts.js: loads FLV from an address onto a video element. */
import { describeFailure, describeStatus, isPassedOver } from "./playback_failure.js";
import { webtransportLoader } from "./webtransport_loader.js";

/** @import { Failure } from "./playback_failure.js" */
/** @import { MpegtsLibrary, MpegtsStatistics } from "./mpegts.d.ts" */
/** @import { Engine, EngineListener } from "./playback_engine.d.ts" */

/** Low latency: small buffers, a slightly faster rate to catch up, a jump when far behind. */
const MPEGTS_CONFIG = {
  isLive: true,
  enableWorker: true,
  enableStashBuffer: false,
  lazyLoad: false,
  liveSync: true,
  liveSyncTargetLatency: 0.4,
  liveSyncMaxLatency: 0.8,
  liveSyncPlaybackRate: 1.1,
  liveBufferLatencyChasing: true,
  liveBufferLatencyMaxLatency: 2,
  liveBufferLatencyMinRemain: 0.4,
  autoCleanupSourceBuffer: true,
  autoCleanupMaxBackwardDuration: 20,
  autoCleanupMinBackwardDuration: 10,
  statisticsInfoReportInterval: 1000,
};

/**
 * Loads when it is made; whoever makes it destroys it. Events may still come while it is being
 * destroyed.
 *
 * @implements {Engine}
 */
export class FlvEngine {
  #player;
  #video;
  #receivedBps = 0;

  /**
   * @param {MpegtsLibrary} library
   * @param {HTMLVideoElement} video
   * @param {string} url
   * @param {EngineListener} listener
   * @param {{ isWebTransport: boolean }} options whether the address is one of WebTransport
   */
  constructor(library, video, url, listener, { isWebTransport }) {
    // Failures are shown on the page; its console is left to real faults.
    library.LoggingControl.applyConfig({ enableAll: false });
    const isWebSocket = url.startsWith("ws");
    const tell = (/** @type {Failure} */ failure) => {
      const isPlain = failure.kind !== "network" && failure.kind !== "ended";
      if (!isWebSocket || isPlain) return listener.onFailure(failure);
      void explain(failure, url).then((explained) => listener.onFailure(explained));
    };
    // A loader of one's own cannot be handed to its worker.
    const config = isWebTransport
      ? { ...MPEGTS_CONFIG, enableWorker: false, customLoader: webtransportLoader(library) }
      : MPEGTS_CONFIG;
    const player = library.createPlayer({ type: "flv", isLive: true, url }, config);
    player.on(library.Events.ERROR, (type, detail, info) => {
      if (!isPassedOver(detail, info)) tell(describeFailure(type, detail, info));
    });
    player.on(library.Events.LOADING_COMPLETE, () => {
      tell({ kind: "ended", detail: "The stream has ended" });
    });
    player.on(library.Events.STATISTICS_INFO, (/** @type {MpegtsStatistics} */ { speed = 0 }) => {
      // mpegts.js counts in kilobytes (1024) per second.
      this.#receivedBps = speed * 1024 * 8;
    });
    this.#video = video;
    player.attachMediaElement(video);
    player.load();
    this.#player = player;
    // Not before the caller knows this engine.
    queueMicrotask(() => listener.onMedia());
  }

  get isConnected() {
    return true;
  }

  /** Media Source Extensions stand still without media. */
  get position() {
    return this.#video.currentTime;
  }

  /** mpegts.js has time-outs of its own. */
  handleTimeout() {}

  readFigures() {
    const figures = /** @type {const} */ ({ kind: "flv", receivedBps: this.#receivedBps });
    return Promise.resolve(figures);
  }

  destroy() {
    this.#player.destroy();
  }
}

/** The answers to a request that say more than that a WebSocket did not open. */
const TELLING = [401, 403, 404];

/**
 * Why a WebSocket did not open, or has closed: browsers keep the answer to themselves, and it is that
 * to a GET.
 *
 * @param {Failure} failure what is known so far
 * @param {string} url of the WebSocket
 * @returns {Promise<Failure>}
 */
async function explain(failure, url) {
  try {
    const { status } = await fetch(url.replace(/^ws/, "http"), {
      method: "HEAD",
      cache: "no-store",
    });
    return TELLING.includes(status) ? describeStatus(status, "") : failure;
  } catch {
    return failure;
  }
}
