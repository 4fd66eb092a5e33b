import type { Access, AccessDecision, AccessRequest } from "../../../access/access.ts";
import type { Streams } from "../../live/streams.ts";
import { timeSlice } from "../../time_slice.ts";
import { encodePage, type ListedPage } from "./listed_page.ts";
import type { StreamListing, WholePage } from "./stream_listing.ts";
import { STREAMS_PER_PAGE } from "./stream_summary.ts";

/** Streams that somebody is told of at most, in the order of their paths: each is asked about. */
export const MAX_LISTED = 5000;

/** Callers for whom it is kept for a while what they may see. */
const MAX_CALLERS = 64;

/** What lists of what callers may watch are made of. */
export interface LiveListingOptions {
  readonly access: Access;
  readonly streams: Streams;
  /** Of all streams. */
  readonly listing: StreamListing;
  /** What everybody is told of the gateway. */
  readonly gateway: () => Readonly<Record<string, string | number>>;
  /** How old an answer may be that is given out. */
  readonly maxAgeMs: number;
}

/** What a caller may see of the streams that there were. */
interface Sight {
  readonly sorted: readonly string[];
  /** The same array, if that is all of them. */
  readonly visible: Promise<readonly string[]>;
  readonly untilMs: number;
}

/** The list of streams as each caller may see it: those that it may play, and that are not hidden. */
export class LiveListing {
  readonly #options: LiveListingOptions;
  /** What was made of pages that are shown whole. */
  readonly #made = new WeakMap<WholePage, ListedPage>();
  /** By caller, oldest first: to ask about each stream is what a list costs. */
  readonly #sights = new Map<string, Sight>();

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
    const visible = await this.#sight(caller, sorted, nowMs);
    const pages = Math.max(1, Math.ceil(visible.length / STREAMS_PER_PAGE));
    const begin = (page - 1) * STREAMS_PER_PAGE;
    const shown = visible.slice(begin, begin + STREAMS_PER_PAGE);
    // Most see everything: for them a page is made once.
    const isWhole = visible === sorted && shown.length > 0;
    const wholes = isWhole
      ? [await this.#options.listing.page(page, nowMs)]
      : await this.#wholePages(shown, sorted, nowMs);
    const shared = isWhole ? wholes[0] : undefined;
    const made = shared && this.#made.get(shared);
    if (made !== undefined) return { ...made, pages };
    const known = new Map(wholes.flatMap(({ live }) => [...live]));
    const entries = shown.flatMap((path) => {
      const json = known.get(path);
      return json === undefined ? [] : [[path, json] as const];
    });
    const { gateway } = this.#options;
    const head = JSON.stringify({ gateway: gateway(), total: visible.length, page, pages });
    const encoded = encodePage({ head, entries });
    if (shared !== undefined) this.#made.set(shared, encoded);
    return { ...encoded, pages };
  }

  /** What a caller may see, asked for once for all that it asks within the time of an answer. */
  #sight(
    caller: AccessRequest,
    sorted: readonly string[],
    nowMs: number,
  ): Promise<readonly string[]> {
    const key = callerKey(caller);
    const known = this.#sights.get(key);
    if (known !== undefined && known.sorted === sorted && nowMs < known.untilMs) {
      return known.visible;
    }
    this.#sights.delete(key);
    const [oldest] = this.#sights.keys();
    if (this.#sights.size >= MAX_CALLERS) this.#sights.delete(oldest!);
    const visible = this.#visible(caller, sorted);
    this.#sights.set(key, { sorted, visible, untilMs: nowMs + this.#options.maxAgeMs });
    // Whoever asks again asks anew.
    visible.catch(() => this.#sights.delete(key));
    return visible;
  }

  async #visible(caller: AccessRequest, sorted: readonly string[]): Promise<readonly string[]> {
    const { access, streams } = this.#options;
    const listed = sorted.slice(0, MAX_LISTED)
      .filter((path) => streams.byPath(path)?.entry.isUnlisted !== true);
    const decisions: (AccessDecision | Promise<AccessDecision>)[] = [];
    const share = timeSlice.share("many peers");
    share.begin(performance.now());
    for (const path of listed) {
      decisions.push(access.decide({ ...caller, path }));
      const pause = share.pause();
      if (pause !== undefined) await pause;
    }
    const settled = decisions.some((decision) => decision instanceof Promise)
      ? await Promise.all(decisions)
      : decisions as AccessDecision[];
    const visible = listed.filter((_, at) => {
      const decision = settled[at]!;
      return decision.kind === "allow" && decision.isUnlisted !== true;
    });
    return visible.length === sorted.length ? sorted : visible;
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

/** Who asks, whatever page. */
function callerKey({ address, credentials, query, userAgent }: AccessRequest): string {
  const parameters = query.split("&").filter((text) => text !== "" && !text.startsWith("page="));
  return JSON.stringify([address, credentials, parameters, userAgent]);
}
