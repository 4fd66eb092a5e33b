// @ts-check
/** What goes to and fro when a session looks for another path (RFC 9725, section 4.3.3; RFC 8840). */

/**
 * What the gateway is sent: the new credentials of an offer, without candidates, as it needs none.
 *
 * @param {string} offer SDP
 */
export function restartFragment(offer) {
  const [head = "", first = ""] = offer.split(/(?=^m=)/m);
  const valueOf = (/** @type {string} */ name) =>
    new RegExp(`^a=${name}:.*$`, "m").exec(first + head)?.[0].trimEnd() ?? "";
  const lines = [
    /^a=group:BUNDLE.*$/m.exec(head)?.[0].trimEnd() ?? "",
    /^m=.*$/m.exec(first)?.[0].trimEnd() ?? "",
    valueOf("mid"),
    valueOf("ice-ufrag"),
    valueOf("ice-pwd"),
  ];
  return lines.filter((line) => line !== "").map((line) => `${line}\r\n`).join("");
}

/**
 * The answer as it is from now on: with the credentials and candidates that the gateway has sent.
 *
 * @param {string} answer SDP
 * @param {string} fragment
 */
export function restartedAnswer(answer, fragment) {
  const sent = fragment.split(/\r?\n/);
  const find = (/** @type {string} */ prefix) => sent.filter((line) => line.startsWith(prefix));
  const credentials = ["a=ice-ufrag:", "a=ice-pwd:"];
  const candidates = find("a=candidate:");
  let hasCandidates = false;
  return answer.split("\r\n").flatMap((line) => {
    const credential = credentials.find((prefix) => line.startsWith(prefix));
    if (credential !== undefined) return find(credential).slice(0, 1);
    if (!line.startsWith("a=candidate:")) return [line];
    if (candidates.length === 0) return [line];
    const isFirst = !hasCandidates;
    hasCandidates = true;
    return isFirst ? candidates : [];
  }).join("\r\n");
}
