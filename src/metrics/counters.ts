import type { GaugeName, TotalName } from "./counted.ts";
import type { LabelValues } from "./family.ts";
import {
  DOUBLE_BYTES,
  FIRST_WORD,
  GAUGE_NAMES,
  GAUGE_POSITIONS,
  HISTOGRAM_PLACES,
  MEASURE_POSITIONS,
  ROW_DOUBLES,
  ROW_WORDS,
  seriesPosition,
  TALLY_PLACES,
  TOTAL_NAMES,
  TOTAL_POSITIONS,
  WORD_BYTES,
} from "./layout.ts";
import type { HistogramName, HISTOGRAMS, MeasureName, TALLIES, TallyName } from "./measured.ts";
import { MetricRows } from "./metric_rows.ts";

export type CounterName = GaugeName | TotalName;

/** Of totals in doubles; of gauges, which are words, the complement. */
const POSITIONS = {
  ...TOTAL_POSITIONS,
  ...Object.fromEntries(GAUGE_NAMES.map((name) => [name, ~GAUGE_POSITIONS[name]])),
} as Readonly<Record<CounterName, number>>;

/** The rows behind those of shards. */
const OTHER_THREADS = ["control", "transcoder"] as const;

/** What a row belongs to, as the label `thread` says. */
export function threadNames(shards: number): readonly string[] {
  return [...Array.from({ length: shards }, (_, shard) => `shard-${shard}`), ...OTHER_THREADS];
}

/** The number of a row that no shard has. */
export function rowOf(thread: (typeof OTHER_THREADS)[number], shards: number): number {
  return shards + OTHER_THREADS.indexOf(thread);
}

/** The memory that all threads count in, and a thread's row of it. */
export interface CountedBy {
  readonly memory: SharedArrayBuffer;
  readonly row: number;
}

/** Memory for what every thread counts. */
export function allocateCounters(shards: number): SharedArrayBuffer {
  return MetricRows.allocate(threadNames(shards).length);
}

/**
 * One thread's row of the metrics, and the sums over all rows. Gauges are words that are changed
 * atomically, as limits are held by their sums; all else only its own thread changes, in doubles: they
 * count bytes for as long as the process lasts, and cost less.
 */
export class Counters {
  readonly rows: MetricRows;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** @param row a shard's number, or of another thread as {@linkcode rowOf} says */
  constructor(shared: SharedArrayBuffer, row: number) {
    this.rows = new MetricRows(shared);
    this.#doubles = new Float64Array(shared, row * ROW_DOUBLES * DOUBLE_BYTES, ROW_DOUBLES);
    this.#words = new Int32Array(
      shared,
      (row * ROW_WORDS + FIRST_WORD) * WORD_BYTES,
      GAUGE_NAMES.length,
    );
  }

  add(name: CounterName, amount = 1): void {
    const at = POSITIONS[name];
    if (at < 0) Atomics.add(this.#words, ~at, amount);
    else this.#doubles[at]! += amount;
  }

  /** Counts what is told apart by labels. */
  tally<Name extends TallyName>(
    name: Name,
    labels: LabelValues<(typeof TALLIES)[Name]>,
    amount = 1,
  ): void {
    this.#doubles[seriesPosition(TALLY_PLACES[name], labels)]! += amount;
  }

  /** Notes how long something took. */
  observe<Name extends HistogramName>(
    name: Name,
    labels: LabelValues<(typeof HISTOGRAMS)[Name]>,
    seconds: number,
  ): void {
    const place = HISTOGRAM_PLACES[name];
    const { bounds } = place;
    const at = seriesPosition(place, labels);
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++;
    this.#doubles[at + bucket]!++;
    this.#doubles[at + bounds.length + 1]! += seconds;
  }

  /** Notes how long something took that began then, by `performance.now`. */
  observeSince<Name extends HistogramName>(
    name: Name,
    labels: LabelValues<(typeof HISTOGRAMS)[Name]>,
    sinceMs: number,
  ): void {
    this.observe(name, labels, (performance.now() - sinceMs) / 1000);
  }

  /** Tells what has been measured. */
  measure(name: MeasureName, value: number): void {
    this.#doubles[MEASURE_POSITIONS[name]] = value;
  }

  /** The sum over all threads. */
  total(name: CounterName): number {
    const at = POSITIONS[name];
    return at < 0 ? this.rows.sumOfWords(~at) : this.rows.sum(at);
  }

  /** What each row has of a gauge: shards first, in their order. */
  byShard(name: GaugeName): number[] {
    return this.rows.eachWord(GAUGE_POSITIONS[name]);
  }

  /** All sums, by name. */
  totals(): Record<CounterName, number> {
    const names = [...GAUGE_NAMES, ...TOTAL_NAMES];
    return Object.fromEntries(names.map((name) => [name, this.total(name)])) as Record<
      CounterName,
      number
    >;
  }

  /** This shard is gone, and all that it had with it. */
  clearGauges(): void {
    for (const name of GAUGE_NAMES) Atomics.store(this.#words, GAUGE_POSITIONS[name], 0);
    for (const at of Object.values(MEASURE_POSITIONS)) this.#doubles[at] = NaN;
  }
}
