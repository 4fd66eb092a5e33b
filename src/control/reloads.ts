import { getLogger } from "@logtape/logtape";
import { ConfigError } from "../config/config_error.ts";
import type { Config } from "../config/schema.ts";
import type { RevokedCount } from "../shard/live/revoked_count.ts";
import type { ReloadOutcome, ToShard } from "../shard/messages.ts";
import type { SettingsInUse } from "./settings_in_use.ts";
import type { Reload } from "../config/reload.ts";

/** How long shards have to say whom they have found: they do so after a second at the latest. */
const GATHER_MS = 3000;

/** Names that a line of the log has, of those who are asked again. */
const MAX_LOGGED_NAMES = 5;

/** What a reload is about. */
export interface ReloadParts {
  readonly settings: Pick<SettingsInUse, "config" | "ofShard" | "reload">;
  /** Sends a message to a shard; tells whether it is there. */
  readonly send: (shard: number, message: ToShard) => boolean;
  /** Has the new settings count on this thread. */
  readonly apply: (reload: Reload) => void;
}

interface Gathering {
  /** Shards that have not answered. */
  readonly shards: Set<number>;
  counts: readonly RevokedCount[];
  readonly finish: () => void;
}

/** Changes the settings on all threads, and answers with what has become of those who were named. */
export class Reloads {
  readonly #parts: ReloadParts;
  readonly #gatherMs: number;
  readonly #gatherings = new Map<number, Gathering>();
  #lastId = 0;

  /** @param gatherMs how long shards have to say whom they have found */
  constructor(parts: ReloadParts, gatherMs = GATHER_MS) {
    this.#parts = parts;
    this.#gatherMs = gatherMs;
  }

  /** Changes what the text says; the shard that it came to is answered. */
  async answer(from: number, requestId: number, text: string): Promise<void> {
    const outcome = await this.#outcomeOf(text);
    this.#parts.send(from, { kind: "reload-reply", requestId, outcome });
  }

  /** Takes what a shard has to say to "configure". */
  take(shard: number, id: number, counts: readonly RevokedCount[]): void {
    const gathering = this.#gatherings.get(id);
    if (gathering === undefined || !gathering.shards.has(shard)) return;
    gathering.counts = gathering.counts.map((count, at) => sumOf(count, counts[at]!));
    this.#settle(shard, gathering);
  }

  /** A shard has died, with all whom it served. */
  shardLost(shard: number): void {
    for (const gathering of this.#gatherings.values()) this.#settle(shard, gathering);
  }

  async #outcomeOf(text: string): Promise<ReloadOutcome> {
    try {
      const reload = this.#parts.settings.reload(text);
      this.#parts.apply(reload);
      const revoked = await this.#configure(this.#parts.settings.config, reload);
      return { kind: "done", revoked };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { kind: "wrong", reason: error.message };
    }
  }

  /** Has shards do it; resolves at once if nobody is named. */
  async #configure(
    { shards }: Config,
    reload: Reload,
  ): Promise<readonly RevokedCount[]> {
    const { revoke, recheck } = reload;
    const id = ++this.#lastId;
    const there = Array.from({ length: shards }, (_, shard) => shard).filter((shard) => {
      const settings = this.#parts.settings.ofShard(shard);
      return this.#parts.send(shard, { kind: "configure", id, settings, revoke, recheck });
    });
    getLogger(["sluice", "control"]).info(reloadText(reload));
    const counts = revoke.map((name) => ({ name, found: 0, ended: 0, waiting: 0 }));
    if (revoke.length === 0 || there.length === 0) return counts;
    const { promise, resolve } = Promise.withResolvers<void>();
    const gathering = { shards: new Set(there), counts, finish: resolve };
    this.#gatherings.set(id, gathering);
    const timer = setTimeout(resolve, this.#gatherMs);
    await promise;
    clearTimeout(timer);
    this.#gatherings.delete(id);
    return gathering.counts;
  }

  #settle(shard: number, { shards, finish }: Gathering): void {
    shards.delete(shard);
    if (shards.size === 0) finish();
  }
}

/** What the log tells of a reload: names of settings, as what they are may be secret. */
export function reloadText({ changed, revoke, recheck }: Omit<Reload, "config">): string {
  const what = changed.length === 0
    ? "The configuration is as it was"
    : `The configuration has changed: ${changed.join(", ")}`;
  if (recheck) return `${what}; all are asked again`;
  if (revoke.length === 0) return what;
  const more = revoke.length - MAX_LOGGED_NAMES;
  const names = revoke.slice(0, MAX_LOGGED_NAMES).join(", ");
  return `${what}; asked again: ${names}${more > 0 ? ` and ${more} more` : ""}`;
}

function sumOf(one: RevokedCount, other: RevokedCount): RevokedCount {
  return {
    name: one.name,
    found: one.found + other.found,
    ended: one.ended + other.ended,
    waiting: one.waiting + other.waiting,
  };
}
