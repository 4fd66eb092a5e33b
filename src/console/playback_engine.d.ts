import type { Failure } from "./playback_failure.js";
import type { ViewerQuality } from "./quality.js";
import type { WebRtcFigures } from "./webrtc_statistics.js";

/** What plays one connection, whatever its transport. */
export interface Engine {
  /** Whether media may be expected; before that, the engine itself knows when to give up. */
  readonly isConnected: boolean;
  /** Grows as long as something new is shown or heard. */
  readonly position: number;
  /** What the gateway says that it sends. */
  readonly quality?: ViewerQuality | undefined;
  /** To be called often. @param nowMs by `performance.now()` */
  handleTimeout(nowMs: number): void;
  readFigures(): Promise<EngineFigures>;
  /** Goes on with other pictures, if it can: with a layer, or whichever fits. */
  chooseLayer?(layer: string | undefined): void;
  /** Leaves nothing behind: no connection, no source on the video element. */
  destroy(): void;
}

export interface EngineListener {
  /** The video element has a source to play. */
  onMedia(): void;
  /** Also when the server ends the stream. The engine is then to be destroyed. */
  onFailure(failure: Failure): void;
  /** The server asks for another connection in place of this one, which it is going to end. */
  onReconnect(): void;
}

export type EngineFigures =
  | { readonly kind: "webrtc" } & WebRtcFigures
  | { readonly kind: "flv"; readonly receivedBps: number };
