/**
 * Whether a condition, the value of If-Match or If-None-Match, names the tag: `*`, or a list that has
 * it (RFC 9110 13.1). Weak tags are taken for strong ones, since proxies that compress weaken them.
 */
export function namesEtag(condition: string, etag: string): boolean {
  const tags = condition.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
