// @ts-check
/** Names of streams in addresses: the page's own fragment, and the media's paths. */

/**
 * What the fragment names: a stream and, if the reader chose them, the way it is to be played and its
 * quality: a track's number, or "sound".
 *
 * @typedef {"webrtc" | "webtransport" | "http-flv" | "ws-flv"} Transport
 * @typedef {{ app: string, name: string }} StreamName
 * @typedef {StreamName & { via: Transport | undefined, quality?: string | undefined }} Selection
 */

/** @type {readonly Transport[]} */
const TRANSPORTS = ["webrtc", "webtransport", "http-flv", "ws-flv"];

/** The first shard's, unless it was told another one. */
const WEBTRANSPORT_PORT = 4433;

/** The quality without pictures. */
export const SOUND_ONLY = "sound";

const QUALITY = /^(?:\d{1,3}|sound)$/;

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
  const choices = new URLSearchParams(query);
  return {
    app: segments.join("/"),
    name,
    via: asTransport(choices.get("via")),
    quality: asQuality(choices.get("quality")),
  };
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
 * The quality of this name; `undefined` when there is none, and the best that fits is wanted.
 *
 * @param {string | null} name
 */
export function asQuality(name) {
  return name !== null && QUALITY.test(name) ? name : undefined;
}

/**
 * The fragment that {@linkcode parseFragment} reads.
 *
 * @param {Selection} selection
 */
export function formatFragment({ app, name, via, quality }) {
  const choices = [via && `via=${via}`, quality && `quality=${quality}`].filter(Boolean).join("&");
  return `#${app ? "" : "/"}${streamPath({ app, name })}${choices && `?${choices}`}`;
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
 * @param {StreamName & { quality?: string | undefined }} stream
 * @param {Transport} transport
 * @param {{ protocol: string, host: string, search?: string, webtransportPort?: number | undefined }} page
 *   the page's location, and where the gateway says that its WebTransport is
 */
export function mediaUrl(stream, transport, page) {
  return withQuery(plainMediaUrl(stream, transport, page), tokenQuery(page), trackQuery(stream));
}

/**
 * The same, to be played here. Where nobody has chosen a quality, FLV adapts only if that is asked for;
 * a session over WebRTC that is to be told which layer to send has none in its address.
 *
 * @param {StreamName & { quality?: string | undefined }} stream
 * @param {Transport} transport
 * @param {{ protocol: string, host: string, search?: string }} page the page's location
 * @param {{ isPinned: boolean }} options whether no other quality can be chosen later
 */
export function playbackUrl(stream, transport, page, { isPinned }) {
  const url = plainMediaUrl(stream, transport, page);
  const { quality } = stream;
  if (transport === "webrtc" && !isPinned && isLayer(quality)) {
    return withQuery(url, tokenQuery(page));
  }
  const isLeftOpen = transport !== "webrtc" && quality === undefined;
  return withQuery(url, tokenQuery(page), isLeftOpen ? "vtrack=auto" : trackQuery(stream));
}

/**
 * Whether a WebRTC session can be told to go on with this quality.
 *
 * @param {string | undefined} quality
 */
export function isLayer(quality) {
  return quality !== SOUND_ONLY;
}

/** @param {{ quality?: string | undefined }} stream */
function trackQuery({ quality }) {
  if (quality === undefined) return "";
  return quality === SOUND_ONLY ? "video=0" : `vtrack=${quality}`;
}

/**
 * @param {string} url
 * @param {string[]} parameters empty ones are left out
 */
function withQuery(url, ...parameters) {
  const query = parameters.filter((parameter) => parameter !== "").join("&");
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
 * @param {{ protocol: string, host: string, webtransportPort?: number | undefined }} page
 */
function plainMediaUrl(stream, transport, page) {
  const isSecure = page.protocol === "https:";
  const path = `${page.host}/${streamPath(stream)}`;
  switch (transport) {
    case "webrtc":
      return `${isSecure ? "https" : "http"}://${path}/whep`;
    case "webtransport": {
      const { hostname } = new URL(`http://${page.host}`);
      const port = page.webtransportPort ?? WEBTRANSPORT_PORT;
      return `https://${hostname}:${port}/${streamPath(stream)}`;
    }
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
