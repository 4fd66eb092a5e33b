import type { SessionEvent } from "../../rtmp/session/event.ts";

/** Messages after which a publisher's connection asks whether others are to have the thread. */
const MESSAGES_A_PAUSE = 8;

/** A message with so many bytes counts twice, and so on. */
const BYTES_A_MESSAGE = 512;

/** Counts what a connection has done in one turn, by what its events are. */
export class MessageTurn {
  #messages = 0;

  /** Whether it is to ask now whether others are to have the thread. */
  isOverAfter(event: SessionEvent): boolean {
    this.#messages += weightOf(event);
    if (this.#messages < MESSAGES_A_PAUSE) return false;
    this.#messages = 0;
    return true;
  }
}

/** Of an event, beside small media. All others may be much work, and come seldom. */
function weightOf(event: SessionEvent): number {
  if (event.kind !== "audio" && event.kind !== "video") return MESSAGES_A_PAUSE;
  return 1 + Math.floor(event.payload.length / BYTES_A_MESSAGE);
}
