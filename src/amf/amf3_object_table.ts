import { amfCycle } from "./amf3_cycle.ts";
import { AmfError } from "./amf_error.ts";
import type { AmfBudget } from "./amf_limits.ts";
import type { AmfRecord, AmfValue } from "./amf_value.ts";

/** A place in the table: what was read there, and what it costs to refer to it. */
export interface Amf3TableEntry {
  readonly record: AmfRecord;
  /** While it is read, a reference to it comes from within. */
  isOpen: boolean;
  /** Values inside it; until it is read whole, those of the body before it. */
  values: number;
  /** Characters and bytes inside it; until it is read whole, those of the body before it. */
  contentSize: number;
  /** Levels below it; until it is read whole, its own depth. */
  height: number;
  /** The deepest level around it, until it is read whole. */
  readonly deepestBefore: number;
}

/** What is referred to in one body by the order in which it came (AMF3 2.2). */
export class Amf3ObjectTable {
  readonly #budget: AmfBudget;
  readonly #entries: Amf3TableEntry[] = [];
  #deepest = 0;

  constructor(budget: AmfBudget) {
    this.#budget = budget;
  }

  /** Notes that a value is read at `depth`. */
  reach(depth: number): void {
    if (depth > this.#deepest) this.#deepest = depth;
  }

  /** Adds a record that holds no other values; its content has been counted. */
  add<R extends AmfRecord>(record: R, contentSize: number): R {
    this.#entries.push({
      record,
      isOpen: false,
      values: 0,
      contentSize,
      height: 0,
      deepestBefore: 0,
    });
    return record;
  }

  /**
   * Adds a record whose values are still to be read.
   *
   * @param contentBefore content counted before the record began
   */
  begin(record: AmfRecord, depth: number, contentBefore: number): Amf3TableEntry {
    const entry = {
      record,
      isOpen: true,
      values: this.#budget.values,
      contentSize: contentBefore,
      height: depth,
      deepestBefore: this.#deepest,
    };
    this.#deepest = depth;
    this.#entries.push(entry);
    return entry;
  }

  /** The record of `entry` was read whole. */
  end(entry: Amf3TableEntry): void {
    entry.isOpen = false;
    entry.values = this.#budget.values - entry.values;
    entry.contentSize = this.#budget.contentSize - entry.contentSize;
    entry.height = this.#deepest - entry.height;
    if (entry.deepestBefore > this.#deepest) this.#deepest = entry.deepestBefore;
  }

  /**
   * What a reference at `depth` stands for, counted as if it stood there again.
   *
   * @throws {AmfError} if there is no such entry yet, or a limit is exceeded.
   */
  refer(index: number, depth: number): AmfValue {
    const entry = this.#entries[index];
    if (entry === undefined) {
      throw new AmfError(
        `Cannot read AMF3 reference: must be below ${this.#entries.length}, got ${index}`,
      );
    }
    if (entry.isOpen) {
      this.#budget.noteCycle();
      return amfCycle(entry.record);
    }
    this.#budget.checkDepth(depth + entry.height);
    this.#budget.countValues(entry.values);
    this.#budget.countContent(entry.contentSize);
    this.reach(depth + entry.height);
    return entry.record;
  }
}
