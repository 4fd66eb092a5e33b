import { createHash } from "node:crypto";
import { STATUS_CODE } from "@std/http/status";
import { HttpFlvSink } from "../egress/http_flv.ts";
import { WsFlvSink } from "../egress/ws_flv.ts";
import type { TrackSelection } from "../stream/feed.ts";
import type { ControlLink } from "./control_link.ts";
import type { Counters } from "./counters.ts";
import type { LiveStream } from "./live_stream.ts";
import type { ConsoleAsset, ShardSettings } from "./messages.ts";
import { FLV_SUFFIX, unescapePath } from "../stream/stream_path.ts";
import type { Streams } from "./streams.ts";

/** Anyone may watch and list from any page; who may not is for authorisation to say. */
const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "*",
  "access-control-max-age": "86400",
};

const FLV_HEADERS = {
  ...CORS_HEADERS,
  "content-type": "video/x-flv",
  "cache-control": "no-store",
  // nginx, for one, would hold back a live response to fill its buffers.
  "x-accel-buffering": "no",
};

/** Seconds after which a refused viewer may come again. */
const RETRY_AFTER_S = "5";

/** What HTTP requests need of their shard. */
export interface HttpContext {
  readonly settings: ShardSettings;
  readonly streams: Streams;
  readonly control: ControlLink;
  readonly counters: Counters;
  readonly assets: readonly ConsoleAsset[];
}

/** A file of the console with what tells its version. */
interface TaggedAsset extends ConsoleAsset {
  /** RFC 9110 8.8.3, with its quotes. */
  readonly etag: string;
}

/** Answers HTTP requests: console, API, HTTP-FLV and WebSocket-FLV. */
export class HttpServer {
  readonly #context: HttpContext;
  readonly #assets: ReadonlyMap<string, TaggedAsset>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Listens at once; throws what `Deno.serve` throws. */
  constructor(context: HttpContext) {
    this.#context = context;
    this.#assets = new Map(
      context.assets.map((asset) => [asset.path, { ...asset, etag: etagOf(asset.body) }]),
    );
    const { host, httpPort, sharesPorts } = context.settings;
    this.#server = Deno.serve(
      { hostname: host, port: httpPort, reusePort: sharesPorts, onListen() {} },
      (request, info) => this.#handle(request, info),
    );
  }

  /** Takes no more requests; resolves when those at work are done. */
  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  #handle(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response> {
    const { method } = request;
    const url = URL.parse(request.url);
    // Host may be anything.
    if (url === null) return problem(STATUS_CODE.BadRequest, "Cannot read the request's Host");
    if (method === "OPTIONS") {
      return new Response(null, { status: STATUS_CODE.NoContent, headers: CORS_HEADERS });
    }
    if (method !== "GET" && method !== "HEAD") {
      return problem(STATUS_CODE.MethodNotAllowed, `Cannot ${method} here: use GET or HEAD`, {
        allow: "GET, HEAD, OPTIONS",
      });
    }
    const path = unescapePath(url.pathname, FLV_SUFFIX);
    if (path !== undefined) return this.#watch(path, url.searchParams, request, info);
    switch (url.pathname) {
      case "/healthz":
        return new Response("ok\n", { headers: CORS_HEADERS });
      case "/api/v1/streams":
        return this.#listStreams();
      default:
        return this.#serveAsset(url.pathname, request);
    }
  }

  async #listStreams(): Promise<Response> {
    const reply = await this.#context.control.requestStreams();
    return Response.json(reply, { headers: { ...CORS_HEADERS, "cache-control": "no-store" } });
  }

  #serveAsset(path: string, request: Request): Response {
    const asset = this.#assets.get(path);
    if (asset === undefined) return problem(STATUS_CODE.NotFound, `There is nothing at ${path}`);
    const { etag } = asset;
    const headers = {
      "content-type": asset.contentType,
      "content-security-policy": this.#context.settings.contentSecurityPolicy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
      etag,
    };
    if (namesEtag(request.headers.get("if-none-match"), etag)) {
      return new Response(null, { status: STATUS_CODE.NotModified, headers });
    }
    // For HEAD the server drops the body and keeps its length.
    return new Response(asset.body, { headers });
  }

  #watch(
    path: string,
    query: URLSearchParams,
    request: Request,
    info: Deno.ServeHandlerInfo,
  ): Response {
    const stream = this.#context.streams.byPath(path);
    if (stream === undefined) {
      return problem(STATUS_CODE.NotFound, `The stream ${path} is not live`);
    }
    const selection = { audio: query.get("audio") !== "0", video: query.get("video") !== "0" };
    if (!selection.audio && !selection.video) {
      return problem(STATUS_CODE.BadRequest, "There is nothing to send with audio=0 and video=0");
    }
    if (request.method === "HEAD") {
      // Without a body its length would be told as 0; the server cancels this one.
      return new Response(new ReadableStream(), { headers: FLV_HEADERS });
    }
    const { counters, settings } = this.#context;
    if (counters.total("viewers") >= settings.maxViewers) {
      counters.add("viewersRefused");
      return problem(
        STATUS_CODE.ServiceUnavailable,
        `There are ${settings.maxViewers} viewers already`,
        { "retry-after": RETRY_AFTER_S },
      );
    }
    return request.headers.get("upgrade")?.toLowerCase() === "websocket"
      ? this.#watchByWebSocket(stream, selection, request)
      : this.#watchByHttp(stream, selection, info);
  }

  #watchByHttp(
    stream: LiveStream,
    selection: TrackSelection,
    info: Deno.ServeHandlerInfo,
  ): Response {
    const audience = stream.audience(selection);
    const sink = new HttpFlvSink(() => audience.remove(viewer));
    const viewer = audience.add(sink, performance.now());
    this.#countViewer(info.completed);
    return new Response(sink.stream, { headers: FLV_HEADERS });
  }

  #watchByWebSocket(stream: LiveStream, selection: TrackSelection, request: Request): Response {
    const upgrade = upgradeWebSocket(request);
    if (upgrade instanceof Response) return upgrade;
    const { socket, response } = upgrade;
    const closed = Promise.withResolvers<void>();
    let leave = () => {};
    const sink = new WsFlvSink(socket, () => {
      // Not before: a peer that resets the upgrade makes a socket without any event.
      this.#countViewer(closed.promise);
      const audience = stream.audience(selection);
      const viewer = audience.add(sink, performance.now());
      leave = () => audience.remove(viewer);
    }, () => {
      leave();
      closed.resolve();
    });
    return response;
  }

  /** Counts a viewer until `done` settles: longer than it watches, if it never takes its end. */
  #countViewer(done: Promise<void>): void {
    const { counters } = this.#context;
    counters.add("viewersAccepted");
    counters.add("viewers");
    const leave = () => counters.add("viewers", -1);
    done.then(leave, leave);
  }
}

function etagOf(body: string): string {
  return `"${createHash("sha256").update(body).digest("base64url")}"`;
}

/** Whether If-None-Match has the tag (RFC 9110 13.1.2), which a proxy may have made weak. */
function namesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}

/** The viewer's socket, or what to answer if the request's headers are wrong. */
function upgradeWebSocket(request: Request): Deno.WebSocketUpgrade | Response {
  try {
    // Deno's own pings would end a viewer that stalls earlier than the stall time-out does.
    return Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return problem(STATUS_CODE.BadRequest, `Cannot open a WebSocket: ${error.message}`);
  }
}

/** An answer that says in words what is wrong. */
function problem(status: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...CORS_HEADERS, ...headers },
  });
}
