/**
 * Whether a condition, the value of If-Match or If-None-Match, names the tag: `*`, or a list that has
 * it (RFC 9110 13.1). Weak tags are taken for strong ones, since proxies that compress weaken them;
 * and `"*"` for `*`, as RFC 9725 has it in an example.
 *
 * @param condition `undefined` names none
 * @param etag with its quotes, and `W/` if it is weak
 */
export function namesEtag(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  const strong = (tag: string) => tag.trim().replace(/^W\//, "");
  const tags = condition.split(",").map(strong);
  return [strong(etag), "*", '"*"'].some((tag) => tags.includes(tag));
}
