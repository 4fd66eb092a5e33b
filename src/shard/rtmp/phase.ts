import { RtmpError } from "../../rtmp/rtmp_error.ts";
import type { ShardSettings } from "../shard_settings.ts";

/** How long a peer has to take the end of what it was sent, and to close. */
const LINGER_MS = 2000;

/** Where an RTMP connection stands, and so how long it may take. */
export type RtmpPhase = "connecting" | "setup" | "active" | "closing";

/** The phase that a connection is in, and since when. */
export class PhaseClock {
  #phase: RtmpPhase = "connecting";
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  get phase(): RtmpPhase {
    return this.#phase;
  }

  enter(phase: RtmpPhase, nowMs: number): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#sinceMs = nowMs;
  }

  /** Why the connection is ended, if it has been in its phase for too long; who is active may stay. */
  overdueReason(nowMs: number, timeouts: ShardSettings["timeouts"]): string | undefined {
    return overdueReason(this.#phase, nowMs - this.#sinceMs, timeouts);
  }
}

function overdueReason(
  phase: RtmpPhase,
  phaseMs: number,
  { handshakeMs, publishMs }: ShardSettings["timeouts"],
): string | undefined {
  switch (phase) {
    case "connecting":
      if (phaseMs < handshakeMs) return undefined;
      return `closed: no handshake and connect within ${handshakeMs} ms`;
    case "setup":
      if (phaseMs < publishMs) return undefined;
      return `closed: nothing published or played within ${publishMs} ms`;
    case "active":
      return undefined;
    case "closing":
      return phaseMs < LINGER_MS ? undefined : "closed: what it was for is over";
  }
}

/** What ended a connection that nobody here has closed. */
export function reasonOf(error: unknown): string {
  if (error instanceof RtmpError) return `closed: ${error.message}`;
  return `lost: ${error instanceof Error ? error.message : error}`;
}
