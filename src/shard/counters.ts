/**
 * Counters that shards write and control reads, in shared memory: one row for each shard, written by
 * that shard alone.
 */

/** What a shard has at the moment: set back when the shard dies. */
export const GAUGES = [
  "rtmpConnections",
  "rtmpNewcomers",
  /** Whoever watches or publishes. */
  "clients",
  "httpConnections",
  "listListeners",
  "viewers",
  "rtmpViewers",
  "webrtcViewers",
  "webrtcNewcomers",
  "webrtcTcpConnections",
] as const;

/** What has happened; the numbers only grow, and wrap after 2^32. */
export const TOTALS = [
  /** Connections and requests that there was no memory for. */
  "memoryRefused",
  /** Publishers, viewers and connections that were ended, as there was no memory for more. */
  "memoryEnded",
  "rtmpConnectionsAccepted",
  "rtmpConnectionsRefused",
  "rtmpConnectionsAborted",
  "rtmpProtocolErrors",
  "rtmpTimeouts",
  "publishesAccepted",
  "publishesRefused",
  "playsAccepted",
  "playsRefused",
  "messagesSkipped",
  "messagesIgnored",
  "httpConnectionsAccepted",
  "httpConnectionsRefused",
  "httpConnectionsAborted",
  "httpBadRequests",
  "httpTimeouts",
  "proxiedConnectionsRefused",
  "tlsHandshakes",
  "tlsHandshakesFailed",
  "tlsTimeouts",
  "listListenersRefused",
  "viewersAccepted",
  "viewersRefused",
  "viewersJumped",
  "viewersStalled",
  "webrtcViewersAccepted",
  "webrtcViewersRefused",
  "webrtcViewersFailed",
  "webrtcConsentsLost",
  "webrtcTcpConnectionsAccepted",
  "webrtcTcpConnectionsRefused",
  "webrtcTcpConnectionsAborted",
  "webrtcDatagramsDropped",
  "webrtcAuthenticationFailures",
  "webrtcPacketsSent",
  "webrtcPacketsResent",
  "webrtcKeyFrameRequests",
] as const;

export type Gauge = (typeof GAUGES)[number];
export type Total = (typeof TOTALS)[number];
export type CounterName = Gauge | Total;

const NAMES: readonly CounterName[] = [...GAUGES, ...TOTALS];

const POSITIONS = Object.fromEntries(NAMES.map((name, at) => [name, at])) as Record<
  CounterName,
  number
>;

export function allocateCounters(shards: number): SharedArrayBuffer {
  return new SharedArrayBuffer(shards * NAMES.length * 4);
}

/** One shard's row, and the sums over all rows. */
export class Counters {
  readonly #words: Uint32Array<SharedArrayBuffer>;
  readonly #row: number;

  constructor(shared: SharedArrayBuffer, shard: number) {
    this.#words = new Uint32Array(shared);
    this.#row = shard * NAMES.length;
  }

  add(name: CounterName, amount = 1): void {
    Atomics.add(this.#words, this.#row + POSITIONS[name], amount);
  }

  /** The sum over all shards. */
  total(name: CounterName): number {
    let sum = 0;
    for (let at = POSITIONS[name]; at < this.#words.length; at += NAMES.length) {
      sum += Atomics.load(this.#words, at);
    }
    return sum;
  }

  /** What each shard has of it, in their order. */
  byShard(name: CounterName): number[] {
    const counts: number[] = [];
    for (let at = POSITIONS[name]; at < this.#words.length; at += NAMES.length) {
      counts.push(Atomics.load(this.#words, at));
    }
    return counts;
  }

  /** All sums, by name. */
  totals(): Record<CounterName, number> {
    return Object.fromEntries(NAMES.map((name) => [name, this.total(name)])) as Record<
      CounterName,
      number
    >;
  }

  /** This shard is gone, and all that it had with it. */
  clearGauges(): void {
    for (const name of GAUGES) Atomics.store(this.#words, this.#row + POSITIONS[name], 0);
  }
}
