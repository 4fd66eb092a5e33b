import { STATUS_CODE } from "@std/http/status";
import type { Access } from "../../access/access.ts";
import { credentialsOf } from "../../access/credentials.ts";
import { KeyHash } from "../../access/key_hash.ts";
import { NetworkList } from "../../address/network_list.ts";
import { isLocalRequest } from "../../http/local_request.ts";
import type { WholeResponse } from "../../http/response.ts";
import { threadNames } from "../../metrics/counters.ts";
import { exposition, EXPOSITION_TYPE } from "../../metrics/exposition.ts";
import type { Counters } from "../counters.ts";
import type { ShardSettings } from "../shard_settings.ts";
import { answer, problem } from "./answers.ts";
import type { RoutedRequest } from "./route_table.ts";

/** How old an answer may be: it is made once for all who ask meanwhile, so that they cost nothing. */
const MAX_AGE_MS = 1000;

/** What the metrics need of their shard. */
export interface MetricsContext {
  readonly settings: Pick<ShardSettings, "version" | "shards" | "metrics" | "trustedProxies">;
  readonly counters: Counters;
  readonly access: Access;
}

/** The metrics of the whole process, as Prometheus reads them. */
export class MetricsRoute {
  readonly #context: MetricsContext;
  readonly #token: KeyHash | undefined;
  readonly #addresses: NetworkList;
  readonly #proxies: NetworkList;
  readonly #threads: readonly string[];
  #made: { readonly body: Uint8Array<ArrayBuffer>; readonly atMs: number } | undefined;

  constructor(context: MetricsContext) {
    const { metrics, shards, trustedProxies } = context.settings;
    this.#context = context;
    this.#token = metrics.token === undefined ? undefined : new KeyHash(metrics.token);
    this.#addresses = new NetworkList(metrics.addresses);
    this.#proxies = new NetworkList(trustedProxies);
    this.#threads = threadNames(shards);
  }

  async answer(routed: RoutedRequest): Promise<WholeResponse> {
    const refusal = await this.#refusal(routed);
    if (refusal !== undefined) return refusal;
    const headers = { "content-type": EXPOSITION_TYPE, "cache-control": "no-store" };
    return answer(STATUS_CODE.OK, headers, this.#body(performance.now()));
  }

  #body(nowMs: number): Uint8Array<ArrayBuffer> {
    if (this.#made === undefined || nowMs - this.#made.atMs >= MAX_AGE_MS) {
      const { counters, settings: { version } } = this.#context;
      const text = exposition(counters.rows, { version, threads: this.#threads });
      this.#made = { body: new TextEncoder().encode(text), atMs: nowMs };
    }
    return this.#made.body;
  }

  /**
   * Why somebody may not: who has the metrics' token, one of their addresses or the right to use the
   * API may, and if there is neither token nor address, who sits at this machine.
   */
  async #refusal({ request, url, addresses }: RoutedRequest): Promise<WholeResponse | undefined> {
    const { headers } = request;
    const { hostname } = addresses.remoteAddr;
    const query = url.search.slice(1);
    const credentials = credentialsOf({ query, authorization: headers.get("authorization") });
    const secret = credentials.token ?? credentials.password;
    if (secret !== undefined && this.#token?.matches(secret)) return undefined;
    if (this.#addresses.has(hostname)) return undefined;
    const isOpenHere = this.#token === undefined && !this.#proxies.has(hostname);
    if (isOpenHere && isLocalRequest(headers, hostname)) return undefined;
    const decision = await this.#context.access.decide({
      action: "api",
      path: "",
      protocol: "http",
      address: hostname,
      credentials,
      query,
      userAgent: headers.get("user-agent"),
      id: "metrics",
    });
    if (decision.kind === "allow") return undefined;
    return secret === undefined
      ? problem(STATUS_CODE.Unauthorized, "The metrics need a token", {
        "www-authenticate": 'Bearer realm="sluice"',
      })
      : problem(STATUS_CODE.Forbidden, "The token does not allow to read the metrics");
  }
}
