// @ts-check
/** Names of streams in addresses: the page's own fragment, and the media's paths. */

/**
 * What the fragment names: a stream and the way it is to be played.
 *
 * @typedef {"http-flv" | "ws-flv"} Transport
 * @typedef {{ app: string, name: string }} StreamName
 * @typedef {StreamName & { transport: Transport }} Selection
 */

/**
 * Reads "#live/test" or "#live/test?via=ws-flv"; `undefined` when it names no stream. The last
 * segment is the stream, everything before it the app. A stream without an app has a slash before
 * it, "#/test": "#test" is a place in the page.
 *
 * @param {string} fragment with or without its "#"
 * @returns {Selection | undefined}
 */
export function parseFragment(fragment) {
  const [path = "", query = ""] = fragment.replace(/^#/, "").split("?", 2);
  if (!path.includes("/")) return undefined;
  const segments = path.replace(/^\//, "").split("/").map(decodeSegment);
  const name = segments.pop();
  if (!name || segments.includes("") || segments.includes(undefined)) return undefined;
  const transport = new URLSearchParams(query).get("via") === "ws-flv" ? "ws-flv" : "http-flv";
  return { app: segments.join("/"), name, transport };
}

/**
 * The fragment that {@linkcode parseFragment} reads. HTTP-FLV is the default and not written.
 *
 * @param {Selection} selection
 */
export function formatFragment({ app, name, transport }) {
  return `#${app ? "" : "/"}${streamPath({ app, name })}${
    transport === "ws-flv" ? "?via=ws-flv" : ""
  }`;
}

/**
 * "live/test", each segment percent-encoded: names come from publishers.
 *
 * @param {StreamName} stream
 */
export function streamPath({ app, name }) {
  const segments = app ? [...app.split("/"), name] : [name];
  return segments.map(encodeURIComponent).join("/");
}

/**
 * "live/test", as people read it; "test" for a stream without an app.
 *
 * @param {StreamName} stream
 */
export function streamTitle({ app, name }) {
  return app ? `${app}/${name}` : name;
}

/**
 * The absolute address of a stream's media. Absolute, since a worker made from a blob has no base.
 *
 * @param {Selection} selection
 * @param {{ protocol: string, host: string }} page the page's location
 */
export function mediaUrl({ app, name, transport }, page) {
  const secure = page.protocol === "https:";
  const scheme = transport === "ws-flv" ? (secure ? "wss" : "ws") : (secure ? "https" : "http");
  return `${scheme}://${page.host}/${streamPath({ app, name })}.flv`;
}

/**
 * @param {StreamName | undefined} one
 * @param {StreamName | undefined} other
 */
export function isSameStream(one, other) {
  return one?.app === other?.app && one?.name === other?.name;
}

/**
 * @param {string} segment
 * @returns {string | undefined} `undefined` when the percent-encoding is broken
 */
function decodeSegment(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
