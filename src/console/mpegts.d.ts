/**
 * The part of mpegts.js that the console uses; the library itself is a classic script which
 * defines the global `mpegts`.
 */
export interface MpegtsLibrary {
  getFeatureList(): { mseLivePlayback: boolean };
  readonly BaseLoader: LoaderClass;
  readonly LoaderErrors: { EXCEPTION: string; HTTP_STATUS_CODE_INVALID: string };
  readonly LoaderStatus: {
    kConnecting: number;
    kBuffering: number;
    kError: number;
    kComplete: number;
  };
  createPlayer(source: { type: "flv"; isLive: boolean; url: string }, config: object): MpegtsPlayer;
  readonly Events: { ERROR: string; LOADING_COMPLETE: string; STATISTICS_INFO: string };
  readonly LoggingControl: { applyConfig(config: { enableAll: boolean }): void };
}

/** What the library makes loaders with; those of its own are given `kind` in their constructors. */
export type LoaderClass = new (kind: string) => MpegtsLoader;

export interface MpegtsLoader {
  _status: number;
  _onDataArrival: ((piece: ArrayBuffer, begin: number, receivedBytes: number) => void) | null;
  _onComplete: ((from: number, to: number) => void) | null;
  _onError: ((kind: string, cause: { code: number; msg: string }) => void) | null;
  open(source: { url: string }): void;
  abort(): void;
  destroy(): void;
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
