import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../../http/http_error.ts";
import type { HttpResponse } from "../../../http/response.ts";
import { GAUGE_NAMES } from "../../../metrics/layout.ts";
import { apiEvent } from "../../api_event.ts";
import { jsonAnswer } from "../routing/answers.ts";
import type { ClientPages } from "./client_pages.ts";
import type { HttpContext } from "../routing/route_context.ts";
import type { Route, RoutedRequest } from "../routing/route_table.ts";
import type { StreamRoutes } from "./stream_routes.ts";
import type { StreamsReply } from "./stream_summary.ts";
import { Summaries } from "./summaries.ts";

const STREAM_ID = /^\d{1,15}$/;

/** What the API needs of its shard. */
export interface ApiParts {
  readonly context: Pick<HttpContext, "settings" | "counters" | "control" | "streams">;
  readonly list: StreamRoutes;
  readonly clients: ClientPages;
}

/** The API beside its lists: the server, its threads, one stream or client, and their ends. */
export function apiRoutes(parts: ApiParts): readonly Route[] {
  const api = new Api(parts);
  const get = (pattern: string, handler: Route["handler"]): Route => {
    return { method: "GET", pattern: `/api/v1/${pattern}`, access: "admin", handler };
  };
  const end = (pattern: string, handler: Route["handler"]): Route => {
    return { method: "DELETE", pattern: `/api/v1/${pattern}`, access: "admin", handler };
  };
  return [
    get("server", () => api.server()),
    get("shards", () => api.shards()),
    get("summaries/?", () => api.summaries()),
    get("streams/{path...}", (routed) => api.stream(routed)),
    end("streams/{path...}", (routed) => api.endStream(routed)),
    get("clients/{id}", (routed) => api.client(routed)),
    end("clients/{id}", (routed) => api.endClient(routed)),
  ];
}

class Api {
  readonly #parts: ApiParts;
  readonly #summaries = new Summaries();

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async server(): Promise<HttpResponse> {
    const { gateway, counters } = await this.#head();
    return this.#json({ gateway, counters });
  }

  /** What there is of each thing on each thread. */
  shards(): HttpResponse {
    const { counters, settings: { shards } } = this.#parts.context;
    const gauges = GAUGE_NAMES.map((name) => [name, counters.byShard(name)] as const);
    const numbers = Array.from({ length: shards }, (_, shard) => shard);
    return this.#json({
      shards: numbers.map((shard) => ({
        shard,
        gauges: Object.fromEntries(gauges.map(([name, counts]) => [name, counts[shard] ?? 0])),
      })),
    });
  }

  async summaries(): Promise<HttpResponse> {
    const { gateway: { version, uptimeMs }, counters } = await this.#head();
    const data = this.#summaries.describe({ version, uptimeMs, counters }, Date.now());
    return this.#json({ data });
  }

  async stream({ parts }: RoutedRequest): Promise<HttpResponse> {
    const stream = await this.#parts.list.one(this.#pathOf(parts["path"]!));
    if (stream === undefined) throw lacking("stream");
    return this.#json({ stream: JSON.parse(stream) });
  }

  async endStream({ parts }: RoutedRequest): Promise<HttpResponse> {
    const path = this.#pathOf(parts["path"]!);
    if (!await this.#parts.context.control.requestEnd(path)) throw lacking("stream");
    this.#tellKick({ path });
    return this.#json({});
  }

  async client({ parts }: RoutedRequest): Promise<HttpResponse> {
    const client = await this.#parts.clients.one(parts["id"]!);
    if (client === undefined) throw lacking("client");
    return this.#json({ client });
  }

  async endClient({ parts }: RoutedRequest): Promise<HttpResponse> {
    if (!await this.#parts.clients.kick(parts["id"]!)) throw lacking("client");
    this.#tellKick({ id: parts["id"]! });
    return this.#json({});
  }

  async #head(): Promise<Pick<StreamsReply, "gateway" | "counters">> {
    return JSON.parse((await this.#parts.list.first()).head);
  }

  #tellKick(whom: Readonly<Record<string, string>>): void {
    const events = [apiEvent("kicked", Date.now(), whom)];
    this.#parts.context.control.send({ kind: "events", events });
  }

  /** The stream of this path, or of this id, by which SRS's tools ask. */
  #pathOf(asked: string): string {
    const { streams } = this.#parts.context;
    const isId = STREAM_ID.test(asked) && streams.byPath(asked) === undefined;
    return (isId ? streams.byId(Number(asked))?.entry.path : undefined) ?? asked;
  }

  #json(body: Readonly<Record<string, unknown>>): HttpResponse {
    const { identity } = this.#parts.context.settings;
    return jsonAnswer({ code: 0, ...identity, ...body });
  }
}

function lacking(what: string): HttpError {
  return new HttpError(STATUS_CODE.NotFound, `There is no such ${what}`);
}
