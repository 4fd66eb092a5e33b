// @ts-check
/// <reference lib="dom" />
/** Publishes one stream, and goes on by itself when the connection is lost. */
import { LONGEST_RETRY_MS, RetrySchedule } from "./retry_schedule.js";
import { WhipSession } from "./whip_session.js";

/** @import { PublishTarget, SentMedia } from "./whip_session.js" */
/** @import { PublishFailure } from "./whip_failure.js" */

/**
 * What the publisher does. `interrupted` looks for another path; `retrying` opens another session after
 * a delay; `failed` would fail again, or was never live and has tried often enough.
 *
 * @typedef {"idle" | "connecting" | "live" | "interrupted" | "retrying" | "failed"} PublisherState
 *
 * @typedef {object} PublisherStatus
 * @property {PublisherState} state
 * @property {string} [detail] why, for the reader
 * @property {number} [retryAtMs] when the next attempt is made, by `performance.now()`
 */

const TICK_INTERVAL_MS = 250;
/** Sending for so long makes an attempt a success: the next failure retries quickly. */
const STEADY_MS = 5000;

/** One stream at a time; every change of its status is told to the callback. */
export class LivePublisher {
  #onStatus;
  /** @type {PublisherStatus} */
  #status = { state: "idle" };
  /** @type {PublishTarget | undefined} */
  #target;
  /** @type {(() => SentMedia) | undefined} */
  #media;
  /** @type {WhipSession | undefined} */
  #session;
  #retries = new RetrySchedule();
  #liveSinceMs = Infinity;
  /** Whether the name was this page's since it began: then who has it may be who was here before. */
  #wasLive = false;

  /** @param {(status: PublisherStatus) => void} onStatus */
  constructor(onStatus) {
    this.#onStatus = onStatus;
    setInterval(() => this.#tick(performance.now()), TICK_INTERVAL_MS);
    addEventListener("online", () => {
      if (this.#status.state === "retrying") this.#connect();
    });
  }

  get status() {
    return this.#status;
  }

  /**
   * @param {PublishTarget} target
   * @param {() => SentMedia} media asked for at each attempt
   */
  start(target, media) {
    this.#target = target;
    this.#media = media;
    this.#wasLive = false;
    this.#retries.reset();
    this.#connect();
  }

  stop() {
    this.#target = undefined;
    this.#endSession();
    this.#become({ state: "idle" });
  }

  /**
   * @param {"audio" | "video"} kind
   * @param {MediaStreamTrack | undefined} track
   */
  async replaceTrack(kind, track) {
    await this.#session?.replaceTrack(kind, track);
  }

  /** Sends pictures as the media say now, as far as a running session can. */
  async limit() {
    if (this.#media) await this.#session?.limit(this.#media().encodings);
  }

  /** What the browser says of the running session; `undefined` without one. */
  async readReport() {
    return await this.#session?.readReport();
  }

  #connect() {
    this.#endSession();
    if (!this.#target || !this.#media) return;
    this.#become({ state: "connecting" });
    const session = new WhipSession(this.#target, this.#media(), {
      onConnection: (isConnected) => {
        if (session === this.#session) this.#handleConnection(isConnected);
      },
      onFailure: (failure) => {
        if (session === this.#session) this.#fail(failure);
      },
    });
    this.#session = session;
  }

  #endSession() {
    const session = this.#session;
    this.#session = undefined;
    this.#liveSinceMs = Infinity;
    session?.end();
  }

  /** @param {boolean} isConnected */
  #handleConnection(isConnected) {
    this.#wasLive ||= isConnected;
    this.#liveSinceMs = isConnected ? performance.now() : Infinity;
    if (isConnected) this.#become({ state: "live" });
    else this.#become({ state: "interrupted", detail: "The connection is interrupted" });
  }

  /** @param {PublishFailure} failure */
  #fail({ kind, detail, retryAfterMs }) {
    this.#endSession();
    const isWorthIt = kind === "network" || kind === "closed" ||
      (kind === "taken" && this.#wasLive);
    const delayMs = isWorthIt ? this.#delayMs(retryAfterMs) : undefined;
    if (delayMs === undefined) this.#become({ state: "failed", detail });
    else this.#become({ state: "retrying", detail, retryAtMs: performance.now() + delayMs });
  }

  /**
   * Whoever was live is awaited, and tries on.
   *
   * @param {number} [leastMs]
   */
  #delayMs(leastMs) {
    return this.#retries.next(leastMs) ?? (this.#wasLive ? LONGEST_RETRY_MS : undefined);
  }

  /** @param {number} nowMs */
  #tick(nowMs) {
    const { state, retryAtMs = 0 } = this.#status;
    if (state === "retrying" && nowMs >= retryAtMs) this.#connect();
    this.#session?.handleTimeout(nowMs);
    if (nowMs - this.#liveSinceMs > STEADY_MS) this.#retries.reset();
  }

  /** @param {PublisherStatus} status */
  #become(status) {
    this.#status = status;
    this.#onStatus(status);
  }
}
