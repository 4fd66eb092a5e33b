import { unprintableIn } from "../bytes/printable.ts";

/** What the path of a stream ends with in the URL of its HTTP-FLV and WebSocket-FLV. */
export const FLV_SUFFIX = ".flv";

/** Application and name together; longer ones are no names but attacks on tables and logs. */
const MAX_PATH_LENGTH = 512;

/**
 * The path of a stream, as in its URLs, from RTMP's application and stream name: "live/test".
 *
 * @returns the path, or why there is none
 */
export function streamPath(
  app: string,
  name: string,
): { readonly path: string } | { readonly problem: string } {
  const parts = `${app}/${name}`.split("/").filter((part) => part !== "");
  const path = parts.join("/");
  if (path.length > MAX_PATH_LENGTH) {
    return {
      problem: `The name may have ${MAX_PATH_LENGTH} characters, it has ${path.length}.`,
    };
  }
  if (/[?#\\]/.test(path) || parts.some((part) => part === "." || part === "..")) {
    return { problem: "The name has characters that URLs do not have." };
  }
  const unprintable = unprintableIn(path);
  if (unprintable !== undefined) {
    return { problem: `The name has a character that cannot be seen: ${unprintable}.` };
  }
  return { path };
}

/** Application and name of a path: the application is all before the last slash. */
export function splitPath(path: string): { readonly app: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { app: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

/** The path as a URL has it, each part escaped. */
export function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The stream that a URL's path asks for with a suffix: "/live/test.flv" with ".flv". */
export function unescapePath(pathname: string, suffix: string): string | undefined {
  if (!pathname.endsWith(suffix)) return undefined;
  try {
    return pathname.slice(1, -suffix.length).split("/").map(decodeURIComponent).join("/");
  } catch {
    return undefined;
  }
}
