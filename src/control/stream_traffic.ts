import type { StreamSummary } from "../shard/http/api/stream_summary.ts";
import { ByteRate } from "../stream/byte_rate.ts";
import type { StreamReport } from "../shard/live/stream_report.ts";

/** Rates are made of steps of so long: every shard reports once in it. */
const STEP_MS = 1000;

/** What was published of a stream and sent to its viewers, by the reports of all shards. */
export class StreamTraffic {
  readonly #received = new ByteRate();
  readonly #sent = new ByteRate();
  #frames = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  /** What was told when the rates were looked at last. */
  #known: { readonly receivedBytes: number; readonly sentBytes: number; readonly atMs: number };

  /** @param nowMs when the stream was opened */
  constructor(nowMs: number) {
    this.#known = { receivedBytes: 0, sentBytes: 0, atMs: nowMs };
  }

  /** Takes what a shard has had since its report before. */
  take({ frames, receivedBytes, sentBytes }: StreamReport["traffic"]): void {
    this.#frames += frames;
    this.#receivedBytes += receivedBytes;
    this.#sentBytes += sentBytes;
  }

  /** Lets time pass. To be called every second or so, and before {@linkcode describe}. */
  settle(nowMs: number): void {
    const { receivedBytes, sentBytes, atMs } = this.#known;
    const spentMs = nowMs - atMs;
    if (spentMs < STEP_MS) return;
    this.#received.note(this.#receivedBytes - receivedBytes, spentMs);
    this.#sent.note(this.#sentBytes - sentBytes, spentMs);
    this.#known = { receivedBytes: this.#receivedBytes, sentBytes: this.#sentBytes, atMs: nowMs };
  }

  /** By SRS's names. */
  describe(
    nowMs: number,
  ): Pick<StreamSummary, "frames" | "send_bytes" | "recv_bytes" | "kbps"> {
    this.settle(nowMs);
    return {
      frames: this.#frames,
      send_bytes: this.#sentBytes,
      recv_bytes: this.#receivedBytes,
      kbps: { recv_30s: this.#received.kbps, send_30s: this.#sent.kbps },
    };
  }
}
