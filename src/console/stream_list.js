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
 * @property {{ version?: string, rtmpPort?: number, httpsPort?: number, uptimeMs?: number | undefined }} gateway
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
 *
 * @param {(list: StreamList) => void} onList called every second, and when something changes
 * @param {(reason: string) => void} onFailure
 * @returns {{ showPage(page: number): void }}
 */
export function followStreams(onList, onFailure) {
  let page = 1;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReceivedList | undefined} */
  let received;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retryTimer;
  let heardAtMs = 0;

  function show() {
    if (!received) return;
    const list = listAt(received, performance.now());
    // A page that there is no more: its streams are gone.
    if (page > list.pages) return showPage(list.pages);
    onList(list);
  }

  /** @param {ReceivedList} list */
  function take(list) {
    received = list;
    heardAtMs = performance.now();
    show();
  }

  function stop() {
    source?.close();
    source = undefined;
    received = undefined;
    clearTimeout(retryTimer);
  }

  function start() {
    stop();
    if (document.hidden) return;
    const events = new EventSource(listUrl("/api/v1/live/events", page));
    source = events;
    heardAtMs = performance.now();
    events.addEventListener(
      "list",
      ({ data }) => take(receiveList(JSON.parse(data), performance.now())),
    );
    events.addEventListener("changes", ({ data }) => {
      if (received) take(receiveChanges(received, JSON.parse(data), performance.now()));
    });
    events.addEventListener("alive", () => heardAtMs = performance.now());
    events.addEventListener("error", () => {
      // Refused: there may be too many who follow. Anything else the browser tries again by itself.
      if (events.readyState === EventSource.CLOSED) ask();
      else lose("the gateway cannot be reached");
    });
  }

  /** @param {string} reason */
  function lose(reason) {
    received = undefined;
    onFailure(reason);
  }

  /** Asks once, and tries to follow again later. */
  async function ask() {
    stop();
    const asked = page;
    const answer = await readStreams(page).catch(describeFailure);
    if (source || page !== asked) return;
    if (!answer) return showPage(1);
    if (typeof answer === "string") lose(answer);
    else take(receiveList(answer, performance.now()));
    clearTimeout(retryTimer);
    retryTimer = setTimeout(start, RETRY_MS);
  }

  /** @param {number} next */
  function showPage(next) {
    page = next;
    start();
  }

  setInterval(() => {
    show();
    if (!source || performance.now() - heardAtMs < SILENCE_MS) return;
    lose("the gateway says nothing");
    start();
  }, SHOW_INTERVAL_MS);
  document.addEventListener("visibilitychange", start);
  start();
  return { showPage };
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
