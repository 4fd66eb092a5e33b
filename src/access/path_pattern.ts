/** Characters of a pattern: as long as paths may be. */
export const MAX_PATTERN_LENGTH = 512;

/**
 * Whether a path fits a pattern, in which each "*" stands for any characters but "/"; "*" alone fits
 * every path. Takes steps of the product of both lengths at most, whatever they are.
 *
 * @example
 * ```ts
 * import { fitsPattern } from "./path_pattern.ts";
 *
 * fitsPattern("live/camera-*", "live/camera-7"); // true
 * fitsPattern("live/*", "other/camera-7"); // false
 * ```
 */
export function fitsPattern(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  if (!pattern.includes("*")) return false;
  let at = 0;
  let starAt = -1;
  /** Up to where the last "*" stands for what is in the path. */
  let takenTo = 0;
  for (let pathAt = 0; pathAt < path.length;) {
    if (pattern[at] === "*") {
      starAt = at++;
      takenTo = pathAt;
    } else if (at < pattern.length && pattern[at] === path[pathAt]) {
      at++;
      pathAt++;
    } else if (starAt >= 0 && path[takenTo] !== "/") {
      at = starAt + 1;
      pathAt = ++takenTo;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Whether a path fits one of the patterns. */
export function fitsOne(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => fitsPattern(pattern, path));
}
