// @ts-check
/// <reference lib="dom" />
/** The table of streams. Rows are kept and updated, so that focus and selection survive. */
import { byId, create, setText } from "./dom.js";
import {
  formatBitrate,
  formatCodec,
  formatCount,
  formatDuration,
  formatMoreTracks,
  formatPicture,
  formatSeconds,
  formatSound,
} from "./format.js";
import { formatFragment, isSameStream, streamPath, streamTitle } from "./location.js";

/** @import { StreamInfo, TrackInfo, VideoInfo } from "./stream_list.js" */
/** @import { Selection } from "./location.js" */

/** A viewer starts on a key frame: beyond this distance the start is noticeably slow. */
const LONG_KEY_FRAME_DISTANCE_MS = 4000;

/** One row: its element, and the cells that change. */
class StreamRow {
  element = create("tr");
  /** @type {HTMLAnchorElement} */
  #link;
  #app = create("span", "app");
  #name = create("span", "name");
  #state = create("span", "badge waiting", "waiting");
  #videoCodec = create("span", "codec");
  #picture = create("span", "detail");
  #audioCodec = create("span", "codec");
  #sound = create("span", "detail");
  #bitrate = cell("Bit rate", "figure");
  #keyFrames = cell("Key frames", "figure");
  #viewers = cell("Viewers", "figure");
  #uptime = cell("Uptime", "figure");

  constructor() {
    this.#link = document.createElement("a");
    this.#link.className = "stream-link";
    this.#link.append(create("span", "stream-title", this.#app, this.#name));
    this.#state.title = "The publisher is gone; the stream is kept for its return";
    const stream = create("th", "stream", this.#link, this.#state);
    stream.setAttribute("scope", "row");
    this.element.append(
      stream,
      cell("Video", "", this.#videoCodec, this.#picture),
      cell("Audio", "", this.#audioCodec, this.#sound),
      this.#bitrate,
      this.#keyFrames,
      this.#viewers,
      this.#uptime,
    );
    // The link is what a keyboard uses; for a pointer the whole row is the target.
    this.element.addEventListener("click", (event) => {
      const inControl = event.target instanceof Element && event.target.closest("a, button");
      if (!inControl && getSelection()?.isCollapsed !== false) this.#link.click();
    });
  }

  /**
   * @param {StreamInfo} stream
   * @param {Selection | undefined} selection
   */
  show(stream, selection) {
    const { app, name, state, video, audio, tracks, webrtc } = stream;
    const selected = isSameStream(stream, selection);
    setText(this.#app, app && `${app}/`);
    setText(this.#name, name);
    this.#link.href = formatFragment({ app, name, via: selection?.via });
    this.#link.setAttribute("aria-label", `Play ${streamTitle(stream)}`);
    if (selected) this.#link.setAttribute("aria-current", "true");
    else this.#link.removeAttribute("aria-current");
    this.element.dataset.stream = streamTitle(stream);
    this.element.dataset.state = state;
    this.element.classList.toggle("selected", selected);
    this.#state.hidden = state !== "waiting";

    showCodec(this.#videoCodec, video?.codecString);
    setText(this.#picture, join(formatPicture(video), formatMoreTracks(tracks, "video")));
    this.#picture.title = describeTracks(tracks, "video", formatPicture);
    showCodec(this.#audioCodec, audio?.codecString);
    setText(this.#sound, join(formatSound(audio), formatMoreTracks(tracks, "audio")));
    this.#sound.title = describeTracks(tracks, "audio", formatSound);
    setText(this.#bitrate, formatBitrate(state === "waiting" ? null : stream.bitrateBps));
    setText(this.#keyFrames, formatSeconds(video?.keyFrameDistanceMs));
    this.#keyFrames.classList.toggle("warn", isLong(video));
    this.#keyFrames.title = isLong(video) ? "Far apart: viewers start slowly. 2 s is good" : "";
    setText(this.#viewers, formatCount(stream.viewers));
    this.#viewers.title = webrtc
      ? `${formatCount(webrtc.viewers)} over WebRTC, ${formatCount(stream.rtmp?.viewers)} over RTMP`
      : "";
    setText(this.#uptime, formatDuration(stream.uptimeMs));
  }
}

/**
 * Shows every list it is given.
 *
 * @returns {{ show(streams: StreamInfo[], selection: Selection | undefined): void }}
 */
export function startStreamTable() {
  const body = byId("stream-rows", HTMLElement);
  /** @type {Map<string, StreamRow>} */
  const rows = new Map();

  return {
    show(streams, selection) {
      const sorted = streams.toSorted((one, other) => compare(streamPath(one), streamPath(other)));
      const gone = new Set(rows.keys());
      sorted.forEach((stream, index) => {
        const key = streamPath(stream);
        gone.delete(key);
        const row = rows.get(key) ?? new StreamRow();
        rows.set(key, row);
        row.show(stream, selection);
        if (body.children[index] !== row.element) {
          body.insertBefore(row.element, body.children[index] ?? null);
        }
      });
      for (const key of gone) {
        rows.get(key)?.element.remove();
        rows.delete(key);
      }
      byId("streams", HTMLElement).hidden = streams.length === 0;
      byId("empty", HTMLElement).hidden = streams.length > 0;
    },
  };
}

/**
 * @param {string} label shown beside the value where the table is narrow
 * @param {string} className
 * @param {(Node | string)[]} children
 */
function cell(label, className, ...children) {
  const element = create("td", className, ...children);
  element.dataset.label = label;
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string | null | undefined} codec
 */
function showCodec(element, codec) {
  setText(element, formatCodec(codec));
  element.title = codec ?? "";
}

/** @param {...string} parts */
function join(...parts) {
  return parts.filter((part) => part !== "").join(" · ");
}

/**
 * The tracks of a kind, one on each line with what asks for it; empty if there is but one.
 *
 * @param {readonly TrackInfo[] | null | undefined} tracks
 * @param {"video" | "audio"} kind
 * @param {(track: TrackInfo) => string} format
 */
function describeTracks(tracks, kind, format) {
  const ofKind = (tracks ?? []).filter((track) => track.kind === kind);
  if (ofKind.every(({ isDefault }) => isDefault)) return "";
  return ofKind.map((track) => {
    const query = track.isDefault ? "default" : `?${kind[0]}track=${track.id}`;
    return join(`Track ${track.id}`, formatCodec(track.codecString), format(track), query);
  }).join("\n");
}

/** @param {VideoInfo | null | undefined} video */
function isLong(video) {
  return (video?.keyFrameDistanceMs ?? 0) > LONG_KEY_FRAME_DISTANCE_MS;
}

/**
 * @param {string} one
 * @param {string} other
 */
function compare(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
