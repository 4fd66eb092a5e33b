// @ts-check
/** What a report of `RTCPeerConnection.getStats` says: its members differ from browser to browser. */

/**
 * One record of a report: which members there are depends on its type and on the browser.
 *
 * @typedef {Readonly<Record<string, unknown>>} StatsRecord
 */

/**
 * The pair of candidates that carries the media; Firefox marks the pair, others name it.
 *
 * @param {Map<unknown, StatsRecord>} records
 */
export function selectedPair(records) {
  const all = [...records.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pairs = all.filter(({ type }) => type === "candidate-pair");
  return records.get(transport?.selectedCandidatePairId) ??
    pairs.find(({ selected }) => selected === true) ??
    pairs.find(({ nominated, state }) => nominated === true && state === "succeeded");
}

/** @param {StatsRecord | undefined} codec */
export function codecOf(codec) {
  return textOf(codec, "mimeType")?.split("/")[1];
}

/**
 * @param {StatsRecord | undefined} before
 * @param {StatsRecord | undefined} now
 * @param {string} member
 */
export function increase(before, now, member) {
  const [from, to] = [figure(before, member), figure(now, member)];
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}

/**
 * @param {StatsRecord | undefined} record
 * @param {string} member
 */
export function figure(record, member) {
  const value = record?.[member];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/**
 * @param {StatsRecord | undefined} record
 * @param {string} member
 */
export function textOf(record, member) {
  const value = record?.[member];
  return typeof value === "string" ? value : undefined;
}

/** @param {number | undefined} seconds */
export function milliseconds(seconds) {
  return seconds === undefined ? undefined : seconds * 1000;
}

/**
 * What has come and gone over a session's transport since its beginning.
 *
 * @param {Iterable<StatsRecord>} report
 */
export function readTraffic(report) {
  const records = [...report];
  const pairs = records.filter(({ type }) => type === "candidate-pair");
  const sent = records.filter(({ type }) => type === "outbound-rtp");
  return {
    received: sumOf(pairs, "bytesReceived"),
    packetsSent: sumOf(sent, "packetsSent"),
  };
}

/**
 * @param {StatsRecord[]} records
 * @param {string} member
 */
function sumOf(records, member) {
  return records.reduce((sum, record) => sum + (figure(record, member) ?? 0), 0);
}
