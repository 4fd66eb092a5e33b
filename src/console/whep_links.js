// @ts-check
/** What an answer to an offer says that there is for a viewer beside its session. */

const EXTENSION = "urn:ietf:params:whep:ext:core:";

/**
 * The address of an extension; `undefined` if it is not offered.
 *
 * @param {"server-sent-events" | "layer"} extension
 * @param {string | null} link the header (RFC 8288)
 * @param {string} base
 */
export function extensionAddress(extension, link, base) {
  for (const part of (link ?? "").split(/,\s*(?=<)/)) {
    const [, target, rest] = /^\s*<([^>]*)>(.*)$/.exec(part) ?? [];
    if (target !== undefined && rest?.includes(`rel="${EXTENSION}${extension}"`)) {
      return new URL(target, base).href;
    }
  }
  return undefined;
}
