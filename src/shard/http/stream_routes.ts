import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../http/http_error.ts";
import type { HttpResponse } from "../../http/response.ts";
import { namesEtag } from "../../http/entity_tag.ts";
import type { ControlLink } from "../control_link.ts";
import type { Counters } from "../counters.ts";
import { answer, problem } from "./answers.ts";
import { STREAMS_PER_PAGE } from "./stream_summary.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { Place } from "../net/places.ts";
import type { ShardPlaces } from "../shard_places.ts";
import type { RoutedRequest } from "./route_table.ts";
import { StreamEvents } from "./stream_events.ts";
import { StreamListing } from "./stream_listing.ts";
import type { Streams } from "../live/streams.ts";

const PAGE = /^[1-9]\d{0,5}$/;

/** Seconds after which a refused listener may come again. */
const RETRY_AFTER_S = "30";

const LIST_HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-cache",
};

const EVENTS_HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx, for one, would hold back events to fill its buffers.
  "x-accel-buffering": "no",
};

const EVENTS = { kind: "stream", status: STATUS_CODE.OK, headers: EVENTS_HEADERS } as const;

/** What the list of streams needs of its shard. */
export interface StreamRoutesContext {
  readonly settings: ShardSettings;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly places: Pick<ShardPlaces, "listListeners">;
}

/** Answers with the list of streams, at once or as it changes. */
export class StreamRoutes {
  readonly #context: StreamRoutesContext;
  readonly #listing: StreamListing;
  readonly #events: StreamEvents;

  constructor(context: StreamRoutesContext) {
    const { control, settings } = context;
    this.#context = context;
    this.#listing = new StreamListing((page) => control.requestStreams(page), settings.listAgeMs);
    this.#events = new StreamEvents((page) => this.#listing.page(page, performance.now()));
  }

  /** @throws {HttpError} with status 400 or 404 for a page that is none */
  async answer({ query, request: { headers } }: RoutedRequest): Promise<HttpResponse> {
    const { body, etag } = await this.#listing.page(this.#pageOf(query), performance.now());
    const common = { ...LIST_HEADERS, etag };
    return namesEtag(headers.get("if-none-match"), etag)
      ? answer(STATUS_CODE.NotModified, common)
      : answer(STATUS_CODE.OK, common, body);
  }

  /** @throws {HttpError} as {@linkcode answer} does */
  async follow({ query, addresses }: RoutedRequest): Promise<HttpResponse> {
    const page = this.#pageOf(query);
    const place = this.#context.places.listListeners.take(addresses.remoteAddr.hostname);
    if (place instanceof Place) {
      return { ...EVENTS, body: await this.#events.follow(page), onOver: () => place.leave() };
    }
    this.#context.counters.add("listListenersRefused");
    return problem(STATUS_CODE.ServiceUnavailable, `Cannot follow the list: ${place.reason}`, {
      "retry-after": RETRY_AFTER_S,
    });
  }

  /**
   * What who follows would be answered, who does not.
   *
   * @throws {HttpError} as {@linkcode answer} does
   */
  describeEvents({ query }: RoutedRequest): HttpResponse {
    this.#pageOf(query);
    return { ...EVENTS, body: new ReadableStream(), onOver() {} };
  }

  /** Tells those who follow what is new. To be called every second. */
  tick(): Promise<void> {
    return this.#events.tick();
  }

  /** Ends those who follow. */
  close(): void {
    this.#events.close();
  }

  #pageOf(query: URLSearchParams): number {
    const text = query.get("page") ?? "1";
    if (!PAGE.test(text)) {
      throw new HttpError(
        STATUS_CODE.BadRequest,
        `Cannot list streams: page must be a number from 1 on, got ${
          JSON.stringify(text.slice(0, 16))
        }`,
      );
    }
    const pages = Math.max(1, Math.ceil(this.#context.streams.size / STREAMS_PER_PAGE));
    if (Number(text) <= pages) return Number(text);
    throw new HttpError(
      STATUS_CODE.NotFound,
      `Cannot list streams: page must be up to ${pages}, got ${text}`,
    );
  }
}
