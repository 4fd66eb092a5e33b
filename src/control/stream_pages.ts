import {
  type LiveSummary,
  STREAMS_PER_PAGE,
  type StreamsPage,
  type StreamsReply,
  type StreamSummary,
} from "../shard/http/api/stream_summary.ts";
import { RUN_IDENTITY } from "./run_identity.ts";

/** Whose streams are listed. */
export interface StreamSource {
  /** Streams that there are. */
  readonly size: number;
  /** A part of them in the order of their paths. */
  summaries(nowMs: number, begin: number, end: number): StreamSummary[];
}

interface Page {
  readonly page: Omit<StreamsPage, "ageMs">;
  readonly madeAtMs: number;
}

/**
 * The list of streams in pages, as JSON. Each page is made only if somebody asks for it, and then for
 * all who ask within its time: anybody may ask, as often as he likes.
 */
export class StreamPages {
  readonly #source: StreamSource;
  readonly #describe: (nowMs: number) => Pick<StreamsReply, "gateway" | "counters">;
  readonly #maxAgeMs: number;
  readonly #made = new Map<number, Page>();

  /**
   * @param describe what is told beside the streams
   * @param maxAgeMs how long a page is given out before it is made anew
   */
  constructor(
    source: StreamSource,
    describe: (nowMs: number) => Pick<StreamsReply, "gateway" | "counters">,
    maxAgeMs: number,
  ) {
    this.#maxAgeMs = maxAgeMs;
    this.#source = source;
    this.#describe = describe;
  }

  /** @param number from 1 on; beyond the last page there is nothing */
  page(number: number, nowMs: number): StreamsPage {
    const known = this.#made.get(number);
    const ageMs = nowMs - (known?.madeAtMs ?? -Infinity);
    if (known !== undefined && ageMs < this.#maxAgeMs) return { ...known.page, ageMs };
    const total = this.#source.size;
    const pages = Math.max(1, Math.ceil(total / STREAMS_PER_PAGE));
    // Those that are no more would be kept for ever.
    for (const made of this.#made.keys()) if (made > pages) this.#made.delete(made);
    const begin = (number - 1) * STREAMS_PER_PAGE;
    const summaries = this.#source.summaries(nowMs, begin, begin + STREAMS_PER_PAGE);
    const page = {
      head: JSON.stringify({
        code: 0,
        ...RUN_IDENTITY,
        ...this.#describe(nowMs),
        total,
        page: number,
        pages,
      }),
      paths: summaries.map(({ app, name }) => app === "" ? name : `${app}/${name}`),
      streams: summaries.map((summary) => JSON.stringify(summary)),
      live: summaries.map((summary) => JSON.stringify(liveOf(summary))),
    };
    if (number <= pages) this.#made.set(number, { page, madeAtMs: nowMs });
    return { ...page, ageMs: 0 };
  }
}

/** What is for whoever may watch it. */
function liveOf(summary: StreamSummary): LiveSummary {
  const hidden: Readonly<Record<Exclude<keyof StreamSummary, keyof LiveSummary>, undefined>> = {
    id: undefined,
    vhost: undefined,
    tcUrl: undefined,
    live_ms: undefined,
    clients: undefined,
    frames: undefined,
    send_bytes: undefined,
    recv_bytes: undefined,
    kbps: undefined,
    publish: undefined,
    shard: undefined,
    subject: undefined,
  };
  return { ...summary, ...hidden };
}
