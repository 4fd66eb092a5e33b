// @ts-check
/** What publishing does, and why it cannot, in words for the reader; pure functions. */

/** @import { PublisherStatus } from "./publisher.js" */

/** As in the gateway. */
const LONGEST_PATH = 512;
const RESERVED_APPS = ["api", "rtc", "assets", "metrics", "healthz", "readyz", "obs"];

/** As the gateway has it: controls, marks that turn text around, and what has no width or meaning. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Why no stream can have this name; `undefined` if one can. The gateway has the last word.
 *
 * @param {string} app
 * @param {string} name
 */
export function nameProblem(app, name) {
  if (name === "") return "Give the stream a name";
  if (name.includes("/")) return "A slash belongs into the app, not into the stream's name";
  const segments = [...app.split("/"), name];
  const path = segments.filter((segment) => segment !== "").join("/");
  if (path.length > LONGEST_PATH) {
    return `App and name may have ${LONGEST_PATH} characters, they have ${path.length}`;
  }
  const strange = /[?#\\]/.exec(path)?.[0];
  if (strange !== undefined) return `App and name may not have ${strange}`;
  if (segments.includes(".") || segments.includes("..")) return "App and name may not be . or ..";
  if (UNSEEN.test(path)) return "App and name have a character that cannot be seen";
  const first = path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
  if (RESERVED_APPS.includes(first)) return `The app ${first} is the gateway's own: take another`;
  return undefined;
}

/**
 * What the page runs in.
 *
 * @typedef {object} Surroundings
 * @property {boolean} isSecure
 * @property {boolean} hasCapture
 * @property {boolean} hasWebRtc
 */

/**
 * What is missing to publish from here, and how to get it; `undefined` if nothing.
 *
 * @param {Surroundings} surroundings
 */
export function publishObstacle({ isSecure, hasCapture, hasWebRtc }) {
  if (!isSecure) {
    return "Camera and screen need https (setting tls, or --tls self-signed) or http://localhost";
  }
  if (!hasWebRtc) return "This browser has no WebRTC, which it would publish by.";
  return hasCapture ? undefined : "This browser gives out neither camera nor screen.";
}

/**
 * The page's own address over TLS, where the gateway serves that.
 *
 * @param {{ hostname: string, pathname: string, search: string, hash: string }} page
 * @param {number | undefined} httpsPort
 */
export function secureAddress({ hostname, pathname, search, hash }, httpsPort) {
  if (httpsPort === undefined) return undefined;
  return `https://${hostname}:${httpsPort}${pathname}${search}${hash}`;
}

/**
 * Why a device gave nothing.
 *
 * @param {{ name?: string, message?: string }} error of `getUserMedia` or `getDisplayMedia`
 * @param {"camera" | "screen"} source
 */
export function captureProblem({ name, message }, source) {
  switch (name) {
    case "NotAllowedError":
      return source === "screen"
        ? "You have not let the page see a screen"
        : "The browser does not let this page use camera or microphone: allow it in the address bar";
    case "NotFoundError":
      return "There is no such camera or microphone: choose another, or none";
    case "NotReadableError":
      return "The device gives nothing: another program may be using it";
    case "OverconstrainedError":
      return "The device that was chosen is not there any more: choose another";
    default:
      return `Nothing could be captured: ${message || name || "no reason given"}`;
  }
}

/**
 * A link that somebody else can follow to watch; without the publisher's token.
 *
 * @param {{ origin: string, hostname: string }} page
 * @param {string} fragment
 */
export function watchLink({ origin, hostname }, fragment) {
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  const note = isLocal
    ? "This link works on this machine: for others, put the gateway's name or address in place of " +
      `${hostname}.`
    : "";
  return { link: `${origin}/${fragment}`, note };
}

/**
 * What the publisher does, for the reader: a sentence, and what stands in the preview.
 *
 * @param {PublisherStatus} status
 * @param {string} title of the stream
 * @param {boolean} isOpen whether anything is captured
 * @returns {{ text: string, badge: string }}
 */
export function describePublisher({ state, detail = "", retryAtMs = 0 }, title, isOpen) {
  switch (state) {
    case "idle":
      return isOpen
        ? { text: "Nobody but you sees this", badge: "Preview" }
        : { text: "", badge: "" };
    case "connecting":
      return { text: `Connecting as ${title}`, badge: "Connecting" };
    case "live":
      return { text: `Live as ${title}`, badge: "Live" };
    case "interrupted":
      return { text: `${detail}: looking for another path`, badge: "Interrupted" };
    case "retrying": {
      const seconds = Math.max(0, Math.ceil((retryAtMs - performance.now()) / 1000));
      return { text: `${detail}: trying again in ${seconds} s`, badge: "Waiting" };
    }
    case "failed":
      return { text: `Not live: ${detail}`, badge: "Not live" };
  }
}
