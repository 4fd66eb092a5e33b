// @ts-check
/** The state of one WebRTC connection, from what the browser tells and the time that passes. */

/**
 * `failed` is final; `disconnected` may become `connected` again by itself.
 *
 * @typedef {"connecting" | "connected" | "disconnected" | "failed"} ConnectionState
 *
 * `unanswered`: no answer to the offer; `unreachable`: no path for media; `insecure`: a path, but no
 * DTLS; `lost`: it was connected; `closed`: so too, and the gateway has ended it.
 *
 * @typedef {"unanswered" | "unreachable" | "insecure" | "lost" | "closed"} ConnectionEnd
 */

/** The gateway answers an offer at once. */
export const ANSWER_TIMEOUT_MS = 10_000;
/** From the answer to a connection: what takes longer does not come. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Browsers call a connection failed after half a minute; a live picture is not waited for so long. */
export const INTERRUPTION_TIMEOUT_MS = 6000;

/** What is said of ends that are the same for who sends and who watches. */
export const END_DETAILS = {
  unanswered: "The gateway did not answer",
  insecure: "The encryption of the media could not be set up",
  lost: "The connection was lost",
};

/** Times are the caller's, in milliseconds of one clock. */
export class RtcConnection {
  /** @type {ConnectionState} */
  #state = "connecting";
  /** @type {ConnectionEnd | undefined} */
  #end;
  #hasAnswer = false;
  #hasPath = false;
  #wasConnected = false;
  #sinceMs;

  /** @param {number} nowMs when the offer was made */
  constructor(nowMs) {
    this.#sinceMs = nowMs;
  }

  get state() {
    return this.#state;
  }

  /** Why it failed; `undefined` before. */
  get end() {
    return this.#end;
  }

  /** The gateway's answer has come. @param {number} nowMs */
  handleAnswer(nowMs) {
    if (this.#state !== "connecting") return;
    this.#hasAnswer = true;
    this.#sinceMs = nowMs;
  }

  /**
   * Takes `iceConnectionState` and `connectionState`, after each change of either.
   *
   * @param {RTCIceConnectionState} path
   * @param {RTCPeerConnectionState} peer with DTLS
   * @param {number} nowMs
   */
  handlePeer(path, peer, nowMs) {
    if (this.#state === "failed") return;
    if (path === "connected" || path === "completed") this.#hasPath = true;
    switch (peer) {
      case "connected":
        this.#wasConnected = true;
        this.#become("connected", nowMs);
        break;
      case "disconnected":
        if (this.#wasConnected) this.#become("disconnected", nowMs);
        break;
      case "failed":
      case "closed":
        this.#fail();
    }
  }

  /**
   * The gateway has closed DTLS, as it does with all it ends. Of that, `connectionState` tells
   * nothing: to it, a closed transport is as good as a connected one (WebRTC 4.3.3).
   */
  handleClosing() {
    if (this.#state !== "failed") this.#fail("closed");
  }

  /** Notices that something has taken too long. @param {number} nowMs */
  handleTimeout(nowMs) {
    const passedMs = nowMs - this.#sinceMs;
    switch (this.#state) {
      case "connecting":
        if (passedMs >= (this.#hasAnswer ? CONNECT_TIMEOUT_MS : ANSWER_TIMEOUT_MS)) this.#fail();
        break;
      case "disconnected":
        if (passedMs >= INTERRUPTION_TIMEOUT_MS) this.#fail();
    }
  }

  /** @param {ConnectionEnd} end of one that was connected */
  #fail(end = "lost") {
    this.#state = "failed";
    if (this.#wasConnected) this.#end = end;
    else if (!this.#hasAnswer) this.#end = "unanswered";
    else this.#end = this.#hasPath ? "insecure" : "unreachable";
  }

  /**
   * @param {ConnectionState} state
   * @param {number} nowMs
   */
  #become(state, nowMs) {
    if (this.#state !== state) this.#sinceMs = nowMs;
    this.#state = state;
  }
}
