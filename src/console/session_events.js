// @ts-check
/// <reference lib="dom" />
/** What the gateway tells about a WebRTC session while it lasts. */

/** @import { ViewerQuality } from "./quality.js" */

/** The events that are listened to: of the stream, the list tells. */
const WANTED = ["quality", "reconnect"];

const REQUEST_TIMEOUT_MS = 5000;

/** Follows the events of a session, from when it is made until it is closed. */
export class SessionEvents {
  /** @type {ViewerQuality | undefined} what was told last */
  quality;
  /** @type {EventSource | undefined} */
  #source;
  #isClosed = false;
  #onReconnect;

  /**
   * @param {string} url at which events can be asked for
   * @param {() => void} onReconnect the gateway asks for another session in place of this one
   */
  constructor(url, onReconnect) {
    this.#onReconnect = onReconnect;
    this.#open(url);
  }

  close() {
    this.#isClosed = true;
    this.#source?.close();
  }

  /** A gateway that tells nothing plays as well. @param {string} url */
  async #open(url) {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(WANTED),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      await response.body?.cancel();
      const location = response.headers.get("location");
      if (response.status === 201 && location !== null && !this.#isClosed) {
        this.#follow(new URL(location, response.url).href);
      }
    } catch {
      // It is gone, as the session will be.
    }
  }

  /** @param {string} url */
  #follow(url) {
    // A connection that is lost it opens again by itself, and gives up where it is refused.
    const source = new EventSource(url);
    this.#source = source;
    source.addEventListener("quality", ({ data }) => {
      this.quality = JSON.parse(data);
    });
    source.addEventListener("reconnect", () => {
      if (!this.#isClosed) this.#onReconnect();
    });
  }
}
