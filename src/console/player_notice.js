// @ts-check
/** What stands over the picture, by what the player does. */

/** @import { PlayerStatus } from "./player.js" */
/** @import { StreamInfo } from "./stream_list.js" */

/** Why nothing is seen of a stream with intra refresh. */
const REFRESHES = "This stream has no key frames, without which browsers show nothing to those " +
  "who join: its publisher can turn intra refresh off";

/**
 * @param {PlayerStatus} status
 * @param {StreamInfo | undefined} listed
 * @returns {{ title: string, detail: string }}
 */
export function describeStatus({ state, detail = "", retryAtMs = 0 }, listed) {
  const obstacle = listed?.video?.refreshes ? REFRESHES : undefined;
  switch (state) {
    case "connecting":
      return { title: "Connecting", detail: obstacle ?? "" };
    case "stalled":
      return { title: "Buffering", detail: obstacle ?? "Nothing new is arriving" };
    case "waiting":
      return {
        title: "The publisher is away",
        detail: "The stream continues here when it publishes again",
      };
    case "offline":
      return {
        title: "This stream is not live",
        detail: "It plays here as soon as somebody publishes it",
      };
    case "retrying": {
      const seconds = Math.max(0, Math.ceil((retryAtMs - performance.now()) / 1000));
      return { title: detail, detail: `Trying again in ${seconds} s` };
    }
    case "failed":
      return { title: detail, detail: "Several attempts have failed" };
    case "unsupported":
      return { title: "Cannot play this stream here", detail };
    case "refused":
      return { title: "You may not watch this", detail };
    case "playing":
      // Seen only where there is no picture to cover.
      return { title: "Sound only", detail: "" };
    case "idle":
      return { title: "", detail: "" };
  }
}
