/**
 * Whether If-None-Match has a tag (RFC 9110 13.1.2): weak ones count there as others do.
 *
 * @param etag with its quotes, and `W/` if it is weak
 */
export function namesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, "");
  const tags = ifNoneMatch.split(",").map(strong);
  return tags.includes(strong(etag)) || tags.includes("*");
}
