import { STATUS_CODE } from "@std/http/status";
import { unprintableIn } from "../../../bytes/printable.ts";
import { HttpError } from "../../../http/http_error.ts";
import type { RequestHead } from "../../../http/request_head.ts";
import type { HttpRequest } from "../../../http/request_reader.ts";
import type { HttpResponse, ResponseHeaders, WholeResponse } from "../../../http/response.ts";
import { unescapePath } from "../../../stream/stream_path.ts";
import type { ConnectionAddresses } from "../../net/connection_addresses.ts";
import { answer, problem } from "./answers.ts";
import type { Cors } from "./cors.ts";

/** A request, and what its route has found in it. */
export interface RoutedRequest {
  readonly request: HttpRequest;
  /** Its path and query; the authority is nobody's. */
  readonly url: URL;
  readonly query: URLSearchParams;
  /** What stands for each name of the pattern, unescaped. */
  readonly parts: Readonly<Record<string, string>>;
  readonly addresses: ConnectionAddresses;
  /** Until when it may use the route, in milliseconds since 1970; `Infinity` for ever. */
  readonly mayUntilMs: number;
}

/** @throws {HttpError} for what is to be refused with its status */
export type RouteHandler = (request: RoutedRequest) => HttpResponse | Promise<HttpResponse>;

/**
 * Who may use a route: "anybody"; "viewers", whom what is behind the handler asks for a stream's sake;
 * or who has a right that a {@linkcode RouteGuard} sees to.
 */
export type RouteAccess = "anybody" | "viewers" | "metrics" | "admin";

/** What pages elsewhere may not use unless they are named. */
const GUARDED: ReadonlySet<RouteAccess> = new Set(["metrics", "admin"]);

/** Sees to who may use routes. */
export interface RouteGuard {
  /** The answer to who may not; else until when it may, as `mayUntilMs` has it. */
  judge(routed: RoutedRequest): Promise<WholeResponse | number>;
}

/** What is the same for all routes. */
export interface RouteRules {
  readonly cors: Cors;
  readonly guards: Readonly<Partial<Record<RouteAccess, RouteGuard>>>;
}

/** One thing that can be done with what a URL names. */
export interface Route {
  /** GET answers HEAD too, unless there is a route for that: a body that costs something is not made. */
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * Of the path: `{name}` stands for one part of it, `{name...}` for any number of them, and `/?` at
   * the end for a slash or none. The first pattern in the table that fits is taken.
   */
  readonly pattern: string;
  readonly access: RouteAccess;
  /** Type of the body, as OPTIONS tells it (Accept-Patch, RFC 5789 3.1). */
  readonly accepts?: string;
  readonly handler: RouteHandler;
}

/** All that can be done with what URLs of one pattern name. */
interface Resource {
  readonly pattern: RegExp;
  readonly routes: ReadonlyMap<string, Route>;
  /** Value of Allow. */
  readonly allow: string;
  /** Whether only named pages may use it. */
  readonly isGuarded: boolean;
  /** What OPTIONS tells beside. */
  readonly accepted: ResponseHeaders;
}

/** Answers who may use a route. */
type AnswerAllowed = (route: Route, routed: RoutedRequest) => HttpResponse | Promise<HttpResponse>;

const answerByRoute: AnswerAllowed = (route, routed) => route.handler(routed);

const READING = "GET, HEAD, OPTIONS";

/**
 * Finds who answers a request. CORS, OPTIONS, HEAD and what is not allowed are told here for all, from
 * what the table has.
 */
export class RouteTable {
  /** As they were given. */
  readonly routes: readonly Route[];
  readonly #resources: readonly Resource[];
  readonly #rules: RouteRules;

  /** @param routes the first one whose pattern fits is taken */
  constructor(routes: readonly Route[], rules: RouteRules) {
    this.routes = routes;
    const byPattern = Map.groupBy(routes, ({ pattern }) => pattern);
    this.#resources = [...byPattern].map(([pattern, routes]) => {
      return resourceOf(pattern, routes);
    });
    this.#rules = rules;
  }

  /** Rejects only with what is wrong in a handler. */
  async answer(request: HttpRequest, addresses: ConnectionAddresses): Promise<HttpResponse> {
    return await this.#answer(request, addresses, answerByRoute);
  }

  /** What {@linkcode answer} would refuse by the head alone; `undefined` if nothing. */
  async refusal(
    head: RequestHead,
    addresses: ConnectionAddresses,
  ): Promise<HttpResponse | undefined> {
    const request = { ...head, body: new Uint8Array(0), keepsAlive: false };
    let isAllowed = false;
    const refusal = await this.#answer(request, addresses, () => {
      isAllowed = true;
      return answer(STATUS_CODE.NoContent, {});
    });
    return isAllowed ? undefined : refusal;
  }

  /** @param allowed answers what nothing here refuses */
  async #answer(
    request: HttpRequest,
    addresses: ConnectionAddresses,
    allowed: AnswerAllowed,
  ): Promise<HttpResponse> {
    const url = requestUrl(request);
    if (url === null) {
      return this.#nowhere(request, STATUS_CODE.BadRequest, "Cannot read the request's target");
    }
    const unprintable = unprintableOf(url);
    if (unprintable !== undefined) {
      const message =
        `Cannot take the request's target: it must be text that can be seen, got ${unprintable}`;
      return this.#nowhere(request, STATUS_CODE.BadRequest, message);
    }
    for (const resource of this.#resources) {
      const parts = partsOf(resource.pattern, url.pathname);
      if (parts === undefined) continue;
      const query = url.searchParams;
      const routed = { request, url, query, parts, addresses, mayUntilMs: Infinity };
      return this.#forPages(request, resource, await this.#answerFor(resource, routed, allowed));
    }
    return this.#nowhere(request, STATUS_CODE.NotFound, `There is nothing at ${url.pathname}`);
  }

  /** The answer to what no route is for. */
  #nowhere(request: HttpRequest, status: number, message: string): HttpResponse {
    return this.#forPages(request, { allow: READING, isGuarded: false }, problem(status, message));
  }

  async #answerFor(
    resource: Resource,
    routed: RoutedRequest,
    allowed: AnswerAllowed,
  ): Promise<HttpResponse> {
    const { routes, allow, accepted } = resource;
    const { method } = routed.request;
    if (method === "OPTIONS") return answer(STATUS_CODE.NoContent, { allow, ...accepted });
    const route = routes.get(method);
    if (route === undefined) {
      const message = `Cannot ${method} here: use ${choiceOf([...routes.keys()])}`;
      return problem(STATUS_CODE.MethodNotAllowed, message, { allow });
    }
    try {
      const guard = this.#rules.guards[route.access];
      const verdict = guard === undefined ? Infinity : await guard.judge(routed);
      if (typeof verdict !== "number") return verdict;
      return await allowed(route, { ...routed, mayUntilMs: verdict });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return problem(error.status, error.message, error.headers);
    }
  }

  /** Adds what pages may do with an answer. */
  #forPages(
    request: HttpRequest,
    { allow, isGuarded }: Pick<Resource, "allow" | "isGuarded">,
    response: HttpResponse,
  ): HttpResponse {
    if (response.kind === "websocket") return response;
    const { cors } = this.#rules;
    const told = isGuarded ? cors.forAdmin(request) : cors.forAnybody(request);
    const methods = { "access-control-allow-methods": allow };
    const isTold = "access-control-allow-origin" in told;
    const vary = [told["vary"], response.headers["vary"]].filter((name) => name !== undefined);
    return {
      ...response,
      headers: {
        ...told,
        ...(isTold && methods),
        ...response.headers,
        ...(vary.length > 0 && { vary: vary.join(", ") }),
      },
    };
  }
}

function resourceOf(pattern: string, list: readonly Route[]): Resource {
  if (new Set(list.map(({ method }) => method)).size < list.length) {
    // The one with the stricter access might be the one that is never asked.
    throw new Error(`Cannot route ${pattern}: one method has two routes`);
  }
  const routes = new Map<string, Route>();
  for (const route of list) {
    routes.set(route.method, route);
    if (route.method === "GET" && !routes.has("HEAD")) routes.set("HEAD", route);
  }
  const allow = [...routes.keys(), "OPTIONS"].join(", ");
  const accepted = list.filter(({ accepts }) => accepts !== undefined)
    .map(({ method, accepts }) => [`accept-${method.toLowerCase()}`, accepts!]);
  return {
    pattern: compilePattern(pattern),
    routes,
    allow,
    isGuarded: list.some(({ access }) => GUARDED.has(access)),
    accepted: Object.fromEntries(accepted),
  };
}

function compilePattern(pattern: string): RegExp {
  const source = pattern.replace(/[.*+^$()|[\]\\]/g, "\\$&")
    .replace(/\{(\w+)\\\.\\\.\\\.\}/g, "(?<$1>.*)")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

/** What stands for the names of a pattern; `undefined` if it does not fit. */
function partsOf(pattern: RegExp, pathname: string): RoutedRequest["parts"] | undefined {
  const match = pattern.exec(pathname);
  if (match === null) return undefined;
  const parts: Record<string, string> = {};
  for (const [name, escaped] of Object.entries(match.groups ?? {})) {
    const part = unescapePath(`/${escaped}/`, "/");
    if (part === undefined) return undefined;
    parts[name] = part;
  }
  return parts;
}

/** "GET", "GET or HEAD", "GET, HEAD or DELETE". */
function choiceOf(methods: readonly string[]): string {
  const last = methods.at(-1)!;
  return methods.length === 1 ? last : `${methods.slice(0, -1).join(", ")} or ${last}`;
}

/** What its path or a value of its query has, decoded, that cannot be seen. */
function unprintableOf({ pathname, search, searchParams }: URL): string | undefined {
  // Nearly all have nothing that is escaped: what is not can be seen, as is checked of every target.
  if (!pathname.includes("%") && !search.includes("%")) return undefined;
  const texts = [unescapePath(`${pathname}/`, "/") ?? "", ...[...searchParams].flat()];
  return texts.map(unprintableIn).find((found) => found !== undefined);
}

/** What a request asks for, wherever proxies let the scheme be; `null` if it is no URL. */
function requestUrl({ target }: HttpRequest): URL | null {
  // RFC 3986 has none. What is a slash here would be none to a proxy that keeps some paths closed.
  if (target.includes("\\")) return null;
  // Nothing here depends on Host, which may be empty: then the path's first part would be taken for it.
  if (target.startsWith("/")) return URL.parse(`http://localhost${target}`);
  // RFC 9112 3.2.2 and 3.2.4: a URL as a proxy is sent, or "*" of the server as a whole.
  return URL.parse(target, "http://localhost/");
}
