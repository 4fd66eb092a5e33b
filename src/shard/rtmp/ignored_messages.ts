import type { Counters } from "../../metrics/counters.ts";
import type { ServerSession } from "../../rtmp/session/server_session.ts";

/** Counts the messages that a session has passed over. */
export class IgnoredMessages {
  readonly #counters: Counters;
  #counted = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** @param session what the session has counted since it began */
  note(session: ServerSession["counters"]): void {
    const { ignoredMedia, ignoredCommands, unknownMessages, sharedObjects } = session;
    const ignored = ignoredMedia + ignoredCommands + unknownMessages + sharedObjects;
    if (ignored === this.#counted) return;
    this.#counters.add("messagesIgnored", ignored - this.#counted);
    this.#counted = ignored;
  }
}
