// @ts-check
/// <reference lib="dom" />
/** One connection of mpegts.js: loads FLV from an address onto a video element. */
import { describeFailure } from "./playback_failure.js";

/** @import { MpegtsLibrary, MpegtsPlayer, MpegtsStatistics } from "./mpegts.d.ts" */
/** @import { Failure } from "./playback_failure.js" */

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
 * Starts to load; the caller destroys what is returned. Events may still come while it is being
 * destroyed.
 *
 * @param {MpegtsLibrary} library
 * @param {HTMLVideoElement} video
 * @param {string} url
 * @param {object} listener
 * @param {(failure: Failure) => void} listener.onFailure also when the server ends the stream
 * @param {(statistics: MpegtsStatistics) => void} listener.onStatistics every second
 * @returns {MpegtsPlayer}
 */
export function startEngine(library, video, url, { onFailure, onStatistics }) {
  // Failures are shown on the page; its console is left to real faults.
  library.LoggingControl.applyConfig({ enableAll: false });
  const engine = library.createPlayer({ type: "flv", isLive: true, url }, MPEGTS_CONFIG);
  engine.on(library.Events.ERROR, (type, detail, info) => {
    onFailure(describeFailure(type, detail, info));
  });
  engine.on(library.Events.LOADING_COMPLETE, () => {
    onFailure({ kind: "ended", detail: "The stream has ended" });
  });
  engine.on(library.Events.STATISTICS_INFO, onStatistics);
  engine.attachMediaElement(video);
  engine.load();
  return engine;
}
