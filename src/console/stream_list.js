// @ts-check
/// <reference lib="dom" />
/** Follows the list of streams while the page is visible. */
import { tokenQuery } from "./location.js";
import { listAt, receiveChanges, receiveList } from "./stream_updates.js";

/** @import { ReceivedList } from "./stream_updates.js" */

/**
 * `GET /api/v1/live`. Any field may be missing or null while it is not known.
 *
 * @typedef {object} VideoInfo
 * @property {string | null} [codecString] RFC 6381
 * @property {number | null} [width]
 * @property {number | null} [height]
 * @property {number | null} [frameRate]
 * @property {number | null} [keyFrameDistanceMs]
 * @property {boolean | null} [bFrames]
 * @property {boolean | null} [refreshes] whether it has intra refresh in place of key frames
 *
 * @typedef {object} AudioInfo
 * @property {string | null} [codecString] RFC 6381
 * @property {number | null} [sampleRate]
 * @property {number | null} [channels]
 *
 * @typedef {VideoInfo & AudioInfo & {
 *   kind: "video" | "audio",
 *   id: number,
 *   isDefault: boolean,
 *   bitrateBps?: number | null,
 * }} TrackInfo
 *
 * @typedef {object} WebRtcInfo
 * @property {number | null} [viewers]
 * @property {boolean | null} [bFrames] whether there are any, which are then dropped
 * @property {boolean | null} [exact] whether all other pictures are the same without them
 * @property {string | null} [advice] a sentence for the publisher
 *
 * @typedef {object} StreamInfo
 * @property {string} app
 * @property {string} name
 * @property {"live" | "waiting"} state waiting: the publisher is gone, its grace period runs
 * @property {number | null | undefined} [uptimeMs]
 * @property {number | null} [viewers]
 * @property {number | null} [bitrateBps]
 * @property {VideoInfo | null} [video]
 * @property {AudioInfo | null} [audio]
 * @property {TrackInfo[] | null} [tracks] all, the default ones among them
 * @property {{ viewers?: number | null } | null} [rtmp]
 * @property {WebRtcInfo | null} [webrtc]
 * @property {string[] | null} [advice] sentences for the publisher
 * @property {string[] | null} [notes] sentences for viewers: what players by some ways miss
 *
 * @typedef {object} StreamList
 * @property {{ version?: string, rtmpPort?: number, httpsPort?: number, webtransportPort?: number, uptimeMs?: number | undefined }} gateway
 * @property {StreamInfo[]} streams
 * @property {number} page from 1 on
 * @property {number} pages
 * @property {number} total streams on all pages
 */

/** How often the page is told the list while it follows it: times go on between two events. */
const SHOW_INTERVAL_MS = 1000;

/** The gateway says something every five seconds: a connection without a word is lost. */
const SILENCE_MS = 12_000;

/** The wait before the list is followed again where it could not be. */
const RETRY_MS = 2000;

const REQUEST_TIMEOUT_MS = 5000;

/**
 * Follows the list of streams until the page goes away; pauses while the page is hidden. Where it
 * cannot be followed, it is asked for instead.
 */
export class StreamFollower {
  #onList;
  #onFailure;
  #page = 1;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReceivedList | undefined} */
  #received;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  #heardAtMs = 0;

  /**
   * @param {(list: StreamList) => void} onList called every second, and when something changes
   * @param {(reason: string) => void} onFailure
   */
  constructor(onList, onFailure) {
    this.#onList = onList;
    this.#onFailure = onFailure;
    setInterval(() => this.#tick(), SHOW_INTERVAL_MS);
    document.addEventListener("visibilitychange", () => this.#start());
    this.#start();
  }

  /** @param {number} page */
  showPage(page) {
    this.#page = page;
    this.#start();
  }

  #tick() {
    this.#show();
    if (!this.#source || performance.now() - this.#heardAtMs < SILENCE_MS) return;
    this.#lose("the gateway says nothing");
    this.#start();
  }

  #show() {
    if (!this.#received) return;
    const list = listAt(this.#received, performance.now());
    // A page that there is no more: its streams are gone.
    if (this.#page > list.pages) this.showPage(list.pages);
    else this.#onList(list);
  }

  /** @param {ReceivedList} list */
  #take(list) {
    this.#received = list;
    this.#heardAtMs = performance.now();
    this.#show();
  }

  #stop() {
    this.#source?.close();
    this.#source = undefined;
    this.#received = undefined;
    clearTimeout(this.#retryTimer);
  }

  #start() {
    this.#stop();
    if (document.hidden) return;
    const events = new EventSource(listUrl("/api/v1/live/events", this.#page));
    this.#source = events;
    this.#heardAtMs = performance.now();
    events.addEventListener(
      "list",
      ({ data }) => this.#take(receiveList(JSON.parse(data), performance.now())),
    );
    events.addEventListener("changes", ({ data }) => {
      if (!this.#received) return;
      this.#take(receiveChanges(this.#received, JSON.parse(data), performance.now()));
    });
    events.addEventListener("alive", () => this.#heardAtMs = performance.now());
    events.addEventListener("error", () => {
      // Refused: there may be too many who follow. Anything else the browser tries again by itself.
      if (events.readyState === EventSource.CLOSED) this.#ask();
      else this.#lose("the gateway cannot be reached");
    });
  }

  /** @param {string} reason */
  #lose(reason) {
    this.#received = undefined;
    this.#onFailure(reason);
  }

  /** Asks once, and tries to follow again later. */
  async #ask() {
    this.#stop();
    const asked = this.#page;
    const answer = await readStreams(asked).catch(describeFailure);
    if (this.#source || this.#page !== asked) return;
    if (!answer) return this.showPage(1);
    if (typeof answer === "string") this.#lose(answer);
    else this.#take(receiveList(answer, performance.now()));
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#start(), RETRY_MS);
  }
}

/** @param {string} path @param {number} page */
function listUrl(path, page) {
  const token = tokenQuery(location);
  return `${path}?page=${page}${token && `&${token}`}`;
}

/** @param {number} page @returns {Promise<StreamList | undefined>} nothing if there is no such page */
async function readStreams(page) {
  const response = await fetch(listUrl("/api/v1/live", page), {
    // With the tag of the answer before: unless something has changed, nothing is sent.
    cache: "no-cache",
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (response.status === 404 && page > 1) return undefined;
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  return await response.json();
}

/** @param {Error} error */
function describeFailure(error) {
  if (error.name === "TimeoutError") return "the gateway did not answer in time";
  return error instanceof TypeError ? "the gateway cannot be reached" : error.message;
}
