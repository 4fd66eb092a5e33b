// @ts-check
/** The connection that plays, and the one that takes its place when the gateway asks for that. */

/** @import { Failure } from "./playback_failure.js" */
/** @import { Engine, EngineListener } from "./playback_engine.d.ts" */

/** When a connection that failed to take the place of another is tried again. */
const RETRY_MS = 1000;

/**
 * @typedef {object} RelayListener
 * @property {() => void} onMedia what plays has something to show
 * @property {() => void} onRelay another plays now
 * @property {(failure: Failure) => void} onFailure of what played: there is none that takes over
 */

/** Times are by `performance.now()`. */
export class EngineRelay {
  #start;
  #listener;
  /** @type {Engine | undefined} */
  #engine;
  /** @type {Engine | undefined} plays as soon as it has something to show */
  #successor;
  #successorAtMs = Infinity;

  /**
   * @param {(listener: EngineListener) => Engine} start makes a connection, which tells nothing yet
   * @param {RelayListener} listener
   */
  constructor(start, listener) {
    this.#start = start;
    this.#listener = listener;
  }

  /** What plays. */
  get engine() {
    return this.#engine;
  }

  /** In place of all that there is. */
  open() {
    this.close();
    this.#engine = this.#create();
  }

  close() {
    const engines = [this.#engine, this.#successor];
    this.#engine = undefined;
    this.#successor = undefined;
    this.#successorAtMs = Infinity;
    // A loader may report its own abortion while it is torn down.
    for (const engine of engines) engine?.destroy();
  }

  /** @param {string | undefined} layer */
  chooseLayer(layer) {
    for (const engine of [this.#engine, this.#successor]) engine?.chooseLayer?.(layer);
  }

  /** To be called often. @param {number} nowMs */
  handleTimeout(nowMs) {
    this.#engine?.handleTimeout(nowMs);
    this.#successor?.handleTimeout(nowMs);
    if (nowMs >= this.#successorAtMs) this.#renew();
  }

  /** @returns {Engine} */
  #create() {
    const engine = this.#start({
      onMedia: () => {
        if (engine === this.#successor) this.#takeOver();
        if (engine === this.#engine) this.#listener.onMedia();
      },
      onFailure: (failure) => {
        if (engine === this.#successor) this.#forgetSuccessor();
        else if (engine === this.#engine) this.#leave(failure);
      },
      onReconnect: () => {
        if (engine === this.#engine) this.#renew();
      },
    });
    return engine;
  }

  /** What there is plays until another has something to show. */
  #renew() {
    this.#successorAtMs = Infinity;
    this.#successor ??= this.#create();
  }

  /** It may be that nobody is there yet who serves another. */
  #forgetSuccessor() {
    this.#successor?.destroy();
    this.#successor = undefined;
    this.#successorAtMs = performance.now() + RETRY_MS;
  }

  /** @param {Failure} failure */
  #leave(failure) {
    if (this.#successor) this.#takeOver();
    else this.#listener.onFailure(failure);
  }

  #takeOver() {
    const before = this.#engine;
    this.#engine = this.#successor;
    this.#successor = undefined;
    before?.destroy();
    this.#listener.onRelay();
  }
}
