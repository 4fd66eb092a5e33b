/** Bytes are counted together over so long. */
const BUCKET_MS = 50;

/** 3.2 seconds: more than lies between two reports. A power of two. */
const BUCKETS = 64;

/**
 * How many bytes left when, over the last seconds. Nothing is allocated by packet.
 *
 * @example
 * ```ts
 * import { SendHistory } from "./send_history.ts";
 *
 * const history = new SendHistory();
 * for (let nowMs = 0; nowMs < 1000; nowMs += 10) history.add(1250, nowMs);
 * history.rateBps(0, 1000); // 1_000_000
 * ```
 */
export class SendHistory {
  readonly #bytes = new Float64Array(BUCKETS);
  /** Number of the newest bucket, counted from time 0. */
  #newest = -Infinity;
  #total = 0;

  /** Bytes since the beginning. */
  get total(): number {
    return this.#total;
  }

  /** @param nowMs on a clock that does not go back */
  add(bytes: number, nowMs: number): void {
    const bucket = Math.floor(nowMs / BUCKET_MS);
    for (
      let at = Math.max(this.#newest + 1, bucket - BUCKETS + 1);
      at <= bucket;
      at++
    ) this.#bytes[slotOf(at)] = 0;
    this.#newest = Math.max(this.#newest, bucket);
    this.#bytes[slotOf(this.#newest)]! += bytes;
    this.#total += bytes;
  }

  /** The rate between two moments of the last seconds; 0 if nothing lies between them. */
  rateBps(fromMs: number, toMs: number): number {
    if (!(toMs > fromMs)) return 0;
    const from = fromMs / BUCKET_MS;
    const to = toMs / BUCKET_MS;
    const first = Math.max(Math.floor(from), this.#newest - BUCKETS + 1);
    const last = Math.min(Math.floor(to), this.#newest);
    let bytes = 0;
    for (let at = first; at <= last; at++) {
      // All of the newest is past, though the bucket is not.
      const end = at === this.#newest ? at + 1 : Math.min(at + 1, to);
      bytes += this.#bytes[slotOf(at)]! * (end - Math.max(at, from));
    }
    return bytes * 8000 / (toMs - fromMs);
  }
}

function slotOf(bucket: number): number {
  return ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
}
