import type { Logger } from "@logtape/logtape";
import { STATUS_CODE } from "@std/http/status";
import { FlvViewer } from "../../egress/flv_viewer.ts";
import { unprintableIn } from "../../bytes/printable.ts";
import type { HttpRequest } from "../../http/request_reader.ts";
import type { HttpResponse } from "../../http/response.ts";
import { acceptWebSocket, asksForWebSocket } from "../../http/websocket.ts";
import { FLV_FORM } from "../../stream/feed_form.ts";
import { FLV_SUFFIX, streamPath, unescapePath } from "../../stream/stream_path.ts";
import { AssetFiles } from "./asset_files.ts";
import { answer, CORS_HEADERS, problem, textAnswer } from "./answers.ts";
import { describeRefusal, MemoryHolding } from "../../stream/memory_holding.ts";
import { holderOf } from "../net/memory_holder.ts";
import { StreamRoutes } from "./stream_routes.ts";
import { missingTrack, trackQuery } from "./track_query.ts";
import type { ConnectionAddresses } from "../net/connection_addresses.ts";
import { Whep, WHEP_SUFFIX } from "../webrtc/whep.ts";
import type { HttpContext } from "./route_context.ts";

const FLV_HEADERS = {
  ...CORS_HEADERS,
  "content-type": "video/x-flv",
  "cache-control": "no-store",
  // nginx, for one, would hold back a live response to fill its buffers.
  "x-accel-buffering": "no",
};

/** Where SRS has its WHEP endpoint, with the stream in the query. */
const WHEP_LIKE_SRS = /^\/rtc\/v1\/whep\/?$/;

/** What is sent in the Location of an answer, behind the stream's endpoint. */
const WHEP_RESOURCE = /\/whep\/([\w.]{1,64})$/;

/** What a viewer takes beside its connection: measured. */
const VIEWER_BYTES = 48 * 1024;

/** Seconds after which a refused viewer may come again. */
const RETRY_AFTER_S = "5";

/** Answers HTTP requests: console, API, HTTP-FLV and WebSocket-FLV. */
export class HttpRoutes {
  readonly #context: HttpContext;
  readonly #files: AssetFiles;
  readonly #whep: Whep;
  readonly #list: StreamRoutes;

  constructor(context: HttpContext) {
    this.#context = context;
    this.#whep = new Whep(context, context.webrtc);
    this.#list = new StreamRoutes(context);
    this.#files = new AssetFiles(context.assets, context.settings.contentSecurityPolicy);
  }

  /** Answers requests of viewers that are on this shard, and came to another. */
  get whep(): Whep {
    return this.#whep;
  }

  /** The list of streams, for those who ask and those who follow it. */
  get list(): StreamRoutes {
    return this.#list;
  }

  /** @throws {HttpError} for what is to be refused with its status */
  answer(
    request: HttpRequest,
    addresses: ConnectionAddresses,
  ): HttpResponse | Promise<HttpResponse> {
    const { method } = request;
    const url = requestUrl(request);
    if (url === null) return problem(STATUS_CODE.BadRequest, "Cannot read the request's target");
    const unprintable = unprintableOf(url);
    if (unprintable !== undefined) {
      const message =
        `Cannot take the request's target: it must be text that can be seen, got ${unprintable}`;
      return problem(STATUS_CODE.BadRequest, message);
    }
    const whep = this.#answerWhep(url, request, addresses);
    if (whep !== undefined) return whep;
    if (method === "OPTIONS") return answer(STATUS_CODE.NoContent, CORS_HEADERS);
    if (method !== "GET" && method !== "HEAD") {
      return problem(STATUS_CODE.MethodNotAllowed, `Cannot ${method} here: use GET or HEAD`, {
        allow: "GET, HEAD, OPTIONS",
      });
    }
    const path = unescapePath(url.pathname, FLV_SUFFIX);
    if (path !== undefined) return this.#watch(path, url.searchParams, request, addresses);
    switch (url.pathname) {
      case "/healthz":
        return textAnswer(STATUS_CODE.OK, "ok");
      case "/readyz":
        return this.#context.readiness.isReady
          ? textAnswer(STATUS_CODE.OK, "ready")
          : textAnswer(STATUS_CODE.ServiceUnavailable, "the server is about to end");
      case "/api/v1/streams":
        return this.#list.answer(url.searchParams, request);
      case "/api/v1/streams/events":
        return this.#list.follow(url.searchParams, request, addresses.remoteAddr.hostname);
      default:
        return this.#serveFile(url.pathname, request);
    }
  }

  /** The answer to a request about WebRTC; `undefined` if it is about something else. */
  #answerWhep(url: URL, request: HttpRequest, addresses: ConnectionAddresses) {
    const { pathname, searchParams } = url;
    if (WHEP_LIKE_SRS.test(pathname)) {
      const target = streamPath(searchParams.get("app") ?? "", searchParams.get("stream") ?? "");
      const path = "path" in target ? target.path : "";
      return this.#whep.answerEndpoint(path, url, request, addresses);
    }
    const path = unescapePath(pathname, WHEP_SUFFIX);
    if (path !== undefined) {
      return this.#whep.answerEndpoint(path, url, request, addresses);
    }
    const resource = WHEP_RESOURCE.exec(pathname)?.[1];
    return resource === undefined ? undefined : this.#whep.answerResource(resource, request);
  }

  async #serveFile(path: string, request: HttpRequest): Promise<HttpResponse> {
    return await this.#files.answer(path, request) ??
      problem(STATUS_CODE.NotFound, `There is nothing at ${path}`);
  }

  #watch(
    path: string,
    query: URLSearchParams,
    request: HttpRequest,
    { log, remoteAddr }: ConnectionAddresses,
  ): HttpResponse {
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) {
      return problem(STATUS_CODE.NotFound, `The stream ${path} is not live`);
    }
    const selection = trackQuery(query);
    if ("problem" in selection) return problem(STATUS_CODE.BadRequest, selection.problem);
    const missing = missingTrack(selection, stream.log);
    if (missing !== undefined) return problem(STATUS_CODE.NotFound, missing);
    const flv = { kind: "stream", status: STATUS_CODE.OK, headers: FLV_HEADERS } as const;
    if (request.method === "HEAD") {
      return { ...flv, body: new ReadableStream(), onOver() {} };
    }
    const accept = asksForWebSocket(request) ? acceptWebSocket(request) : undefined;
    const { counters, memory, settings } = this.#context;
    const holder = holderOf(memory, remoteAddr.hostname);
    const held = new MemoryHolding(memory, "sessions", holder);
    const lack = held.resize(VIEWER_BYTES);
    const audience = counters.total("viewers") >= settings.maxViewers
      ? `There are ${settings.maxViewers} viewers already`
      : lack !== undefined
      ? describeRefusal(lack)
      : stream.audience(FLV_FORM, selection, holder);
    if (typeof audience === "string") {
      held.close();
      counters.add("viewersRefused");
      return problem(STATUS_CODE.ServiceUnavailable, audience, { "retry-after": RETRY_AFTER_S });
    }
    counters.add("viewersAccepted");
    const gone = this.#noteViewer(path, accept === undefined ? "HTTP-FLV" : "WS-FLV", log);
    const onOver = (sentBytes: number) => {
      held.close();
      gone(sentBytes);
    };
    const pieces = new FlvViewer(audience).stream;
    return accept === undefined
      ? { ...flv, body: pieces, onOver }
      : { kind: "websocket", accept, messages: pieces, onOver };
  }

  /** Counts a viewer, and returns what is to be called when it is gone. */
  #noteViewer(path: string, protocol: string, log: Logger): (sentBytes: number) => void {
    const { counters } = this.#context;
    const sinceMs = performance.now();
    counters.add("viewers");
    log.debug("{peer} watches {path} over {protocol}", { path, protocol });
    return (sentBytes) => {
      counters.add("viewers", -1);
      const seconds = Math.round((performance.now() - sinceMs) / 100) / 10;
      log.debug("{peer} has watched {path} for {seconds} s, {sentBytes} bytes", {
        path,
        seconds,
        sentBytes,
      });
    };
  }
}

/** What its path or a value of its query has, decoded, that cannot be seen. */
function unprintableOf({ pathname, search, searchParams }: URL): string | undefined {
  // Nearly all have nothing that is escaped.
  if (!pathname.includes("%") && search === "") return undefined;
  const texts = [unescapePath(`${pathname}/`, "/") ?? "", ...[...searchParams].flat()];
  return texts.map(unprintableIn).find((found) => found !== undefined);
}

/** What a request asks for, wherever proxies let the scheme be; `null` if it is no URL. */
function requestUrl({ target }: HttpRequest): URL | null {
  // Nothing here depends on Host, which may be empty: then the path's first part would be taken for it.
  if (target.startsWith("/")) return URL.parse(`http://localhost${target}`);
  // RFC 9112 3.2.2 and 3.2.4: a URL as a proxy is sent, or "*" of the server as a whole.
  return URL.parse(target, "http://localhost/");
}
