import { STATUS_CODE } from "@std/http/status";
import type { RequestHead } from "../../http/request_head.ts";
import type { HttpRequest } from "../../http/request_reader.ts";
import type { HttpResponse } from "../../http/response.ts";
import { TRICKLE_FRAGMENT_TYPE } from "../../webrtc/sdp/trickle_fragment.ts";
import type { ConnectionAddresses } from "../net/connection_addresses.ts";
import { Whep } from "./sessions/whep.ts";
import { SDP_TYPE } from "./sessions/whep_offer.ts";
import { problem, textAnswer } from "./routing/answers.ts";
import { multitrackRoute } from "./obs_multitrack.ts";
import { reloadRoute } from "./api/reload_route.ts";
import { AdminGate } from "./api/admin_gate.ts";
import { apiRoutes } from "./api/api.ts";
import { AssetFiles } from "./asset_files.ts";
import { ClientPages } from "./api/client_pages.ts";
import { Cors } from "./routing/cors.ts";
import { EventRoutes } from "./api/event_routes.ts";
import { Flv } from "./flv.ts";
import { MetricsGate } from "./api/metrics_gate.ts";
import type { ForwardedRequest, ForwardedResponse } from "./routing/forwarded_request.ts";
import { MetricsRoute } from "./api/metrics_route.ts";
import { playerAddress } from "./player_address.ts";
import type { HttpContext } from "./routing/route_context.ts";
import { type Route, type RoutedRequest, RouteTable } from "./routing/route_table.ts";
import { statesResponse } from "./sessions/session_followers.ts";
import { StreamRoutes } from "./api/stream_routes.ts";
import { webtransportRoute } from "./webtransport_route.ts";
import { Whip } from "./sessions/whip.ts";
import { pathInQuery, whipRoutes } from "./sessions/whip_routes.ts";

/** Answers HTTP requests: console, API, WHEP, WHIP, HTTP-FLV and WebSocket-FLV. */
export class HttpRoutes {
  readonly #context: HttpContext;
  readonly #files: AssetFiles;
  readonly #flv: Flv;
  readonly #metrics: MetricsRoute;
  /** Viewers by WebRTC. */
  readonly whep: Whep;
  /** Publishers by WebRTC. */
  readonly whip: Whip;
  /** Who watches and publishes, on all shards. */
  readonly clients: ClientPages;
  /** The list of streams, for those who ask and those who follow it. */
  readonly list: StreamRoutes;
  /** What changes, for the administrator. */
  readonly events: EventRoutes;
  readonly #table: RouteTable;
  readonly #admin: RouteTable;

  constructor(context: HttpContext) {
    this.#context = context;
    this.#files = new AssetFiles(context.assets, context.settings.assetHeaders);
    this.#flv = new Flv(context);
    this.#metrics = new MetricsRoute(context);
    this.whep = new Whep(context, context.webrtc);
    this.whip = new Whip(context, context.webrtc);
    this.clients = new ClientPages(context);
    this.list = new StreamRoutes(context, this.clients);
    const { access, settings, proxies } = context;
    const cors = new Cors(settings);
    const gate = new AdminGate({ settings, access, cors, proxies });
    const guards = { admin: gate, metrics: new MetricsGate({ settings, admin: gate, proxies }) };
    const rules = { cors, guards };
    const forAll = [...this.#watching(), ...whipRoutes(this.whip), ...this.#listing()];
    this.events = new EventRoutes(context, gate);
    const forAdmin = this.#administration();
    const health = this.#health();
    const isApart = settings.admin.listen !== undefined;
    this.#admin = new RouteTable([...forAdmin, ...health], rules);
    // Files are behind all others: they may have any path.
    // The API is before what has streams' names in it: one named "x.flv" is to be ended by it too.
    this.#table = new RouteTable(
      [...(isApart ? [] : forAdmin), ...forAll, ...health, ...this.#console()],
      rules,
    );
  }

  /** All that can be asked for where viewers are. */
  get routes(): readonly Route[] {
    return this.#table.routes;
  }

  /** Rejects only with what is wrong in a handler. */
  answer(request: HttpRequest, addresses: ConnectionAddresses): Promise<HttpResponse> {
    return this.#table.answer(request, addresses);
  }

  /** What {@linkcode answer} would refuse by a request's head. */
  refusal(head: RequestHead, addresses: ConnectionAddresses): Promise<HttpResponse | undefined> {
    return this.#table.refusal(head, addresses);
  }

  /** The same where only the administrator is served. */
  refusalAdmin(
    head: RequestHead,
    addresses: ConnectionAddresses,
  ): Promise<HttpResponse | undefined> {
    return this.#admin.refusal(head, addresses);
  }

  /** Answers where only the administrator is served. */
  answerAdmin(request: HttpRequest, addresses: ConnectionAddresses): Promise<HttpResponse> {
    return this.#admin.answer(request, addresses);
  }

  /** Answers what another shard asks about what is here. */
  async answerForwarded(request: ForwardedRequest): Promise<ForwardedResponse> {
    switch (request.kind) {
      case "session":
        return await this.whep.answerForwarded(request);
      case "publisher":
        return await this.whip.answerForwarded(request);
      case "session-states":
        return statesResponse(this.whep.statesOf(request.keys));
      default:
        return this.clients.answerForwarded(request);
    }
  }

  #watching(): readonly Route[] {
    const { whep } = this;
    const flv = { pattern: "/{path...}.flv", access: "viewers" } as const;
    const endpoint = { method: "POST", access: "viewers", accepts: SDP_TYPE } as const;
    const viewer = { pattern: "/{path...}/whep/{viewer}", access: "viewers" } as const;
    return [
      multitrackRoute(this.#context),
      webtransportRoute(this.#context),
      // Where SRS has its endpoint, with the stream in the query.
      {
        ...endpoint,
        pattern: "/rtc/v1/whep/?",
        handler: (routed) => whep.answerEndpoint(pathInQuery(routed), routed),
      },
      {
        ...endpoint,
        pattern: "/{path...}/whep",
        handler: (routed) => whep.answerEndpoint(routed.parts["path"]!, routed),
      },
      { ...flv, method: "GET", handler: (routed) => this.#flv.watch(routed) },
      { ...flv, method: "HEAD", handler: (routed) => this.#flv.describe(routed) },
      { ...viewer, method: "GET", handler: (routed) => whep.answerResource("GET", routed) },
      {
        ...viewer,
        method: "PATCH",
        accepts: TRICKLE_FRAGMENT_TYPE,
        handler: (routed) => whep.answerResource("PATCH", routed),
      },
      { ...viewer, method: "DELETE", handler: (routed) => whep.answerResource("DELETE", routed) },
      ...this.#viewerExtensions(),
    ];
  }

  /** What a viewer by WebRTC is told as it happens, and may choose. */
  #viewerExtensions(): readonly Route[] {
    const { whep } = this;
    const events = { pattern: "/{path...}/whep/{viewer}/events", access: "viewers" } as const;
    const stream = { ...events, pattern: `${events.pattern}/{stream}` } as const;
    return [
      {
        ...events,
        method: "POST",
        accepts: "application/json",
        handler: (routed) => whep.answerResource("POST", routed, "events"),
      },
      {
        method: "POST",
        pattern: "/{path...}/whep/{viewer}/layer",
        access: "viewers",
        accepts: "application/json",
        handler: (routed) => whep.answerResource("POST", routed, "layer"),
      },
      { ...stream, method: "GET", handler: (routed) => whep.follow(routed) },
      {
        ...stream,
        method: "DELETE",
        handler: (routed) => whep.answerResource("DELETE", routed, "event-stream"),
      },
    ];
  }

  #listing(): readonly Route[] {
    const { list } = this;
    const live = { access: "viewers" } as const;
    const events = { ...live, pattern: "/api/v1/live/events" } as const;
    return [
      listRoute(list, list.live, { ...live, pattern: "/api/v1/live" }),
      { ...events, method: "GET", handler: (routed) => list.follow(list.live, routed) },
      { ...events, method: "HEAD", handler: (routed) => list.describeEvents(list.live, routed) },
    ];
  }

  #administration(): readonly Route[] {
    const { list, clients } = this;
    return [
      reloadRoute(this.#context),
      ...this.events.routes,
      // SRS's tools ask with a slash at the end.
      listRoute(list, list.all, { pattern: "/api/v1/streams/?", access: "admin" }),
      listRoute(list, list.clients, { pattern: "/api/v1/clients/?", access: "admin" }),
      // Behind the lists: a stream may have any name.
      ...apiRoutes({ context: this.#context, list, clients }),
      {
        method: "GET",
        pattern: "/api/v1/openapi.json",
        access: "anybody",
        handler: (routed) => this.#file(routed),
      },
      {
        method: "GET",
        pattern: "/api/v1/config.schema.json",
        access: "anybody",
        handler: (routed) => this.#file(routed),
      },
      {
        method: "GET",
        pattern: "/metrics",
        access: "metrics",
        handler: () => this.#metrics.answer(performance.now()),
      },
    ];
  }

  #console(): readonly Route[] {
    return [{
      method: "GET",
      pattern: "{path...}",
      access: "anybody",
      handler: (routed) => this.#file(routed),
    }];
  }

  #health(): readonly Route[] {
    const { readiness } = this.#context;
    return [
      {
        method: "GET",
        pattern: "/healthz",
        access: "anybody",
        handler: () => textAnswer(STATUS_CODE.OK, "ok"),
      },
      {
        method: "GET",
        pattern: "/readyz",
        access: "anybody",
        handler: () =>
          readiness.isReady
            ? textAnswer(STATUS_CODE.OK, "ready")
            : textAnswer(STATUS_CODE.ServiceUnavailable, "the server is about to end"),
      },
    ];
  }

  async #file({ request, url }: RoutedRequest): Promise<HttpResponse> {
    const file = await this.#files.answer(url.pathname, request);
    if (file !== undefined) return file;
    const vary = { vary: "accept" };
    const location = playerAddress(url, request.headers.get("accept"));
    return location === undefined
      ? problem(STATUS_CODE.NotFound, `There is nothing at ${url.pathname}`, vary)
      : textAnswer(STATUS_CODE.SeeOther, "The page plays it", { location, ...vary });
  }
}

/** A list of streams or clients. */
function listRoute(
  list: StreamRoutes,
  pageOf: StreamRoutes["all"],
  where: Pick<Route, "pattern" | "access">,
): Route {
  return { ...where, method: "GET", handler: (routed) => list.answer(pageOf, routed) };
}
