import type { Access, AccessDecision, AccessRequest } from "../../access/access.ts";
import type { Streams } from "../live/streams.ts";
import {
  encodePage,
  type ListedPage,
  type StreamListing,
  type WholePage,
} from "./stream_listing.ts";
import { STREAMS_PER_PAGE } from "./stream_summary.ts";

/** Streams that somebody is told of at most, in the order of their paths: each is asked about. */
export const MAX_LISTED = 5000;

/** What lists of what callers may watch are made of. */
export interface LiveListingOptions {
  readonly access: Access;
  readonly streams: Streams;
  /** Of all streams. */
  readonly listing: StreamListing;
  /** What everybody is told of the server. */
  readonly server: () => Readonly<Record<string, string | number>>;
}

/** The list of streams as each caller may see it: those that it may play, and that are not hidden. */
export class LiveListing {
  readonly #options: LiveListingOptions;
  /** What was made of pages that are shown whole. */
  readonly #made = new WeakMap<WholePage, ListedPage>();

  constructor(options: LiveListingOptions) {
    this.#options = options;
  }

  /**
   * A page of what a caller may see.
   *
   * @param caller its question, of no stream yet
   * @param page from 1 on
   * @returns with how many pages there are; beyond the last one there is nothing
   */
  async page(
    caller: AccessRequest,
    page: number,
    nowMs: number,
  ): Promise<ListedPage & { readonly pages: number }> {
    const sorted = this.#options.streams.paths;
    const visible = await this.#visible(caller, sorted);
    const pages = Math.max(1, Math.ceil(visible.length / STREAMS_PER_PAGE));
    const begin = (page - 1) * STREAMS_PER_PAGE;
    const shown = visible.slice(begin, begin + STREAMS_PER_PAGE);
    const wholes = await this.#wholePages(shown, sorted, nowMs);
    // Most see everything: for them a page is made once.
    const shared = visible.length === sorted.length && wholes.length === 1 ? wholes[0] : undefined;
    const made = shared && this.#made.get(shared);
    if (made !== undefined) return { ...made, pages };
    const known = new Map(wholes.flatMap(({ live }) => [...live]));
    const paths = shown.filter((path) => known.has(path));
    const { server } = this.#options;
    const head = JSON.stringify({ server: server(), total: visible.length, page, pages });
    const encoded = encodePage({ head, paths, streams: paths.map((path) => known.get(path)!) });
    if (shared !== undefined) this.#made.set(shared, encoded);
    return { ...encoded, pages };
  }

  async #visible(caller: AccessRequest, sorted: readonly string[]): Promise<readonly string[]> {
    const { access, streams } = this.#options;
    const listed = sorted.slice(0, MAX_LISTED)
      .filter((path) => streams.byPath(path)?.entry.isUnlisted !== true);
    const decisions = listed.map((path) => access.decide({ ...caller, path }));
    const settled = decisions.some((decision) => decision instanceof Promise)
      ? await Promise.all(decisions)
      : decisions as AccessDecision[];
    return listed.filter((_, at) => {
      const decision = settled[at]!;
      return decision.kind === "allow" && decision.isUnlisted !== true;
    });
  }

  /** Those pages of all streams that have these. */
  #wholePages(
    shown: readonly string[],
    sorted: readonly string[],
    nowMs: number,
  ): Promise<readonly WholePage[]> {
    const places = new Map(sorted.map((path, at) => [path, at]));
    const numbers = new Set(
      shown.map((path) => Math.floor(places.get(path)! / STREAMS_PER_PAGE) + 1),
    );
    return Promise.all([...numbers].map((number) => this.#options.listing.page(number, nowMs)));
  }
}
