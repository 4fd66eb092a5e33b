// @ts-check
/// <reference lib="dom" />
/** Settings for OBS and ffmpeg, for this gateway and the app and name that the reader enters. */
import { byId, setText, showRows } from "./dom.js";
import { streamTitle } from "./location.js";

/** @import { StreamInfo } from "./stream_list.js" */

const DEFAULT_RTMP_PORT = 1935;

const TEST_SOURCE = [
  "ffmpeg -re",
  "-f lavfi -i testsrc2=size=1280x720:rate=30",
  "-f lavfi -i sine=f=440:sample_rate=48000",
  "-c:v libx264 -preset veryfast",
  "-tune zerolatency -profile:v main",
  "-pix_fmt yuv420p -bf 0 -g 60 -b:v 2M",
  "-c:a aac -b:a 128k",
];

const FILE_SOURCE = [
  "ffmpeg -re -stream_loop -1 -i input.mp4",
  "-c:v libx264 -preset veryfast",
  "-tune zerolatency -profile:v main",
  "-pix_fmt yuv420p -bf 0 -g 60 -b:v 2M",
  "-c:a aac -b:a 128k -ar 48000",
];

/** Streams whose encoders are told what to change; of more, only the number is. */
const MAX_ADVISED = 8;

/**
 * Keeps the shown settings up to date, and what encoders of live streams should change.
 *
 * @returns {{
 *   setRtmpPort(port: number | undefined): void,
 *   showAdvice(streams: StreamInfo[]): void,
 * }}
 */
export function startPublishHelp() {
  const app = byId("publish-app", HTMLInputElement);
  const name = byId("publish-name", HTMLInputElement);
  let rtmpPort = DEFAULT_RTMP_PORT;

  function show() {
    const appText = app.value.trim() || app.placeholder;
    const nameText = name.value.trim() || name.placeholder;
    const server = rtmpServer(location.hostname, rtmpPort, appText);
    setText(byId("obs-server", HTMLElement), server);
    setText(byId("obs-key", HTMLElement), nameText);
    const target = shellWord(`${server}/${nameText}`);
    setText(byId("ffmpeg-test", HTMLElement), shellLines([...TEST_SOURCE, `-f flv ${target}`]));
    setText(byId("ffmpeg-file", HTMLElement), shellLines([...FILE_SOURCE, `-f flv ${target}`]));
  }

  app.addEventListener("input", show);
  name.addEventListener("input", show);
  show();
  return {
    setRtmpPort(port) {
      if (port === undefined || port === rtmpPort) return;
      rtmpPort = port;
      show();
    },
    showAdvice,
  };
}

/** @param {StreamInfo[]} streams */
function showAdvice(streams) {
  const advised = streams.flatMap((stream) => {
    // Some say the same.
    const advice = new Set([...stream.advice ?? [], stream.webrtc?.advice ?? ""]);
    advice.delete("");
    const sentences = [...advice].map((text) => text.replace(/\.?$/, "."));
    const line = /** @type {const} */ ([streamTitle(stream), sentences.join(" ")]);
    return sentences.length === 0 ? [] : [line];
  }).toSorted(([one], [other]) => one < other ? -1 : 1);
  const shown = advised.slice(0, MAX_ADVISED);
  if (shown.length < advised.length) {
    shown.push([`${advised.length - shown.length} more`, "See the list of streams of the API."]);
  }
  byId("encoder-advice", HTMLElement).hidden = shown.length === 0;
  const list = byId("encoder-advice-list", HTMLElement);
  showRows(list, shown);
}

/**
 * What OBS calls "Server"; the port is written only when it is not RTMP's own.
 *
 * @param {string} host
 * @param {number} port
 * @param {string} app
 */
export function rtmpServer(host, port, app) {
  return `rtmp://${host}${port === DEFAULT_RTMP_PORT ? "" : `:${port}`}/${app}`;
}

/**
 * One word of a POSIX shell command, quoted when it must be.
 *
 * @param {string} text
 */
export function shellWord(text) {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** @param {string[]} parts */
function shellLines(parts) {
  return parts.join(" \\\n  ");
}
