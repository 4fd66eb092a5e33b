// @ts-check
/** The list of streams as it is received: whole or by its changes, and as it is some time later. */

/** @import { StreamInfo, StreamList } from "./stream_list.js" */

/**
 * @typedef {Omit<StreamList, "streams">} ListHead
 *
 * @typedef {object} ReceivedStream
 * @property {StreamInfo} stream
 * @property {number} atMs when it was received
 *
 * @typedef {object} ReceivedList
 * @property {ListHead} head
 * @property {number} atMs when the head was received
 * @property {ReadonlyMap<string, ReceivedStream>} streams
 */

/**
 * @param {Partial<StreamList>} list
 * @param {number} nowMs
 * @returns {ReceivedList}
 */
export function receiveList(list, nowMs) {
  const streams = (list.streams ?? []).map((stream) => /** @type {const} */ ([
    keyOf(stream),
    { stream, atMs: nowMs },
  ]));
  return { head: headOf(list), atMs: nowMs, streams: new Map(streams) };
}

/**
 * @param {ReceivedList} list
 * @param {Partial<StreamList> & { changed?: StreamInfo[], gone?: string[] }} changes
 * @param {number} nowMs
 * @returns {ReceivedList}
 */
export function receiveChanges(list, changes, nowMs) {
  const streams = new Map(list.streams);
  for (const path of changes.gone ?? []) streams.delete(path);
  for (const stream of changes.changed ?? []) streams.set(keyOf(stream), { stream, atMs: nowMs });
  return { head: headOf(changes), atMs: nowMs, streams };
}

/**
 * The list as it is now: what has not changed has only become older.
 *
 * @param {ReceivedList} list
 * @param {number} nowMs
 * @returns {StreamList}
 */
export function listAt({ head, atMs, streams }, nowMs) {
  return {
    ...head,
    gateway: { ...head.gateway, uptimeMs: later(head.gateway.uptimeMs, nowMs - atMs) },
    streams: [...streams.values()].map(({ stream, atMs }) => ({
      ...stream,
      uptimeMs: later(stream.uptimeMs, nowMs - atMs),
    })),
  };
}

/** @param {Partial<StreamList>} list @returns {ListHead} */
function headOf({ gateway = {}, page = 1, pages = 1, total = 0 }) {
  return { gateway, page, pages, total };
}

/** @param {StreamInfo} stream */
function keyOf({ app, name }) {
  return app === "" ? name : `${app}/${name}`;
}

/**
 * @template {number | null | undefined} T
 * @param {T} uptimeMs
 * @param {number} ms
 */
function later(uptimeMs, ms) {
  return typeof uptimeMs === "number" ? uptimeMs + ms : uptimeMs;
}
