import { encodePage, type ListedPage } from "./listed_page.ts";
import type { StreamsPage } from "./stream_summary.ts";

/** A page of all streams, with what whoever may watch them is told. */
export interface WholePage extends ListedPage {
  /** JSON of each stream, by its path. */
  readonly live: ReadonlyMap<string, string>;
}

interface AskedPage {
  readonly page: Promise<WholePage>;
  /** Until when it is given out; `undefined` while it is waited for. */
  untilMs: number | undefined;
}

/**
 * The list of streams as this shard answers with it: asked for and encoded once for all who ask within
 * its time.
 */
export class StreamListing {
  readonly #request: (page: number) => Promise<StreamsPage>;
  readonly #maxAgeMs: number;
  readonly #pages = new Map<number, AskedPage>();

  /**
   * @param request asks control for a page
   * @param maxAgeMs how old a page may be that is given out
   */
  constructor(request: (page: number) => Promise<StreamsPage>, maxAgeMs: number) {
    this.#request = request;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @param page from 1 on, and not beyond the last one: it is kept for whoever comes next */
  page(page: number, nowMs: number): Promise<WholePage> {
    const isOver = ({ untilMs }: AskedPage) => untilMs !== undefined && nowMs >= untilMs;
    for (const [number, asked] of this.#pages) if (isOver(asked)) this.#pages.delete(number);
    const known = this.#pages.get(page);
    if (known !== undefined) return known.page;
    const asked: AskedPage = {
      page: this.#request(page).then((reply) => {
        asked.untilMs = nowMs + this.#maxAgeMs - reply.ageMs;
        const byPath = (jsons: readonly string[]) =>
          reply.paths.map((path, at) => [path, jsons[at]!] as const);
        const page = encodePage({ head: reply.head, entries: byPath(reply.streams) });
        return { ...page, live: new Map(byPath(reply.live)) };
      }),
      untilMs: undefined,
    };
    this.#pages.set(page, asked);
    return asked.page;
  }
}
