import type { Config } from "../config/schema.ts";
import { allocateCounters, type CountedBy, Counters, rowOf } from "../metrics/counters.ts";
import type { MemorySummary } from "../shard/http/api/stream_summary.ts";
import { allocateAddressCounts, clearAddressCounts } from "../shard/net/address_counts.ts";
import type { LogStore } from "../stream/log_store.ts";
import { MemoryBudget } from "../stream/memory_budget.ts";
import { describeMemory, memoryPlan, openLogStore } from "./memory_plan.ts";

/** What a shard shares with all others: what there is, of what is limited. */
export interface SharedWithShards {
  readonly counters: SharedArrayBuffer;
  readonly addressCounts: SharedArrayBuffer;
  /** Of what grows with peers beside the logs. */
  readonly memory: SharedArrayBuffer;
}

/** What all threads of a gateway have in common: logs, counts, and what each may still take. */
export class SharedMemory {
  readonly logs: LogStore;
  /** What one log may have. */
  readonly maxLogBytes: number;
  /** The main thread's. */
  readonly counters: Counters;
  /** Of what grows with peers beside the logs, over all shards. */
  readonly budget: MemoryBudget;
  readonly ofShards: SharedWithShards;
  readonly #bytes: number;
  readonly #shards: number;

  constructor({ memory, shards, log }: Pick<Config, "memory" | "shards" | "log">) {
    const plan = memoryPlan(memory, log.maxBytes);
    const [seed] = crypto.getRandomValues(new Int32Array(1));
    this.#bytes = memory;
    this.#shards = shards;
    this.logs = openLogStore(plan);
    this.maxLogBytes = plan.maxLogBytes;
    this.ofShards = {
      counters: allocateCounters(shards),
      addressCounts: allocateAddressCounts(
        shards,
        (length) => crypto.getRandomValues(new Uint8Array(length)),
      ),
      memory: MemoryBudget.allocate(plan.limits, shards, seed),
    };
    this.counters = new Counters(this.ofShards.counters, rowOf("control", shards));
    this.budget = new MemoryBudget(this.ofShards.memory, 0);
  }

  /** What transcoders count in. */
  get ofTranscoders(): CountedBy {
    return { memory: this.ofShards.counters, row: rowOf("transcoder", this.#shards) };
  }

  /** What a shard had that is no more, of all that is limited. */
  clear(shard: number): void {
    const { counters, addressCounts, memory } = this.ofShards;
    new Counters(counters, shard).clearGauges();
    clearAddressCounts(addressCounts, shard);
    new MemoryBudget(memory, shard).clear();
  }

  /** What the memory is used for just now. */
  describe(): MemorySummary {
    return describeMemory(this.#bytes, this.budget, this.logs);
  }
}
