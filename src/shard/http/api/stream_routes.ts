import { STATUS_CODE } from "@std/http/status";
import { namesEtag } from "../../../http/entity_tag.ts";
import { HttpError } from "../../../http/http_error.ts";
import type { HttpResponse } from "../../../http/response.ts";
import { answer } from "../routing/answers.ts";
import { type ClientPages, CLIENTS_PER_PAGE } from "./client_pages.ts";
import { type PagedList, rangedPage, rangeOf } from "./list_range.ts";
import { eventsAnswer, noEvents } from "./event_answers.ts";
import { LiveListing } from "./live_listing.ts";
import { questionOf } from "../routing/questions.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { RoutedRequest } from "../routing/route_table.ts";
import { type PageRequest, StreamEvents } from "./stream_events.ts";
import type { ListedPage } from "./listed_page.ts";
import { StreamListing } from "./stream_listing.ts";
import { STREAMS_PER_PAGE } from "./stream_summary.ts";

const PAGE = /^[1-9]\d{0,5}$/;

const LIST_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-cache",
};

/** What lists of streams need of their shard. */
export type StreamRoutesContext = Pick<
  HttpContext,
  "settings" | "streams" | "control" | "counters" | "access" | "places" | "proxies"
>;

/** A page that is asked for. */
interface AskedPage {
  /** The same for all who are to be told the same. */
  readonly key: string;
  readonly request: PageRequest;
}

/** Which page of which list a request asks for; rejects with an `HttpError` for one that is none. */
type PageOf = (routed: RoutedRequest) => AskedPage | Promise<AskedPage>;

/**
 * Answers with a list of streams: with all of them for the administrator, and with what a caller may
 * watch for anybody, who may follow that.
 */
export class StreamRoutes {
  readonly #context: StreamRoutesContext;
  readonly #listing: StreamListing;
  readonly #live: LiveListing;
  readonly #clientPages: ClientPages;
  readonly #events = new StreamEvents();
  /** For {@linkcode answer} and the others: all streams. */
  readonly all: PageOf = (routed) => this.#allOf(routed);
  /** Those that the caller may watch. */
  readonly live: PageOf = (routed) => this.#liveOf(routed);
  /** Who watches and publishes. */
  readonly clients: PageOf = (routed) => this.#clientsOf(routed);

  constructor(context: StreamRoutesContext, clients: ClientPages) {
    this.#clientPages = clients;
    const { control, settings, access, streams } = context;
    const { version, rtmpPort, startedAt, tls, webtransport } = settings;
    this.#context = context;
    this.#listing = new StreamListing((page) => control.requestStreams(page), settings.listAgeMs);
    const ports = {
      rtmpPort,
      ...(tls && { httpsPort: tls.httpsPort }),
      ...(webtransport && { webtransportPort: webtransport.port }),
    };
    const gateway = () => ({ version, ...ports, uptimeMs: Date.now() - startedAt });
    const { listAgeMs: maxAgeMs } = settings;
    this.#live = new LiveListing({ access, streams, listing: this.#listing, gateway, maxAgeMs });
  }

  /** @throws {HttpError} with status 400 or 404 for a page that is none */
  async answer(pageOf: PageOf, routed: RoutedRequest): Promise<HttpResponse> {
    const { request } = await pageOf(routed);
    const { body, etag } = await request();
    const common = { ...LIST_HEADERS, etag };
    return namesEtag(routed.request.headers.get("if-none-match"), etag)
      ? answer(STATUS_CODE.NotModified, common)
      : answer(STATUS_CODE.OK, common, body);
  }

  /** @throws {HttpError} as {@linkcode answer} does */
  async follow(pageOf: PageOf, routed: RoutedRequest): Promise<HttpResponse> {
    const { key, request } = await pageOf(routed);
    const open = () => this.#events.follow(key, request);
    return await eventsAnswer(this.#context, routed, "listListeners", open);
  }

  /**
   * What who follows would be answered, who does not.
   *
   * @throws {HttpError} as {@linkcode answer} does
   */
  async describeEvents(pageOf: PageOf, routed: RoutedRequest): Promise<HttpResponse> {
    await pageOf(routed);
    return noEvents();
  }

  /** The first page of all streams. */
  first(): Promise<ListedPage> {
    return this.#listing.page(1, performance.now());
  }

  /** JSON of a stream, for the administrator; `undefined` if there is none of this path. */
  async one(path: string): Promise<string | undefined> {
    const at = this.#context.streams.paths.indexOf(path);
    if (at < 0) return undefined;
    const number = Math.floor(at / STREAMS_PER_PAGE) + 1;
    return (await this.#listing.page(number, performance.now())).entries.get(path);
  }

  /** Tells those who follow what is new. To be called every second. */
  tick(): Promise<void> {
    return this.#events.tick();
  }

  /** Ends those who follow. */
  close(): void {
    this.#events.close();
  }

  #allOf({ query }: RoutedRequest): AskedPage {
    return pageOfList(query, {
      member: "streams",
      perPage: STREAMS_PER_PAGE,
      pages: Math.max(1, Math.ceil(this.#context.streams.size / STREAMS_PER_PAGE)),
      page: (number) => this.#listing.page(number, performance.now()),
    });
  }

  #clientsOf({ query }: RoutedRequest): AskedPage {
    return pageOfList(query, {
      member: "clients",
      perPage: CLIENTS_PER_PAGE,
      pages: this.#clientPages.pages,
      page: (number) => this.#clientPages.listed(number),
    });
  }

  async #liveOf(routed: RoutedRequest): Promise<AskedPage> {
    const page = numberOf(routed.query);
    const { proxies } = this.#context;
    // The question that is asked about each stream, of none yet.
    const question = { action: "play", path: "", protocol: "http", isListing: true } as const;
    const caller = questionOf(routed, proxies, question);
    const request = () => this.#live.page(caller, page, performance.now());
    const first = await request();
    checkPage(page, first.pages);
    // What was asked for just now is what is answered.
    let known: ListedPage | undefined = first;
    const { address, credentials, query } = caller;
    return {
      key: `live ${JSON.stringify([page, address, credentials, query])}`,
      request: () => {
        const answered = known === undefined ? request() : Promise.resolve(known);
        known = undefined;
        return answered;
      },
    };
  }
}

/** The page of a list that a query asks for, or the part of it. */
function pageOfList(query: URLSearchParams, list: PagedList): AskedPage {
  const { member } = list;
  const range = rangeOf(query);
  if (range !== undefined) {
    const key = `${member} ${range.start} ${range.count}`;
    return { key, request: () => rangedPage(range, list) };
  }
  const page = numberOf(query);
  checkPage(page, list.pages);
  return { key: `${member} ${page}`, request: () => list.page(page) };
}

function numberOf(query: URLSearchParams): number {
  const text = query.get("page") ?? "1";
  if (PAGE.test(text)) return Number(text);
  throw new HttpError(
    STATUS_CODE.BadRequest,
    `Cannot list streams: page must be a number from 1 on, got ${
      JSON.stringify(text.slice(0, 16))
    }`,
  );
}

function checkPage(page: number, pages: number): void {
  if (page <= pages) return;
  throw new HttpError(
    STATUS_CODE.NotFound,
    `Cannot list streams: page must be up to ${pages}, got ${page}`,
  );
}
