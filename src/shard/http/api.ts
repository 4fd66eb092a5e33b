import { STATUS_CODE } from "@std/http/status";
import { HttpError } from "../../http/http_error.ts";
import type { HttpResponse } from "../../http/response.ts";
import { GAUGE_NAMES } from "../../metrics/layout.ts";
import { answer } from "./answers.ts";
import type { ClientPages } from "./client_pages.ts";
import type { HttpContext } from "./route_context.ts";
import type { Route, RoutedRequest } from "./route_table.ts";
import type { StreamRoutes } from "./stream_routes.ts";
import type { StreamsReply } from "./stream_summary.ts";

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

/** What the API needs of its shard. */
export interface ApiParts {
  readonly context: Pick<HttpContext, "settings" | "counters" | "control">;
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
    get("summaries", () => api.summaries()),
    get("streams/{path...}", (routed) => api.stream(routed)),
    end("streams/{path...}", (routed) => api.endStream(routed)),
    get("clients/{id}", (routed) => api.client(routed)),
    end("clients/{id}", (routed) => api.endClient(routed)),
  ];
}

class Api {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async server(): Promise<HttpResponse> {
    const { server, counters } = await this.#head();
    return json({ server, counters });
  }

  /** What there is of each thing on each thread. */
  shards(): HttpResponse {
    const { counters, settings: { shards } } = this.#parts.context;
    const gauges = GAUGE_NAMES.map((name) => [name, counters.byShard(name)] as const);
    const numbers = Array.from({ length: shards }, (_, shard) => shard);
    return json({
      shards: numbers.map((shard) => ({
        shard,
        gauges: Object.fromEntries(gauges.map(([name, counts]) => [name, counts[shard] ?? 0])),
      })),
    });
  }

  async summaries(): Promise<HttpResponse> {
    const { server: { version, uptimeMs }, counters } = await this.#head();
    const { httpConnections = 0, rtmpConnections = 0 } = counters;
    return json({
      data: {
        ok: true,
        now_ms: Date.now(),
        self: {
          version,
          mem_kbyte: Math.round(Deno.memoryUsage().rss / 1024),
          srs_uptime: Math.floor(uptimeMs / 1000),
        },
        system: { conn_srs: httpConnections + rtmpConnections },
      },
    });
  }

  async stream({ parts }: RoutedRequest): Promise<HttpResponse> {
    const stream = await this.#parts.list.one(parts["path"]!);
    if (stream === undefined) throw lacking("stream");
    return answer(STATUS_CODE.OK, JSON_HEADERS, `{"code":0,"stream":${stream}}`);
  }

  async endStream({ parts }: RoutedRequest): Promise<HttpResponse> {
    if (!await this.#parts.context.control.requestEnd(parts["path"]!)) throw lacking("stream");
    return json({});
  }

  async client({ parts }: RoutedRequest): Promise<HttpResponse> {
    const client = await this.#parts.clients.one(parts["id"]!);
    if (client === undefined) throw lacking("client");
    return json({ client });
  }

  async endClient({ parts }: RoutedRequest): Promise<HttpResponse> {
    if (!await this.#parts.clients.kick(parts["id"]!)) throw lacking("client");
    return json({});
  }

  async #head(): Promise<Pick<StreamsReply, "server" | "counters">> {
    return JSON.parse((await this.#parts.list.first()).head);
  }
}

function lacking(what: string): HttpError {
  return new HttpError(STATUS_CODE.NotFound, `There is no such ${what}`);
}

function json(body: Readonly<Record<string, unknown>>): HttpResponse {
  return answer(STATUS_CODE.OK, JSON_HEADERS, JSON.stringify({ code: 0, ...body }));
}
