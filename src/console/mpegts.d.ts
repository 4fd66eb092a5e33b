/**
 * The part of mpegts.js that the console uses; the library itself is a classic script which
 * defines the global `mpegts`.
 */
export interface MpegtsLibrary {
  getFeatureList(): { mseLivePlayback: boolean };
  createPlayer(source: { type: "flv"; isLive: boolean; url: string }, config: object): MpegtsPlayer;
  readonly Events: { ERROR: string; LOADING_COMPLETE: string; STATISTICS_INFO: string };
  readonly LoggingControl: { applyConfig(config: { enableAll: boolean }): void };
}

export interface MpegtsPlayer {
  /** Each event has its own arguments. */
  on(event: string, listener: (...values: never[]) => void): void;
  attachMediaElement(video: HTMLVideoElement): void;
  load(): void;
  destroy(): void;
}

export interface MpegtsStatistics {
  /** KiB/s received. */
  readonly speed?: number;
}
