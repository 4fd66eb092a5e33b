// @ts-check
/** Names of streams in addresses: the page's own fragment, and the media's paths. */

/**
 * What the fragment names: a stream and, if the reader chose one, the way it is to be played.
 *
 * @typedef {"webrtc" | "http-flv" | "ws-flv"} Transport
 * @typedef {{ app: string, name: string }} StreamName
 * @typedef {StreamName & { via: Transport | undefined }} Selection
 */

/** @type {readonly Transport[]} */
const TRANSPORTS = ["webrtc", "http-flv", "ws-flv"];

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
  return { app: segments.join("/"), name, via: asTransport(new URLSearchParams(query).get("via")) };
}

/**
 * The transport of this name; `undefined` when there is none.
 *
 * @param {string | null} name
 */
export function asTransport(name) {
  return TRANSPORTS.find((transport) => transport === name);
}

/**
 * The fragment that {@linkcode parseFragment} reads.
 *
 * @param {Selection} selection
 */
export function formatFragment({ app, name, via }) {
  return `#${app ? "" : "/"}${streamPath({ app, name })}${via ? `?via=${via}` : ""}`;
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
 * The page's token, if it has one in its query, is handed over.
 *
 * @param {StreamName} stream
 * @param {Transport} transport
 * @param {{ protocol: string, host: string, search?: string }} page the page's location
 */
export function mediaUrl(stream, transport, page) {
  const url = plainMediaUrl(stream, transport, page);
  const query = tokenQuery(page);
  return query === "" ? url : `${url}?${query}`;
}

/**
 * "token=…" if the page's address has one; "" otherwise.
 *
 * @param {{ search?: string }} page the page's location
 */
export function tokenQuery({ search = "" }) {
  const token = new URLSearchParams(search).get("token");
  return token === null ? "" : `token=${encodeURIComponent(token)}`;
}

/**
 * @param {StreamName} stream
 * @param {Transport} transport
 * @param {{ protocol: string, host: string }} page
 */
function plainMediaUrl(stream, transport, page) {
  const isSecure = page.protocol === "https:";
  const path = `${page.host}/${streamPath(stream)}`;
  switch (transport) {
    case "webrtc":
      return `${isSecure ? "https" : "http"}://${path}/whep`;
    case "http-flv":
      return `${isSecure ? "https" : "http"}://${path}.flv`;
    case "ws-flv":
      return `${isSecure ? "wss" : "ws"}://${path}.flv`;
  }
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
