import { STATUS_CODE } from "@std/http/status";
import type { WholeResponse } from "../../../http/response.ts";
import { threadNames } from "../../../metrics/counters.ts";
import { exposition, EXPOSITION_TYPE } from "../../../metrics/exposition.ts";
import type { Counters } from "../../../metrics/counters.ts";
import type { ShardSettings } from "../../shard_settings.ts";
import { answer } from "../routing/answers.ts";

/** How old an answer may be: it is made once for all who ask meanwhile, so that they cost little. */
const MAX_AGE_MS = 1000;

const HEADERS = { "content-type": EXPOSITION_TYPE, "cache-control": "no-store" };

/** What the metrics need of their shard. */
export interface MetricsContext {
  readonly settings: Pick<ShardSettings, "version" | "shards">;
  readonly counters: Counters;
}

/** The metrics of the whole process, as Prometheus reads them, at whichever shard. */
export class MetricsRoute {
  readonly #context: MetricsContext;
  readonly #threads: readonly string[];
  #made: { readonly body: Uint8Array<ArrayBuffer>; readonly atMs: number } | undefined;

  constructor(context: MetricsContext) {
    this.#context = context;
    this.#threads = threadNames(context.settings.shards);
  }

  answer(nowMs: number): WholeResponse {
    if (this.#made === undefined || nowMs - this.#made.atMs >= MAX_AGE_MS) {
      const { counters, settings: { version } } = this.#context;
      const text = exposition(counters.rows, { version, threads: this.#threads });
      this.#made = { body: new TextEncoder().encode(text), atMs: nowMs };
    }
    return answer(STATUS_CODE.OK, HEADERS, this.#made.body);
  }
}
